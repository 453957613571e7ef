// The stage `rows`: brings the rows of every table to what they are on the source. Every slice takes one
// moment of the source (a snapshot) and makes as many tables as it can equal to it. When one slice did not
// do for all, another round compares everything and loads what has changed since, until a round fits one
// slice or finds nothing: then all tables are of one moment.
import { ruleMatches } from '../../domain/ignore-rule.ts';
import type { Item, Stage, StageContext, StageResult } from '../component.ts';
import type { Ends } from './compare.ts';
import { reportDangling } from './dangling.ts';
import { openEnds, readPlan } from './ends.ts';
import { prepare } from './inspect.ts';
import { dropLedger, openLedger } from './ledger.ts';
import { readLeftBehind } from './left-behind.ts';
import type { Unit } from './plan.ts';
import { createProgress, readCursor, type RowsCursor } from './progress.ts';
import { copySequences } from './sequences.ts';
import type { Sizes } from './sizes.ts';
import { joinSnapshot, takeSnapshot } from './snapshot.ts';
import { giveUp, type Visit, visitUnits } from './visit.ts';

/** After these, tables that were written to all the time are reported instead of loaded once more. */
const ROUNDS = 3;

export function rowsStage(sizes: Sizes): Stage {
	return {
		name: 'rows',
		needs: ['structure', 'users'],
		provides: ['rows'],
		run: (context) => runSlice(context, sizes),
	};
}

async function runSlice(context: StageContext, sizes: Sizes): Promise<StageResult> {
	const cursor = readCursor(context.cursor);
	const ends = await openEnds(context, sizes.lockMs);
	return cursor.phase === 'finish'
		? finish(context, ends, cursor)
		: visitRound(context, ends, cursor, sizes);
}

async function visitRound(
	context: StageContext,
	ends: Ends,
	cursor: RowsCursor,
	sizes: Sizes,
): Promise<StageResult> {
	const { hashMethod, ...plan } = await readPlan(context, ends);
	// Said once; but a table may also go missing on the way.
	const isNews = ({ outcome }: Item): boolean => context.cursor === null || outcome === 'failed';
	context.report(...plan.others.filter(isNews));
	const ledger = await openLedger(ends.target, context.jobId);
	// A later round is about one moment of everything; rows that are only added to have none.
	const units = plan.units.filter(({ strategy }) => strategy === 'mirror' || cursor.round === 0);
	const progress = createProgress(cursor, units, ledger);
	const onProgress = (): void =>
		context.progress({
			done: cursor.round === 0 ? progress.doneCount() : units.length,
			total: units.length,
			bytes: progress.bytes,
		});
	onProgress();
	const visit: Visit = { context, ledger, progress, sizes, hashMethod, onProgress };

	const open = progress.open().slice(0, sizes.sliceTables);
	if (open.length > 0) {
		const snapshot = await takeSnapshot(ends.source, open);
		for (const [unit, reason] of snapshot.refused) giveUp(visit, unit, reason);
		const free = open.filter((unit) => !snapshot.refused.has(unit));
		const second = await secondLane(context, free, sizes, (source) =>
			joinSnapshot(source, snapshot),
		);
		await visitUnits(visit, second ? [ends, second] : [ends], free);
		await ends.source.query('commit');
	}
	if (progress.open().length > 0) return { state: 'more', cursor: progress.cursor() };

	const isOneMoment = !progress.wasBegun || !ledger.anyLoadedIn(cursor.round);
	const next = progress.cursor();
	if (!isOneMoment && cursor.round + 1 < ROUNDS) {
		return {
			state: 'more',
			cursor: { ...next, round: cursor.round + 1, done: [], begun: {}, tries: {}, isSplit: false },
		};
	}
	if (!isOneMoment) reportMixed(context, units, (unit) => ledger.loadedIn(unit.key, cursor.round));
	const finishing: RowsCursor = { ...next, phase: 'finish', done: [] };
	return context.spent() ? { state: 'more', cursor: finishing } : finish(context, ends, finishing);
}

/** A second pair of connections at the same moment; none when there is little to do or no room for it. */
async function secondLane(
	context: StageContext,
	units: readonly Unit[],
	sizes: Sizes,
	join: (source: Ends['source']) => Promise<void>,
): Promise<Ends | undefined> {
	const bytes = units.reduce((sum, unit) => sum + unit.bytes, 0);
	if (bytes < sizes.secondLaneBytes) return undefined;
	try {
		const source = await context.source.connect();
		const target = await context.target.connect();
		await Promise.all([
			prepare(source, 'source', sizes.lockMs),
			prepare(target, 'target', sizes.lockMs),
		]);
		await join(source);
		return { source, target };
	} catch {
		// The pool may be full. One lane does the same work.
		return undefined;
	}
}

function reportMixed(
	context: StageContext,
	units: readonly Unit[],
	loaded: (unit: Unit) => readonly number[],
): void {
	for (const unit of units.filter((candidate) => loaded(candidate).length > 0)) {
		context.report({
			object: unit.object,
			outcome: 'adapted',
			detail: 'it was written to faster than it could be copied: its rows are of different moments',
			fix: 'Clone again while the source is quieter: only what has changed is copied then.',
		});
	}
}

/** Foreign keys, sequences, a word about what stays behind, and nothing of ours left on the target. */
async function finish(context: StageContext, ends: Ends, cursor: RowsCursor): Promise<StageResult> {
	const plan = await readPlan(context, ends);
	const keys = await reportDangling(context, ends.target, plan, cursor.failed, cursor.done);
	if (!keys.all) return { state: 'more', cursor: { ...cursor, done: [...keys.seen] } };
	const { strategies } = context.options;
	const keepsRows = (table: string): boolean =>
		(strategies[table] ?? 'mirror') !== 'mirror' ||
		context.ignoreRules.some((rule) => ruleMatches(rule, table));
	context.report(...(await copySequences(ends.source, ends.target, keepsRows)));
	const leftBehind = await readLeftBehind(ends.source, ends.target);
	context.report(...leftBehind.map((left): Item => ({ ...left, outcome: 'skipped' })));
	await dropLedger(ends.target);
	return { state: 'done' };
}
