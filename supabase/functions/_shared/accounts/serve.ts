// The HTTP face of the function `accounts`: who is calling, what is asked, and errors as answers.
import * as z from 'zod/mini';
import { accountsRequestSchema } from '../domain/api.ts';
import { errorBody, type ErrorCode, TwinsError } from '../domain/errors.ts';
import { signedInUser } from '../platform/supabase/auth-api.ts';
import { readEnvironment } from '../platform/environment.ts';
import { answer, CORS_HEADERS, readVariable, requestJson } from '../platform/function.ts';
import { openControl } from '../platform/control.ts';
import { act } from './actions.ts';

const STATUS: Partial<Record<ErrorCode, number>> = {
	bad_request: 400,
	not_signed_in: 401,
	forbidden: 403,
	not_found: 404,
	conflict: 409,
	rate_limited: 429,
	unsupported: 409,
	internal: 500,
	api_unavailable: 502,
	secret_unreadable: 503,
	connection_lost: 503,
	database_unreachable: 503,
};

/** A handler for Deno.serve. */
export async function serveAccounts(request: Request): Promise<Response> {
	if (request.method === 'OPTIONS') return new Response(null, { headers: CORS_HEADERS });
	try {
		const environment = await readEnvironment(readVariable);
		const userId = await signedInUser(request, environment);
		const asked = z.safeParse(accountsRequestSchema, await requestJson(request));
		if (!asked.success) throw malformed(asked.error.issues);
		const control = openControl(environment);
		try {
			return answer(200, await act(asked.data, { environment, control, userId }));
		} finally {
			await control.close();
		}
	} catch (error) {
		const body = errorBody(error);
		if (body.code === 'internal') console.error('accounts:', body.message);
		return answer(STATUS[body.code] ?? 400, { error: body });
	}
}

/** Names the fields, never their values: one of them is a token. */
function malformed(issues: readonly z.core.$ZodIssue[]): TwinsError {
	const fields = [...new Set(issues.map((issue) => issue.path.join('.') || 'action'))];
	return new TwinsError(
		'bad_request',
		`The request is not understood: ${fields.join(', ')}`,
		'Send {action: connection_methods | start_oauth | finish_oauth | connect_pat | rename | disconnect | set_database_password | list_projects, …} with its fields filled in.',
	);
}
