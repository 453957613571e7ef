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

/** Schema of our own ledger on a target; removed when the job ends. */
export const LEDGER_SCHEMA = '_twins';

const quoted = MANAGED_SCHEMAS.map((name) => `'${name}'`).join(', ');

/** SQL condition: the schema named by `column` (a name, e.g. `n.nspname`) is the user's. */
export const userSchema = (column: string): string =>
	`(${column} not in (${quoted}, 'information_schema') and ${column} !~ '^pg_')`;

/** SQL condition: the object is no member of an extension. */
export const notOfExtension = (catalog: string, oid: string): string =>
	`not exists (select from pg_catalog.pg_depend e where e.classid = '${catalog}'::pg_catalog.regclass and e.objid = ${oid} and e.deptype = 'e')`;

/** Catalogs whose rows can be the address of a fact, with their fixed oids. */
const CATALOGS = {
	pg_am: 2601,
	pg_attrdef: 2604,
	pg_authid: 1260,
	pg_cast: 2605,
	pg_class: 1259,
	pg_collation: 3456,
	pg_constraint: 2606,
	pg_conversion: 2607,
	pg_default_acl: 826,
	pg_event_trigger: 3466,
	pg_extension: 3079,
	pg_foreign_data_wrapper: 2328,
	pg_foreign_server: 1417,
	pg_language: 2612,
	pg_namespace: 2615,
	pg_opclass: 2616,
	pg_operator: 2617,
	pg_opfamily: 2753,
	pg_policy: 3256,
	pg_proc: 1255,
	pg_publication: 6104,
	pg_publication_rel: 6106,
	pg_rewrite: 2618,
	pg_statistic_ext: 3381,
	pg_transform: 3576,
	pg_trigger: 2620,
	pg_ts_config: 3602,
	pg_ts_dict: 3600,
	pg_ts_parser: 3601,
	pg_ts_template: 3764,
	pg_type: 1247,
	pg_user_mapping: 1418,
} as const;
export type Catalog = keyof typeof CATALOGS;

/** SQL expression: the address `classid/objid/objsubid` of a catalog row, as FactRow.addresses wants it. */
export const address = (catalog: Catalog, oid: string, sub: string = '0'): string =>
	`'${CATALOGS[catalog]}/' || ${oid} || '/' || ${sub}`;

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
	`(${column} in (${PLATFORM_ROLES.map((name) => `'${name}'`).join(', ')}) or ${column} ~ '^(pg_|supabase_|cli_login_)')`;
