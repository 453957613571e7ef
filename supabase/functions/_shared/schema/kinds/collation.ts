// Collations of the user. Their version is the server's and never copied.
import type { Kind } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';
import { anyIn } from './text.ts';

// The locale's column has changed its name twice since Postgres 14, hence the row as JSON.
export const collationKind: Kind = {
	name: 'collation',
	mayExist: anyIn('pg_collation'),
	component: 'tables',
	stage: 'structure',
	read: `
select d.name as identity, 'collation ' || d.name as object, array[${address('pg_collation', 'd.oid')}] as addresses,
  pg_catalog.format('schema:%I', d.nspname) as parent,
  pg_catalog.jsonb_build_object('options', d.options) as definition,
  array[pg_catalog.format('create collation %s (%s)', d.name, d.options)] as create,
  pg_catalog.format('drop collation %s', d.name) as drop
from (
  select c.oid, n.nspname, pg_catalog.format('%I.%I', n.nspname, c.collname) as name, pg_catalog.concat_ws(', ',
    'provider = ' || case c.collprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end,
    case when c.collprovider = 'c' then
      case when c.collcollate = c.collctype then 'locale = ' || pg_catalog.quote_literal(c.collcollate)
        else pg_catalog.format('lc_collate = %L, lc_ctype = %L', c.collcollate, c.collctype) end
      else 'locale = ' || pg_catalog.quote_literal(coalesce(j.row ->> 'colllocale', j.row ->> 'colliculocale',
        c.collcollate)) end,
    'rules = ' || pg_catalog.quote_literal(j.row ->> 'collicurules'),
    case when not c.collisdeterministic then 'deterministic = false' end) as options
  from pg_catalog.pg_collation c join pg_catalog.pg_namespace n on n.oid = c.collnamespace
  cross join lateral (select pg_catalog.to_jsonb(c) as row) j
  where ${ofUser('c.collowner')} and ${notOfExtension('pg_collation', 'c.oid')}
) d`,
	ways: { options: 'replace' },
};
