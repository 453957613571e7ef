// Loads rows: one transaction on the target that claims the parts, empties them and fills them again, in one
// query string per side. Whether it has to be done, others decide.
import type { CopyResult, Row, Session } from '../../platform/session.ts';
import { ident } from '../../platform/sql.ts';
import { LEDGER_SCHEMA } from '../../schema/scope.ts';
import { literal } from '../../platform/sql.ts';
import type { Ends } from './compare.ts';
import { columnList } from './expressions.ts';
import type { Ledger, Part } from './ledger.ts';
import type { Unit } from './plan.ts';

/** What of a unit is loaded. */
export interface Load {
	readonly unit: Unit;
	/** SQL condition of its rows on both sides; null for all rows. */
	readonly where: string | null;
	/** Claimed in the ledger; for a whole table part 0. */
	readonly parts: readonly number[];
	/** False when the target's table was seen empty. */
	readonly targetHasRows: boolean;
}

/**
 * Loads all of `loads` in one transaction; returns bytes moved and rows written per load. Throws the error of
 * the side that failed; the target's transaction is open and failed then.
 */
export async function runLoads(
	ends: Ends,
	loads: readonly Load[],
	ledger: Ledger,
	round: number,
): Promise<{ readonly bytes: number; readonly rows: readonly number[] }> {
	await ledger.ensure(ends.target);
	const parts = loads.flatMap(partsOf);
	const { bytes, counts } = await copy(ends, loads, ledger.claim(parts, round));
	ledger.claimed(parts, round);
	const rows: number[] = [];
	for (const [index, load] of loads.entries()) {
		const isCounted = load.unit.strategy === 'mirror';
		rows.push(
			isCounted ? (counts[index] ?? 0) : await ledger.notedRows(ends.target, partsOf(load)),
		);
	}
	await ledger.record(
		ends.target,
		// The rows of a load belong to its parts together; the first one stands for all.
		loads.flatMap((load, index) =>
			partsOf(load).map((part, nth) => ({ ...part, rows: nth === 0 ? (rows[index] ?? 0) : 0 })),
		),
	);
	return { bytes, rows };
}

function partsOf({ unit, parts }: Load): readonly Part[] {
	return parts.map((part) => ({ unit: unit.key, part }));
}

function copy(ends: Ends, loads: readonly Load[], claim: string): Promise<CopyResult> {
	const out = loads.map(copyOut);
	const into = ['begin', claim, ...loads.flatMap(copyIn), 'commit'];
	return ends.source.copyInto(ends.target, out.join(';\n'), into.join(';\n'));
}

function copyOut({ unit, where }: Load): string {
	const format = unit.isBinary ? ' with (format binary)' : '';
	const columns = columnList(unit.columns);
	if (where === null && unit.isPlain) {
		return `copy ${unit.key}${columns && ` (${columns})`} to stdout${format}`;
	}
	const condition = where === null ? '' : ` where ${where}`;
	return `copy (select ${columns} from ${unit.sourceFrom}${condition}) to stdout${format}`;
}

/** Statements of one load. */
function copyIn(load: Load, index: number): string[] {
	const { unit } = load;
	const statements =
		unit.strategy === 'mirror' ? mirror(load) : upsert(load, `pg_temp.twins_incoming_${index}`);
	return unguarded(unit, statements);
}

/** The statements with what is in the way of a load out of force. */
const unguarded = ({ guards }: Unit, statements: readonly string[]): string[] => [
	...guards.map(({ off }) => off),
	...statements,
	...guards.map(({ on }) => on),
];

/** Rows that are truncated and loaded in one transaction may be written frozen: 12 % less work, no vacuum. */
const WORTH_FREEZING_BYTES = 1024 * 1024;

function mirror({ unit, where, targetHasRows }: Load): string[] {
	const truncates =
		where === null && unit.canTruncate && (targetHasRows || unit.bytes > WORTH_FREEZING_BYTES);
	const options = [
		...(unit.isBinary ? ['format binary'] : []),
		...(truncates && unit.canFreeze ? ['freeze'] : []),
	];
	return [
		// Emptied even when seen empty: what another worker loads meanwhile must not be doubled.
		truncates
			? `truncate ${unit.targetTable}`
			: `delete from ${unit.targetTable} where ${where ?? true}`,
		copyInto(unit.targetTable.replace(/^only /, ''), unit, options),
	];
}

function copyInto(table: string, unit: Unit, options: readonly string[]): string {
	const columns = columnList(unit.columns);
	const list = columns && ` (${columns})`;
	return `copy ${table}${list} from stdin${options.length > 0 ? ` with (${options.join(', ')})` : ''}`;
}

/** Through a temporary table; rows that are there and equal are not touched, not even locked. */
function upsert({ unit, parts }: Load, incoming: string): string[] {
	const table = unit.targetTable.replace(/^only /, '');
	const columns = columnList(unit.columns);
	const key = unit.identity ?? [];
	const rest = unit.columns
		.filter(({ name, isUpdatable }) => isUpdatable && !key.includes(name))
		.map(({ name }) => name);
	const sameKey = key.map((name) => `t.${ident(name)} = i.${ident(name)}`).join(' and ');
	const action =
		rest.length === 0
			? 'do nothing'
			: `do update set ${rest.map((name) => `${ident(name)} = excluded.${ident(name)}`).join(', ')}`;
	const comparable = unit.columns.map(({ comparable }) => comparable).join(', ');
	const alike = (from: string): string =>
		`(select row(${comparable}) from (select ${from}.*) as one)`;
	return [
		`create temporary table ${incoming.replace('pg_temp.', '')} on commit drop as select ${columns} from ${unit.targetTable} with no data`,
		copyInto(incoming, unit, unit.isBinary ? ['format binary'] : []),
		`with written as (
  insert into ${table} (${columns}) overriding system value
  select ${columns} from ${incoming} i
  where not exists (
    select from ${unit.targetTable} t where ${sameKey} and ${alike('t')} is not distinct from ${alike('i')})
  on conflict (${key.map(ident).join(', ')}) ${action}
  returning 1
)
update ${LEDGER_SCHEMA}.rows_parts set rows = (select count(*) from written)
where unit = ${literal(unit.key)} and part = ${parts[0] ?? 0}`,
	];
}

/** Empties a table for good, voiding every claim on its parts, before all of it is loaded in buckets. */
export async function emptyUnit(
	target: Session,
	unit: Unit,
	parts: readonly number[],
	ledger: Ledger,
	round: number,
): Promise<void> {
	await ledger.ensure(target);
	const claims = parts.map((part) => ({ unit: unit.key, part }));
	await target.script(
		[
			'begin',
			ledger.claim(claims, round - 1),
			...unguarded(unit, [
				unit.canTruncate
					? `truncate ${unit.targetTable}`
					: `delete from ${unit.targetTable} where true`,
			]),
			'commit',
		].join(';\n'),
	);
	ledger.claimed(claims, round - 1);
}

const tableOf = ({ targetTable }: Unit): string => targetTable.replace(/^only /, '');

const checksOf = (table: string): string => `
	with recursive holder (id) as (
		select ${literal(table)}::regclass::oid
		union
		select i.inhparent from pg_inherits as i join holder on i.inhrelid = holder.id
	)
	select format('%I.%I', n.nspname, c.relname) as table, quote_ident(k.conname) as name,
		regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '') as definition
	from pg_constraint as k
	join holder on k.conrelid = holder.id
	join pg_class as c on c.oid = k.conrelid
	join pg_namespace as n on n.oid = c.relnamespace
	where k.contype = 'c' and k.coninhcount = 0 order by 1, 2`;

interface Check {
	readonly table: string;
	readonly name: string;
	readonly definition: string;
}

/** Drops the checks of a table, and of those it inherits from, that the source has too. False when there are none. */
export async function dropSharedChecks({ source, target }: Ends, unit: Unit): Promise<boolean> {
	const table = tableOf(unit);
	const [wanted, existing] = await Promise.all(
		[source, target].map((session) => session.query<Check & Row>(checksOf(table))),
	);
	const isShared = (check: Check): boolean =>
		wanted?.some(
			({ table, name, definition }) =>
				table === check.table && name === check.name && definition === check.definition,
		) === true;
	const drops = (existing ?? [])
		.filter(isShared)
		.map(({ table, name }) => `alter table ${table} drop constraint if exists ${name}`);
	if (drops.length > 0) await target.script(drops.join(';\n'));
	return drops.length > 0;
}

/** Fresh statistics for loaded tables. Best effort: the server does it later by itself. */
export async function analyze(target: Session, units: readonly Unit[]): Promise<void> {
	if (units.length === 0) return;
	const tables = units.map(tableOf).join(', ');
	await target.query(`analyze ${tables}`).catch(() => undefined);
}
