// The SQL that depends on the columns of a table: reading a range, comparing it, and merging the rows that
// were copied beside the table into it. Pure: text in, text out.
import type { EndpointRole } from '../../domain/endpoint-role.ts';
import { ident, literal, qualified } from '../../platform/postgres/index.ts';
import type { AuthTable, TableLayout, UniqueIndex } from './columns.ts';

/** Rows of a table by their id: after `after` (null: from the first) up to `upTo` (null: to the last). */
export interface KeyRange {
	readonly after: string | null;
	readonly upTo: string | null;
}

/** Where rows are set down before they are merged: gone when the transaction ends. */
const INCOMING = 'pg_temp.twins_incoming';

const list = (names: readonly string[], prefix = ''): string =>
	names.map((name) => `${prefix}${ident(name)}`).join(', ');

const tableOf = (layout: TableLayout): string => qualified('auth', layout.table);

const compared = (layout: TableLayout): string[] =>
	layout.columns.filter(({ isCompared }) => isCompared).map(({ name }) => name);

function within({ after, upTo }: KeyRange): string {
	const conditions = [
		after === null ? 'true' : `id > ${literal(after)}::pg_catalog.uuid`,
		upTo === null ? 'true' : `id <= ${literal(upTo)}::pg_catalog.uuid`,
	];
	return conditions.join(' and ');
}

/** The last id of the next `size` rows of the source, or no row. */
export const rangeEnd = (layout: TableLayout, after: string | null, size: number): string => `
	select id::pg_catalog.text as id from (
		select id from ${tableOf(layout)} where ${within({ after, upTo: null })} and ${layout.filter}
		order by id limit ${size}
	) page order by id desc limit 1`;

/** Number of rows in a range and one hash over them, as they are to be on the target. */
export function checksum(layout: TableLayout, role: EndpointRole, range: KeyRange): string {
	return `
		select pg_catalog.count(*)::pg_catalog.int4 as rows,
			coalesce(pg_catalog.md5(pg_catalog.string_agg(${hashOf(layout, role)}, '' order by id)), '') as checksum
		from ${tableOf(layout)} where ${within(range)} and ${layout.filter}`;
}

/** Types that the two endpoints declare otherwise (text, varchar) have the same text. */
function hashOf(layout: TableLayout, role: EndpointRole): string {
	const values = layout.columns
		.filter(({ isCompared }) => isCompared)
		.map(({ name, expression }) => (role === 'source' ? expression : ident(name)));
	return `pg_catalog.md5(row(${values.join(', ')})::pg_catalog.text)`;
}

/** COPY out of the source: a range, or the rows with the given ids. */
export function copyOut(layout: TableLayout, rows: KeyRange | readonly string[]): string {
	const wanted = isIds(rows)
		? `id in (${rows.map((id) => `${literal(id)}::pg_catalog.uuid`).join(', ')})`
		: within(rows);
	const values = layout.columns.map(({ expression }) => expression).join(', ');
	return `copy (select ${values} from ${tableOf(layout)} where ${wanted} and ${layout.filter}) to stdout`;
}

const isIds = (rows: KeyRange | readonly string[]): rows is readonly string[] =>
	Array.isArray(rows);

export const copyIn = (layout: TableLayout): string =>
	`copy ${INCOMING} (${list(layout.columns.map(({ name }) => name))}) from stdin`;

/** Opens the transaction. Triggers and foreign keys rest: a new user must not create a second profile. */
export const openMerge = (layout: TableLayout): string => `
	begin;
	set local session_replication_role = replica;
	create temp table twins_incoming on commit drop as
		select ${list(layout.columns.map(({ name }) => name))} from ${tableOf(layout)} with no data;
	alter table ${INCOMING} add column twins_state text`;

/** Says of each incoming row whether it is new, changed or the same; rows without their user stay behind. */
export function classify(layout: TableLayout): string {
	const columns = compared(layout);
	const orphan =
		layout.table === 'users'
			? ''
			: `when not exists (select from auth.users u where u.id = s.user_id) then 'orphan'`;
	return `
		alter table ${INCOMING} add primary key (id);
		analyze ${INCOMING};
		update ${INCOMING} s set twins_state = case
			${orphan}
			when not exists (select from ${tableOf(layout)} t where t.id = s.id) then 'new'
			when exists (
				select from ${tableOf(layout)} t where t.id = s.id
					and row(${list(columns, 't.')})::pg_catalog.text = row(${list(columns, 's.')})::pg_catalog.text
			) then 'same'
			else 'changed' end`;
}

/**
 * Marks rows that would take a unique value from a row of the target which keeps it, and returns them. A row
 * that is changed by the same merge gives its value up, unless it was marked itself: so it is repeated until
 * nothing more is marked.
 */
export function markClashes(layout: TableLayout, index: UniqueIndex): string {
	const condition = index.condition === null ? '' : `where ${index.condition}`;
	const same = index.columns.map((name) => `t.${ident(name)} = s.${ident(name)}`).join(' and ');
	return `
		update ${INCOMING} s set twins_state = 'clash'
		from (select * from ${tableOf(layout)} ${condition}) t
		where s.twins_state in ('new', 'changed') and t.id <> s.id and ${same}
			and s.id in (select id from ${INCOMING} ${condition})
			and not exists (select from ${INCOMING} k where k.id = t.id and k.twins_state = 'changed')
		returning s.id::pg_catalog.text as id, t.id::pg_catalog.text as holder`;
}

/**
 * Takes their unique values from rows that are to be removed: users go when nothing points to them any more,
 * what belongs to them goes at once.
 */
export function makeWay(layout: TableLayout, ids: readonly string[]): string {
	const those = `id in (${ids.map((id) => `${literal(id)}::pg_catalog.uuid`).join(', ')})`;
	if (layout.table !== 'users') return `delete from ${tableOf(layout)} where ${those}`;
	const nothing = layout.releasable.map((name) => `${ident(name)} = null`).join(', ');
	return `update ${tableOf(layout)} set ${nothing} where ${those}`;
}

/** Writes what is new or changed, and nothing else. */
export function merge(layout: TableLayout): string {
	const all = list(layout.columns.map(({ name }) => name));
	const changing = compared(layout).filter((name) => name !== 'id');
	return `
		${releaseValues(layout)}
		update ${tableOf(layout)} t set (${list(changing)}) = row(${list(changing, 's.')})
		from ${INCOMING} s where t.id = s.id and s.twins_state = 'changed';
		insert into ${tableOf(layout)} (${all})
		select ${all} from ${INCOMING} s where s.twins_state = 'new';`;
}

/** Two users who swapped their addresses: both let go before either takes the other's. */
function releaseValues({ releasable, ...layout }: TableLayout): string {
	if (releasable.length === 0) return '';
	const nothing = releasable.map((name) => `${ident(name)} = null`).join(', ');
	const differs = releasable
		.map((name) => `t.${ident(name)} is distinct from s.${ident(name)}`)
		.join(' or ');
	return `update ${qualified('auth', layout.table)} t set ${nothing}
		from ${INCOMING} s where t.id = s.id and s.twins_state = 'changed' and (${differs});`;
}

export const COUNT_STATES = `
	select twins_state as state, pg_catalog.count(*)::pg_catalog.int4 as rows from ${INCOMING} group by twins_state`;

/** Up to `size` ids of the target's rows after `after`, with the user each belongs to. */
export const targetIds = (layout: TableLayout, after: string | null, size: number): string => `
	select id::pg_catalog.text as id, ${layout.table === 'users' ? 'id' : 'user_id'}::pg_catalog.text as owner
	from ${tableOf(layout)} where ${within({ after, upTo: null })} order by id limit ${size}`;

/** Which of the ids in the JSON array $1 the table has. */
export const presentIds = (layout: TableLayout): string => `
	select t.id::pg_catalog.text as id from pg_catalog.jsonb_array_elements_text($1::pg_catalog.jsonb) as asked (id)
	join ${tableOf(layout)} t on t.id = asked.id::pg_catalog.uuid`;

/** Deletes the rows with the ids in the JSON array $1. */
export const deleteIds = (layout: TableLayout): string => `
	delete from ${tableOf(layout)}
	where id in (select asked.id::pg_catalog.uuid from pg_catalog.jsonb_array_elements_text($1::pg_catalog.jsonb)
	  as asked (id))`;

/** The rows with the ids in the JSON array $1 as one JSON array, without what nothing is compared by. */
export const recordsOf = (layout: TableLayout): string => `
	select pg_catalog.jsonb_agg(pg_catalog.to_jsonb(t) -
	  '{encrypted_password,secret,raw_user_meta_data,raw_app_meta_data}'::pg_catalog.text[]) as records
	from ${tableOf(layout)} t
	where t.id in (select asked.id::pg_catalog.uuid from pg_catalog.jsonb_array_elements_text($1::pg_catalog.jsonb)
	  as asked (id))`;

const given = (layout: TableLayout): string =>
	`pg_catalog.jsonb_populate_recordset(null::${tableOf(layout)}, $1::pg_catalog.jsonb)`;

/** Rows among those of $1 whose unique value another row of the target has. */
export function clashHolders(layout: TableLayout, index: UniqueIndex): string {
	const condition = index.condition === null ? '' : `where ${index.condition}`;
	const same = index.columns.map((name) => `t.${ident(name)} = s.${ident(name)}`).join(' and ');
	return `
		select s.id::pg_catalog.text as id, pg_catalog.min(t.id::pg_catalog.text) as holder
		from (select * from ${given(layout)} ${condition}) s
		join (select * from ${tableOf(layout)} ${condition}) t on t.id <> s.id and ${same}
		group by s.id`;
}

/** Rows among those of $1 whose user the target lacks. */
export const orphans = (layout: TableLayout): string => `
	select s.id::pg_catalog.text as id from ${given(layout)} s
	where not exists (select from auth.users u where u.id = s.user_id)`;

export const countRows = (layout: TableLayout): string =>
	`select pg_catalog.count(*)::pg_catalog.int4 as rows from ${tableOf(layout)} where ${layout.filter}`;

/** Rows that come after an id. */
export const countAfter = (layout: TableLayout, after: string): string =>
	`${countRows(layout)} and ${within({ after, upTo: null })}`;

/** 72 bits of an id's hash as 12 characters, and the part that it belongs to. */
const hashed = (id: string): { readonly hash: string; readonly part: string } => {
	const bytes = `pg_catalog.sha256(pg_catalog.convert_to(${id}::pg_catalog.text, 'UTF8'))`;
	return {
		hash: `pg_catalog.encode(pg_catalog.substr(${bytes}, 1, 9), 'base64')`,
		part: `pg_catalog.encode(pg_catalog.substr(${bytes}, 1, 1), 'hex')`,
	};
};

export const countIds = (table: AuthTable): string =>
	`select pg_catalog.count(*)::pg_catalog.int4 as rows from ${qualified('auth', table)}`;

/** The hashes of a table's ids, one text per part; of the parts that begin with `prefix`. */
export function sourceHashes(table: AuthTable, prefix: string): string {
	const { hash, part } = hashed('id');
	return `
		select part, pg_catalog.string_agg(hash, '' order by hash collate "C") as hashes
		from (select ${part} as part, ${hash} as hash from ${qualified('auth', table)}) ids
		where part like ${literal(`${prefix}%`)} group by part`;
}

const HASHED_ID = hashed('asked.id::uuid');

/** Part and hash of each id of the JSON array $1. */
export const hashesOf = `
	select asked.id, ${HASHED_ID.part} as part, ${HASHED_ID.hash} as hash
	from pg_catalog.jsonb_array_elements_text($1::pg_catalog.jsonb) as asked (id)`;
