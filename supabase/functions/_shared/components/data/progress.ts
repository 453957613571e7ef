// What a slice knows and leaves behind: which parts of which tables are equal in this round, which failed.
// A round visits every table once. Losing the cursor costs comparisons, never rows.
import * as z from 'zod/mini';
import type { Division } from './division.ts';
import { bucketCount, runs } from './division.ts';
import type { Ledger } from './ledger.ts';
import type { Unit } from './plan.ts';

const division = z.union([
	z.object({
		kind: z.literal('range'),
		column: z.string(),
		type: z.string(),
		isText: z.boolean(),
		bounds: z.array(z.string()),
	}),
	z.object({ kind: z.literal('hash'), count: z.int() }),
]);

const cursorSchema = z.object({
	phase: z.enum(['rows', 'finish']),
	round: z.int(),
	/** Units that are through in this round; when finishing, foreign keys. */
	done: z.array(z.string()),
	/** Units of which some buckets are through. */
	begun: z.record(
		z.string(),
		z.object({
			division,
			/** Buckets that are through, as runs. */
			settled: z.array(z.tuple([z.int(), z.int()])),
			/** The target's table was empty when its first bucket was loaded. */
			isFresh: z.boolean(),
		}),
	),
	failed: z.array(z.string()),
	/** How often a unit was put off because it was locked, or loaded anew. */
	tries: z.record(z.string(), z.int()),
	bytes: z.number(),
	/** True when a slice of this round ended before it: its tables are of different moments. */
	isSplit: z.boolean(),
});

export type RowsCursor = z.infer<typeof cursorSchema>;

export const FIRST: RowsCursor = {
	phase: 'rows',
	round: 0,
	done: [],
	begun: {},
	failed: [],
	tries: {},
	bytes: 0,
	isSplit: false,
};

export function readCursor(cursor: unknown): RowsCursor {
	return cursor === null || cursor === undefined ? FIRST : cursorSchema.parse(cursor);
}

/** The division of one unit and its buckets that are through. */
export interface Begun {
	readonly division: Division;
	readonly settled: Set<number>;
	isFresh: boolean;
	/** Raised when the table was emptied: what was loaded before is gone. */
	generation: number;
}

export interface RowsProgress {
	readonly round: number;
	/** Units that still have to be visited in this round. */
	open(): readonly Unit[];
	begun(unit: Unit): Begun | undefined;
	begin(unit: Unit, division: Division, isFresh: boolean): Begun;
	settle(unit: Unit): void;
	fail(unit: Unit): void;
	/** Counts one more try of a unit; returns how many there were. */
	tried(unit: Unit): number;
	addBytes(bytes: number): void;
	readonly bytes: number;
	doneCount(): number;
	/** Units and buckets that are through or given up: grows with every step forward. */
	settledCount(): number;
	/** Something of this round was through before this slice began. */
	readonly wasBegun: boolean;
	cursor(): RowsCursor;
}

export function createProgress(
	from: RowsCursor,
	units: readonly Unit[],
	ledger: Ledger,
): RowsProgress {
	const { round } = from;
	const done = new Set(from.done);
	const failed = new Set(from.failed);
	const tries = new Map(Object.entries(from.tries));
	const begun = new Map<string, Begun>();
	let bytes = from.bytes;

	for (const unit of units) {
		const fixed = ledger.divisionOf(unit.key);
		const left = from.begun[unit.key];
		const known = fixed ?? left?.division;
		const loaded = ledger.loadedIn(unit.key, round);
		if (known === undefined) {
			// Loaded as a whole by a slice that died before it could say so.
			if (loaded.length > 0) done.add(unit.key);
			continue;
		}
		const isSame = JSON.stringify(left?.division) === JSON.stringify(known);
		const settled = isSame ? (left?.settled ?? []).flatMap(([a, b]) => numbers(a, b)) : [];
		begun.set(unit.key, {
			division: known,
			settled: new Set([...settled, ...loaded]),
			isFresh: left?.isFresh ?? false,
			generation: 0,
		});
		if (settled.length + loaded.length >= bucketCount(known)) {
			const all = begun.get(unit.key)?.settled.size ?? 0;
			if (all === bucketCount(known)) done.add(unit.key);
		}
	}
	const wasBegun =
		from.isSplit ||
		done.size > 0 ||
		ledger.anyLoadedIn(round) ||
		[...begun.values()].some(({ settled }) => settled.size > 0);

	return {
		round,
		wasBegun,
		open: () => units.filter(({ key }) => !done.has(key) && !failed.has(key)),
		begun: (unit) => begun.get(unit.key),
		begin(unit, made, isFresh) {
			const state: Begun = { division: made, settled: new Set(), isFresh, generation: 0 };
			begun.set(unit.key, state);
			return state;
		},
		settle(unit) {
			done.add(unit.key);
		},
		fail(unit) {
			failed.add(unit.key);
		},
		tried(unit) {
			const count = (tries.get(unit.key) ?? 0) + 1;
			tries.set(unit.key, count);
			return count;
		},
		addBytes(more) {
			bytes += more;
		},
		get bytes() {
			return bytes;
		},
		doneCount: () => done.size + failed.size,
		settledCount: () =>
			[...begun.values()].reduce((sum, { settled }) => sum + settled.size, done.size + failed.size),
		cursor: () => ({
			...from,
			done: [...done],
			failed: [...failed],
			tries: Object.fromEntries(tries),
			bytes,
			isSplit: true,
			begun: Object.fromEntries(
				[...begun]
					.filter(([key]) => !done.has(key) && !failed.has(key))
					.map(([key, { division: made, settled, isFresh }]) => [
						key,
						{
							division: made.kind === 'range' ? { ...made, bounds: [...made.bounds] } : made,
							settled: runs([...settled].sort((a, b) => a - b)).map(([a, b]): [number, number] => [
								a,
								b,
							]),
							isFresh,
						},
					]),
			),
		}),
	};
}

function numbers(first: number, last: number): number[] {
	return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
