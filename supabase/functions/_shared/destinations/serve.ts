// The HTTP face of the function `backups`: for signed-in users only.
import * as z from 'zod/mini';
import { backupsRequestSchema } from '../domain/destination.ts';
import { errorBody, type ErrorCode, TwinsError } from '../domain/errors.ts';
import { connectControl } from '../platform/database.ts';
import { readEnvironment } from '../platform/environment.ts';
import { answer, CORS_HEADERS, readVariable, requestJson } from '../platform/function.ts';
import { signedInUser } from '../platform/supabase/auth-api.ts';
import { act } from './actions.ts';

const STATUS: Partial<Record<ErrorCode, number>> = {
	not_signed_in: 401,
	not_found: 404,
	conflict: 409,
	storage_refused: 422,
	internal: 500,
	secret_unreadable: 503,
	connection_lost: 503,
	database_unreachable: 503,
};

/** A handler for Deno.serve. */
export async function serveDestinations(request: Request): Promise<Response> {
	if (request.method === 'OPTIONS') return new Response(null, { headers: CORS_HEADERS });
	try {
		const environment = await readEnvironment(readVariable);
		const reach = { allowsPrivate: environment.storesAtPrivateAddresses };
		const userId = await signedInUser(request, environment);
		const asked = z.safeParse(backupsRequestSchema, await requestJson(request));
		if (!asked.success) throw malformed(asked.error.issues);
		const control = await connectControl(environment.controlDbUrl, environment.databaseCa);
		try {
			return answer(200, await act(asked.data, { control, environment, reach, userId }));
		} finally {
			await control.close();
		}
	} catch (error) {
		const body = errorBody(error);
		if (body.code === 'internal') console.error('backups:', body.message);
		return answer(STATUS[body.code] ?? 400, { error: body });
	}
}

/** Names the fields, never their values: one of them is a key. */
function malformed(issues: readonly z.core.$ZodIssue[]): TwinsError {
	const fields = [...new Set(issues.map((issue) => issue.path.join('.') || 'action'))];
	return new TwinsError(
		'bad_request',
		`The request is not understood: ${fields.join(', ')}`,
		'Send {action: own_store}, {action: give_key, identity}, or {action: save_destination, name, endpoint, region, bucket, prefix, access_key_id, secret_access_key}.',
	);
}
