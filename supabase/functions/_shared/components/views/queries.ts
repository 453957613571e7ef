// SQL of the views component: which materialized views there are, in what order, and what they hold.
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';

export interface MaterializedView {
	readonly name: string;
	readonly populated: boolean;
	/** What it would hold if refreshed now: a query without a semicolon. */
	readonly query: string;
	/** Tables that it reads, itself or through other views, with their partitions: `schema.table`. */
	readonly tables: readonly string[];
}

/** Materialized views of the user; those that others read come first. Names and queries are qualified. */
export const MATERIALIZED_VIEWS = `
with recursive reads as (
  select distinct w.ev_class as reader, d.refobjid as read
  from pg_catalog.pg_depend d
  join pg_catalog.pg_rewrite w on w.oid = d.objid
  join pg_catalog.pg_class c on c.oid = d.refobjid
  where d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and c.relkind in ('v', 'm', 'r', 'p', 'f') and d.refobjid <> w.ev_class
), reach as (
  select oid as view, oid as relation from pg_catalog.pg_class where relkind = 'm'
  union
  select r.view, further.relation from reach r
  cross join lateral (
    select s.read from reads s where s.reader = r.relation
    union all
    select i.inhrelid from pg_catalog.pg_inherits i where i.inhparent = r.relation
  ) further (relation)
), depth as (
  select oid, 0 as level from pg_catalog.pg_class where relkind in ('v', 'm')
  union
  select r.reader, depth.level + 1 from depth join reads r on r.read = depth.oid
)
select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, c.relispopulated as populated,
  pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';') as query,
  (select coalesce(pg_catalog.jsonb_agg(distinct tn.nspname || '.' || t.relname), '[]')
    from reach r
    cross join lateral (
      select r.relation union select a.relid from pg_catalog.pg_partition_ancestors(r.relation) a
    ) whole (relation)
    join pg_catalog.pg_class t on t.oid = whole.relation
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
    where r.view = c.oid and t.relkind in ('r', 'p', 'f')) as tables
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'm' and ${ofUser('c.relowner')} and ${notOfExtension('pg_class', 'c.oid')}
order by (select pg_catalog.max(d.level) from depth d where d.oid = c.oid), 1`;

/** One text that is equal when the same rows come from `relation`, in whatever order. */
export const fingerprint = (relation: string): string => `
select pg_catalog.concat(pg_catalog.count(*), ' ',
  pg_catalog.sum(pg_catalog.hashtextextended(row(m.*)::pg_catalog.text, 0::pg_catalog.int8))) as checksum
from ${relation} m`;
