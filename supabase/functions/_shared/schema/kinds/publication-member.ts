// Tables in publications, with column lists and row filters, as far as they block other changes: Postgres changes
// or drops no column that one of them names, and takes a table that is dropped out of them. They go and come back with
// what they name; to make them like the source's is the component realtime's.
import type { Kind } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension } from '../../platform/supabase/managed-schemas.ts';
import { RELATION, userTable } from './table-sql.ts';

export const publicationMemberKind: Kind = {
	name: 'publication_member',
	component: 'realtime',
	stage: 'policies',
	read: `
select d.identity, d.object, array[${address('pg_publication_rel', 'd.oid')}] as addresses, d.parent,
  pg_catalog.jsonb_build_object('columns', d.columns, 'filter', d.filter) as definition,
  array[pg_catalog.format('alter publication %I add table only %s%s%s', d.pubname, d.relation,
    ' (' || d.columns || ')', ' where (' || d.filter || ')')] as create,
  pg_catalog.format('alter publication %I drop table only %s', d.pubname, d.relation) as drop
from (
  select r.oid, p.pubname, ${RELATION} as relation, pg_catalog.format('%I.%s', p.pubname, ${RELATION}) as identity,
    pg_catalog.format('%s in publication %I', ${RELATION}, p.pubname) as object, 'table:' || ${RELATION} as parent,
    (select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum)
      from pg_catalog.pg_attribute a
      where a.attrelid = r.prrelid and a.attnum = any (r.prattrs)) as columns,
    pg_catalog.pg_get_expr(r.prqual, r.prrelid) as filter
  from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid
  join pg_catalog.pg_class c on c.oid = r.prrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where ${userTable()} and ${notOfExtension('pg_publication', 'p.oid')}
) d`,
	ways: { columns: 'replace', filter: 'replace' },
};
