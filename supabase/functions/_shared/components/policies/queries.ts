// SQL of the policies component, beyond what the schema engine reads.

/** Roles that policies of the database name. */
export const POLICY_ROLES = `
select distinct r.rolname as role
from pg_catalog.pg_policy p
cross join lateral pg_catalog.unnest(p.polroles) as o (oid)
join pg_catalog.pg_roles r on r.oid = o.oid
order by 1`;

/** All roles of the cluster. */
export const ROLES = `select rolname as role from pg_catalog.pg_roles order by 1`;

/** User tables without row level security, which the API's roles may read. */
export const OPEN_TABLES = `
select pg_catalog.format('%I.%I', n.nspname, c.relname) as name
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relrowsecurity and n.nspname = 'public'
  and pg_catalog.has_table_privilege('anon', c.oid, 'select')
order by 1
limit 100`;
