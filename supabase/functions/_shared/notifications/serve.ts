// The HTTP face of the function `notifications`. The control database has due deliveries made, with the secret that wakes
// workers; signed-in users add channels.
import * as z from 'zod/mini';
import { errorBody, type ErrorCode, TwinsError } from '../domain/errors.ts';
import { notificationsRequestSchema } from '../domain/notification.ts';
import { connectControl } from '../platform/database.ts';
import { type Environment, readEnvironment } from '../platform/environment.ts';
import {
	accepted,
	answer,
	CORS_HEADERS,
	isSameSecret,
	readVariable,
	requestJson,
} from '../platform/function.ts';
import { signedInUser } from '../platform/supabase/auth-api.ts';
import { act } from './channels.ts';
import { deliverDue } from './deliver.ts';

const STATUS: Partial<Record<ErrorCode, number>> = {
	not_signed_in: 401,
	not_found: 404,
	conflict: 409,
	internal: 500,
	secret_unreadable: 503,
	connection_lost: 503,
	database_unreachable: 503,
};

/** A handler for Deno.serve. */
export async function serveNotifications(request: Request): Promise<Response> {
	if (request.method === 'OPTIONS') return new Response(null, { headers: CORS_HEADERS });
	try {
		const environment = await readEnvironment(readVariable);
		const reach = { allowsPrivate: environment.notifiesPrivateAddresses };
		const given = request.headers.get('authorization') ?? '';
		const isDatabase = await isSameSecret(given, `Bearer ${environment.workerSecret}`);
		const userId = isDatabase ? null : await signedInUser(request, environment);
		const asked = z.safeParse(notificationsRequestSchema, await requestJson(request));
		if (userId !== null && !asked.success) throw malformed(asked.error.issues);
		if (userId === null || !asked.success) {
			return accepted(deliver(environment, reach).catch(log));
		}
		const control = await connectControl(environment.controlDbUrl, environment.databaseCa);
		try {
			return answer(200, await act(asked.data, { control, environment, reach, userId }));
		} finally {
			await control.close();
		}
	} catch (error) {
		const body = errorBody(error);
		if (body.code === 'internal') log(error);
		return answer(STATUS[body.code] ?? 400, { error: body });
	}
}

function log(error: unknown): void {
	console.error('notifications:', errorBody(error).message);
}

async function deliver(
	environment: Environment,
	reach: Parameters<typeof deliverDue>[0]['reach'],
): Promise<void> {
	const control = await connectControl(environment.controlDbUrl, environment.databaseCa);
	try {
		await deliverDue({ control, environment, reach });
	} finally {
		await control.close();
	}
}

/** Names the fields, never their values: one of them is an address that nobody else may know. */
function malformed(issues: readonly z.core.$ZodIssue[]): TwinsError {
	const fields = [...new Set(issues.map((issue) => issue.path.join('.') || 'action'))];
	return new TwinsError(
		'bad_request',
		`The request is not understood: ${fields.join(', ')}`,
		'Send {action: channel_kinds}, or {action: add_channel, kind: mail | webhook | slack, name, twin_id, events, url}.',
	);
}
