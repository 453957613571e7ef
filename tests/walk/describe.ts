// The judge's own reading of a database: every object of the walk's schemas with its definition, in plain SQL that
// shares nothing with the product's. Works on every version, where pg_dump of another version refuses.
import type postgres from 'postgres';
import { rowSum } from '../helpers/row-sums.ts';
import { WALK_SCHEMA } from './catalog.ts';

export interface Described {
	/** Kind and name, such as `column public.orders.total`. */
	readonly id: string;
	/** `schema.name` of the relation, type or routine that it is or belongs to. */
	readonly holder: string;
	readonly definition: string;
	/** Catalog, oid and part: stays where it is renamed. */
	readonly address: string;
	/** The definition with oids and numbers in place of names, so that it stays where something in it is renamed. */
	readonly body: string;
}

/** Privileges in force; without MAINTAIN, which versions before 17 do not know. */
const acl = (value: string, kind: string, owner: string): string =>
	`(select string_agg(x.grantee::regrole::text || ':' || x.privilege_type || x.is_grantable, ' ' order by x.grantee::regrole::text, x.privilege_type) from aclexplode(coalesce(${value}, acldefault('${kind}', ${owner}))) x where x.privilege_type <> 'MAINTAIN')`;

/** The body of what is there because a parent or partitioned table has it, and goes and changes with that. */
export const INHERITED = 'inherited';

/** A row of a catalog without its own names and oids, and without what others change on it. */
const row = (alias: string, ...without: readonly string[]): string =>
	`(to_jsonb(${alias}) - array[${['oid', ...without].map((name) => `'${name}'`).join(', ')}])::text`;

/** `queries`: whether texts of parsed queries count, which other versions print in other words. */
const read = (queries: boolean): string => {
	const text = (expression: string): string => (queries ? expression : `''`);
	return `
set search_path = '';
with r as (select c.*, n.nspname, n.nspname || '.' || c.relname as holder from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${WALK_SCHEMA}),
tables as (select * from r where relkind in ('r', 'p', 'v', 'm')),
lines as (
  select 'schema ' || n.nspname as id, n.nspname::text as holder, concat_ws('|', n.nspowner::regrole, ${acl('n.nspacl', 'n', 'n.nspowner')}, obj_description(n.oid, 'pg_namespace')) as definition,
      '2615/' || n.oid as address, null as body
    from pg_catalog.pg_namespace n where ${WALK_SCHEMA}
  union all select case relkind when 'v' then 'view ' when 'm' then 'matview ' else 'table ' end || holder, holder,
    concat_ws('|', relkind, relpersistence, relowner::regrole, reloptions::text, relrowsecurity, relforcerowsecurity, relreplident,
      ${acl('relacl', 'r', 'relowner')}, obj_description(oid, 'pg_class'), pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid),
      (select string_agg(i.inhparent::regclass::text, ',' order by i.inhseqno) from pg_catalog.pg_inherits i where i.inhrelid = tables.oid),
      case when relkind in ('v', 'm') then ${text('pg_get_viewdef(oid)')} end, case when relkind = 'm' then relispopulated end),
      '1259/' || oid || '/0', concat_ws('|', relkind, relpersistence, relowner::regrole, reloptions::text, relrowsecurity, relforcerowsecurity, relreplident,
      ${acl('relacl', 'r', 'relowner')}, obj_description(oid, 'pg_class'), (select ${row('p')} from pg_catalog.pg_partitioned_table p where p.partrelid = tables.oid), relpartbound::text,
      (select string_agg(i.inhparent::text, ',' order by i.inhseqno) from pg_catalog.pg_inherits i where i.inhrelid = tables.oid),
      (select w.ev_action::text from pg_catalog.pg_rewrite w where w.ev_class = tables.oid and w.rulename = '_RETURN'), relispopulated) from tables
  union all select 'column ' || holder || '.' || a.attname, holder, concat_ws('|', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
      a.attcollation::regcollation, nullif(a.attstorage, y.typstorage), nullif(a.attstattarget, -1), a.attoptions::text, pg_get_expr(d.adbin, d.adrelid),
      (select string_agg(x.grantee::regrole::text || ':' || x.privilege_type, ' ' order by 1) from aclexplode(a.attacl) x), col_description(tables.oid, a.attnum)),
      '1259/' || a.attrelid || '/' || a.attnum, case when not a.attislocal then '${INHERITED}' when a.attinhcount > 0 then 'its own and inherited'
      -- A view's columns follow its query.
      when relkind in ('v', 'm') then concat_ws('|', a.attacl::text, col_description(tables.oid, a.attnum)) else concat_ws('|', a.atttypid, a.atttypmod, a.attnotnull, a.attidentity, a.attgenerated, a.attcollation, a.attstorage, a.attstattarget,
      a.attoptions::text, d.adbin::text, a.attacl::text, col_description(tables.oid, a.attnum)) end
    from tables join pg_catalog.pg_attribute a on a.attrelid = tables.oid and a.attnum > 0 and not a.attisdropped
    join pg_catalog.pg_type y on y.oid = a.atttypid left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  -- Postgres names the foreign key of a partition after the partition's name at that moment, and lets nobody rename it.
  union all select 'constraint ' || holder || '.' || case when k.contype = 'f' and k.conparentid <> 0
      then (select 'of ' || u.conrelid::regclass || ' ' || u.conname from pg_catalog.pg_constraint u where u.oid = k.conparentid) else k.conname end,
      holder, concat_ws('|', pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint')),
      '2606/' || k.oid, case when not k.conislocal then '${INHERITED}' else concat_ws('|', ${row('k', 'conname', 'connamespace', 'conindid', 'conparentid', 'conislocal', 'coninhcount')}, obj_description(k.oid, 'pg_constraint')) end
    from tables join pg_catalog.pg_constraint k on k.conrelid = tables.oid where k.contype in ('c', 'f', 'p', 'u', 'x')
  union all select 'index ' || r.nspname || '.' || r.relname, i.indrelid::regclass::text, concat_ws('|', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisreplident, i.indisclustered, obj_description(r.oid, 'pg_class')),
      '1259/' || r.oid || '/0', case when r.relispartition then '${INHERITED}' else concat_ws('|', ${row('i', 'indexrelid', 'indcheckxmin')}, r.relam, r.reloptions::text, obj_description(r.oid, 'pg_class')) end
    from r join pg_catalog.pg_index i on i.indexrelid = r.oid
  union all select 'sequence ' || holder, holder, concat_ws('|', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle,
      (select x.refobjid::regclass || '.' || a.attname from pg_catalog.pg_depend x
        join pg_catalog.pg_attribute a on a.attrelid = x.refobjid and a.attnum = x.refobjsubid
        where x.objid = r.oid and x.classid = 'pg_class'::regclass and x.refclassid = 'pg_class'::regclass and x.deptype in ('a', 'i'))),
      '1259/' || r.oid || '/0', concat_ws('|', ${row('s', 'seqrelid')},
      (select x.refobjid || '/' || x.refobjsubid from pg_catalog.pg_depend x where x.objid = r.oid and x.classid = 'pg_class'::regclass
        and x.refclassid = 'pg_class'::regclass and x.deptype in ('a', 'i')))
    from r join pg_catalog.pg_sequence s on s.seqrelid = r.oid
  union all select 'type ' || n.nspname || '.' || t.typname, n.nspname || '.' || t.typname, concat_ws('|', t.typtype, t.typowner::regrole, ${acl('t.typacl', 'T', 't.typowner')}, obj_description(t.oid, 'pg_type'),
      (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid),
      case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) || coalesce(t.typdefault, '') || t.typnotnull end,
      (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ',' order by a.attnum) from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)),
      '1247/' || t.oid, concat_ws('|', t.typtype, t.typowner::regrole, ${acl('t.typacl', 'T', 't.typowner')}, obj_description(t.oid, 'pg_type'),
      (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid), t.typbasetype, t.typtypmod, t.typdefaultbin::text, t.typnotnull,
      (select string_agg(a.attname || ' ' || a.atttypid || ' ' || a.atttypmod, ',' order by a.attnum) from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped))
    from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace left join pg_catalog.pg_class c on c.oid = t.typrelid
    where ${WALK_SCHEMA} and t.typtype in ('e', 'd', 'c', 'r') and (t.typtype <> 'c' or c.relkind = 'c')
  union all select 'domain-check ' || n.nspname || '.' || t.typname || '.' || k.conname, n.nspname || '.' || t.typname, concat_ws('|', pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint')),
      '2606/' || k.oid, concat_ws('|', k.contypid, k.conbin::text, k.convalidated, obj_description(k.oid, 'pg_constraint'))
    from pg_catalog.pg_constraint k join pg_catalog.pg_type t on t.oid = k.contypid join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where ${WALK_SCHEMA} and k.contype = 'c'
  union all select 'routine ' || p.oid::regprocedure::text, n.nspname || '.' || p.proname, concat_ws('|', p.prokind, p.proowner::regrole, ${acl('p.proacl', 'f', 'p.proowner')}, obj_description(p.oid, 'pg_proc'),
      case when p.prokind <> 'a' then case when p.prosqlbody is null or ${queries} then pg_get_functiondef(p.oid) end else (select concat_ws(',', g.aggtransfn, g.agginitval) from pg_catalog.pg_aggregate g where g.aggfnoid = p.oid) end),
      '1255/' || p.oid, concat_ws('|', ${row('p', 'proname', 'pronamespace')}, obj_description(p.oid, 'pg_proc'), (select ${row('g', 'aggfnoid')} from pg_catalog.pg_aggregate g where g.aggfnoid = p.oid))
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where ${WALK_SCHEMA}
    and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype in ('e', 'i'))
  union all select 'trigger ' || holder || '.' || t.tgname, holder, concat_ws('|', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger')),
      '2620/' || t.oid, case when t.tgparentid <> 0 then '${INHERITED}' else concat_ws('|', ${row('t', 'tgname', 'tgparentid', 'tgconstrindid', 'tgconstraint')}, obj_description(t.oid, 'pg_trigger')) end
    from tables join pg_catalog.pg_trigger t on t.tgrelid = tables.oid where not t.tgisinternal
  union all select 'policy ' || holder || '.' || p.polname, holder, concat_ws('|', p.polcmd, p.polpermissive, (select string_agg(coalesce(nullif(x, 0)::regrole::text, 'public'), ',' order by 1) from unnest(p.polroles) x), pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy')),
      '3256/' || p.oid, concat_ws('|', ${row('p', 'polname')}, obj_description(p.oid, 'pg_policy'))
    from tables join pg_catalog.pg_policy p on p.polrelid = tables.oid
  union all select 'rule ' || holder || '.' || w.rulename, holder, ${text('pg_get_ruledef(w.oid)')}, '2618/' || w.oid, ${row('w', 'rulename')}
    from tables join pg_catalog.pg_rewrite w on w.ev_class = tables.oid where w.rulename <> '_RETURN'
  union all select 'statistics ' || n.nspname || '.' || s.stxname, s.stxrelid::regclass::text, pg_get_statisticsobjdef(s.oid), '3381/' || s.oid, ${row('s', 'stxname', 'stxnamespace')}
    from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace where ${WALK_SCHEMA}
  union all select 'member ' || p.pubname || ' ' || m.prrelid::regclass::text, holder, concat_ws('|', pg_get_expr(m.prqual, m.prrelid)), '6106/' || m.oid, concat_ws('|', m.prrelid, m.prpubid, m.prqual::text)
    from tables join pg_catalog.pg_publication_rel m on m.prrelid = tables.oid join pg_catalog.pg_publication p on p.oid = m.prpubid
  union all select 'default privileges ' || coalesce(n.nspname, '') || d.defaclobjtype::text, coalesce(n.nspname, ''), ${acl('d.defaclacl', 'r', 'd.defaclrole')}, '826/' || d.oid, null
    from pg_catalog.pg_default_acl d join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace where ${WALK_SCHEMA} and d.defaclrole = 'postgres'::regrole
)
select id, holder, coalesce(definition, '') as definition, address, coalesce(body, definition, '') as body from lines order by id`;
};

/** Everything of the walk's schemas by its id. */
export async function describeDatabase(
	sql: postgres.Sql,
	queries: boolean,
): Promise<Map<string, Described>> {
	const results = await sql.unsafe<Described[]>(read(queries)).simple();
	const lines = (results.at(-1) ?? []) as unknown as readonly Described[];
	return new Map(lines.map((line) => [line.id, line]));
}

/** The rows of each table that keeps rows itself, over the given columns, as a sum that sees every change. */
export async function checksums(
	sql: postgres.Sql,
	tables: readonly {
		readonly schema: string;
		readonly name: string;
		readonly columns: readonly string[];
	}[],
): Promise<Map<string, string>> {
	const found = new Map<string, string>();
	for (const table of tables) {
		const [row] = await sql
			.unsafe<{ sum: string }[]>(rowSum(table))
			.catch((error: unknown) => [{ sum: `unreadable: ${String(error)}` }]);
		found.set(`${table.schema}.${table.name}`, row?.sum ?? '');
	}
	return found;
}

/** Tables by `schema.name`, with those that their columns and constraints may come from. */
export async function ancestors(sql: postgres.Sql): Promise<Map<string, readonly string[]>> {
	const rows = await sql<{ name: string; above: string[] }[]>`
with recursive line (child, parent) as (
  select inhrelid, inhparent from pg_catalog.pg_inherits
  union select l.child, i.inhparent from line l join pg_catalog.pg_inherits i on i.inhrelid = l.parent)
select cn.nspname || '.' || c.relname as name, array_agg(pn.nspname || '.' || p.relname) as above
from line l join pg_catalog.pg_class c on c.oid = l.child join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
join pg_catalog.pg_class p on p.oid = l.parent join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
group by 1`;
	return new Map(rows.map(({ name, above }) => [name, above]));
}
