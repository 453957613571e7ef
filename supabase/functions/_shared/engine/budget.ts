// How much one slice, and one invocation of several, may do. Hosted edge functions have 150 s of wall time, 2 s of CPU and 256 MB; CPU
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
	/** What has been spent so far. */
	readonly used: { readonly bytes: number; readonly operations: number };
}

export interface BudgetLimits {
	readonly seconds?: number;
	readonly bytes?: number;
	readonly operations?: number;
}

/** A budget that starts now. Limits are lowered by tests to force many slices. */
export function startBudget(limits: BudgetLimits = {}): Budget {
	const endsAt = performance.now() + (limits.seconds ?? SLICE_SECONDS) * 1000;
	const most = {
		bytes: limits.bytes ?? SLICE_BYTES,
		operations: limits.operations ?? SLICE_OPERATIONS,
	};
	const used = { bytes: 0, operations: 0 };
	return {
		spent: () =>
			used.bytes >= most.bytes || used.operations >= most.operations || performance.now() >= endsAt,
		spend: ({ bytes = 0, operations = 0 }) => {
			used.bytes += bytes;
			used.operations += operations;
		},
		used,
	};
}

/** What slices of one invocation have done together. */
export interface Done {
	/** Moved without being looked at. */
	readonly bytes: number;
	readonly operations: number;
	/** Bytes of rows that databases answered with: read, compared, decided on. */
	readonly answered: number;
}

/** Milliseconds of CPU for a megabyte that is read: 50 to 130 were measured, on readings of 500 tables. */
const CPU_OF_READ_MB = 130;
/** What an invocation may have used before it takes another step; the largest of those took 900 by itself. */
const GOES_ON_CPU_MS = 600;
const GOES_ON_SECONDS = 20;

/** Whether an invocation that has done this in so many seconds takes another step of its run. */
export function mayGoOn({ bytes, operations, answered }: Done, seconds: number): boolean {
	const moved = (700 * bytes) / SLICE_BYTES;
	const read = (CPU_OF_READ_MB * answered) / (1024 * 1024);
	return moved + operations + read <= GOES_ON_CPU_MS && seconds <= GOES_ON_SECONDS;
}
