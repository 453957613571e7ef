// What goes wrong on a connection, as it is: who uses the client decides what of it people may read.

/**
 * - `unreachable`: no connection, or none in time
 * - `no_tls`: the server offers no encryption, and it was asked for
 * - `not_genuine`: the server could not prove that it knows the password
 * - `unknown_login`: it asks for a way of signing in that is not supported
 * - `lost`: the session has ended; what was running may have happened or not
 * - `server`: the server refused, see `answer`
 * - `misuse`: two operations at once, or a session of another client
 */
export type Failure =
	'unreachable' | 'no_tls' | 'not_genuine' | 'unknown_login' | 'lost' | 'server' | 'misuse';

/** An ErrorResponse. Message, detail, context and hint may quote values of rows. */
export interface ServerAnswer {
	readonly sqlstate: string;
	readonly message: string;
	/** Not translated: ERROR, FATAL, PANIC. */
	readonly severity?: string | undefined;
	readonly detail?: string | undefined;
	readonly hint?: string | undefined;
	readonly context?: string | undefined;
	/** Function of the server's own code that raised it. */
	readonly routine?: string | undefined;
	readonly schema?: string | undefined;
	readonly table?: string | undefined;
	readonly type?: string | undefined;
	readonly constraint?: string | undefined;
}

export class PostgresError extends Error {
	override readonly name = 'PostgresError';
	readonly failure: Failure;
	/** Of a failure `server`. */
	readonly answer: ServerAnswer | undefined;
	constructor(failure: Failure, message: string, answer?: ServerAnswer) {
		super(message);
		this.failure = failure;
		this.answer = answer;
	}
}
