// The catalog queries of the component Data. Run with `search_path = ''`, so that type names come qualified.
import { notOfExtension, userSchema } from '../../schema/scope.ts';

/** Session settings that make rows read, compare and load the same on both sides. */
const SAME_TEXT = `
set search_path to '';
set row_security to off;
set jit to off;
set datestyle to 'ISO, YMD';
set intervalstyle to 'postgres';
set timezone to 'UTC';
set extra_float_digits to 3;
set bytea_output to 'hex';
set xmloption to 'content';
set lc_monetary to 'C';
set synchronize_seqscans to off;
set statement_timeout to 0;
set idle_in_transaction_session_timeout to 0`;

export const PREPARE_SOURCE = SAME_TEXT;

/** Triggers and foreign keys of the target stay silent while rows are loaded. */
export const PREPARE_TARGET = `${SAME_TEXT};
set session_replication_role to replica`;

/** Columns of a table; the base type is what a domain is made of. */
const COLUMNS = `
  select coalesce(jsonb_agg(jsonb_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'typeOid', a.atttypid::int8,
      'baseOid', case when t.typbasetype = 0 then t.oid else t.typbasetype end::int8,
      'isGenerated', a.attgenerated <> '',
      'isAlwaysIdentity', a.attidentity = 'a',
      'isDeterministic', coalesce(l.collisdeterministic, true),
      'hasTextCast', exists (
        select from pg_catalog.pg_cast k
        where k.castsource = case when t.typbasetype = 0 then t.oid else t.typbasetype end
          and k.casttarget = 'text'::regtype and k.castmethod = 'f')
    ) order by a.attnum), '[]'::jsonb)
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_type t on t.oid = a.atttypid
  left join pg_catalog.pg_collation l on l.oid = a.attcollation
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped`;

/** Columns of the primary key, else of a unique index that identifies every row. */
const KEY = `
  select (
    select jsonb_agg(a.attname order by k.position)
    from unnest(i.indkey::int2[]) with ordinality as k(attnum, position)
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
    where k.position <= i.indnkeyatts)
  from pg_catalog.pg_index i
  where i.indrelid = c.oid and i.indisunique and i.indimmediate and i.indisvalid
    and i.indpred is null and i.indexprs is null
    and not exists (
      select from unnest(i.indkey::int2[]) with ordinality as k(attnum, position)
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
      where k.position <= i.indnkeyatts and not a.attnotnull)
  order by i.indisprimary desc, i.indnkeyatts, i.indexrelid
  limit 1`;

/**
 * Triggers and rules that act in replica mode too; and what identifies the rows of published tables where it does
 * not do for deleting them: no key, or a row filter on other columns. Few, so read once for all tables.
 */
const GUARDS = `
  select t.tgrelid as relid, format('disable trigger %I', t.tgname) as "off",
    format('enable %s trigger %I', case t.tgenabled when 'A' then 'always' else 'replica' end, t.tgname) as "on"
  from pg_catalog.pg_trigger t
  where not t.tgisinternal and t.tgenabled in ('A', 'R')
  union all
  select r.ev_class, format('disable rule %I', r.rulename),
    format('enable %s rule %I', case r.ev_enabled when 'A' then 'always' else 'replica' end, r.rulename)
  from pg_catalog.pg_rewrite r
  where r.ev_enabled in ('A', 'R')
  union all
  select t.oid, 'replica identity full',
    format('replica identity %s', case t.relreplident when 'd' then 'default' when 'n' then 'nothing'
      else 'using index ' || quote_ident(x.relname) end)
  from pg_catalog.pg_class t
  left join pg_catalog.pg_index i on i.indrelid = t.oid
    and case t.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end
  left join pg_catalog.pg_class x on x.oid = i.indexrelid
  where t.relkind = 'r' and t.relpersistence = 'p' and t.relreplident <> 'f' and exists (
    select from pg_catalog.pg_publication p
    left join pg_catalog.pg_publication_rel m on m.prpubid = p.oid
      and (m.prrelid = t.oid or m.prrelid in (select pg_partition_ancestors(t.oid)))
    where (p.pubupdate or p.pubdelete)
      and (p.puballtables or m.oid is not null or exists (
        select from pg_catalog.pg_publication_namespace s
        where s.pnpubid = p.oid and s.pnnspid = t.relnamespace))
      -- With a list of columns, all of a row cannot identify it.
      and m.prattrs is null and (i.indexrelid is null or m.prqual is not null))`;

/** Those of the table and of all its partitions. */
const OWN_GUARDS = `
  select coalesce(jsonb_agg(jsonb_build_object(
      'off', format('alter table only %I.%I %s', gn.nspname, gc.relname, g."off"),
      'on', format('alter table only %I.%I %s', gn.nspname, gc.relname, g."on")
    ) order by gn.nspname, gc.relname, g."off"), '[]'::jsonb)
  from guards g
  join pg_catalog.pg_class gc on gc.oid = g.relid
  join pg_catalog.pg_namespace gn on gn.oid = gc.relnamespace
  where g.relid = c.oid
    or (c.relkind = 'p' and g.relid in (select p.relid from pg_catalog.pg_partition_tree(c.oid) p))`;

/** The partitions below a table with their bounds: equal text means that leaves can be copied one by one. */
const TREE = `
  select string_agg(format('%s of %s %s', p.relid::regclass, p.parentrelid::regclass,
      pg_get_expr(pc.relpartbound, pc.oid)), e'\\n' order by p.relid::regclass::text)
  from pg_catalog.pg_partition_tree(c.oid) p
  join pg_catalog.pg_class pc on pc.oid = p.relid
  where p.level > 0`;

/** Measuring opens the table: it waits for whoever has locked it. */
const MEASURED = {
	bytes: `case when c.relkind = 'p'
    then (select coalesce(sum(pg_table_size(p.relid)), 0)::int8 from pg_catalog.pg_partition_tree(c.oid) p)
    else pg_table_size(c.oid) end`,
	pages: `pg_relation_size(c.oid) / current_setting('block_size')::int8`,
};

const ESTIMATED = {
	bytes: `current_setting('block_size')::int8 * (c.relpages
    + coalesce((select t.relpages from pg_catalog.pg_class t where t.oid = c.reltoastrelid), 0))`,
	pages: 'c.relpages',
};

/** Every table of the user: ordinary ones, partitions, partitioned and foreign ones. */
export const readTablesQuery = (sizes: 'measured' | 'estimated'): string => {
	const { bytes, pages } = sizes === 'measured' ? MEASURED : ESTIMATED;
	return `
with guards as materialized (${GUARDS}
), referenced as materialized (
  select distinct f.confrelid from pg_catalog.pg_constraint f
  where f.contype = 'f' and f.confrelid <> f.conrelid
)
select
  n.nspname as schema,
  c.relname as name,
  c.relkind as kind,
  ${bytes} as bytes,
  case when c.relkind = 'p' then null
    when c.reltuples < 0 or c.relpages = 0 then null
    else round(c.reltuples / c.relpages * (${pages})) end::float8 as rows,
  (select jsonb_build_array(rn.nspname, rc.relname)
    from pg_catalog.pg_class rc join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
    where c.relispartition and rc.oid = pg_partition_root(c.oid)) as root,
  case when c.relkind = 'p' and not c.relispartition then (${TREE}) end as tree,
  (${COLUMNS}) as columns,
  (${KEY}) as key,
  c.oid in (select r.confrelid from referenced r) as "isReferenced",
  (${OWN_GUARDS}) as guards
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't'
  and ${userSchema('n.nspname')}
  and ${notOfExtension('pg_catalog.pg_class', 'c.oid')}
order by n.nspname, c.relname`;
};

/** Every sequence of the user with the table and column that own it. */
export const READ_SEQUENCES = `
select n.nspname as schema, c.relname as name, s.seqincrement > 0 as "isAscending",
  (select tn.nspname || '.' || tc.relname
    from pg_catalog.pg_depend d
    join pg_catalog.pg_class tc on tc.oid = d.refobjid
    join pg_catalog.pg_namespace tn on tn.oid = tc.relnamespace
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
      and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjsubid > 0
      and d.deptype in ('a', 'i')
    limit 1) as owner
from pg_catalog.pg_sequence s
join pg_catalog.pg_class c on c.oid = s.seqrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relpersistence <> 't' and ${userSchema('n.nspname')}
  and ${notOfExtension('pg_catalog.pg_class', 'c.oid')}
order by n.nspname, c.relname`;

/** A row with the usual types: when both sides hash it alike, hashes of rows can be compared. */
export const PROBE_HASH = `
select pg_catalog.hash_record_extended(
  row(42::int4, 42::int8, 'Twins'::text, true, '2026-11-21'::date, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid), 0
)::text as hash`;
