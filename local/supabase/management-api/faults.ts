// Trouble on demand, for tests: the next N calls of a path answer 429, 500 … or not at all.

export type FaultKind =
	'rate_limited' | 'failed' | 'timeout' | 'expired_token' | 'paused' | 'refused';

export interface Fault {
	readonly kind: FaultKind;
	/** Method, or any. */
	readonly method?: string;
	/** Part of the path, or any: `/functions/deploy`. */
	readonly path?: string;
	/** How many calls are hit; default 1. */
	readonly calls?: number;
	/** 429: seconds in X-RateLimit-Reset; default 1, null for an answer that does not say. */
	readonly seconds?: number | null;
	/** `refused`: status (default 400) and message. */
	readonly status?: number;
	readonly message?: string;
}

export interface Faults {
	/** Adds a fault; the first that fits a call is used up first. */
	add(fault: Fault): void;
	clear(): void;
	/** The fault of this call, counted down. Called by the server. */
	take(method: string, path: string): Fault | undefined;
}

export function createFaults(): Faults {
	const waiting: { fault: Fault; left: number }[] = [];
	return {
		add: (fault) => void waiting.push({ fault, left: fault.calls ?? 1 }),
		clear: () => void waiting.splice(0),
		take(method, path) {
			const found = waiting.find(
				({ fault, left }) =>
					left > 0 && (fault.method ?? method) === method && path.includes(fault.path ?? ''),
			);
			if (found) found.left -= 1;
			return found?.fault;
		},
	};
}
