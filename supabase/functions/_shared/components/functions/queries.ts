// SQL of the functions component, beyond what the schema engine reads.
import { notOfExtension } from '../../schema/scope.ts';

/** Functions that a user made in a schema of the platform while that was allowed: nobody can make them there now. */
export const IN_MANAGED_SCHEMAS = `
select pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes)) as name
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('auth', 'storage', 'realtime') and p.proowner = 'postgres'::pg_catalog.regrole
  and ${notOfExtension('pg_proc', 'p.oid')}
order by 1`;
