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
