// How much one slice may do. Hosted edge functions have 150 s of wall time, 2 s of CPU and 256 MB; CPU
// cannot be read there (the clock of the runtime returns zeros), so bytes and operations stand for it.

/** Wall time of a slice, seconds: leaves room for one long statement and for storing the cursor. */
export const SLICE_SECONDS = 45;
/** Bytes moved in a slice: about 0.7 s of CPU with TLS on both endpoints (measured). */
export const SLICE_BYTES = 256 * 1024 * 1024;
/** Round trips, files, or objects of a slice: about 1 ms of CPU each. */
export const SLICE_OPERATIONS = 600;

export interface Budget {
	spent(): boolean;
	spend(amount: { readonly bytes?: number; readonly operations?: number }): void;
}

/** A budget that starts now. `seconds` and the like are lowered by tests to force many slices. */
export function startBudget(
	limits: { readonly seconds?: number; readonly bytes?: number; readonly operations?: number } = {},
): Budget {
	const endsAt = performance.now() + (limits.seconds ?? SLICE_SECONDS) * 1000;
	let bytesLeft = limits.bytes ?? SLICE_BYTES;
	let operationsLeft = limits.operations ?? SLICE_OPERATIONS;
	return {
		spent: () => bytesLeft <= 0 || operationsLeft <= 0 || performance.now() >= endsAt,
		spend: ({ bytes = 0, operations = 0 }) => {
			bytesLeft -= bytes;
			operationsLeft -= operations;
		},
	};
}
