// The measure of cloned rows: every table of the user, read by plain SQL as text. Shares nothing with the product.
import postgres from 'postgres';
import { ident } from '../../supabase/functions/_shared/platform/postgres/index.ts';
import type { ClusterUrls } from './clusters.ts';

interface TableColumns {
	readonly schema: string;
	readonly name: string;
	readonly columns: readonly string[];
}

const TABLES = `
select n.nspname as schema, c.relname as name,
  (select coalesce(json_agg(a.attname order by a.attname), '[]') from pg_catalog.pg_attribute a
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'auth', 'storage',
  'realtime', 'net', 'vault', 'cron', 'supabase_functions', 'supabase_migrations', '_twins')
order by 1, 2`;

/** SQL of the number of rows and a digest of them, whatever their order, columns taken by name. */
export const rowSum = ({ schema, name, columns }: TableColumns): string => {
	const values = [...columns]
		.sort()
		.map((column) => `pg_catalog.quote_nullable(${ident(column)}::text)`);
	const row = values.length === 0 ? `''` : `pg_catalog.concat_ws('|', ${values.join(', ')})`;
	return `select pg_catalog.count(*) || ' ' || coalesce(pg_catalog.md5(pg_catalog.string_agg(
  pg_catalog.md5(${row}), '' order by pg_catalog.md5(${row}))), '') as sum from only ${ident(schema)}.${ident(name)}`;
};

/** `schema.table` → rows and digest, of ordinary tables and partitions. */
export async function rowSums({ adminUrl }: ClusterUrls): Promise<Map<string, string>> {
	const sql = postgres(adminUrl, { max: 1, onnotice: () => undefined });
	try {
		await sql.unsafe(`set search_path = ''; set timezone = 'UTC'`);
		const sums = new Map<string, string>();
		for (const table of await sql.unsafe<TableColumns[]>(TABLES)) {
			const [row] = await sql
				.unsafe<{ sum: string }[]>(rowSum(table))
				.catch((error: unknown) => [
					{ sum: `unreadable: ${error instanceof Error ? error.message : String(error)}` },
				]);
			sums.set(`${table.schema}.${table.name}`, row?.sum ?? '');
		}
		return sums;
	} finally {
		await sql.end();
	}
}
