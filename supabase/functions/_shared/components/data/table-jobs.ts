// Runs the table jobs of a slice: compares, loads what differs, and says what became of each. Two lanes work
// off one queue; a lane is a pair of connections at the source's snapshot.
import { sqlstateOf } from '../../domain/errors.ts';
import { both } from '../../platform/both.ts';
import { isLocked } from '../../platform/locks.ts';
import { inOwnPath, userPath } from '../../schema/own-path.ts';
import { areEqual, differingChunks, haveRows } from './compare.ts';
import type { Sessions } from './sessions.ts';
import { chunkCount, choosePartitioning, inChunks } from './partitioning.ts';
import { type Work, workOff } from './lanes.ts';
import { analyze, dropSharedChecks, emptyTable, type Load, runLoads } from './load.ts';
import type { TableJob } from './plan.ts';
import type { Begun } from './progress.ts';
import { finishTableJob, giveUp, type RowsSlice } from './rows-slice.ts';
import { recoverSnapshot } from './snapshot.ts';
import { inPieces, isOfOneTable, isTooSlow } from './trouble.ts';

const NOTHING_MORE: readonly Work[] = [];

/** Round trips of a comparison and a load. */
const OPERATIONS = 6;
/** Chunks of a small table that takes too long as a whole. */
const SLOW_CHUNKS = 64;
const RELOAD_TRIES = 2;

/**
 * Works off the table jobs until all are through or the slice's budget is spent; something is always
 * brought through. Throws passing trouble (a lost connection) when both lanes have come to rest.
 */
export async function runTableJobs(
	slice: RowsSlice,
	lanes: readonly Sessions[],
	tableJobs: readonly TableJob[],
): Promise<void> {
	const queue = plannedWork(slice, tableJobs);
	const before = slice.progress.doneStepsCount();
	const isEnough = (): boolean =>
		slice.context.signal.aborted ||
		// A slice that only compared would compare the same again in the next one.
		(slice.context.spent() && slice.progress.doneStepsCount() > before);
	await workOff(queue, lanes, isEnough, slice.onProgress);
}

function plannedWork(slice: RowsSlice, tableJobs: readonly TableJob[]): Work[] {
	const { sizes, progress } = slice;
	const isSmall = (tableJob: TableJob) =>
		tableJob.bytes <= sizes.smallBytes && !progress.begun(tableJob);
	const groups: TableJob[][] = [];
	let bytes = 0;
	for (const tableJob of tableJobs.filter(isSmall)) {
		const last = groups.at(-1);
		if (last && last.length < sizes.groupTables && bytes + tableJob.bytes <= sizes.groupBytes) {
			last.push(tableJob);
			bytes += tableJob.bytes;
		} else {
			groups.push([tableJob]);
			bytes = tableJob.bytes;
		}
	}
	return [
		...groups.map(
			(group): Work =>
				(sessions) =>
					runSmall(slice, sessions, group),
		),
		...tableJobs
			.filter((tableJob) => !isSmall(tableJob))
			.map(
				(tableJob): Work =>
					(sessions) =>
						runLarge(slice, sessions, tableJob),
			),
	];
}

/** Small tables together; one by one when one of them makes trouble. */
async function runSmall(
	slice: RowsSlice,
	sessions: Sessions,
	tableJobs: readonly TableJob[],
): Promise<readonly Work[]> {
	slice.context.spend({ operations: OPERATIONS });
	const [only] = tableJobs;
	const work = async (): Promise<void> =>
		load(slice, sessions, await findLoads(sessions, tableJobs));
	try {
		await (only && tableJobs.length === 1 ? withItsPath(slice, sessions, only, work) : work());
	} catch (error) {
		await recover(sessions, error);
		if (tableJobs.length > 1) {
			return tableJobs.map(
				(tableJob): Work =>
					(free) =>
						runSmall(slice, free, [tableJob]),
			);
		}
		if (!only) return NOTHING_MORE;
		if (isTooSlow(error)) return runLarge(slice, sessions, only, true);
		return againOrGiveUp(slice, sessions, only, error, (free) => runSmall(slice, free, [only]));
	}
	for (const tableJob of tableJobs) finishTableJob(slice, tableJob);
	return NOTHING_MORE;
}

async function findLoads(
	sessions: Sessions,
	tableJobs: readonly TableJob[],
): Promise<readonly Load[]> {
	const found = await haveRows(sessions, tableJobs);
	const comparable = tableJobs.filter((_, index) => found[index]?.source && found[index]?.target);
	const equal = await areEqual(sessions, comparable);
	return tableJobs.flatMap((tableJob, index): Load[] => {
		const has = found[index];
		const isEqual = has?.source
			? equal[comparable.indexOf(tableJob)] === true
			: has?.target !== true;
		// What only the target has stays, unless the table is mirrored.
		if (isEqual || (tableJob.strategy === 'upsert' && !has?.source)) return [];
		return [{ tableJob, where: null, chunks: [0], targetHasRows: has?.target === true }];
	});
}

async function load(slice: RowsSlice, sessions: Sessions, loads: readonly Load[]): Promise<void> {
	if (loads.length === 0) return;
	const { bytes, rows } = await runLoads(sessions, loads, slice.ledger, slice.progress.round);
	slice.context.spend({ bytes });
	slice.progress.addLoaded(
		bytes,
		rows.reduce((sum, count) => sum + count, 0),
	);
	const whole = loads.filter(({ where }, index) => where === null && (rows[index] ?? 0) > 0);
	await analyze(
		sessions.target,
		whole.map(({ tableJob }) => tableJob),
	);
}

/** A table that is compared and loaded in chunks, or as a whole while the target has nothing. */
async function runLarge(
	slice: RowsSlice,
	sessions: Sessions,
	tableJob: TableJob,
	isSlow = false,
): Promise<readonly Work[]> {
	slice.context.spend({ operations: OPERATIONS });
	try {
		return await withItsPath(slice, sessions, tableJob, async () => {
			const begun =
				slice.progress.begun(tableJob) ?? (await beginLarge(slice, sessions, tableJob, isSlow));
			if (begun) return chunkWork(slice, sessions, tableJob, begun);
			finishTableJob(slice, tableJob);
			return NOTHING_MORE;
		});
	} catch (error) {
		await recover(sessions, error);
		const isWhole = !isSlow && slice.progress.begun(tableJob) === undefined;
		if (isTooSlow(error) && isWhole) return runLarge(slice, sessions, tableJob, true);
		return againOrGiveUp(slice, sessions, tableJob, error, (free) =>
			runLarge(slice, free, tableJob),
		);
	}
}

/** Undefined when the table is through already. */
async function beginLarge(
	slice: RowsSlice,
	sessions: Sessions,
	tableJob: TableJob,
	isSlow: boolean,
): Promise<Begun | undefined> {
	const { sizes, progress } = slice;
	const [has] = await haveRows(sessions, [tableJob]);
	if (!has?.source && (!has?.target || tableJob.strategy === 'upsert')) return undefined;
	// Rows that nothing can take away at once go in parts.
	const isEmptied = !has.source && tableJob.canTruncate;
	if (!isSlow && (tableJob.bytes <= sizes.wholeBytes || isEmptied)) {
		if (!has.target || !has.source) {
			await load(slice, sessions, await findLoads(sessions, [tableJob]));
			return undefined;
		}
		if ((await areEqual(sessions, [tableJob]))[0]) return undefined;
	}
	const count = Math.max(isSlow ? SLOW_CHUNKS : 2, Math.ceil(tableJob.bytes / sizes.chunkBytes));
	const partitioning = await choosePartitioning(
		sessions,
		tableJob,
		Math.min(sizes.maxChunks, count),
	);
	return progress.begin(tableJob, partitioning, !has.target);
}

/** Compares the chunks that are not through yet; returns the work of loading those that differ. */
async function chunkWork(
	slice: RowsSlice,
	sessions: Sessions,
	tableJob: TableJob,
	begun: Begun,
): Promise<readonly Work[]> {
	const { sizes, progress } = slice;
	const { partitioning, doneChunks } = begun;
	const total = chunkCount(partitioning);
	const left = Array.from({ length: total }, (_, chunk) => chunk).filter((b) => !doneChunks.has(b));
	const chunkBytes = tableJob.bytes / total;
	const isFresh = begun.isFresh && progress.round === 0;
	const differing: number[] = [];
	const compared = Math.min(begun.atOnce ?? total, sizes.compareBytes / chunkBytes);
	for (const chunks of isFresh ? [] : inPieces(left, compared)) {
		let found: readonly number[];
		try {
			found = await differingChunks(sessions, tableJob, partitioning, chunks, slice.hashMethod);
		} catch (error) {
			if (!isTooSlow(error) || chunks.length === 1) throw error;
			await recover(sessions, error);
			progress.narrow(begun, chunks.length);
			return [(free) => runLarge(slice, free, tableJob)];
		}
		differing.push(...found);
		for (const chunk of chunks) if (!found.includes(chunk)) doneChunks.add(chunk);
		slice.context.spend({ operations: OPERATIONS });
		if (slice.context.spent()) break;
	}
	if (doneChunks.size === total) {
		finishTableJob(slice, tableJob);
		return NOTHING_MORE;
	}
	const copyBytes = partitioning.kind === 'hash' ? sizes.hashCopyBytes : sizes.copyBytes;
	const copied = Math.min(begun.atOnce ?? total, copyBytes / chunkBytes);
	return inPieces(isFresh ? left : differing, copied).map(
		(chunks): Work =>
			(free) =>
				loadChunks(slice, free, tableJob, begun, chunks),
	);
}

async function loadChunks(
	slice: RowsSlice,
	sessions: Sessions,
	tableJob: TableJob,
	begun: Begun,
	chunks: readonly number[],
): Promise<readonly Work[]> {
	const { ledger, progress } = slice;
	const { partitioning, doneChunks, generation } = begun;
	if (!progress.open().includes(tableJob)) return NOTHING_MORE;
	slice.context.spend({ operations: OPERATIONS });
	try {
		await ledger.fixPartitioning(sessions.target, tableJob.key, partitioning, progress.round);
		const where = inChunks(partitioning, chunks, tableJob, slice.hashMethod);
		const loads = [{ tableJob, where, chunks: chunks, targetHasRows: !begun.isFresh }];
		await withItsPath(slice, sessions, tableJob, () => load(slice, sessions, loads));
	} catch (error) {
		await recover(sessions, error);
		if (isTooSlow(error) && chunks.length > 1) {
			return inPieces(chunks, progress.narrow(begun, chunks.length)).map(
				(some): Work =>
					(free) =>
						loadChunks(slice, free, tableJob, begun, some),
			);
		}
		// Emptied for good, values that only the target has would be lost.
		const mayEmpty =
			tableJob.strategy === 'mirror' && tableJob.keeps.length === 0 && tableJob.spares.length === 0;
		if (isKeyTaken(error) && mayEmpty && progress.tried(tableJob) <= RELOAD_TRIES) {
			return [(free) => loadAnew(slice, free, tableJob, begun)];
		}
		return againOrGiveUp(slice, sessions, tableJob, error, (free) =>
			loadChunks(slice, free, tableJob, begun, chunks),
		);
	}
	// The other lane may have emptied the table right after this load.
	if (begun.generation !== generation) return NOTHING_MORE;
	for (const chunk of chunks) doneChunks.add(chunk);
	if (doneChunks.size === chunkCount(partitioning)) {
		await analyze(sessions.target, [tableJob]);
		finishTableJob(slice, tableJob);
	}
	return NOTHING_MORE;
}

/**
 * A unique value moved from one chunk to another: whichever is loaded first meets the old row of the other.
 * So the table is emptied, and all chunks are loaded again.
 */
async function loadAnew(
	slice: RowsSlice,
	sessions: Sessions,
	tableJob: TableJob,
	begun: Begun,
): Promise<readonly Work[]> {
	const { ledger, progress } = slice;
	if (!progress.open().includes(tableJob)) return NOTHING_MORE;
	try {
		const all = Array.from({ length: chunkCount(begun.partitioning) }, (_, chunk) => chunk);
		await emptyTable(sessions.target, tableJob, all, ledger, progress.round);
		begun.generation += 1;
		begun.doneChunks.clear();
		begun.isFresh = true;
		return await withItsPath(slice, sessions, tableJob, () =>
			chunkWork(slice, sessions, tableJob, begun),
		);
	} catch (error) {
		await recover(sessions, error);
		await giveUp(slice, sessions, tableJob, error);
		return NOTHING_MORE;
	}
}

/** The same work once more, if what stopped it could be removed. */
async function againOrGiveUp(
	slice: RowsSlice,
	sessions: Sessions,
	tableJob: TableJob,
	error: unknown,
	again: Work,
): Promise<readonly Work[]> {
	if (await makeWay(slice, sessions, tableJob, error)) return [again];
	await giveUp(slice, sessions, tableJob, error);
	return NOTHING_MORE;
}

const isKeyTaken = (error: unknown): boolean =>
	['23505', '23P01'].includes(sqlstateOf(error) ?? '');

/**
 * Rows may break a check on the source as well: it is newer than they are (`not valid`), or it asks the clock or
 * another table. Drops it, where `tables` creates it again after the rows.
 */
async function makeWay(
	slice: RowsSlice,
	sessions: Sessions,
	tableJob: TableJob,
	error: unknown,
): Promise<boolean> {
	if (sqlstateOf(error) !== '23514' || !slice.context.options.components.tables) return false;
	const isDropped = await dropSharedChecks(sessions, tableJob).catch((refusal: unknown) => {
		if (isLocked(refusal)) return false;
		throw refusal;
	});
	// The other lane may have dropped them since, or be at work on the table.
	return isDropped || slice.progress.tried(tableJob) <= RELOAD_TRIES;
}

/** Both sessions usable again with the usual path, or the error itself where they cannot be. */
async function recover(sessions: Sessions, error: unknown): Promise<void> {
	if (!isOfOneTable(error)) throw error;
	await both(
		recoverSnapshot(sessions.source),
		sessions.target.script(`rollback; set search_path to ${userPath()}`),
	);
}

/** Work on one table job, with the schemas of its own code in the path where it needs them. */
const withItsPath = <T>(
	{ paths: known }: RowsSlice,
	sessions: Sessions,
	{ key }: TableJob,
	work: () => Promise<T>,
): Promise<T> =>
	inOwnPath(
		{
			sessions: [sessions.source, sessions.target],
			recover: (error) => recover(sessions, error),
			known,
		},
		[key],
		work,
	);
