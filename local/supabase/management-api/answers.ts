// What a route gives back, and the refusals that it may raise. Error bodies as the real service words them.

export interface Answer {
	readonly status: number;
	/** JSON; undefined sends no body. */
	readonly body?: unknown;
	/** Sent as it is, instead of `body`. */
	readonly bytes?: Buffer;
	readonly headers?: Readonly<Record<string, string>>;
}

/** An answer other than success. */
export class ApiRefusal extends Error {
	override readonly name = 'ApiRefusal';
	readonly status: number;
	readonly extra: Readonly<Record<string, unknown>>;
	constructor(status: number, message: string, extra: Readonly<Record<string, unknown>> = {}) {
		super(message);
		this.status = status;
		this.extra = extra;
	}
}

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body?: unknown): Answer => ({ status: 201, body });
