// The queries of the preview: what the tables hold and what the target could not take.
import { CLOSED_RELATIONS } from '../../platform/locks.ts';
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';

/**
 * Per table: its size (an estimate where it is locked), its columns and the number of rows the statistics estimate (null:
 * never analysed).
 */
export const TABLE_SIZES = `
select pg_catalog.format('%I.%I', n.nspname, c.relname) as table_name,
  (select pg_catalog.count(*) from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)::pg_catalog.int4 as columns,
  case when c.reltuples < 0 then null else c.reltuples::pg_catalog.float8 end as rows,
  case when exists (select from ${CLOSED_RELATIONS} l where l.relation = c.oid)
    then c.relpages * pg_catalog.current_setting('block_size')::pg_catalog.float8
    else pg_catalog.pg_table_size(c.oid)::pg_catalog.float8 end as bytes
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and ${ofUser('c.relowner')} and ${notOfExtension('pg_class', 'c.oid')}
order by 1`;

export const EXTENSIONS = `
select e.extname as name, e.extversion as version from pg_catalog.pg_extension e order by 1`;

export const AVAILABLE_EXTENSIONS = `
select a.name::pg_catalog.text as name, coalesce(a.installed_version, a.default_version) as version
from pg_catalog.pg_available_extensions a order by 1`;
