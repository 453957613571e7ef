// The stage `rows`: brings the rows of every table to what they are on the source at one moment (a snapshot). A slice
// makes as many tables as it can equal to it, and hands the snapshot on to the next one. Where that is lost, another
// round compares everything and loads what has changed since, until all slices of a round have read the same
// snapshot, or a round finds nothing: then all tables are of one moment.
import { errorBody, isPassing } from '../../domain/errors.ts';
import { ruleMatches } from '../../domain/ignore-rule.ts';
import { both } from '../../platform/both.ts';
import type { Item } from '../../contract/report.ts';
import type { Stage, StageResult } from '../../contract/component.ts';
import type { StageContext } from '../../contract/context.ts';
import { type ReadPlan, type Sessions, openSessions, readPlan } from './sessions.ts';
import { countWrites, readWrites, rememberWrites } from './activity.ts';
import { reportDangling } from './dangling.ts';
import { prepare } from './inspect.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { readLeftBehind } from './left-behind.ts';
import type { TableJob } from './plan.ts';
import { createProgress, readCursor, type RowsCursor, type RowsProgress } from './progress.ts';
import { copySequences } from './sequences.ts';
import type { Sizes } from './sizes.ts';
import {
	continueSnapshot,
	isYoung,
	joinSnapshot,
	type Moment,
	momentOf,
	offerSnapshot,
	type Snapshot,
	takeSnapshot,
} from './snapshot.ts';
import { giveUp, type RowsSlice } from './rows-slice.ts';
import { runTableJobs } from './table-jobs.ts';

/** After these, tables that were written to all the time are reported instead of loaded once more. */
const ROUNDS = 3;
/** Large tables named while they are copied; two lanes rarely have more. */
const MOST_AT_WORK = 5;

export function rowsStage(sizes: Sizes): Stage {
	return {
		name: 'rows',
		// Generated columns, checks and defaults call functions, and functions call others; values name functions and
		// views.
		needs: ['structure', 'users', 'routines', 'views'],
		provides: ['rows'],
		run: (context) => runSlice(context, sizes),
	};
}

async function runSlice(context: StageContext, sizes: Sizes): Promise<StageResult> {
	const cursor = readCursor(context.cursor);
	const sessions = await openSessions(context, sizes);
	return cursor.phase === 'finish'
		? finish(context, sessions, cursor)
		: runRound(context, sessions, cursor, sizes);
}

async function runRound(
	context: StageContext,
	sessions: Sessions,
	cursor: RowsCursor,
	sizes: Sizes,
): Promise<StageResult> {
	const { hashMethod, ...plan } = await readPlan(context, sessions);
	// Said once; but a table may also go missing on the way.
	const isNews = ({ outcome }: Item): boolean => context.cursor === null || outcome === 'failed';
	const waiting = changedSince(context, plan.others, cursor);
	const others = plan.others.filter((item) => isNews(item) && !waiting.includes(item.object));
	context.report(...others.filter((item) => !isLacking(context, item)));
	// A later round is about one moment of everything; rows that are only added to have none.
	const tableJobs = plan.tableJobs.filter(
		({ strategy }) => strategy === 'mirror' || cursor.round === 0,
	);
	let reached: RowsProgress | undefined;
	try {
		const ledger = await openLedger(sessions.target, context.jobId);
		reached = createProgress(cursor, tableJobs, ledger);
		const round = { cursor, sizes, plan, hashMethod, waiting, others, tableJobs, ledger };
		return await runTables(context, sessions, round, reached);
	} catch (error) {
		if (context.isLastTry || !isPassing(error)) {
			const known = new Set([...cursor.done, ...cursor.failed]);
			const open = reached?.open() ?? tableJobs.filter(({ key }) => !known.has(key));
			context.report(...open.map((tableJob) => notReached(tableJob, cursor, error)));
		}
		throw error;
	}
}

/** What stopped the whole stage stopped every table that it had not come to. */
function notReached({ object }: TableJob, { round }: RowsCursor, error: unknown): Item {
	const { message, fix, sqlstate } = errorBody(error);
	return round === 0
		? { object, outcome: 'failed', detail: `not reached: ${message}`, fix, sqlstate }
		: {
				object,
				outcome: 'adapted',
				detail: `its rows may be of another moment than those of other tables: ${message}`,
				fix,
				sqlstate,
			};
}

interface Round {
	readonly cursor: RowsCursor;
	readonly sizes: Sizes;
	readonly plan: Omit<ReadPlan, 'hashMethod'>;
	readonly hashMethod: ReadPlan['hashMethod'];
	/** Tables whose columns may come in a moment, and what else is known of those that are not copied. */
	readonly waiting: readonly string[];
	readonly others: readonly Item[];
	readonly tableJobs: readonly TableJob[];
	readonly ledger: Ledger;
}

async function runTables(
	context: StageContext,
	sessions: Sessions,
	{ cursor, sizes, plan, hashMethod, waiting, others, tableJobs, ledger }: Round,
	progress: RowsProgress,
): Promise<StageResult> {
	const onProgress = (): void =>
		context.progress({
			done: cursor.round === 0 ? progress.doneCount() : tableJobs.length,
			total: tableJobs.length,
			bytes: progress.bytes,
			rows: progress.rows,
			at_work: progress.atWork().slice(0, MOST_AT_WORK),
		});
	onProgress();
	const paths = new Map<string, string>();
	const slice: RowsSlice = { context, ledger, progress, sizes, hashMethod, paths, onProgress };

	const open = progress.open().slice(0, sizes.sliceTables);
	const held = cursor.moment;
	let snapshot: Snapshot | undefined;
	let isMixed = cursor.isMixed || (progress.wasBegun && open.length === 0);
	if (open.length > 0) {
		const writes = await readWrites(sessions.source);
		for (const { object } of open) {
			const ofTable = writes[object];
			if (ofTable) progress.writes[object] = ofTable;
		}
		const continued =
			held && mayHold(context, held)
				? await continueSnapshot(sessions.source, open, held)
				: undefined;
		isMixed ||= progress.wasBegun && continued === undefined;
		const read = continued ?? (await takeSnapshot(sessions.source, open));
		for (const [tableJob, reason] of read.refused) await giveUp(slice, sessions, tableJob, reason);
		const free = open.filter((tableJob) => !read.refused.has(tableJob));
		const second = await secondLane(context, free, sizes, (source) => joinSnapshot(source, read));
		await runTableJobs(slice, second ? [sessions, second] : [sessions], free);
		if (second) {
			await second.source.query('commit');
			await countWrites(second.target);
		}
		snapshot = read;
	}
	const next: RowsCursor = { ...progress.cursor(), isMixed };
	if (progress.open().length > 0) {
		if (!snapshot || context.signal.aborted || !mayHold(context, snapshot)) {
			return { state: 'more', cursor: next };
		}
		const moment = momentOf(snapshot);
		const handOn = await offerSnapshot(sessions.source, moment);
		return { state: 'more', cursor: { ...next, moment }, handOn };
	}
	if (snapshot) await sessions.source.query('commit');
	if (waiting.length > 0) {
		await pause(WAIT_MS);
		const tries = waiting.map((object) => [
			waitKey(object),
			(next.tries[waitKey(object)] ?? 0) + 1,
		]);
		return {
			state: 'more',
			cursor: { ...next, tries: { ...next.tries, ...Object.fromEntries(tries) } },
		};
	}

	const lacking = others.filter((item) => isLacking(context, item));
	context.report(
		...(await lastingOnes(sessions.source, lacking, (object) => plan.oids.get(object))),
	);

	const isOneMoment = !isMixed || !ledger.anyLoadedIn(cursor.round);
	if (!isOneMoment && cursor.round + 1 < ROUNDS) {
		return {
			state: 'more',
			cursor: { ...next, round: cursor.round + 1, done: [], begun: {}, tries: {}, isMixed: false },
		};
	}
	if (isOneMoment) reportMoment(context, ledger, cursor.round, snapshot);
	else reportMixed(context, tableJobs, (tableJob) => ledger.loadedIn(tableJob.key, cursor.round));
	const finishing: RowsCursor = { ...next, phase: 'finish', done: [] };
	return context.spent()
		? { state: 'more', cursor: finishing }
		: finish(context, sessions, finishing);
}

/** How often, and how long each time, a column is waited for that came to the source since the structure was made. */
const WAITS = 3;
const WAIT_MS = 200;
/** A relation that the target lacks and that is gone after this was work in progress of the source. */
const LASTING_MS = 1000;
const waitKey = (object: string): string => `structure of ${object}`;

/** Tables whose columns were changed on the source while the clone runs: work in progress may soon be over. */
const changedSince = (
	{ options }: Pick<StageContext, 'options'>,
	others: readonly Item[],
	{ tries }: RowsCursor,
): string[] =>
	others.flatMap(({ object, sqlstate }) =>
		options.components.tables && sqlstate === '42703' && (tries[waitKey(object)] ?? 0) < WAITS
			? [object]
			: [],
	);

/** A table of this name that the target lacks; made by work in progress, it may soon be gone again. */
const isLacking = ({ options }: Pick<StageContext, 'options'>, { sqlstate }: Item): boolean =>
	options.components.tables && sqlstate === '42P01';

/** Those of the items whose relation is still the one that `oidOf` tells, after a while. */
async function lastingOnes(
	source: Sessions['source'],
	items: readonly Item[],
	oidOf: (object: string) => number | undefined,
): Promise<readonly Item[]> {
	if (items.length === 0) return items;
	await pause(LASTING_MS);
	const oids = items.flatMap(({ object }) => oidOf(object) ?? []);
	const rows = await source.query<{ oid: number }>(
		`select c.oid::pg_catalog.int8 as oid from pg_catalog.pg_class c where c.oid = any ('{${oids.join(',')}}')`,
	);
	const lasting = new Set(rows.map(({ oid }) => oid));
	return items.filter(({ object }) => {
		const oid = oidOf(object);
		return oid === undefined || lasting.has(oid);
	});
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A second pair of connections at the same moment; none when there is little to do or no connections left for it. */
async function secondLane(
	context: StageContext,
	tableJobs: readonly TableJob[],
	sizes: Sizes,
	join: (source: Sessions['source']) => Promise<void>,
): Promise<Sessions | undefined> {
	const bytes = tableJobs.reduce((sum, tableJob) => sum + tableJob.bytes, 0);
	if (bytes < sizes.secondLaneBytes) return undefined;
	try {
		const source = await context.source.connect();
		const target = await context.target.connect();
		await both(prepare(source, 'source', sizes), prepare(target, 'target', sizes));
		await join(source);
		return { source, target };
	} catch {
		// The pool may be full. One lane does the same work.
		return undefined;
	}
}

const mayHold = ({ options }: Pick<StageContext, 'options'>, moment: Moment): boolean =>
	options.hold_snapshot && isYoung(moment);

/** How the rows of several slices came to be of one moment. */
function reportMoment(
	{ options, report }: Pick<StageContext, 'options' | 'report'>,
	ledger: Ledger,
	round: number,
	snapshot: Moment | undefined,
): void {
	const object = 'moment of the rows';
	const rounds = Array.from({ length: round + 1 }, (_, nth) => nth);
	const outcome = rounds.some((nth) => ledger.anyLoadedIn(nth)) ? 'copied' : 'unchanged';
	if (round > 0) {
		const why = options.hold_snapshot
			? 'a snapshot of the source ended too early, or a table was emptied or rewritten before its lock'
			: 'no snapshot of the source was held from slice to slice';
		const detail = `${why}: all tables were compared again until they were of one moment, ${round + 1} rounds`;
		report({ object, outcome, detail });
	} else if (snapshot && snapshot.slices > 1) {
		const at = new Date(snapshot.takenAt).toISOString().slice(0, 19).replace('T', ' ');
		const detail = `what was compared and copied is as it was at ${at} UTC: one snapshot of the source was held for ${snapshot.slices} slices`;
		report({ object, outcome, detail });
	}
}

function reportMixed(
	context: StageContext,
	tableJobs: readonly TableJob[],
	loaded: (tableJob: TableJob) => readonly number[],
): void {
	for (const tableJob of tableJobs.filter((candidate) => loaded(candidate).length > 0)) {
		context.report({
			object: tableJob.object,
			outcome: 'adapted',
			detail: 'it was written to faster than it could be copied: its rows are of different moments',
			fix: 'Clone again while the source is quieter: only what has changed is copied then.',
		});
	}
}

/**
 * Foreign keys, sequences, and a word about what stays behind. The ledger stays until the run is cleaned up: should this
 * slice be lost, the next one still knows which rows were loaded.
 */
async function finish(
	context: StageContext,
	sessions: Sessions,
	cursor: RowsCursor,
): Promise<StageResult> {
	const plan = await readPlan(context, sessions);
	const keys = await reportDangling(context, sessions.target, plan, cursor.failed, cursor.done);
	if (!keys.all) return { state: 'more', cursor: { ...cursor, done: [...keys.seen] } };
	const { strategies } = context.options;
	const keepsRows = (table: string): boolean =>
		(strategies[table] ?? 'mirror') !== 'mirror' ||
		context.ignoreRules.some((rule) => ruleMatches(rule, table));
	const { items, oids } = await copySequences(
		sessions.source,
		sessions.target,
		keepsRows,
		context.announce,
	);
	const lacking = items.filter((item) => isLacking(context, item));
	context.report(...items.filter((item) => !lacking.includes(item)));
	context.report(...(await lastingOnes(sessions.source, lacking, (object) => oids.get(object))));
	const leftBehind = await readLeftBehind(sessions.source, sessions.target);
	context.report(...leftBehind.map((left): Item => ({ ...left, outcome: 'skipped' })));
	await rememberWrites(context, sessions.target, cursor.writes);
	return { state: 'done' };
}
