// The settings of the component Data, and its catalog queries: these run with `search_path = ''`, so that the names in
// what Postgres prints come qualified.
import { CLOSED_RELATIONS, partitionTree } from '../../platform/locks.ts';
import { userPath } from '../../schema/own-path.ts';
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';
import { hashOf } from './expressions.ts';

/**
 * Session settings that make rows read, compare and load the same on both endpoints, with the path that the functions
 * of indexes, checks and generated columns expect.
 */
const SAME_TEXT = `
set search_path to ${userPath()};
set row_security to off;
set jit to off;
set datestyle to 'ISO, YMD';
set intervalstyle to 'postgres';
set timezone to 'UTC';
set extra_float_digits to 3;
set bytea_output to 'hex';
set xmloption to 'content';
set lc_monetary to 'C';
set array_nulls to on;
set synchronize_seqscans to off;
set statement_timeout to 0;
set idle_in_transaction_session_timeout to 0`;

export const PREPARE_SOURCE = SAME_TEXT;

/** Triggers and foreign keys of the target stay silent while rows are loaded. */
export const PREPARE_TARGET = `${SAME_TEXT};
set session_replication_role to replica`;

/** Columns of a table; the base type is what a domain, and one below it, is made of. */
const COLUMNS = `
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', a.attname,
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'typeOid', a.atttypid::pg_catalog.int8,
      'baseOid', base.oid::pg_catalog.int8,
      'isGenerated', a.attgenerated <> '',
      'isAlwaysIdentity', a.attidentity = 'a',
      'isIdentity', a.attidentity <> '',
      'standard', pg_catalog.pg_get_expr(d.adbin, 0),
      'isDeterministic', coalesce(l.collisdeterministic, true),
      'hasTextCast', exists (
        select from pg_catalog.pg_cast k
        where k.castsource = base.oid and k.casttarget = 'text'::pg_catalog.regtype and k.castmethod = 'f')
    ) order by a.attnum), '[]'::pg_catalog.jsonb)
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_type t on t.oid = a.atttypid
  cross join lateral (select case when t.typtype <> 'd' then t.oid else (
    with recursive below (oid) as (
      select t.typbasetype
      union all
      select d.typbasetype from below b join pg_catalog.pg_type d on d.oid = b.oid where d.typtype = 'd')
    select b.oid from below b join pg_catalog.pg_type d on d.oid = b.oid where d.typtype <> 'd') end as oid) base
  left join pg_catalog.pg_collation l on l.oid = a.attcollation
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum and a.attgenerated = ''
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped`;

/** Columns of the primary key, else of a unique index that identifies every row. */
const KEY = `
  select (
    select pg_catalog.jsonb_agg(a.attname order by k.position)
    from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality as k(attnum, position)
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
    where k.position <= i.indnkeyatts)
  from pg_catalog.pg_index i
  where i.indrelid = c.oid and i.indisunique and i.indimmediate and i.indisvalid
    and i.indpred is null and i.indexprs is null
    and not exists (
      select from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality as k(attnum, position)
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
      where k.position <= i.indnkeyatts and not a.attnotnull)
  order by i.indisprimary desc, i.indnkeyatts, i.indexrelid
  limit 1`;

/** Privileges that a load needs. */
const TO_LOAD = ['select', 'insert', 'update', 'delete', 'truncate'];

/**
 * Triggers and rules that act in replica mode too; what identifies the rows of published tables where it does
 * not do for deleting them: no key, or a row filter on other columns; and privileges on its own tables that
 * somebody took from their owner. Few, so read once for all tables. A table's name stands between head and tail.
 */
const GUARDS = `
  select t.tgrelid as relid, 2 as place,
    'alter table only' as head, pg_catalog.format('disable trigger %I', t.tgname) as "off",
    'alter table only' as head_on, pg_catalog.format('enable %s trigger %I',
      case t.tgenabled when 'A' then 'always' else 'replica' end, t.tgname) as "on"
  from pg_catalog.pg_trigger t
  where not t.tgisinternal and t.tgenabled in ('A', 'R')
  union all
  select r.ev_class, 2, 'alter table only', pg_catalog.format('disable rule %I', r.rulename),
    'alter table only', pg_catalog.format('enable %s rule %I',
      case r.ev_enabled when 'A' then 'always' else 'replica' end, r.rulename)
  from pg_catalog.pg_rewrite r
  where r.ev_enabled in ('A', 'R')
  union all
  select t.oid, 2, 'alter table only', 'replica identity full',
    'alter table only', pg_catalog.format('replica identity %s', case t.relreplident
      when 'd' then 'default' when 'n' then 'nothing'
      else 'using index ' || pg_catalog.quote_ident(x.relname) end)
  from pg_catalog.pg_class t
  left join pg_catalog.pg_index i on i.indrelid = t.oid
    and case t.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end
  left join pg_catalog.pg_class x on x.oid = i.indexrelid
  where t.relkind = 'r' and t.relpersistence = 'p' and t.relreplident <> 'f' and exists (
    select from pg_catalog.pg_publication p
    left join pg_catalog.pg_publication_rel m on m.prpubid = p.oid
      and (m.prrelid = t.oid or m.prrelid in (select pg_catalog.pg_partition_ancestors(t.oid)))
    where (p.pubupdate or p.pubdelete)
      and (p.puballtables or m.oid is not null or exists (
        select from pg_catalog.pg_publication_namespace s
        where s.pnpubid = p.oid and s.pnnspid = t.relnamespace))
      -- With a list of columns, all of a row cannot identify it.
      and m.prattrs is null and (i.indexrelid is null or m.prqual is not null))
  union all
  -- What changes nothing, but keeps a second load of the table from granting at the same time.
  select l.oid, 1, 'alter table only', pg_catalog.format('owner to %I', l.owner),
    'alter table only', pg_catalog.format('owner to %I', l.owner) from lacking l
  union all
  select l.oid, 3, pg_catalog.format('grant %s on', l.privileges), 'to current_user',
    pg_catalog.format('revoke %s on', l.privileges), 'from current_user' from lacking l
  union all
  -- Revoking from a table revokes from its columns, too.
  select l.oid, 4, 'alter table only', pg_catalog.format('owner to %I', l.owner),
    pg_catalog.format('grant %s (%I) on', e.privilege_type, a.attname), 'to current_user'
  from lacking l
  join pg_catalog.pg_attribute a on a.attrelid = l.oid
  cross join lateral pg_catalog.aclexplode(a.attacl) e
  where e.grantee = current_user::pg_catalog.regrole::pg_catalog.oid`;

/** Tables of which we are the owner, or act for him, and may not do all that a load needs. */
const LACKING = `
  select c.oid, pg_catalog.pg_get_userbyid(c.relowner) as owner,
    (select pg_catalog.string_agg(p.name, ', ') from pg_catalog.unnest(array['${TO_LOAD.join(`', '`)}']) as p (name)
      where not pg_catalog.has_table_privilege(c.oid, p.name)) as privileges
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and c.relpersistence <> 't' and c.relacl is not null
    and pg_catalog.pg_has_role(c.relowner, 'usage')
    and ${ofUser('c.relowner')}
    and not (${TO_LOAD.map((privilege) => `pg_catalog.has_table_privilege(c.oid, '${privilege}')`).join(' and ')})`;

/** Those of the table and of all its partitions. */
const OWN_GUARDS = `
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'off', pg_catalog.format('%s %I.%I %s', g.head, gn.nspname, gc.relname, g."off"),
      'on', pg_catalog.format('%s %I.%I %s', g.head_on, gn.nspname, gc.relname, g."on")
    ) order by gn.nspname, gc.relname, g.place, g."off", g.head_on), '[]'::pg_catalog.jsonb)
  from guards g
  join pg_catalog.pg_class gc on gc.oid = g.relid
  join pg_catalog.pg_namespace gn on gn.oid = gc.relnamespace
  where g.relid = c.oid
    or (c.relkind = 'p' and g.relid in (select p.relid from ${partitionTree('c.oid')} p))`;

/** The partitions below a table with their bounds: equal text means that leaves can be copied one by one. */
const TREE = `
  select pg_catalog.string_agg(pg_catalog.format('%s of %s %s',
      p.relid::pg_catalog.regclass, p.parentrelid::pg_catalog.regclass, pg_catalog.pg_get_expr(pc.relpartbound, 0)), e'\\n' order by p.relid::pg_catalog.regclass::pg_catalog.text)
  from ${partitionTree('c.oid')} p
  join pg_catalog.pg_class pc on pc.oid = p.relid
  where p.level > 0`;

/** Measuring opens the table: it waits for whoever has locked it. */
const MEASURED = {
	bytes: `case when c.relkind = 'p'
    then (select coalesce(pg_catalog.sum(pg_catalog.pg_table_size(p.relid)), 0)::pg_catalog.int8
      from ${partitionTree('c.oid')} p)
    else pg_catalog.pg_table_size(c.oid) end`,
	pages: `pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::pg_catalog.int8`,
};

const ESTIMATED = {
	bytes: `pg_catalog.current_setting('block_size')::pg_catalog.int8 * (c.relpages
    + coalesce((select t.relpages from pg_catalog.pg_class t where t.oid = c.reltoastrelid), 0))`,
	pages: 'c.relpages',
};

const IS_LOCKED = `exists (select from locked l where l.relation = c.oid
    or (c.relkind = 'p' and l.relation in (select p.relid from ${partitionTree('c.oid')} p)))`;

const UNLESS_LOCKED = {
	bytes: `case when ${IS_LOCKED} then ${ESTIMATED.bytes} else ${MEASURED.bytes} end`,
	pages: `case when ${IS_LOCKED} then ${ESTIMATED.pages} else ${MEASURED.pages} end`,
};

/** Ways to find the sizes of tables, from the exact one to the one that waits for nobody. */
const SIZE_SOURCES = { measured: MEASURED, unlessLocked: UNLESS_LOCKED, estimated: ESTIMATED };
export type SizeSource = keyof typeof SIZE_SOURCES;

const TABLES = `
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't'
  and ${ofUser('c.relowner')}
  and ${notOfExtension('pg_class', 'c.oid')}`;

/** Their oids. */
export const READ_TABLE_OIDS = `select c.oid::pg_catalog.int8 as oid${TABLES} order by 1`;

/** Every table of the user: ordinary ones, partitions, partitioned and foreign ones; or only those of the oids. */
export const readTablesQuery = (sizes: SizeSource, oids?: readonly number[]): string => {
	const { bytes, pages } = SIZE_SOURCES[sizes];
	return `
with lacking as materialized (${LACKING}
), guards as materialized (${GUARDS}
), locked as materialized (
  select l.relation from pg_catalog.pg_locks l
  where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
), referenced as materialized (
  select distinct f.confrelid from pg_catalog.pg_constraint f
  where f.contype = 'f' and f.confrelid <> f.conrelid
)
select
  c.oid::pg_catalog.int8 as oid,
  n.nspname as schema,
  c.relname as name,
  c.relkind as kind,
  ${bytes} as bytes,
  case when c.relkind = 'p' then null
    when c.reltuples < 0 or c.relpages = 0 then null
    else pg_catalog.round(c.reltuples / c.relpages * (${pages})) end::pg_catalog.float8 as rows,
  (select pg_catalog.jsonb_build_array(rn.nspname, rc.relname)
    from pg_catalog.pg_class rc join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
    where c.relispartition and rc.oid = pg_catalog.pg_partition_root(c.oid)) as root,
  case when c.relkind = 'p' and not c.relispartition then (${TREE}) end as tree,
  (${COLUMNS}) as columns,
  (${KEY}) as key,
  c.oid in (select r.confrelid from referenced r) as "isReferenced",
  (${OWN_GUARDS}) as guards${TABLES}${oids ? ` and c.oid in (${oids.join(', ')})` : ''}
order by n.nspname, c.relname`;
};

/**
 * Types of columns that are made of others, as far down as they go: rows (of composite types and of tables) with
 * their attributes in order, arrays and domains with what they are made of.
 */
export const READ_ROW_TYPES = `
with recursive used (id) as (
  select a.atttypid
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and a.atttypid >= 16384
    and ${ofUser('c.relowner')}
  union
  select x.id from used u
  join pg_catalog.pg_type t on t.oid = u.id
  cross join lateral (
    select t.typelem where t.typlen = -1
    union all select t.typbasetype
    union all select r.rngsubtype from pg_catalog.pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)
    union all select a.atttypid from pg_catalog.pg_attribute a
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) x (id)
  where x.id <> 0
)
select pg_catalog.format_type(t.oid, null) as type,
  case when t.typtype = 'c' then 'row' when t.typtype = 'd' then 'domain' when t.typtype in ('r', 'm') then 'range'
    else 'array' end as kind,
  case when t.typtype = 'd' then pg_catalog.format_type(t.typbasetype, null)
    when t.typtype = 'b' then pg_catalog.format_type(t.typelem, null)
    else (select pg_catalog.format_type(r.rngsubtype, null) from pg_catalog.pg_range r
      where t.oid in (r.rngtypid, r.rngmultitypid)) end as "of",
  (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', a.attname,
      'type', pg_catalog.format_type(a.atttypid, null)) order by a.attnum), '[]'::pg_catalog.jsonb)
    from pg_catalog.pg_attribute a
    where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as attributes
from used u
join pg_catalog.pg_type t on t.oid = u.id
where t.typtype in ('c', 'd', 'r', 'm') or (t.typtype = 'b' and t.typelem <> 0 and t.typlen = -1)`;

/** Every sequence of the user with the table and column that own it. */
export const READ_SEQUENCES = `
select c.oid::pg_catalog.int8 as oid, n.nspname as schema, c.relname as name, s.seqincrement > 0 as "isAscending",
  -- Somebody took this from its owner.
  pg_catalog.pg_has_role(c.relowner, 'usage') and not pg_catalog.has_sequence_privilege(c.oid, 'update') as "isClosed",
  (select tn.nspname || '.' || tc.relname
    from pg_catalog.pg_depend d
    join pg_catalog.pg_class tc on tc.oid = d.refobjid
    join pg_catalog.pg_namespace tn on tn.oid = tc.relnamespace
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
      and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0
      and d.deptype in ('a', 'i')
    limit 1) as owner
from pg_catalog.pg_sequence s
join pg_catalog.pg_class c on c.oid = s.seqrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relpersistence <> 't' and ${ofUser('c.relowner')}
  and ${notOfExtension('pg_class', 'c.oid')}
order by n.nspname, c.relname`;

/** Stored generated columns of the user's tables and partitions, with what computes them; not of a table that nobody can read now. */
export const READ_GENERATED = `
select n.nspname as schema, c.relname as name, a.attname as column,
  pg_catalog.format('(%s)::%s', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
    pg_catalog.format_type(a.atttypid, a.atttypmod)) as expression
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attgenerated = 's' and a.attnum > 0 and not a.attisdropped and c.relkind = 'r' and c.relpersistence <> 't'
  and ${ofUser('c.relowner')} and ${notOfExtension('pg_class', 'c.oid')}
  and not exists (select from ${CLOSED_RELATIONS} l where l.relation = c.oid)
order by 1, 2, a.attnum`;

/** A row with a value of every type that is hashed in binary: equal hashes of it make those of rows comparable. */
export const PROBE_HASH = `
select ${hashOf(
	[
		'true',
		`'\\x00ff'::pg_catalog.bytea`,
		`'Twins'::pg_catalog.name`,
		'42::int2',
		'-42::int4',
		`'Twins'::pg_catalog.text`,
		'42::oid',
		`'08:00:2b:01:02:03'::pg_catalog.macaddr`,
		`'2026-11-21'::pg_catalog.date`,
		`'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::pg_catalog.uuid`,
		'pg_catalog.int8send((-42)::int8)',
		`pg_catalog.time_send('12:34:56.789')`,
		`pg_catalog.timetz_send('12:34:56.789+05:30')`,
		`pg_catalog.timestamp_send('2026-11-21 12:34:56.789')`,
		`pg_catalog.timestamptz_send('2026-11-21 12:34:56.789+00')`,
		`pg_catalog.interval_send('1 mon 2 days 03:04:05')`,
		`pg_catalog.numeric_send('-12345.6780')`,
		`pg_catalog.cash_send(42::pg_catalog.money)`,
		`pg_catalog.pg_lsn_send('16/B374D848')`,
		`pg_catalog.xid8send('42')`,
	],
	'record',
)}::pg_catalog.text as hash`;
