// Loads rows: one transaction on the target that claims the chunks, empties them and fills them again, in one
// query string per endpoint. Whether it has to be done, others decide.
import { both } from '../../platform/both.ts';
import { type CopyResult, type Session, ident, literal } from '../../platform/postgres/index.ts';
import { LEDGER_SCHEMA } from '../../contract/ledger.ts';
import type { Sessions } from './sessions.ts';
import { columnList } from './expressions.ts';
import { readFacts } from './inspect.ts';
import type { Ledger, Chunk } from './ledger.ts';
import type { TableJob } from './plan.ts';
import { refusals } from './spared.ts';

/** What of a table job is loaded. */
export interface Load {
	readonly tableJob: TableJob;
	/** SQL condition of its rows on both endpoints; null for all rows. */
	readonly where: string | null;
	/** Claimed in the ledger; for a whole table part 0. */
	readonly chunks: readonly number[];
	/** False when the target's table was seen empty. */
	readonly targetHasRows: boolean;
}

/**
 * Loads all of `loads` in one transaction; returns bytes moved and rows written per load. Throws the error of
 * the endpoint that failed; the target's transaction is open and failed then.
 */
export async function runLoads(
	sessions: Sessions,
	loads: readonly Load[],
	ledger: Ledger,
	round: number,
): Promise<{ readonly bytes: number; readonly rows: readonly number[] }> {
	await ledger.ensure(sessions.target);
	const chunks = loads.flatMap(chunksOf);
	const { bytes, counts } = await copy(sessions, loads, ledger.claim(chunks, round));
	ledger.claimed(chunks, round);
	const rows: number[] = [];
	for (const [index, load] of loads.entries()) {
		const isCounted = load.tableJob.strategy === 'mirror';
		rows.push(
			isCounted ? (counts[index] ?? 0) : await ledger.notedRows(sessions.target, chunksOf(load)),
		);
	}
	await ledger.record(
		sessions.target,
		// The rows of a load belong to its parts together; the first one stands for all.
		loads.flatMap((load, index) =>
			chunksOf(load).map((chunk, nth) => ({ ...chunk, rows: nth === 0 ? (rows[index] ?? 0) : 0 })),
		),
	);
	return { bytes, rows };
}

function chunksOf({ tableJob, chunks }: Load): readonly Chunk[] {
	return chunks.map((chunk) => ({ relation: tableJob.key, chunk }));
}

function copy(sessions: Sessions, loads: readonly Load[], claim: string): Promise<CopyResult> {
	const out = loads.map(copyOut);
	const into = ['begin', claim, ...loads.flatMap(copyIn), 'commit'];
	return sessions.source.copyInto(sessions.target, out.join(';\n'), into.join(';\n'));
}

/** The statement that reads what is loaded. */
export function copyOut({ tableJob, where }: Pick<Load, 'tableJob' | 'where'>): string {
	const format = tableJob.isBinary ? ' with (format binary)' : '';
	const columns = columnList(tableJob.columns);
	if (where === null && tableJob.isPlain) {
		return `copy ${tableJob.key}${columns && ` (${columns})`} to stdout${format}`;
	}
	const condition = where === null ? '' : ` where ${where}`;
	return `copy (select ${columns} from ${tableJob.sourceFrom}${condition}) to stdout${format}`;
}

/** Statements of one load. */
function copyIn(load: Load, index: number): string[] {
	const { tableJob } = load;
	const statements =
		tableJob.strategy === 'mirror' ? mirror(load, index) : upsert(load, `twins_incoming_${index}`);
	return unguarded(tableJob, statements);
}

/** The statements between those that disable what would stop or alter a load, and enable it again. */
export const unguarded = ({ guards }: TableJob, statements: readonly string[]): string[] => [
	...guards.map(({ off }) => off),
	...statements,
	...guards.map(({ on }) => on),
];

/** Rows that are truncated and loaded in one transaction may be written frozen: 12 % less work, no vacuum. */
const WORTH_FREEZING_BYTES = 1024 * 1024;

function mirror({ tableJob, where, targetHasRows }: Load, index: number): string[] {
	const truncates =
		where === null &&
		tableJob.canTruncate &&
		(targetHasRows || tableJob.bytes > WORTH_FREEZING_BYTES);
	const options = [
		...(tableJob.isBinary ? ['format binary'] : []),
		...(truncates && tableJob.canFreeze ? ['freeze'] : []),
	];
	const [keep, putBack] = kept(tableJob, where, `twins_kept_${index}`);
	return [
		...refusals(tableJob.targetTable, where, tableJob.spares),
		...keep,
		// Emptied even when seen empty: what another worker loads meanwhile must not be doubled.
		truncates
			? `truncate ${tableJob.targetTable}`
			: `delete from ${tableJob.targetTable} where ${where ?? true}`,
		copyInto(tableJob.key, tableJob, options),
		...putBack,
	];
}

/** What notes the values of columns that only the target has, and what gives them back to the rows of the same keys. */
function kept(
	{ keeps, identity, targetTable }: TableJob,
	where: string | null,
	name: string,
): readonly [before: string[], after: string[]] {
	if (keeps.length === 0 || identity === null) return [[], []];
	const values = (from: string): string =>
		keeps.map((column) => `${from}.${ident(column)}`).join(', ');
	const sameKey = identity.map((column) => `t.${ident(column)} = k.${ident(column)}`).join(' and ');
	const set = keeps.map((column) => `${ident(column)} = k.${ident(column)}`).join(', ');
	return [
		[
			`create temporary table ${name} on commit drop as
select ${[...identity, ...keeps].map(ident).join(', ')} from ${targetTable} where ${where ?? 'true'}`,
		],
		[
			`update ${targetTable} t set ${set} from pg_temp.${name} k
where ${sameKey}
  and row(${values('t')})::pg_catalog.text is distinct from row(${values('k')})::pg_catalog.text`,
		],
	];
}

function copyInto(table: string, tableJob: TableJob, options: readonly string[]): string {
	const columns = columnList(tableJob.columns);
	const list = columns && ` (${columns})`;
	return `copy ${table}${list} from stdin${options.length > 0 ? ` with (${options.join(', ')})` : ''}`;
}

/** Types below are built in. */
const FIRST_OF_USERS = 16_384;

/** Through a temporary table; rows that are there and equal are not touched, not even locked. */
function upsert({ tableJob, chunks }: Load, name: string): string[] {
	const incoming = `pg_temp.${name}`;
	const columns = columnList(tableJob.columns);
	const key = tableJob.identity ?? [];
	const rest = tableJob.columns
		.filter(({ name, isUpdatable }) => isUpdatable && !key.includes(name))
		.map(({ name }) => name);
	const keyColumns = tableJob.columns.filter(({ name }) => key.includes(name));
	const sameKey = keyColumns
		.map(({ name, baseOid }) => {
			// Equal rows are equal as text, and operators of users need not tell the truth.
			const cast = baseOid < FIRST_OF_USERS ? '' : '::text';
			return `t.${ident(name)}${cast} operator(pg_catalog.=) i.${ident(name)}${cast}`;
		})
		.join(' and ');
	const action =
		rest.length === 0
			? 'do nothing'
			: `do update set ${rest.map((name) => `${ident(name)} = excluded.${ident(name)}`).join(', ')}`;
	const comparable = tableJob.columns.map(({ comparable }) => comparable).join(', ');
	const alike = (from: string): string =>
		`(select row(${comparable}) from (select ${from}.*) as one)`;
	return [
		`create temporary table ${name} on commit drop as select ${columns} from ${tableJob.targetTable} with no data`,
		copyInto(incoming, tableJob, tableJob.isBinary ? ['format binary'] : []),
		`with written as (
  insert into ${tableJob.key} (${columns}) overriding system value
  select ${columns} from ${incoming} i
  where not exists (
    select from ${tableJob.targetTable} t where ${sameKey} and ${alike('t')} is not distinct from ${alike('i')})
  on conflict (${key.map(ident).join(', ')}) ${action}
  returning 1
)
update ${LEDGER_SCHEMA}.rows_chunks set rows = (select pg_catalog.count(*) from written)
where relation = ${literal(tableJob.key)} and chunk = ${chunks[0] ?? 0}`,
	];
}

/** Empties a table for good, voiding every claim on its chunks, before all of it is loaded in chunks. */
export async function emptyTable(
	target: Session,
	tableJob: TableJob,
	chunks: readonly number[],
	ledger: Ledger,
	round: number,
): Promise<void> {
	await ledger.ensure(target);
	const claims = chunks.map((chunk) => ({ relation: tableJob.key, chunk }));
	await target.script(
		[
			'begin',
			ledger.claim(claims, round - 1),
			...unguarded(tableJob, [
				tableJob.canTruncate
					? `truncate ${tableJob.targetTable}`
					: `delete from ${tableJob.targetTable} where true`,
			]),
			'commit',
		].join(';\n'),
	);
	ledger.claimed(claims, round - 1);
}

const checksOf = (table: string): string => `
	with recursive holder (id) as (
		select ${literal(table)}::pg_catalog.regclass::pg_catalog.oid
		union
		select i.inhparent from pg_catalog.pg_inherits as i join holder on i.inhrelid = holder.id
	)
	select pg_catalog.format('%I.%I', n.nspname, c.relname) as table, pg_catalog.quote_ident(k.conname) as name,
		pg_catalog.concat(pg_catalog.pg_get_expr(k.conbin, k.conrelid), k.connoinherit) as definition
	from pg_catalog.pg_constraint as k
	join holder on k.conrelid = holder.id
	join pg_catalog.pg_class as c on c.oid = k.conrelid
	join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
	where k.contype = 'c' and k.coninhcount = 0 order by 1, 2`;

interface Check {
	readonly table: string;
	readonly name: string;
	readonly definition: string;
}

/** Drops the checks of a table, and of those it inherits from, that the source has too. False when there are none. */
export async function dropSharedChecks(
	{ source, target }: Sessions,
	tableJob: TableJob,
): Promise<boolean> {
	const table = tableJob.key;
	const [wanted, existing] = await both(
		readFacts<Check>(source, checksOf(table)),
		readFacts<Check>(target, checksOf(table)),
	);
	const isShared = (check: Check): boolean =>
		wanted.some(
			({ table, name, definition }) =>
				table === check.table && name === check.name && definition === check.definition,
		);
	const drops = existing
		.filter(isShared)
		.map(({ table, name }) => `alter table ${table} drop constraint if exists ${name}`);
	if (drops.length > 0) await target.script(drops.join(';\n'));
	return drops.length > 0;
}

/** Fresh statistics for loaded tables. Best effort: the server does it later by itself. */
export async function analyze(target: Session, tableJobs: readonly TableJob[]): Promise<void> {
	if (tableJobs.length === 0) return;
	const tables = tableJobs.map(({ key }) => key).join(', ');
	await target.query(`analyze ${tables}`).catch(() => undefined);
}
