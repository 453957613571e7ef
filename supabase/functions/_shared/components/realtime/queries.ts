// SQL of the realtime component: publications and what is in them. Names come quoted and qualified from
// Postgres, to be put into statements as they are.
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';

/** The publication that Supabase Realtime reads. */
export const REALTIME = 'supabase_realtime';

/** The platform's own are left alone; the membership of supabase_realtime is the user's. */
const ofTheUser = `(p.pubname = '${REALTIME}' or (p.pubname <> 'supabase_realtime_messages_publication'
    and p.pubowner::pg_catalog.regrole::pg_catalog.text not in ('supabase_admin', 'supabase_etl_admin',
      'supabase_replication_admin')
    and ${notOfExtension('pg_publication', 'p.oid')}))`;

const columns = `(select pg_catalog.jsonb_agg(pg_catalog.quote_ident(a.attname) order by a.attname)
        from pg_catalog.pg_attribute a where a.attrelid = r.prrelid and a.attnum = any (r.prattrs))`;

/** Publications with their options and members. Columns by name: attribute numbers differ between equal tables. */
export const PUBLICATIONS = `
select pg_catalog.jsonb_build_object(
  'name', p.pubname, 'quoted', pg_catalog.quote_ident(p.pubname), 'all_tables', p.puballtables,
  'operations', pg_catalog.concat_ws(', ', case when p.pubinsert then 'insert' end,
    case when p.pubupdate then 'update' end,
    case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end),
  'via_root', p.pubviaroot, 'comment', pg_catalog.obj_description(p.oid, 'pg_publication'),
  'schemas', coalesce((select pg_catalog.jsonb_agg(pg_catalog.quote_ident(n.nspname) order by n.nspname)
    from pg_catalog.pg_publication_namespace s join pg_catalog.pg_namespace n on n.oid = s.pnnspid
    where s.pnpubid = p.oid), '[]'),
  'tables', coalesce((select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', pg_catalog.format('%I.%I', n.nspname, c.relname),
      'columns', case when r.prattrs is not null then ${columns} end,
      'filter', pg_catalog.pg_get_expr(r.prqual, r.prrelid)) order by n.nspname, c.relname)
    from pg_catalog.pg_publication_rel r
    join pg_catalog.pg_class c on c.oid = r.prrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where r.prpubid = p.oid), '[]')) as publication
from pg_catalog.pg_publication p
where ${ofTheUser}
order by p.pubname`;

/** Tables of the user that a publication of all tables holds. */
export const ALL_TABLES = `
select pg_catalog.format('%I.%I', n.nspname, c.relname) as name
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and c.relpersistence = 'p' and not c.relispartition
  and ${ofUser('c.relowner')} and ${notOfExtension('pg_class', 'c.oid')}
order by n.nspname, c.relname`;
