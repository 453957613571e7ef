// The search path that the code of users expects: that of every session of a Supabase project, and where a name
// is not found there, with the schemas that the object's own code is from.
import { sqlstateOf } from '../domain/errors.ts';
import type { Session } from '../platform/postgres/index.ts';

/** `pg_catalog` first: nothing that users made takes the place of what our own statements call. */
const USUAL = 'pg_catalog, public, extensions';

/** For `set search_path to …`; `more` is SQL text. */
export const userPath = (more: readonly string[] = []): string => [USUAL, ...more].join(', ');

const NOT_FOUND = ['42883', '42P01', '42704', '3F000'];

/** A function, relation, type or schema was not found; with another path it may be. */
export const isNotFound = (sqlstate: string | undefined): boolean =>
	sqlstate !== undefined && NOT_FOUND.includes(sqlstate);

/**
 * Schemas of the relations, then those of all that their columns, checks, indexes, statistics and rules call, their
 * partitions' too; then what the database sets for its sessions.
 */
const OWN_SCHEMAS = `
with recursive given (relid) as (
  select pg_catalog.to_regclass(g.name) from pg_catalog.unnest($1::pg_catalog.text[]) g (name)
), rests (classid, objid, is_own) as (
  select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, t.relid::pg_catalog.oid, true
  from (
    select g.relid from given g
    union select p.relid from given g cross join lateral pg_catalog.pg_partition_tree(g.relid) p
  ) t (relid)
  union
  select near.classid, near.objid, false from rests r
  cross join lateral (
    select d.refclassid, d.refobjid from pg_catalog.pg_depend d
    where d.classid = r.classid and d.objid = r.objid
    union all
    select d.classid, d.objid from pg_catalog.pg_depend d
    where d.refclassid = r.classid and d.refobjid = r.objid
      and (r.is_own or r.classid = 'pg_catalog.pg_type'::pg_catalog.regclass)
      and d.deptype in ('a', 'i') and d.classid in ('pg_catalog.pg_attrdef'::pg_catalog.regclass,
        'pg_catalog.pg_constraint'::pg_catalog.regclass, 'pg_catalog.pg_class'::pg_catalog.regclass,
        'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, 'pg_catalog.pg_rewrite'::pg_catalog.regclass)
  ) near (classid, objid)
), named as (
  select (pg_catalog.pg_identify_object(r.classid, r.objid, 0)).schema as name, r.is_own from rests r
)
select pg_catalog.quote_ident(n.nspname) as name, 0 as place, pg_catalog.bool_or(s.is_own) as is_own
from named s
-- The schema's name comes quoted.
join pg_catalog.pg_namespace n on pg_catalog.quote_ident(n.nspname) = s.name
where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') group by 1
union all
select s.option_value, 1, false
from pg_catalog.pg_db_role_setting d cross join pg_catalog.pg_options_to_table(d.setconfig) s
where s.option_name = 'search_path' and d.setrole in (0, current_user::pg_catalog.regrole)
  and d.setdatabase in (0, (select b.oid from pg_catalog.pg_database b where b.datname = pg_catalog.current_database()))
order by place, is_own desc, name`;

/** The usual path with the schemas that the relations' own code is from; leaves the session with another path. */
async function pathOf(session: Session, relations: readonly string[]): Promise<string> {
	const rows = await session.query<{ name: string; place: number }>(OWN_SCHEMAS, [relations]);
	const entries: string[] = [];
	for (const { name, place } of rows)
		entries.push(...(place === 0 ? [name] : await schemasIn(session, name)));
	return userPath(entries);
}

/** The schemas that a setting of `search_path` names, those that are there: the server reads its own list. */
async function schemasIn(session: Session, setting: string): Promise<readonly string[]> {
	await session.query(`select pg_catalog.set_config('search_path', $1, false)`, [setting]);
	const schemas = await session.query<{ name: string }>(
		`select pg_catalog.quote_ident(s.name) as name
from pg_catalog.unnest(pg_catalog.current_schemas(false)) with ordinality s (name, place) order by s.place`,
	);
	return schemas.map(({ name }) => name);
}

/** Sessions that work on relations with the usual path. */
export interface Workers {
	/** The first one knows the relations. */
	readonly sessions: readonly [Session, ...Session[]];
	/** Makes the sessions usable after an error, with the usual path; throws what concerns more than the relations. */
	readonly recover: (error: unknown) => Promise<unknown>;
	/** Paths that were found to be needed, by the first relation. */
	readonly known?: Map<string, string>;
}

/**
 * Runs `work` on some relations (names quoted and qualified); where a name was not found, once more with the
 * schemas of the relations' own code in the path.
 */
export async function inOwnPath<T>(
	{ sessions, recover, known }: Workers,
	relations: readonly [string, ...string[]],
	work: () => Promise<T>,
): Promise<T> {
	const setPath = async (path: string): Promise<void> => {
		for (const session of sessions) await session.query(`set search_path to ${path}`);
	};
	let path = known?.get(relations[0]);
	if (path === undefined) {
		try {
			return await work();
		} catch (error) {
			if (!isNotFound(sqlstateOf(error))) throw error;
			await recover(error);
		}
	}
	try {
		path ??= await pathOf(sessions[0], relations);
		known?.set(relations[0], path);
		await setPath(path);
		const result = await work();
		await setPath(userPath());
		return result;
	} catch (error) {
		await recover(error);
		throw error;
	}
}
