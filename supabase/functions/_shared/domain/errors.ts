// One shape for everything that goes wrong: what happened, and what to do about it. Raised where the
// trouble is understood, wrapped once at `platform/`, rendered by one component of the web app.

export const ERROR_CODES = [
	'bad_request',
	'not_signed_in',
	'forbidden',
	'not_found',
	'account_expired',
	'secret_unreadable',
	'api_refused',
	'api_unavailable',
	'rate_limited',
	'database_unreachable',
	'database_refused',
	'connection_lost',
	'snapshot_lost',
	'storage_refused',
	'target_not_ready',
	'limit_exceeded',
	'conflict',
	'unsupported',
	'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetails {
	/** SQLSTATE of Postgres, five characters. */
	readonly sqlstate?: string | undefined;
	/** Status of the HTTP answer. */
	readonly httpStatus?: number | undefined;
	/** Postgres's hint or the API's own code. */
	readonly hint?: string | undefined;
	/** True when the same call may succeed later: the engine then retries with back-off. */
	readonly passing?: boolean | undefined;
	/** Seconds to wait before the retry, where the other endpoint said so. */
	readonly retryAfter?: number | undefined;
	/** Names of risks that nobody agreed to. */
	readonly risks?: readonly string[] | undefined;
}

/** An error we mean to show. `message` says what happened, with names; `fix` what to do. */
export class TwinsError extends Error {
	override readonly name = 'TwinsError';
	readonly code: ErrorCode;
	readonly fix: string;
	readonly details: ErrorDetails;
	constructor(code: ErrorCode, message: string, fix: string, details: ErrorDetails = {}) {
		super(message);
		this.code = code;
		this.fix = fix;
		this.details = details;
	}
}

/** What functions answer and tables store: never a stack, never a secret. */
export interface ErrorBody {
	readonly code: ErrorCode;
	readonly message: string;
	readonly fix: string;
	readonly sqlstate?: string | undefined;
	readonly http_status?: number | undefined;
	readonly risks?: string[] | undefined;
}

/** Any thrown value as an ErrorBody; unknown errors become `internal` with their message. */
export function errorBody(error: unknown): ErrorBody {
	if (error instanceof TwinsError) {
		return {
			code: error.code,
			message: error.message,
			fix: error.fix,
			sqlstate: error.details.sqlstate,
			http_status: error.details.httpStatus,
			...(error.details.risks ? { risks: [...error.details.risks] } : {}),
		};
	}
	const message = error instanceof Error ? error.message : String(error);
	return {
		code: 'internal',
		message,
		fix: 'Try again. If it happens again, report it with this message.',
	};
}

/** What Postgres called the error; undefined where it is none of Postgres. */
export const sqlstateOf = (error: unknown): string | undefined =>
	error instanceof TwinsError ? error.details.sqlstate : undefined;

/** True when retrying may help (lost connection, rate limit, server busy). */
export function isPassing(error: unknown): boolean {
	return error instanceof TwinsError && error.details.passing === true;
}
