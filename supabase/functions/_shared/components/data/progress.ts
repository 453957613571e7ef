// What a slice knows and leaves behind: which parts of which tables are equal in this round, which failed.
// A round runs every table job once. Losing the cursor costs comparisons, never rows.
import * as z from 'zod/mini';
import { writesSchema } from './activity.ts';
import { type Partitioning, chunkCount, runs } from './partitioning.ts';
import type { AtWork } from '../../contract/report.ts';
import type { Ledger } from './ledger.ts';
import type { TableJob } from './plan.ts';
import { momentSchema } from './snapshot.ts';

const partitioning = z.union([
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
	/** Table jobs that are through in this round; when finishing, foreign keys. */
	done: z.array(z.string()),
	/** Table jobs of which some chunks are through. */
	begun: z.record(
		z.string(),
		z.object({
			partitioning,
			/** Buckets that are through, as runs. */
			doneChunks: z.array(z.tuple([z.int(), z.int()])),
			/** The target's table was empty when its first chunk was loaded. */
			isFresh: z.boolean(),
			/** The most chunks of one statement, where more took too long. */
			atOnce: z.optional(z.int()),
		}),
	),
	failed: z.array(z.string()),
	/** How often a table job was put off because it was locked, or loaded anew. */
	tries: z.record(z.string(), z.int()),
	bytes: z.number(),
	rows: z._default(z.number(), 0),
	/** The snapshot that the last slice of this round keeps for the next one. */
	moment: z.optional(momentSchema),
	/** True when slices of this round read different snapshots. */
	isMixed: z.boolean(),
	/** What had been written to the source's tables when their rows were read. */
	writes: z._default(writesSchema, {}),
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
	rows: 0,
	isMixed: false,
	writes: {},
};

export function readCursor(cursor: unknown): RowsCursor {
	return cursor === null || cursor === undefined ? FIRST : cursorSchema.parse(cursor);
}

/** The partitioning of one table job and its chunks that are through. */
export interface Begun {
	readonly partitioning: Partitioning;
	readonly doneChunks: Set<number>;
	isFresh: boolean;
	atOnce: number | undefined;
	/** Raised when the table was emptied: what was loaded before is gone. */
	generation: number;
}

export interface RowsProgress {
	readonly round: number;
	/** Table jobs that still have to be run in this round. */
	open(): readonly TableJob[];
	begun(tableJob: TableJob): Begun | undefined;
	begin(tableJob: TableJob, partitioning: Partitioning, isFresh: boolean): Begun;
	/** Takes half as many chunks at once from now on: a step forward, because the next slice knows. */
	narrow(begun: Begun, tried: number): number;
	finish(tableJob: TableJob): void;
	fail(tableJob: TableJob): void;
	/** Counts one more try of a table job; returns how many there were. */
	tried(tableJob: TableJob): number;
	addLoaded(bytes: number, rows: number): void;
	readonly bytes: number;
	readonly rows: number;
	/** Tables that are copied in chunks now. */
	atWork(): readonly AtWork[];
	doneCount(): number;
	/** Table jobs and chunks that are through or given up: grows with every step forward. */
	doneStepsCount(): number;
	/** What had been written to the source's tables when their rows were read; added to by whoever reads them. */
	readonly writes: RowsCursor['writes'];
	/** Something of this round was through before this slice began. */
	readonly wasBegun: boolean;
	cursor(): RowsCursor;
}

export function createProgress(
	from: RowsCursor,
	tableJobs: readonly TableJob[],
	ledger: Ledger,
): RowsProgress {
	const { round } = from;
	const done = new Set(from.done);
	const failed = new Set(from.failed);
	const tries = new Map(Object.entries(from.tries));
	const begun = new Map<string, Begun>();
	const writes = { ...from.writes };
	let { bytes, rows } = from;
	let narrowed = 0;

	for (const tableJob of tableJobs) {
		const fixed = ledger.partitioningOf(tableJob.key);
		const left = from.begun[tableJob.key];
		const known = fixed ?? left?.partitioning;
		const loaded = ledger.loadedIn(tableJob.key, round);
		if (known === undefined) {
			// Loaded as a whole by a slice that died before it could say so.
			if (loaded.length > 0) done.add(tableJob.key);
			continue;
		}
		const isSame = JSON.stringify(left?.partitioning) === JSON.stringify(known);
		const doneChunks = isSame ? (left?.doneChunks ?? []).flatMap(([a, b]) => numbers(a, b)) : [];
		begun.set(tableJob.key, {
			partitioning: known,
			doneChunks: new Set([...doneChunks, ...loaded]),
			isFresh: left?.isFresh ?? false,
			atOnce: left?.atOnce,
			generation: 0,
		});
		if (doneChunks.length + loaded.length >= chunkCount(known)) {
			const all = begun.get(tableJob.key)?.doneChunks.size ?? 0;
			if (all === chunkCount(known)) done.add(tableJob.key);
		}
	}
	const wasBegun =
		done.size > 0 ||
		ledger.anyLoadedIn(round) ||
		[...begun.values()].some(({ doneChunks }) => doneChunks.size > 0);

	return {
		round,
		writes,
		wasBegun,
		open: () => tableJobs.filter(({ key }) => !done.has(key) && !failed.has(key)),
		begun: (tableJob) => begun.get(tableJob.key),
		begin(tableJob, made, isFresh) {
			const state: Begun = {
				partitioning: made,
				doneChunks: new Set(),
				isFresh,
				atOnce: undefined,
				generation: 0,
			};
			begun.set(tableJob.key, state);
			return state;
		},
		narrow(state, tried) {
			narrowed += 1;
			state.atOnce = Math.ceil(tried / 2);
			return state.atOnce;
		},
		finish(tableJob) {
			done.add(tableJob.key);
		},
		fail(tableJob) {
			failed.add(tableJob.key);
		},
		tried(tableJob) {
			const count = (tries.get(tableJob.key) ?? 0) + 1;
			tries.set(tableJob.key, count);
			return count;
		},
		addLoaded(moreBytes, moreRows) {
			bytes += moreBytes;
			rows += moreRows;
		},
		get bytes() {
			return bytes;
		},
		get rows() {
			return rows;
		},
		atWork: () =>
			tableJobs.flatMap(({ key, object }): AtWork[] => {
				const state = begun.get(key);
				if (state === undefined || done.has(key) || failed.has(key)) return [];
				return [{ object, done: state.doneChunks.size, total: chunkCount(state.partitioning) }];
			}),
		doneCount: () => done.size + failed.size,
		doneStepsCount: () =>
			[...begun.values()].reduce(
				(sum, { doneChunks }) => sum + doneChunks.size,
				done.size + failed.size + narrowed,
			),
		cursor: () => ({
			...from,
			writes,
			done: [...done],
			failed: [...failed],
			tries: Object.fromEntries(tries),
			bytes,
			rows,
			moment: undefined,
			begun: Object.fromEntries(
				[...begun]
					.filter(([key]) => !done.has(key) && !failed.has(key))
					.map(([key, { partitioning: made, doneChunks, isFresh, atOnce }]) => [
						key,
						{
							partitioning: made.kind === 'range' ? { ...made, bounds: [...made.bounds] } : made,
							doneChunks: runs([...doneChunks].sort((a, b) => a - b)).map(
								([a, b]): [number, number] => [a, b],
							),
							isFresh,
							...(atOnce === undefined ? {} : { atOnce }),
						},
					]),
			),
		}),
	};
}

function numbers(first: number, last: number): number[] {
	return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
