// The HTTP face of the function `accounts`: who is calling, what is asked, and errors as answers.
import * as z from 'zod/mini';
import { accountsRequestSchema } from '../domain/api.ts';
import { errorBody, type ErrorCode, TwinsError } from '../domain/errors.ts';
import { signedInUser } from '../platform/auth-api.ts';
import { readEnvironment } from '../platform/environment.ts';
import { answer, CORS_HEADERS, readVariable } from '../platform/function.ts';
import { connectUrl } from '../platform/wire.ts';
import { act } from './actions.ts';

const STATUS: Partial<Record<ErrorCode, number>> = {
	bad_request: 400,
	not_signed_in: 401,
	forbidden: 403,
	not_found: 404,
	conflict: 409,
	rate_limited: 429,
	internal: 500,
	api_unavailable: 502,
	connection_lost: 503,
	database_unreachable: 503,
};

/** Refusals that our SQL functions raise with these SQLSTATEs are meant for the user. */
const SQL_REFUSALS: Readonly<Record<string, ErrorCode>> = {
	P0002: 'not_found',
	'55006': 'conflict',
	'22023': 'bad_request',
};

/** A handler for Deno.serve. */
export async function serveAccounts(request: Request): Promise<Response> {
	if (request.method === 'OPTIONS') return new Response(null, { headers: CORS_HEADERS });
	try {
		const environment = await readEnvironment(readVariable);
		const userId = await signedInUser(request, environment);
		const asked = z.safeParse(accountsRequestSchema, await request.json().catch(() => null));
		if (!asked.success) throw malformed(asked.error.issues);
		const control = await connectUrl(environment.controlDbUrl);
		try {
			return answer(200, await act(asked.data, { environment, control, userId }));
		} finally {
			await control.close();
		}
	} catch (error) {
		const body = errorBody(asRefusal(error));
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
		'Send {action: connect_pat | rename | disconnect | set_database_password | list_projects, …} with its fields filled in.',
	);
}

function asRefusal(error: unknown): unknown {
	if (!(error instanceof TwinsError) || error.code !== 'database_refused') return error;
	const code = SQL_REFUSALS[error.details.sqlstate ?? ''];
	return code ? new TwinsError(code, error.message, error.details.hint ?? error.fix) : error;
}
