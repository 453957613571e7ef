// Visits the tables of a slice: compares, loads what differs, and says what became of each. Two lanes work
// off one queue; a lane is a pair of connections at the source's snapshot.
import { isPassing, sqlstateOf, TwinsError } from '../../domain/errors.ts';
import type { StageContext } from '../component.ts';
import { areEqual, differingBuckets, type Ends, haveRows } from './compare.ts';
import { bucketCount, divide, inBuckets } from './division.ts';
import { type HashMethod, isLocked } from './inspect.ts';
import type { Ledger } from './ledger.ts';
import { analyze, dropSharedChecks, emptyUnit, type Load, runLoads } from './load.ts';
import type { Unit } from './plan.ts';
import type { Begun, RowsProgress } from './progress.ts';
import type { Sizes } from './sizes.ts';
import { isOfOneTable, recoverSnapshot } from './snapshot.ts';

export interface Visit {
	readonly context: Pick<StageContext, 'options' | 'report' | 'spend' | 'spent' | 'signal'>;
	readonly ledger: Ledger;
	readonly progress: RowsProgress;
	readonly sizes: Sizes;
	readonly hashMethod: HashMethod;
	/** Called after each piece of work. */
	readonly onProgress: () => void;
}

/** A piece of work; may put further pieces at the front of the queue. */
type Work = (ends: Ends) => Promise<readonly Work[]>;

const NOTHING_MORE: readonly Work[] = [];

/** Round trips of a comparison and a load. */
const OPERATIONS = 6;
const LOCKED_TRIES = 3;
const RELOAD_TRIES = 2;

/**
 * Works off the units until all are through or the slice's budget is spent; something is always
 * brought through. Throws passing trouble (a lost connection) when both lanes have come to rest.
 */
export async function visitUnits(
	visit: Visit,
	lanes: readonly Ends[],
	units: readonly Unit[],
): Promise<void> {
	const queue = plannedWork(visit, units);
	const before = visit.progress.settledCount();
	const isEnough = (): boolean =>
		visit.context.signal.aborted ||
		// A slice that only compared would compare the same again in the next one.
		(visit.context.spent() && visit.progress.settledCount() > before);
	let running = 0;
	let failure: unknown;
	let wake: () => void = () => undefined;
	let changed = new Promise<void>((resolve) => (wake = resolve));
	const drain = async (ends: Ends): Promise<void> => {
		while (failure === undefined) {
			if (isEnough()) return;
			const work = queue.shift();
			if (work === undefined) {
				if (running === 0) return;
				// The other lane may be about to divide a table.
				await changed;
				continue;
			}
			running += 1;
			try {
				queue.unshift(...(await work(ends)));
				visit.onProgress();
			} catch (error) {
				failure ??= error;
			} finally {
				running -= 1;
				wake();
				changed = new Promise((resolve) => (wake = resolve));
			}
		}
	};
	await Promise.all(lanes.map(drain));
	if (failure !== undefined) throw failure;
}

function plannedWork(visit: Visit, units: readonly Unit[]): Work[] {
	const { sizes, progress } = visit;
	const isSmall = (unit: Unit) => unit.bytes <= sizes.smallBytes && !progress.begun(unit);
	const groups: Unit[][] = [];
	let bytes = 0;
	for (const unit of units.filter(isSmall)) {
		const last = groups.at(-1);
		if (last && last.length < sizes.groupTables && bytes + unit.bytes <= sizes.groupBytes) {
			last.push(unit);
			bytes += unit.bytes;
		} else {
			groups.push([unit]);
			bytes = unit.bytes;
		}
	}
	return [
		...groups.map(
			(group): Work =>
				(ends) =>
					visitGroup(visit, ends, group),
		),
		...units
			.filter((unit) => !isSmall(unit))
			.map(
				(unit): Work =>
					(ends) =>
						visitLarge(visit, ends, unit),
			),
	];
}

/** Small tables together; one by one when one of them makes trouble. */
async function visitGroup(
	visit: Visit,
	ends: Ends,
	units: readonly Unit[],
): Promise<readonly Work[]> {
	visit.context.spend({ operations: OPERATIONS });
	try {
		const loads = await findLoads(ends, units);
		await load(visit, ends, loads);
	} catch (error) {
		await recover(ends, error);
		if (units.length > 1) {
			return units.map(
				(unit): Work =>
					(free) =>
						visitGroup(visit, free, [unit]),
			);
		}
		const [unit] = units;
		if (!unit) return NOTHING_MORE;
		return againOrGiveUp(visit, ends, unit, error, (free) => visitGroup(visit, free, [unit]));
	}
	for (const unit of units) settle(visit, unit);
	return NOTHING_MORE;
}

async function findLoads(ends: Ends, units: readonly Unit[]): Promise<readonly Load[]> {
	const found = await haveRows(ends, units);
	const comparable = units.filter((_, index) => found[index]?.source && found[index]?.target);
	const equal = await areEqual(ends, comparable);
	return units.flatMap((unit, index): Load[] => {
		const has = found[index];
		const isEqual = has?.source ? equal[comparable.indexOf(unit)] === true : has?.target !== true;
		// What only the target has stays, unless the table is mirrored.
		if (isEqual || (unit.strategy === 'upsert' && !has?.source)) return [];
		return [{ unit, where: null, parts: [0], targetHasRows: has?.target === true }];
	});
}

async function load(visit: Visit, ends: Ends, loads: readonly Load[]): Promise<void> {
	if (loads.length === 0) return;
	const { bytes, rows } = await runLoads(ends, loads, visit.ledger, visit.progress.round);
	visit.context.spend({ bytes });
	visit.progress.addBytes(bytes);
	const whole = loads.filter(({ where }, index) => where === null && (rows[index] ?? 0) > 0);
	await analyze(
		ends.target,
		whole.map(({ unit }) => unit),
	);
}

/** A table that is compared and loaded in buckets, or as a whole while the target has nothing. */
async function visitLarge(visit: Visit, ends: Ends, unit: Unit): Promise<readonly Work[]> {
	visit.context.spend({ operations: OPERATIONS });
	try {
		const begun = visit.progress.begun(unit) ?? (await beginLarge(visit, ends, unit));
		if (begun === undefined) {
			settle(visit, unit);
			return NOTHING_MORE;
		}
		return bucketWork(visit, ends, unit, begun);
	} catch (error) {
		await recover(ends, error);
		return againOrGiveUp(visit, ends, unit, error, (free) => visitLarge(visit, free, unit));
	}
}

/** Undefined when the table is through already. */
async function beginLarge(visit: Visit, ends: Ends, unit: Unit): Promise<Begun | undefined> {
	const { sizes, progress } = visit;
	const [has] = await haveRows(ends, [unit]);
	if (unit.bytes <= sizes.wholeBytes || !has?.source) {
		if (!has?.target || !has.source) {
			await load(visit, ends, await findLoads(ends, [unit]));
			return undefined;
		}
		if ((await areEqual(ends, [unit]))[0]) return undefined;
	}
	const count = Math.ceil(unit.bytes / sizes.bucketBytes);
	const division = await divide(ends.source, unit, Math.min(sizes.maxBuckets, Math.max(2, count)));
	return progress.begin(unit, division, !has.target);
}

/** Compares the buckets that are not through yet; returns the work of loading those that differ. */
async function bucketWork(
	visit: Visit,
	ends: Ends,
	unit: Unit,
	begun: Begun,
): Promise<readonly Work[]> {
	const { sizes, progress } = visit;
	const { division, settled } = begun;
	const total = bucketCount(division);
	const left = Array.from({ length: total }, (_, bucket) => bucket).filter((b) => !settled.has(b));
	const bucketBytes = unit.bytes / total;
	const isFresh = begun.isFresh && progress.round === 0;
	const differing: number[] = [];
	for (const buckets of isFresh ? [] : inPieces(left, sizes.compareBytes / bucketBytes)) {
		const found = await differingBuckets(ends, unit, division, buckets, visit.hashMethod);
		differing.push(...found);
		for (const bucket of buckets) if (!found.includes(bucket)) settled.add(bucket);
		visit.context.spend({ operations: OPERATIONS });
		if (visit.context.spent()) break;
	}
	if (settled.size === total) {
		settle(visit, unit);
		return NOTHING_MORE;
	}
	const copyBytes = division.kind === 'hash' ? sizes.hashCopyBytes : sizes.copyBytes;
	return inPieces(isFresh ? left : differing, copyBytes / bucketBytes).map(
		(buckets): Work =>
			(free) =>
				loadBuckets(visit, free, unit, begun, buckets),
	);
}

async function loadBuckets(
	visit: Visit,
	ends: Ends,
	unit: Unit,
	begun: Begun,
	buckets: readonly number[],
): Promise<readonly Work[]> {
	const { ledger, progress } = visit;
	const { division, settled, generation } = begun;
	if (!progress.open().includes(unit)) return NOTHING_MORE;
	visit.context.spend({ operations: OPERATIONS });
	try {
		await ledger.fixDivision(ends.target, unit.key, division, progress.round);
		const where = inBuckets(division, buckets, unit, visit.hashMethod);
		await load(visit, ends, [{ unit, where, parts: buckets, targetHasRows: !begun.isFresh }]);
	} catch (error) {
		await recover(ends, error);
		if (isKeyTaken(error) && unit.strategy === 'mirror' && progress.tried(unit) <= RELOAD_TRIES) {
			return [(free) => loadAnew(visit, free, unit, begun)];
		}
		return againOrGiveUp(visit, ends, unit, error, (free) =>
			loadBuckets(visit, free, unit, begun, buckets),
		);
	}
	// The other lane may have emptied the table right after this load.
	if (begun.generation !== generation) return NOTHING_MORE;
	for (const bucket of buckets) settled.add(bucket);
	if (settled.size === bucketCount(division)) {
		await analyze(ends.target, [unit]);
		settle(visit, unit);
	}
	return NOTHING_MORE;
}

/**
 * A unique value moved from one bucket to another: whichever is loaded first meets the old row of the other.
 * So the table is emptied, and all buckets are loaded again.
 */
async function loadAnew(
	visit: Visit,
	ends: Ends,
	unit: Unit,
	begun: Begun,
): Promise<readonly Work[]> {
	const { ledger, progress } = visit;
	if (!progress.open().includes(unit)) return NOTHING_MORE;
	try {
		const all = Array.from({ length: bucketCount(begun.division) }, (_, bucket) => bucket);
		await emptyUnit(ends.target, unit, all, ledger, progress.round);
		begun.generation += 1;
		begun.settled.clear();
		begun.isFresh = true;
		return await bucketWork(visit, ends, unit, begun);
	} catch (error) {
		await recover(ends, error);
		giveUp(visit, unit, error);
		return NOTHING_MORE;
	}
}

/** The same work once more, if what was in its way could be taken away. */
async function againOrGiveUp(
	visit: Visit,
	ends: Ends,
	unit: Unit,
	error: unknown,
	again: Work,
): Promise<readonly Work[]> {
	if (await makeWay(visit, ends, unit, error)) return [again];
	giveUp(visit, unit, error);
	return NOTHING_MORE;
}

const isKeyTaken = (error: unknown): boolean =>
	['23505', '23P01'].includes(sqlstateOf(error) ?? '');

/**
 * Rows may break a check on the source as well: it is newer than they are (`not valid`), or it asks the clock or
 * another table. Drops it, where `tables` makes it again after the rows.
 */
async function makeWay(visit: Visit, ends: Ends, unit: Unit, error: unknown): Promise<boolean> {
	if (sqlstateOf(error) !== '23514' || !visit.context.options.components.tables) return false;
	const isDropped = await dropSharedChecks(ends, unit).catch((refusal: unknown) => {
		if (isLocked(refusal)) return false;
		throw refusal;
	});
	// The other lane may have dropped them since, or be at work on the table.
	return isDropped || visit.progress.tried(unit) <= RELOAD_TRIES;
}

/** Both sessions usable again, or the error itself where they cannot be. */
async function recover(ends: Ends, error: unknown): Promise<void> {
	if (!isOfOneTable(error)) throw error;
	await Promise.all([recoverSnapshot(ends.source), ends.target.query('rollback')]);
}

function settle(visit: Visit, unit: Unit): void {
	const { context, ledger, progress } = visit;
	progress.settle(unit);
	const rows = ledger.loadedRows(unit.key);
	if (rows !== undefined && !(unit.strategy === 'upsert' && rows === 0)) {
		const detail =
			rows === null ? undefined : `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`;
		context.report({ object: unit.object, outcome: 'copied', detail });
	} else if (progress.round === 0) {
		context.report({ object: unit.object, outcome: 'unchanged' });
	}
}

/** One table's trouble: it is put off while somebody locks it, else reported. */
export function giveUp(visit: Visit, unit: Unit, error: unknown): void {
	const { context, progress } = visit;
	if (!(error instanceof TwinsError)) throw error;
	if (isLocked(error) && progress.tried(unit) < LOCKED_TRIES) return;
	if (isPassing(error) && !isLocked(error)) throw error;
	progress.fail(unit);
	context.report({
		object: unit.object,
		outcome: 'failed',
		detail: error.message,
		fix: error.fix,
		sqlstate: error.details.sqlstate,
	});
}

/** Consecutive pieces of at most `size` numbers, at least one each. */
function inPieces(numbers: readonly number[], size: number): readonly (readonly number[])[] {
	const length = Math.max(1, Math.floor(size));
	return Array.from({ length: Math.ceil(numbers.length / length) }, (_, index) =>
		numbers.slice(index * length, (index + 1) * length),
	);
}
