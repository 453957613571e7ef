// The sample shop must be what the demonstration promises, and the same wherever it is seeded.
import postgres from 'postgres';
import { beforeAll, expect, test } from 'vitest';
import { ENABLE_WEBHOOKS } from '../../local/supabase/postgres/webhooks.ts';
import { createSampleDatabase } from '../../local/demo/sample/database.ts';
import { cronPair, type ClusterUrls } from '../helpers/clusters.ts';

const SHOP = ['public', 'inventory', 'analytics', 'Support Desk'];

const databases: postgres.Sql[] = [];

async function seed(urls: ClusterUrls): Promise<void> {
	const admin = postgres(urls.adminUrl, { max: 1, onnotice: () => undefined });
	await admin.unsafe(ENABLE_WEBHOOKS);
	await admin.end();
	const project = {
		ref: 'abcdefghijklmnopqrst',
		url: 'https://abcdefghijklmnopqrst.supabase.co',
		secret_key: 'sb_secret_test',
		db_url: urls.dbUrl,
	};
	await createSampleDatabase(project);
	await createSampleDatabase(project);
	databases.push(postgres(urls.dbUrl, { max: 1, onnotice: () => undefined }));
}

beforeAll(async () => {
	const pair = await cronPair();
	await Promise.all([seed(pair.source), seed(pair.target)]);
	return async () => {
		for (const database of databases) await database.end();
	};
});

/** Rows and a checksum of the rows of every table that holds any, by name. */
async function contents(database: postgres.Sql): Promise<Map<string, string>> {
	const tables = await database<{ name: string }[]>`
		select format('%I.%I', n.nspname, c.relname) as name
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind = 'r' and n.nspname in ${database(SHOP)} order by 1`;
	const found = new Map<string, string>();
	for (const { name } of tables) {
		const [row] = await database.unsafe<{ sum: string }[]>(
			`select count(*) || ' rows, ' || coalesce(sum(hashtextextended(t::text, 0)), 0) as sum from only ${name} t`,
		);
		found.set(name, row?.sum ?? '');
	}
	return found;
}

test('holds more than 25 tables and 200 000 rows', async () => {
	const [database] = databases;
	if (database === undefined) throw new Error('not seeded');
	const tables = await contents(database);
	const rows = [...tables.values()].reduce((sum, text) => sum + Number.parseInt(text, 10), 0);
	expect(tables.size).toBeGreaterThan(25);
	expect(rows).toBeGreaterThan(200_000);
	const [users] = await database`select count(*)::int as count from auth.users`;
	expect(users).toEqual({ count: 320 });
});

test('is the same at every seeding, and a second seeding changes nothing', async () => {
	const [one, other] = await Promise.all(databases.map(contents));
	expect(one).toEqual(other);
});
