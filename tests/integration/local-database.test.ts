// What the databases of the local stack promise to everybody else: hosted rights, both ages, hosted refusals.
import type postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { cronPair, freshPair, type Pair } from '../helpers/clusters.ts';
import { connect, errorOf } from '../helpers/run-sql.ts';

describe('a local project', async () => {
	const pair: Pair = await freshPair();
	const sql = connect(pair.source.dbUrl);

	test('gives postgres the attributes of the hosted role', async () => {
		const [role] = await sql`
			select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication
			from pg_roles where rolname = current_user`;
		expect(role).toEqual({
			rolsuper: false,
			rolcreaterole: true,
			rolcreatedb: true,
			rolbypassrls: true,
			rolreplication: true,
		});
	});

	test('lets postgres put policies and triggers on managed tables', async () => {
		await sql.unsafe(`
			create policy "anyone may read" on storage.objects for select using (true);
			create policy "anyone may listen" on realtime.messages for select using (true);
			create function public.greet() returns trigger language plpgsql as 'begin return new; end';
			create trigger greet after insert on auth.users for each row execute function public.greet();
			drop trigger greet on auth.users;
			drop policy "anyone may read" on storage.objects;
			create table public.profiles (id uuid primary key references auth.users on delete cascade);`);
	});

	test('refuses postgres every other change of a managed schema', async () => {
		for (const statement of [
			'create table auth.mine (id int)',
			'alter table auth.users add column mine int',
			'alter table storage.objects disable row level security',
			'drop index storage.bname',
			'drop table storage.migrations',
			'create function storage.mine() returns int language sql as $$ select 1 $$',
		]) {
			expect(await errorOf(sql.unsafe(statement)), statement).toMatch(/^42501 /);
		}
	});

	test('lets postgres create the extensions of the hosted platform', async () => {
		await sql.unsafe(`
			create extension pg_trgm with schema extensions;
			create extension postgres_fdw with schema extensions;
			create extension moddatetime with schema extensions;
			create extension pg_net with schema extensions;
			create server elsewhere foreign data wrapper postgres_fdw;`);
		const rows = await sql`select net.http_get('http://127.0.0.1:1/', '{"a": "b c&é"}') as id`;
		expect(rows).toEqual([{ id: '1' }]);
		const [request] = await sql`select url from net.http_request_queue`;
		expect(request).toEqual({ url: 'http://127.0.0.1:1/?a=b%20c%26%C3%A9' });
	});

	test('lets postgres switch triggers and foreign keys off for a session', async () => {
		await sql`set session_replication_role = replica`;
		await sql`reset session_replication_role`;
	});

	test('keeps Vault secrets unreadable for the API roles, and encrypted', async () => {
		const [created] = await sql`select vault.create_secret('open sesame', 'door') as id`;
		const [secret] = await sql`select secret, decrypted_secret from vault.decrypted_secrets`;
		expect(secret?.['decrypted_secret']).toBe('open sesame');
		expect(secret?.['secret']).not.toContain('sesame');
		await sql`select vault.update_secret(${String(created?.['id'])}, 'changed')`;
		const [changed] = await sql`select name, decrypted_secret from vault.decrypted_secrets`;
		expect(changed).toEqual({ name: 'door', decrypted_secret: 'changed' });
		for (const role of ['anon', 'authenticated']) {
			const attempt = sql.begin(async (transaction) => {
				await transaction.unsafe(`set local role ${role}`);
				await transaction`select * from vault.decrypted_secrets`;
			});
			expect(await errorOf(attempt)).toMatch(/^42501 /);
		}
		expect(await errorOf(sql`select vault._root_key()`)).toMatch(/^42501 /);
	});

	test('has another Vault key in the other project', async () => {
		const target = connect(pair.target.adminUrl);
		const admin = connect(pair.source.adminUrl);
		const keyOf = async (database: postgres.Sql) =>
			(await database`select vault._root_key() as key`)[0];
		expect(await keyOf(target)).not.toEqual(await keyOf(admin));
	});

	test('grants new tables to the API roles only on the older project', async () => {
		const grantees = async (url: string) => {
			const database = connect(url);
			await database`create table public.fresh (id int)`;
			const rows = await database`
				select distinct grantee from information_schema.role_table_grants
				where table_name = 'fresh' and grantee <> 'postgres' order by 1`;
			return rows.map((row) => String(row['grantee']));
		};
		expect(await grantees(pair.source.dbUrl)).toEqual([]);
		expect(await grantees(pair.target.dbUrl)).toEqual(['anon', 'authenticated', 'service_role']);
	});

	test('stops rows of storage.objects from being deleted by hand', async () => {
		expect(await errorOf(sql`delete from storage.objects`)).toMatch(/^42501 Direct deletion/);
		await sql.begin(async (transaction) => {
			await transaction`set local storage.allow_delete_query = 'true'`;
			await transaction`delete from storage.objects`;
		});
	});

	test('stores a broadcast with its topic and an id', async () => {
		await sql`select realtime.send('{"a": 1}', 'changed', 'job:1')`;
		const rows =
			await sql`select topic, event, private, payload - 'id' as payload from realtime.messages`;
		expect(rows).toEqual([{ topic: 'job:1', event: 'changed', private: true, payload: { a: 1 } }]);
	});
});

describe('a cluster of a test file’s own', async () => {
	const pair = await cronPair();

	test('has pg_cron, with its tables out of reach', async () => {
		const sql = connect(pair.source.dbUrl);
		await sql`create extension pg_cron`;
		await sql`select cron.schedule('nightly', '0 3 * * *', 'select 1')`;
		await sql`select cron.alter_job(1, active := false)`;
		const jobs = await sql`select jobname, username, active from cron.job`;
		expect(jobs).toEqual([{ jobname: 'nightly', username: 'postgres', active: false }]);
		expect(await errorOf(sql`delete from cron.job`)).toMatch(/^42501 /);
	});
});
