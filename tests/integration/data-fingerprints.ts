// What tests of rows compare: every table of the user as text, read by a plain query of its own.
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import type { Row } from '../../supabase/functions/_shared/platform/postgres/index.ts';

interface Database {
	readonly dbUrl: string;
}

/** Rows of the last statement of `text`. */
export async function sql(database: Database, text: string): Promise<Row[]> {
	const session = await connectUrl(database.dbUrl);
	try {
		return (await session.script(text)).at(-1) ?? [];
	} finally {
		await session.close();
	}
}

/** Table → number of rows and a digest of their text, independent of their order. */
export async function fingerprints(
	database: Database,
	where = `n.nspname !~ '^pg_'`,
): Promise<Record<string, unknown>> {
	const session = await connectUrl(database.dbUrl);
	try {
		await session.script(
			`set search_path to ''; set timezone to 'UTC'; set extra_float_digits to 3`,
		);
		const tables = await session.query<{ name: string; list: string | null }>(`
select c.oid::regclass::text as name,
  (select string_agg(format('%I', a.attname), ', ' order by a.attname) from pg_attribute a
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as list
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and ${where} and n.nspname not in ('information_schema', 'auth', 'storage', 'realtime',
  'net', 'vault', 'cron', 'extensions', 'supabase_functions', 'supabase_migrations', '_twins')
order by 1`);
		const found: Record<string, unknown> = {};
		for (const { name, list } of tables) {
			const [row] = await session.query(
				`select count(*) as rows, md5(string_agg(md5(row(${list ?? ''})::text), '' order by md5(row(${list ?? ''})::text))) as digest from only ${name}`,
			);
			found[name] = row;
		}
		return found;
	} finally {
		await session.close();
	}
}
