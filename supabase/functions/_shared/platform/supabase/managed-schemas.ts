// What belongs to the user and what to the platform or an extension. Every catalog query uses these
// fragments, so that the line is drawn once.

/** Schemas that the platform makes and keeps (the vendor's own list, see docs/COVERAGE.md). */
export const MANAGED_SCHEMAS = [
	'_analytics',
	'_realtime',
	'_supavisor',
	'auth',
	'cron',
	'etl',
	'extensions',
	'graphql',
	'graphql_public',
	'net',
	'pgbouncer',
	'pgmq',
	'pgmq_public',
	'pgsodium',
	'pgsodium_masks',
	'pgtle',
	'realtime',
	'storage',
	'supabase_functions',
	'supabase_migrations',
	'vault',
	'_twins',
] as const;

/** The one schema of the platform in which postgres may make what it likes. */
const OPEN_SCHEMA = 'extensions';

/** Names among those above that a user may take where the platform or an extension has not. */
const TAKEN_BY_USERS = [
	'_analytics',
	'_realtime',
	'_supavisor',
	'cron',
	'etl',
	'graphql',
	'net',
	'pgmq',
	'pgsodium',
	'pgsodium_masks',
	'pgtle',
];

/** Helpers that older projects have as postgres's own functions, although the platform made them. */
const PLATFORM_FUNCTIONS = [
	'grant_pg_cron_access',
	'grant_pg_graphql_access',
	'grant_pg_net_access',
	'pgrst_ddl_watch',
	'pgrst_drop_watch',
	'set_graphql_placeholder',
];

const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** Roles that every project has; reserved, or the platform's own. */
const PLATFORM_ROLES = [
	'anon',
	'authenticated',
	'authenticator',
	'cli_login_postgres',
	'dashboard_user',
	'pgbouncer',
	'pgsodium_keyholder',
	'pgsodium_keyiduser',
	'pgsodium_keymaker',
	'pgtle_admin',
	'postgres',
	'service_role',
] as const;

/** SQL condition: the role named by `column` is the platform's or built in. */
export const platformRole = (column: string): string =>
	`(${column} in (${list(PLATFORM_ROLES)}) or ${column} ~ '^(pg_|supabase_|cli_login_)')`;

/** SQL condition: the owner (an oid) is postgres or a role of the user. */
export const userOwns = (owner: string): string =>
	`${owner} in (select u.oid from pg_catalog.pg_roles u where u.rolname = 'postgres' or not ${platformRole('u.rolname')})`;

/**
 * SQL condition: the schema named by `column` (a name beside its owner and oid, e.g. `n.nspname`) is the user's. Some
 * names of the platform are the user's where postgres owns the schema and no extension lives there.
 */
export function userSchema(column: string): string {
	const [schema = ''] = column.split('.');
	return `(${column} !~ '^pg_' and (${column} not in (${list(MANAGED_SCHEMAS)}, 'information_schema')
    or (${column} in (${list(TAKEN_BY_USERS)}) and ${userOwns(`${schema}.nspowner`)}
      and ${notOfExtension('pg_namespace', `${schema}.oid`)}
      and not exists (select from pg_catalog.pg_extension x where x.extnamespace = ${schema}.oid))))`;
}

/** SQL condition: an object with that owner in the schema `n` is the user's: the schema is, or it is open to users. */
export const ofUser = (owner: string, schema = 'n'): string =>
	`(${userSchema(`${schema}.nspname`)} or (${schema}.nspname = '${OPEN_SCHEMA}' and ${userOwns(owner)}))`;

/** The same of a function; in the open schema some are postgres's that the platform made. */
export const routineOfUser = (routine: string, schema = 'n'): string =>
	`(${ofUser(`${routine}.proowner`, schema)} and (${schema}.nspname <> '${OPEN_SCHEMA}' or ${routine}.proname not in (${list(PLATFORM_FUNCTIONS)})))`;

/** SQL condition: the object is no member of an extension. */
export const notOfExtension = (catalog: string, oid: string): string =>
	`not exists (select from pg_catalog.pg_depend e
    where e.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and e.objid = ${oid} and e.deptype = 'e')`;
