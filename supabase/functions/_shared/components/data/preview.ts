// Reads what a clone of the rows would have to do: per table the rows on both endpoints, how they are made, and what
// would be added, overwritten and removed. Numbers come from the planner's statistics, or are counted where that is asked for.
import type { EndpointRole } from '../../domain/endpoint-role.ts';
import { formatBytes, formatCount } from '../../domain/amount.ts';
import {
	makePreview,
	plannedContents,
	type Counted,
	type Preview,
	type PreviewObject,
	type PreviewWarning,
} from '../../domain/preview.ts';
import type { Session } from '../../platform/postgres/index.ts';
import { inOwnPath, userPath } from '../../schema/own-path.ts';
import type { ReadContext, SlicedContext } from '../../contract/context.ts';
import { haveRowsOn } from './compare.ts';
import { countRows, type ExactRows } from './exact-rows.ts';
import { openSessions, readPlan, type ReadPlan } from './sessions.ts';
import type { Table } from './table.ts';
import { readLeftBehind } from './left-behind.ts';
import type { TableJob } from './plan.ts';
import { onlyOnTarget } from './spared.ts';
import { byHalves, inPieces } from './trouble.ts';
import { unbroughtWarnings } from './unbrought.ts';

const LARGE_TABLE_ROWS = 100_000;
/** More than a slice may move, with what is compressed on disk: its snapshot outlasts it. */
const LARGE_COPY_BYTES = 128 * 1024 * 1024;
/** All tables of any schema that people make by hand: ignore rules are tried on this list. */
const LISTED_TABLES = 10_000;

/** Undefined when it asked for another slice. */
export async function preview(context: SlicedContext): Promise<Preview | undefined> {
	const sessions = await openSessions(context);
	// Structure comes first in a clone: tables that the target lacks now will be there.
	const plan = await readPlan(context, sessions, 'as it will be');
	const { tableJobs } = plan;
	const exact = context.countsRows === true ? await countRows(context, sessions, plan) : {};
	if (exact === undefined) return undefined;
	const onSource = await probeRows(sessions.source, tableJobs, 'source');
	const existing = tableJobs.filter(({ object }) => plan.onTarget.has(object));
	const onTarget = await probeRows(sessions.target, existing, 'target');
	const limit = context.options.row_limit;
	const tables = tableJobs.map((tableJob) =>
		tableOf(tableJob, plan, { onSource, onTarget, limit, exact }),
	);
	const removes = context.options.remove_extra && context.options.components.tables;
	const extra = [...plan.onTarget.values()]
		.filter(({ kind, schema, name }) => kind === 'r' && !plan.onSource.has(`${schema}.${name}`))
		.map((table) => extraTable(table, removes));
	const overwritten = onTarget.having.filter(({ strategy }) => strategy === 'mirror');
	return makePreview(
		{
			counts: [
				{ unit: 'table', source: tableJobs.length, target: existing.length + extra.length },
				total(tables, extra, 'row'),
				total(tables, extra, 'byte'),
			],
			objects: [...tables, ...plan.others.map((item) => leftTable(item, plan)), ...extra],
			warnings: [
				...plan.others.filter(({ outcome }) => outcome === 'failed').map(failedTable),
				...tableJobs.filter(({ rows }) => (rows ?? 0) > LARGE_TABLE_ROWS).map(largeTable),
				...onSource.unreadable,
				...onTarget.unreadable,
				...onSource.without.map(emptyTable),
				...overwritten.map(overwrittenTable),
				...tableJobs.flatMap((tableJob) => extraColumns(tableJob, plan, removes)),
				...(await unbroughtWarnings(context, sessions)),
				...(await heldSnapshot(context, sessions.source, tableJobs)),
				...(await readLeftBehind(sessions.source, sessions.target)).map(
					({ object, detail, fix }): PreviewWarning => ({
						level: 'warning',
						object,
						message: detail,
						fix,
					}),
				),
			],
		},
		LISTED_TABLES,
	);
}

interface Probes {
	readonly onSource: Probe;
	readonly onTarget: Probe;
	/** Rows per table; 0 for all. */
	readonly limit: number;
	/** What was counted. */
	readonly exact: ExactRows;
}

/** What would happen to the rows of a table. */
function tableOf(
	tableJob: TableJob,
	plan: ReadPlan,
	{ onSource, onTarget, limit, exact }: Probes,
): PreviewObject {
	const { object, strategy } = tableJob;
	const target = plan.onTarget.get(object);
	const [counted, countedThere] = exact[object] ?? [null, null];
	const there = counted ?? tableJob.rows;
	const wanted = onSource.without.includes(tableJob)
		? 0
		: limit > 0 && there !== null
			? Math.min(limit, there)
			: there;
	const present =
		countedThere ??
		(target === undefined || onTarget.without.includes(tableJob) ? 0 : known(target.rows));
	const isExact = counted !== null && countedThere !== null;
	const rows: Counted = {
		unit: 'row',
		source: wanted,
		target: present,
		...(isExact ? {} : { is_estimate: true }),
	};
	const action =
		present === 0
			? wanted === 0
				? 'keep'
				: 'fill'
			: strategy === 'mirror'
				? 'overwrite'
				: 'merge';
	return {
		object,
		kind: 'table',
		action,
		strategy,
		counts: [rows, { unit: 'byte', source: tableJob.sourceBytes, target: target?.bytes ?? 0 }],
		plan: plannedContents(rows, strategy),
		...(object in exact && !isExact ? { detail: 'counting it takes too long for here' } : {}),
		...partitionOf(object, plan),
	};
}

/** An estimate of no rows says nothing of a table that is known to have some. */
const known = (rows: number | null): number | null => (rows === 0 ? null : rows);

const partitionOf = (
	object: string,
	{ partitionedBy }: ReadPlan,
): Pick<PreviewObject, 'partition_of'> => {
	const root = partitionedBy.get(object);
	return root === undefined ? {} : { partition_of: root };
};

type LeftTable = ReadPlan['others'][number];

/** A table whose rows stay as they are. */
function leftTable({ object, detail }: LeftTable, plan: ReadPlan): PreviewObject {
	const [source, target] = [plan.onSource.get(object), plan.onTarget.get(object)];
	return {
		object,
		kind: 'table',
		action: 'leave',
		strategy: 'skip',
		counts: [
			{
				unit: 'row',
				source: source?.rows ?? null,
				target: target ? target.rows : 0,
				is_estimate: true,
			},
		],
		...(detail === undefined ? {} : { detail }),
		...partitionOf(object, plan),
	};
}

function extraTable({ schema, name, rows, bytes, root }: Table, removes: boolean): PreviewObject {
	return {
		object: `${schema}.${name}`,
		kind: 'table',
		action: removes ? 'remove' : 'leave',
		is_extra: true,
		counts: [
			{ unit: 'row', source: 0, target: rows, is_estimate: true },
			{ unit: 'byte', source: 0, target: bytes },
		],
		detail: 'only the target has it',
		...(root === null ? {} : { partition_of: root.join('.') }),
	};
}

/** What all tables hold; those of which nothing is known count as nothing. */
function total(
	tables: readonly PreviewObject[],
	extra: readonly PreviewObject[],
	unit: 'row' | 'byte',
): Counted {
	const sum = (role: EndpointRole): number =>
		[...tables, ...extra]
			.flatMap(({ counts = [] }) => counts.filter((count) => count.unit === unit))
			.reduce((all, count) => all + (count[role] ?? 0), 0);
	const isEstimate = [...tables, ...extra].some(({ counts = [] }) =>
		counts.some((count) => count.unit === unit && count.is_estimate === true),
	);
	return {
		unit,
		source: sum('source'),
		target: sum('target'),
		is_estimate: isEstimate,
	};
}

const failedTable = ({ object, detail = '', fix = '' }: LeftTable): PreviewWarning => ({
	level: 'blocker',
	object,
	message: `Its rows would not be copied: ${detail}`,
	fix,
});

const largeTable = ({ object, rows }: TableJob): PreviewWarning => ({
	level: 'note',
	object,
	message: `A large table: about ${formatCount(Math.round(rows ?? 0))} rows`,
	fix: 'It is copied in parts. To copy less, set a row limit or an ignore rule.',
});

const emptyTable = ({ object }: TableJob): PreviewWarning => ({
	level: 'note',
	object,
	message: 'The table is empty on the source',
	fix: 'Nothing to do, if that is right.',
});

const overwrittenTable = ({ object }: TableJob): PreviewWarning => ({
	level: 'warning',
	object,
	message: 'The target has rows: they are made equal to the source’s, others are removed',
	fix: 'Choose the strategy upsert or skip for this table to keep them.',
});

/** Columns that only the target has and keeps. */
function extraColumns({ object }: TableJob, plan: ReadPlan, removes: boolean): PreviewWarning[] {
	const [source, target] = [plan.onSource.get(object), plan.onTarget.get(object)];
	if (removes || !source || !target) return [];
	const names = onlyOnTarget(source, target).map(({ name }) => name);
	if (names.length === 0) return [];
	const hasKey = source.key !== null && target.key !== null;
	return [
		{
			level: hasKey ? 'note' : 'warning',
			object,
			message: `Only the target has ${names.length === 1 ? 'the column' : 'the columns'} ${names.join(', ')}`,
			fix: hasKey
				? 'Nothing to do: values stay in rows that keep their key, new rows get the default.'
				: 'Without a key on source and target the table is not loaded where these hold values: give it one, or drop them on the target.',
		},
	];
}

/** What it costs the source that rows of many slices are of one moment. */
async function heldSnapshot(
	{ options }: Pick<ReadContext, 'options'>,
	source: Session,
	tableJobs: readonly TableJob[],
): Promise<PreviewWarning[]> {
	const bytes = tableJobs.reduce((sum, tableJob) => sum + tableJob.sourceBytes, 0);
	if (!options.hold_snapshot || bytes <= LARGE_COPY_BYTES) return [];
	// Of sessions that are not ours to see there is no age.
	const [oldest] = await source.query<{ minutes: number | null }>(`
select pg_catalog.floor(extract(epoch from pg_catalog.max(pg_catalog.clock_timestamp() - a.xact_start))
  / 60)::pg_catalog.int4 as minutes
from pg_catalog.pg_stat_activity a
where a.backend_xmin is not null and a.pid <> pg_catalog.pg_backend_pid()`);
	const minutes = oldest?.minutes ?? 0;
	const age = minutes > 0 ? ` The oldest snapshot there now is ${minutes} min old.` : '';
	return [
		{
			level: 'note',
			object: 'moment of the rows',
			message: `One snapshot of the source is held while about ${formatBytes(bytes)} are copied, an hour at most: vacuum cannot remove what ends meanwhile.${age}`,
			fix: 'Nothing to do for most databases. For one that cannot bear it, switch off “Rows of one moment” (hold_snapshot): rows are then compared again, in up to three rounds, until they are of one moment.',
		},
	];
}

interface Probe {
	readonly having: readonly TableJob[];
	readonly without: readonly TableJob[];
	readonly unreadable: readonly PreviewWarning[];
}

/** Which of the table jobs have rows on an endpoint, and which cannot be read there. */
async function probeRows(
	session: Session,
	tableJobs: readonly TableJob[],
	role: EndpointRole,
): Promise<Probe> {
	const having: TableJob[] = [];
	const without: TableJob[] = [];
	const unreadable: PreviewWarning[] = [];
	const ask = async (some: readonly TableJob[]): Promise<void> => {
		const probe = (): Promise<readonly boolean[]> => haveRowsOn(session, some, role);
		const recover = (): Promise<unknown> => session.query(`set search_path to ${userPath()}`);
		const [only] = some;
		const have =
			only && some.length === 1
				? await inOwnPath({ sessions: [session], recover }, [only.key], probe)
				: await probe();
		for (const [index, tableJob] of some.entries()) (have[index] ? having : without).push(tableJob);
	};
	for (const some of inPieces(tableJobs, 200)) {
		await byHalves(some, ask, ({ object }, { message, fix }) =>
			unreadable.push({
				level: 'blocker',
				object,
				message: `The table cannot be read on the ${role}, its rows would not be copied: ${message}`,
				fix,
			}),
		);
	}
	return { having, without, unreadable };
}
