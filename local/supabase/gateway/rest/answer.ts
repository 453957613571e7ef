// The HTTP answer: status, Content-Range, body, and errors in PostgREST's shape.
import type { ServerResponse } from 'node:http';
import postgres from 'postgres';
import { HttpRefusal, sendJson } from '../http.ts';
import { TokenError } from '../keys.ts';
import type { Plan } from './plan.ts';
import { refuse, statusOfState } from './refusals.ts';
import type { RestRequest } from './request.ts';
import type { Outcome } from './transaction.ts';

/** Sends what the plan yielded. */
export function answer(
	response: ServerResponse,
	request: RestRequest,
	plan: Plan,
	outcome: Outcome,
): void {
	const { rows, total } = outcome;
	const reading = plan.shape !== 'nothing' && request.method !== 'HEAD';
	const range = reading && rows > 0 ? `${plan.offset}-${plan.offset + rows - 1}` : '*';
	const headers: Record<string, string> = { 'content-range': `${range}/${total ?? '*'}` };
	if (request.preferences.applied !== '') {
		headers['preference-applied'] = request.preferences.applied;
	}
	const partial = plan.status === 200 && total !== undefined && rows < total;
	const status = partial && request.method === 'GET' ? 206 : plan.status;
	if (plan.shape === 'nothing' || request.method === 'HEAD') {
		response.writeHead(status, headers).end();
		return;
	}
	const asObject = request.single && plan.shape === 'list';
	headers['content-type'] = asObject
		? 'application/vnd.pgrst.object+json; charset=utf-8'
		: 'application/json; charset=utf-8';
	const text = outcome.body ?? 'null';
	response.writeHead(status, headers).end(asObject ? text.slice(1, -1) : text);
}

/** Refuses, before commit, an outcome that the client did not ask for. */
export function checkOutcome(request: RestRequest, plan: Plan): (outcome: Outcome) => void {
	return ({ rows, total }) => {
		if (total !== undefined && plan.offset > 0 && plan.offset >= total) {
			throw refuse(
				416,
				'PGRST103',
				'Requested range not satisfiable',
				`An offset of ${plan.offset} was requested, but there are only ${total} rows.`,
			);
		}
		if (request.single && plan.shape === 'list' && rows !== 1) {
			throw refuse(
				406,
				'PGRST116',
				'Cannot coerce the result to a single JSON object',
				`The result contains ${rows} rows`,
			);
		}
	};
}

/** Sends any error; `role` decides between 401 and 403 for a missing privilege. */
export function sendError(response: ServerResponse, error: unknown, role: string): void {
	if (error instanceof HttpRefusal) {
		sendJson(response, error.status, error.body);
	} else if (error instanceof TokenError) {
		const code = error.expiredFor === undefined ? 'PGRST301' : 'PGRST303';
		const message =
			error.expiredFor === undefined ? 'No suitable key or wrong key type' : 'JWT expired';
		sendJson(
			response,
			401,
			{ code, message, details: null, hint: null },
			{
				'www-authenticate': `Bearer error="invalid_token", error_description="${message}"`,
			},
		);
	} else if (error instanceof postgres.PostgresError) {
		sendJson(response, statusOfState(error.code, role), {
			code: error.code,
			message: error.message,
			details: error.detail ?? null,
			hint: error.hint ?? null,
		});
	} else {
		const details = error instanceof Error ? error.message : String(error);
		sendJson(response, 503, {
			code: 'PGRST001',
			message: 'Database client error. Retrying the connection.',
			details,
			hint: null,
		});
	}
}
