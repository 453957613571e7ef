// Users and the rows that point to them: whoever signs up meanwhile, signs up again, or is left out. Judged by plain
// SQL and by signing in at the local Auth service.
import { createClient } from '@supabase/supabase-js';
import bcrypt from 'bcryptjs';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAuth } from '../../local/supabase/gateway/auth.ts';
import type { LocalProject } from '../../local/supabase/project.ts';
import { authUsers } from '../../supabase/functions/_shared/components/auth-users/index.ts';
import type { Component } from '../../supabase/functions/_shared/contract/component.ts';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { cloneInProcess, type TestClone, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { openGateway } from '../helpers/gateway.ts';
import { runOn } from '../helpers/run-sql.ts';

let pair: Pair;
let source: postgres.Sql;
let target: postgres.Sql;
let project: LocalProject;

beforeAll(async () => {
	pair = await freshPair();
	const connect = (url: string) => postgres(url, { max: 1, onnotice: () => undefined });
	source = connect(pair.source.adminUrl);
	target = connect(pair.target.adminUrl);
	project = await openGateway(pair.target, { auth: createAuth });
});
afterEach(async () => {
	for (const sql of [source, target]) {
		await sql.unsafe(`drop schema if exists app, theirs cascade; truncate auth.users cascade`);
	}
});
afterAll(() => Promise.all([source.end(), target.end()]));

const components = [tables, authUsers, data];
const clone = (more: Partial<TestClone> = {}) => cloneInProcess({ ...pair, components, ...more });
const verify = (component: Component, mode: 'structure' | 'counts' | 'checksums' = 'checksums') =>
	verifyInProcess(pair, component, mode);

// Of this file's own, so that no other file's memory of a target concerns them.
const id = (n: number): string => `aaaaaaaa-0000-4000-8000-${String(n).padStart(12, '0')}`;

async function user(sql: postgres.Sql, n: number, email: string, password = 'pw'): Promise<string> {
	await sql`insert into auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
			raw_app_meta_data, created_at)
		values ('00000000-0000-0000-0000-000000000000', ${id(n)}, 'authenticated', 'authenticated', ${email},
			${await bcrypt.hash(password, 4)}, now(), '{}', now())`;
	return id(n);
}
const identity = (sql: postgres.Sql, n: number, of: string, subject: string) =>
	sql`insert into auth.identities (id, provider_id, user_id, identity_data, provider)
		values (${id(n)}, ${subject}, ${of}, ${sql.json({ sub: subject })}, 'google')`;
const idsOf = async (sql: postgres.Sql, table: string) =>
	(await sql.unsafe(`select id from auth.${table} order by id`)).map((row) => String(row['id']));

async function signIn(email: string, password: string): Promise<string | undefined> {
	const client = createClient(project.url, project.publishableKey, {
		auth: { persistSession: false, autoRefreshToken: false },
	});
	return (await client.auth.signInWithPassword({ email, password })).data.user?.id;
}

const PROFILES = `create schema app;
	create table app.profiles (id uuid primary key references auth.users on delete cascade, name text)`;

describe('a user who deleted the account and signed up again with the same email', () => {
	it('signs in on the target; the old account and its identity are gone, rows point to somebody', async () => {
		await source.unsafe(PROFILES);
		await user(source, 11, 'again@x.test', 'old-pw');
		await user(source, 12, 'other@x.test');
		await identity(source, 111, id(12), 'g-11');
		await source`insert into app.profiles values (${id(11)}, 'old'), (${id(12)}, 'other')`;
		expect((await clone()).outcome('failed')).toEqual([]);
		// Deleting fires triggers of the application; a clone must not.
		await target.unsafe(`create table app.log (id uuid);
			create function app.goodbye() returns trigger language plpgsql security definer as
				$$ begin insert into app.log values (old.id); return old; end $$;
			create trigger goodbye after delete on auth.users for each row execute function app.goodbye()`);
		await target`insert into auth.sessions (id, user_id) values (${id(50)}, ${id(11)})`;
		await target`insert into auth.refresh_tokens (token, user_id, session_id) values ('t', ${id(11)}, ${id(50)})`;

		await source`delete from auth.users where id = ${id(11)}`;
		await source`delete from auth.identities where id = ${id(111)}`;
		await user(source, 13, 'again@x.test', 'new-pw');
		await identity(source, 114, id(13), 'g-11');
		await source`insert into app.profiles values (${id(13)}, 'new')`;
		const second = await clone();
		expect(second.outcome('failed')).toEqual([]);
		expect(second.outcome('skipped')).toEqual([]);
		expect(await idsOf(target, 'users')).toEqual(await idsOf(source, 'users'));
		expect(await target`select id, user_id from auth.identities`).toEqual([
			{ id: id(114), user_id: id(13) },
		]);
		expect(await target`select from auth.sessions where user_id = ${id(11)}`).toHaveLength(0);
		expect(await target`select from auth.refresh_tokens where token = 't'`).toHaveLength(0);
		expect(await target`select * from app.profiles order by id`).toEqual(
			await source`select * from app.profiles order by id`,
		);
		expect(await target`select from app.log`).toHaveLength(0);
		for (const component of components) expect(await verify(component)).toEqual([]);
		const third = await clone();
		expect([third.outcome('copied'), third.outcome('adapted')]).toEqual([[], []]);
		await target`drop function app.goodbye cascade`;
		// Last, because signing in changes the user.
		expect(await signIn('again@x.test', 'new-pw')).toBe(id(13));
		expect(await signIn('again@x.test', 'old-pw')).toBeUndefined();
	});

	it('keeps users and identities that only the target ever had, and tells of rows that dangle then', async () => {
		await source.unsafe(PROFILES);
		await user(source, 21, 'same@x.test');
		await source`insert into app.profiles values (${id(21)}, 'theirs')`;
		await user(target, 29, 'same@x.test');
		await identity(target, 129, id(29), 'g-29');
		const first = await clone();
		expect(await idsOf(target, 'users')).toEqual([id(29)]);
		expect(first.items.get(`auth_users user ${id(21)}`)).toMatchObject({ outcome: 'skipped' });
		expect(first.items.get('data app.profiles.profiles_id_fkey')).toMatchObject({
			outcome: 'failed',
			detail: 'Foreign key: 1 row points to rows of auth.users that the target lacks',
			sqlstate: '23503',
		});
		for (const mode of ['structure', 'counts', 'checksums'] as const) {
			expect(await verify(data, mode)).toMatchObject([
				{ severity: 'failed', object: 'app.profiles.profiles_id_fkey' },
			]);
		}
		await clone();
		expect(await idsOf(target, 'identities')).toEqual([id(129)]);
	});

	it('stays, and is named, while rows that only the target has point to the account', async () => {
		await source.unsafe(PROFILES);
		await user(source, 31, 'held@x.test');
		await clone();
		await target.unsafe(`create schema theirs;
			create table theirs."Notes ""n""" (of uuid references auth.users (id) on delete cascade)`);
		await target`insert into theirs."Notes ""n""" values (${id(31)}), (${id(31)})`;
		await source`delete from auth.users`;
		const second = await clone();
		expect(second.items.get(`auth_users users ${id(31)}`)).toMatchObject({
			outcome: 'failed',
			detail: expect.stringContaining('2 rows point to it (theirs."Notes ""n"""') as string,
		});
		expect(await target`select from theirs."Notes ""n"""`).toHaveLength(2);
		expect(await verify(authUsers)).toMatchObject([
			{ severity: 'warning', object: 'auth.users' },
			{ severity: 'failed', object: `auth.users ${id(31)}` },
		]);
	});
});

describe('users who sign up while rows are copied', () => {
	const [rows, ...others] = data.stages;
	const while_ = (work: () => Promise<unknown>): Component => ({
		...data,
		stages: [
			{
				...(rows ?? others[0] ?? fail()),
				run: async (context) => {
					await work();
					return (rows ?? fail()).run(context);
				},
			},
			...others,
		],
	});
	function fail(): never {
		throw new Error('data has no stage');
	}

	it('are on the target with their rows', async () => {
		await source.unsafe(PROFILES);
		await user(source, 41, 'early@x.test');
		const late = while_(async () => {
			await user(source, 42, 'late@x.test');
			await identity(source, 142, id(42), 'g-42');
			await source`insert into app.profiles values (${id(42)}, 'late')`;
		});
		const result = await clone({ components: [tables, authUsers, late] });
		expect(result.outcome('failed')).toEqual([]);
		expect(await idsOf(target, 'users')).toEqual([id(41), id(42)]);
		expect(await idsOf(target, 'identities')).toEqual([id(142)]);
		expect(result.items.get('auth_users users, second pass')?.detail).toContain('1 copied');
		expect(
			await target`select convalidated from pg_constraint where conname = 'profiles_id_fkey'`,
		).toEqual([{ convalidated: true }]);
		for (const component of components) expect(await verify(component)).toEqual([]);
	});
});

describe('foreign keys into schemas of the platform', () => {
	it('are looked at whatever their shape, and only rows that dangle count', async () => {
		const made = `create schema app;
			create table app.many (a uuid, b int, c uuid references auth.users (id)) partition by list (b);
			create table app.many_1 partition of app.many for values in (1);
			create table app.many_2 partition of app.many for values in (2);
			create table app.parent (u uuid references auth.users (id));
			create table app.child () inherits (app.parent);
			create table app."Weird ""Name"".with.dots" ("U u" uuid references auth.users (id));
			create table app.empty (u uuid references auth.users (id));
			create table app.phones (p text references auth.users (phone));
			create table app.sessions (s uuid references auth.sessions (id));
			create table app.links (provider_id text, provider text, foreign key (provider_id, provider) references auth.identities (provider_id, provider))`;
		// On the target already, so that nothing checks them again.
		await source.unsafe(made);
		await runOn(pair.target.dbUrl, made);
		await user(source, 51, 'a@x.test');
		await user(source, 52, 'b@x.test');
		await source`update auth.users set phone = '49' where id = ${id(52)}`;
		await identity(source, 152, id(52), 'g-52');
		await source`insert into auth.sessions (id, user_id) values (${id(59)}, ${id(51)})`;
		await source.unsafe(`
			insert into app.many values (null, 1, '${id(51)}'), (null, 2, '${id(52)}'), (null, 2, null);
			insert into app.parent values ('${id(52)}'), ('${id(51)}'); insert into app.child values ('${id(60)}');
			insert into app."Weird ""Name"".with.dots" values ('${id(52)}'), (null);
			insert into app.phones values ('49'); insert into app.links values ('g-52', 'google'), ('no', null);
			insert into app.sessions values ('${id(59)}')`);
		// Only the target's: the second user of the source clashes and stays behind.
		await user(target, 58, 'b@x.test');
		const result = await clone();
		const failed = result.outcome('failed').filter((object) => object.startsWith('data '));
		expect(
			failed.map((object) => [object, result.items.get(object)?.detail?.split(' rows of ')[0]]),
		).toEqual([
			[
				'data app."Weird ""Name"".with.dots"."Weird ""Name"".with.dots_U u_fkey"',
				'Foreign key: 1 row points to',
			],
			['data app.links.links_provider_id_provider_fkey', 'Foreign key: 1 row points to'],
			['data app.many.many_c_fkey', 'Foreign key: 1 row points to'],
			['data app.parent.parent_u_fkey', 'Foreign key: 1 row points to'],
			['data app.phones.phones_p_fkey', 'Foreign key: 1 row points to'],
			['data app.sessions.sessions_s_fkey', 'Foreign key: 1 row points to'],
		]);
		expect(result.items.get('data app.sessions.sessions_s_fkey')?.fix).toContain('auth.sessions');
		expect((await verify(data, 'structure')).map(({ object }) => `data ${object}`)).toEqual(failed);
	});
});
