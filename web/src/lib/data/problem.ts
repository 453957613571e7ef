// Whatever goes wrong, as the app shows it: what happened and what to do. Every answer of the
// database, of an edge function and of the network ends here; one component renders it.
import type { PostgrestError } from '@supabase/supabase-js';
import * as z from 'zod/mini';

export interface Problem {
	readonly message: string;
	readonly fix: string;
	readonly code?: string | undefined;
	readonly sqlstate?: string | undefined;
	readonly httpStatus?: number | undefined;
}

const storedError = z.object({
	message: z.string(),
	fix: z.optional(z.nullable(z.string())),
	code: z.optional(z.nullable(z.string())),
	sqlstate: z.optional(z.nullable(z.string())),
	http_status: z.optional(z.nullable(z.number())),
});

const TRY_AGAIN = 'Try again. If it happens again, report it with this message.';

/** An error stored in a row (`jobs.error`, `job_components.error`), or null where there is none. */
export function problemFromStored(value: unknown): Problem | null {
	if (value === null || value === undefined) return null;
	const parsed = storedError.safeParse(value);
	if (!parsed.success)
		return { message: 'It failed for a reason that was not recorded.', fix: TRY_AGAIN };
	const { message, fix, code, sqlstate, http_status } = parsed.data;
	return {
		message,
		fix: fix ?? '',
		code: code ?? undefined,
		sqlstate: sqlstate ?? undefined,
		httpStatus: http_status ?? undefined,
	};
}

/**
 * An error of PostgREST. Our SQL functions raise with the message for the user and, as the hint,
 * what to do; the detail may carry our error code.
 */
export function problemFromDatabase(error: PostgrestError): Problem {
	const raisedByUs = error.hint !== null && error.hint !== '';
	return {
		message: error.message,
		fix: raisedByUs ? error.hint : TRY_AGAIN,
		code: error.details === null || error.details === '' ? undefined : error.details,
		sqlstate: /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined,
	};
}

/** The error of `functions.invoke`: the function's own body where it answered, else the transport's. `name`: the function. */
export async function problemFromFunction(error: unknown, name: string): Promise<Problem> {
	const response = contextOf(error);
	if (response !== undefined) {
		const body: unknown = await response.json().catch(() => undefined);
		const ours = z.object({ error: storedError }).safeParse(body);
		if (ours.success) {
			const problem = problemFromStored(ours.data.error);
			if (problem !== null) return problem;
		}
		return {
			message: `The service for ${name} answered with status ${response.status}.`,
			fix: TRY_AGAIN,
			httpStatus: response.status,
		};
	}
	return {
		message: `The service for ${name} cannot be reached.`,
		fix: 'Check that the control project is running, then try again.',
	};
}

function contextOf(error: unknown): Response | undefined {
	if (typeof error !== 'object' || error === null || !('context' in error)) return undefined;
	return error.context instanceof Response ? error.context : undefined;
}
