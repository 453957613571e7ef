// What `postgres` may and may not do on the local stack, and who owns what: as on a hosted project, where supautils
// and the platform's migrations decide it.
import type postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { cronPair, freshPair, hasNewerPostgres, newerTargets } from '../helpers/clusters.ts';
import { connect, errorOf } from '../helpers/run-sql.ts';

/** Undoes what it ran, so that statements do not depend on each other. */
const tried = (sql: postgres.Sql, statement: string): Promise<string> =>
	errorOf(sql.unsafe(`begin; ${statement}`).simple()).finally(() => sql.unsafe('rollback'));

const ALLOWED = [
	'create policy p on auth.users for select using (true)',
	'create policy p on auth.mfa_factors using (false); alter policy p on auth.mfa_factors using (true)',
	'create policy p on storage.objects using (true); drop policy p on storage.objects',
	'create policy p on storage.buckets using (true)',
	'create policy p on storage.s3_multipart_uploads using (true)',
	'create policy p on realtime.messages using (true)',
	`do $$ begin execute format('create policy p on %I.%I using (true)', 'storage', 'objects'); end $$`,
	'create trigger t after insert on auth.users for each row execute function public.note()',
	'create trigger t after insert on auth.users for each row execute function public.note(); drop trigger t on auth.users',
	'create trigger t after insert on storage.objects for each row execute function public.note()',
	'drop trigger protect_objects_delete on storage.objects',
	'set local session_replication_role = replica; create policy p on storage.objects using (true)',
	'create table public.profile (id uuid primary key references auth.users on delete cascade)',
	'create table public.file (id uuid references storage.objects)',
	"insert into auth.users (id, email) values (gen_random_uuid(), 'a@b.test'); delete from auth.users",
	"insert into storage.buckets (id, name) values ('a', 'a'); update storage.buckets set public = true",
	"insert into realtime.messages (topic, extension) values ('a', 'broadcast')",
	'grant select on auth.users to pg_monitor',
	'grant all on storage.objects to pg_monitor',
	'select * from auth.schema_migrations; select * from storage.migrations',
	"select vault.create_secret('a', 'b')",
	'create table extensions.mine (id int)',
];

const REFUSED = [
	'alter table auth.users disable trigger all',
	'create trigger t after insert on auth.users for each row execute function public.note(); alter table auth.users disable trigger t',
	'create trigger t after insert on auth.users for each row execute function public.note(); alter trigger t on auth.users rename to u',
	'create trigger t after insert on auth.schema_migrations execute function public.note()',
	'create trigger t after insert on storage.vector_indexes execute function public.note()',
	'create trigger t after insert on storage.migrations execute function public.note()',
	'create policy p on auth.schema_migrations using (true)',
	'create policy p on auth.oauth_consents using (true)',
	'create policy p on storage.migrations using (true)',
	'create policy p on storage.buckets_vectors using (true)',
	'create policy p on realtime.schema_migrations using (true)',
	"create policy p on storage.objects using (true); comment on policy p on storage.objects is 'mine'",
	"comment on table auth.users is 'mine'",
	'alter table storage.objects enable row level security',
	'alter table storage.objects owner to postgres',
	'alter table realtime.messages add column mine int',
	'alter table auth.users replica identity full',
	'create index on auth.users (phone)',
	'create statistics public.mine on email, phone from auth.users',
	'create rule mine as on insert to auth.users do also select 1',
	'create table public.child () inherits (auth.users)',
	"create table public.part partition of realtime.messages for values from ('2020-01-01') to ('2020-01-02')",
	'alter publication supabase_realtime add table auth.users',
	'create table auth.mine (id int)',
	'create view storage.mine as select 1',
	'create type realtime.mine as enum ()',
	'create function auth.mine() returns int language sql return 1',
	'create or replace function auth.uid() returns uuid language sql stable return null::uuid',
	'drop function storage.foldername(text)',
	'drop table realtime.subscription',
	"insert into auth.schema_migrations values ('1')",
	"insert into storage.migrations values (1, 'a', 'b')",
	'insert into realtime.schema_migrations values (1)',
	'select * from vault.secrets for update',
	"insert into vault.secrets (secret) values ('a')",
	'set role supabase_auth_admin',
	'set role supabase_storage_admin',
	'set role supabase_realtime_admin',
	'set role supabase_admin',
	'alter default privileges for role supabase_auth_admin in schema auth grant all on tables to anon',
	'create function public.mine() returns int language sql return 1; alter function public.mine() owner to supabase_admin',
	'create schema mine authorization supabase_storage_admin',
	'alter role postgres superuser',
	'alter role supabase_admin set statement_timeout = 0',
	'alter role postgres set zero_damaged_pages = on',
	"alter role postgres set session_preload_libraries = 'auto_explain'",
	"alter role authenticator set app.settings.jwt_secret = 'a'",
	"copy (select 1) to program 'cat'",
	"copy (select 1) to '/tmp/local-privileges'",
];

const SETTINGS = [
	"alter role authenticator set pgrst.db_aggregates_enabled = 'true'",
	"alter role authenticator set pgrst.db_pre_request = 'public.check_request'",
	"alter role authenticator set pgrst.db_schemas = 'public, api'; alter role authenticator reset pgrst.db_schemas",
	"alter role anon set statement_timeout = '4s'",
	"alter role authenticated set pgrst.db_max_rows = '10'",
	"alter role postgres set pgaudit.log = 'ddl'",
	"alter role postgres set auto_explain.log_min_duration = '5s'",
	"alter role postgres set log_min_duration_statement = '250ms'; alter role postgres set log_statement = 'none'",
	"alter role postgres set pg_stat_statements.track = 'all'",
	"alter role postgres set pg_net.batch_size = '100'",
	"alter role postgres set safeupdate.enabled = '1'; alter role postgres set plan_filter.statement_cost_limit = '1e9'",
	'alter role postgres set session_replication_role = replica',
	'alter role postgres set deadlock_timeout = 500',
	"set local log_min_messages = 'error'; set local track_io_timing = on; set local log_lock_waits = on",
];

/** The tables are as a record of a hosted project has them; so are the functions and types of auth and storage. */
const OWNERS = `
	select x.schema, x.owner, array_agg(distinct x.kind order by x.kind) as kinds
	from (
		select relnamespace::regnamespace::text as schema, 'relation' as kind, relowner::regrole::text as owner
		from pg_class where relkind in ('r', 'p', 'v', 'S')
		union all
		select pronamespace::regnamespace::text, 'function', proowner::regrole::text
		from pg_proc where proname not like '\\_local%'
		union all
		select typnamespace::regnamespace::text, 'type', typowner::regrole::text from pg_type where typtype = 'e'
		union all
		select nspname, 'schema', nspowner::regrole::text from pg_namespace
	) as x
	where x.schema in ('auth', 'storage', 'realtime', 'vault', 'extensions')
	group by 1, 2 order by 1, 2`;

const OWNED = [
	{ schema: 'auth', owner: 'supabase_admin', kinds: ['schema'] },
	{ schema: 'auth', owner: 'supabase_auth_admin', kinds: ['function', 'relation', 'type'] },
	{ schema: 'extensions', owner: 'postgres', kinds: ['schema'] },
	{ schema: 'extensions', owner: 'supabase_admin', kinds: ['function', 'relation'] },
	{ schema: 'realtime', owner: 'supabase_admin', kinds: ['schema'] },
	{ schema: 'realtime', owner: 'supabase_realtime_admin', kinds: ['function', 'relation', 'type'] },
	{ schema: 'storage', owner: 'supabase_admin', kinds: ['schema'] },
	{ schema: 'storage', owner: 'supabase_storage_admin', kinds: ['function', 'relation', 'type'] },
	{ schema: 'vault', owner: 'supabase_admin', kinds: ['function', 'relation', 'schema'] },
];

async function prepared(url: string): Promise<postgres.Sql> {
	const sql = connect(url);
	await sql`create function public.note() returns trigger language plpgsql as 'begin return null; end'`;
	return sql;
}

describe('role postgres', async () => {
	const pair = await freshPair();
	const sql = await prepared(pair.source.dbUrl);

	test.each(ALLOWED)('may: %s', async (statement) => {
		expect(await tried(sql, statement)).toBe('no error');
	});

	test.each(REFUSED)('may not: %s', async (statement) => {
		expect(await tried(sql, statement)).toMatch(/^42501 /);
	});

	test('may change the settings that the platform leaves to it', async () => {
		for (const statement of SETTINGS) {
			expect(await tried(sql, statement), statement).toBe('no error');
		}
	});

	test('finds the owners of managed objects as they were, and as hosted', async () => {
		expect(await sql.unsafe(OWNERS)).toEqual(OWNED);
	});

	test('is no member of the roles that own them', async () => {
		const members = await sql`
			select rolname from pg_roles
			where pg_has_role('postgres', oid, 'member') and rolname ~ '^supabase_.*admin$' order by 1`;
		expect(members.map((row) => String(row['rolname']))).toEqual(['supabase_functions_admin']);
	});

	test('gives a policy the same rights from the temporary login role', async () => {
		const login = connect(pair.source.adminUrl);
		await login.unsafe('set session authorization cli_login_postgres; set role postgres').simple();
		expect(await tried(login, 'create policy p on storage.objects using (true)')).toBe('no error');
		await login.unsafe('reset session authorization');
	});

	test('does not wait for another policy of another table', async () => {
		const other = connect(pair.source.dbUrl);
		await sql.begin(async (transaction) => {
			await transaction.unsafe('create policy p on storage.objects using (true)');
			await other.unsafe('set lock_timeout = 100');
			const elsewhere = 'create policy p on storage.buckets using (true)';
			expect(await tried(other, elsewhere)).toBe('no error');
			await transaction.unsafe('drop policy p on storage.objects');
		});
	});
});

describe.runIf(hasNewerPostgres)('role postgres on Postgres 17', async () => {
	const sql = hasNewerPostgres
		? await prepared((await (await newerTargets())()).target.dbUrl)
		: null;

	test('may and may not do the same', async () => {
		if (sql === null) return;
		for (const statement of [...ALLOWED, ...SETTINGS]) {
			expect(await tried(sql, statement), statement).toBe('no error');
		}
		for (const statement of REFUSED) {
			expect(await tried(sql, statement), statement).toMatch(/^42501 /);
		}
		expect(await sql.unsafe(OWNERS)).toEqual(OWNED);
	}, 60_000);
});

describe('pg_cron', async () => {
	const pair = await cronPair();
	const sql = connect(pair.source.dbUrl);

	test.each(['', 'with schema pg_catalog', 'schema extensions', 'with schema public'])(
		'lands in pg_catalog: create extension pg_cron %s',
		async (where) => {
			const rows = await sql
				.begin(async (transaction) => {
					await transaction.unsafe(`create extension pg_cron ${where}`);
					await transaction.unsafe("select cron.schedule('keep', '0 3 * * *', 'select 1')");
					await transaction.unsafe('drop schema public cascade; create schema public').simple();
					const found = await transaction`
					select extnamespace::regnamespace::text as schema, extowner::regrole::text as owner,
						to_regclass('cron.job')::text as jobs,
						(select count(*)::int from cron.job) as kept
					from pg_extension where extname = 'pg_cron'`;
					throw Object.assign(new Error('undo'), { found: [...found] });
				})
				.catch((error: { found?: unknown; message: string }) => error.found ?? error.message);
			expect(rows).toEqual([
				{ schema: 'pg_catalog', owner: 'supabase_admin', jobs: 'cron.job', kept: 1 },
			]);
		},
	);

	test('runs jobs every few seconds, as their user, beside jobs by the minute', async () => {
		await sql.unsafe(`
			create extension pg_cron;
			create table public.beat (at timestamptz default clock_timestamp(), who text default current_user);
			select cron.schedule('minutely', '* * * * *', 'select 1');
			select cron.schedule('fast', '1 seconds', 'insert into public.beat default values');
			select cron.schedule('fast', '2 SECOND', 'insert into public.beat default values');
			select cron.schedule('59 seconds', 'select 1');
			select cron.schedule_in_database('broken', '1 second', 'select 1 / 0', 'postgres');`);
		const jobs = await sql`select jobname, schedule, username, active from cron.job order by jobid`;
		expect([...jobs]).toEqual([
			{ jobname: 'minutely', schedule: '* * * * *', username: 'postgres', active: true },
			{ jobname: 'fast', schedule: '2 SECOND', username: 'postgres', active: true },
			{ jobname: null, schedule: '59 seconds', username: 'postgres', active: true },
			{ jobname: 'broken', schedule: '1 second', username: 'postgres', active: true },
		]);
		for (const schedule of ['0 seconds', '60 seconds', '5 minutes', 'seconds', '1 seconds 2']) {
			expect(await tried(sql, `select cron.schedule('bad', '${schedule}', 'select 1')`)).toMatch(
				/invalid schedule/,
			);
		}
		const [version] = await sql`select extversion from pg_extension where extname = 'pg_cron'`;
		expect(version?.['extversion']).toBe('1.6');

		await expect
			.poll(async () => (await sql`select from beat`).length, { timeout: 30_000 })
			.toBeGreaterThan(1);
		expect([...(await sql`select distinct who from beat`)]).toEqual([{ who: 'postgres' }]);
		await sql`
			select cron.alter_job(jobid, schedule := '1 second', active := false) from cron.job where jobname = 'fast'`;
		const details = await sql`
			select distinct status, return_message from cron.job_run_details d join cron.job j using (jobid)
			where j.jobname in ('fast', 'broken') and status <> 'running' order by 1`;
		expect([...details]).toEqual([
			{ status: 'failed', return_message: 'ERROR: division by zero' },
			{ status: 'succeeded', return_message: 'INSERT' },
		]);
		await sql`select cron.alter_job(jobid, schedule := '*/5 * * * *') from cron.job where jobname = 'broken'`;
		expect([
			...(await sql`select schedule, active from cron.job where jobname in ('fast', 'broken') order by jobid`),
		]).toEqual([
			{ schedule: '1 second', active: false },
			{ schedule: '*/5 * * * *', active: true },
		]);
		await expect
			.poll(
				() => sql`
					select status from cron.job_run_details d join cron.job j using (jobid)
					where j.jobname = 'minutely' limit 1`,
				{ timeout: 100_000 },
			)
			.toEqual([{ status: 'succeeded' }]);
	}, 150_000);
});
