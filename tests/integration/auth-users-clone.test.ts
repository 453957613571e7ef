// The auth users component between two databases, and a copied user signing in at the local Auth service.
import { createClient } from '@supabase/supabase-js';
import bcrypt from 'bcryptjs';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAuth } from '../../local/supabase/gateway/auth.ts';
import type { LocalProject } from '../../local/supabase/project.ts';
import { authUsers as component } from '../../supabase/functions/_shared/components/auth-users/index.ts';
import { planText } from '../../supabase/functions/_shared/domain/preview-words.ts';
import {
	cloneInProcess,
	previewInProcess,
	type TestClone,
	verifyInProcess,
} from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { openGateway } from '../helpers/gateway.ts';

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
		await sql.unsafe(`
			drop table if exists public.profiles, public.orders;
			drop function if exists public.handle_new_user cascade;
			alter table auth.users drop column if exists newer_than_source, drop column if exists newer_than_target;
			truncate auth.users cascade`);
	}
});
afterAll(() => Promise.all([source.end(), target.end()]));

const clone = (more: Partial<TestClone> = {}) =>
	cloneInProcess({ source: pair.source, target: pair.target, components: [component], ...more });
const verify = (mode: 'counts' | 'checksums', options = {}) =>
	verifyInProcess({ source: pair.source, target: pair.target, options }, component, mode);

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** A user as the Auth service makes one, with an email identity. */
async function user(sql: postgres.Sql, n: number, fields: Record<string, unknown> = {}) {
	const row = {
		id: id(n),
		instance_id: id(0).replace('4000-8000', '0000-0000'),
		aud: 'authenticated',
		role: 'authenticated',
		email: `user${n}@example.com`,
		encrypted_password: '$2a$04$notarealhash',
		email_confirmed_at: '2026-01-01T00:00:00Z',
		confirmation_token: '',
		recovery_token: '',
		email_change_token_new: '',
		email_change: '',
		raw_app_meta_data: { provider: 'email', providers: ['email'] },
		raw_user_meta_data: { name: `Üser "${n}"` },
		created_at: '2026-01-01T00:00:00.123456Z',
		updated_at: '2026-01-02T00:00:00Z',
		...fields,
	};
	await sql`insert into auth.users ${sql(row as never)}`;
	await sql`insert into auth.identities (id, provider_id, user_id, identity_data, provider, created_at)
		values (${id(1000 + n)}, ${row.id}, ${row.id}, ${sql.json({ sub: row.id, email: row.email })},
			'email', '2026-01-01')`;
}

const users = (sql: postgres.Sql) => sql`select * from auth.users order by id`;
const identities = (sql: postgres.Sql) => sql`select * from auth.identities order by id`;

describe('a clone of users', () => {
	it('carries every column of users and identities, and a second clone changes nothing', async () => {
		await user(source, 1, {
			phone: '49123',
			banned_until: '2030-01-01T00:00:00Z',
			raw_user_meta_data: { quote: `it's "\\ tab\t`, emoji: '🙂', nested: { a: [1, null] } },
		});
		await user(source, 2, { email: null, phone: null, is_anonymous: true });
		const first = await clone();
		expect(await users(target)).toEqual(await users(source));
		expect(await identities(target)).toEqual(await identities(source));
		expect(first.items.get('auth_users users')).toMatchObject({
			outcome: 'copied',
			detail: '2 copied',
		});
		expect(await verify('checksums')).toEqual([]);
		const stamps = () =>
			target`select xmin::text from auth.users union all select xmin::text from auth.identities`;
		const before = await stamps();
		const second = await clone();
		expect(await stamps()).toEqual(before);
		expect(second.outcome('unchanged')).toEqual(['auth_users identities', 'auth_users users']);
		expect(second.items.get('auth_users users')?.detail).toBe('2 unchanged');
	});

	it('lets copied users sign in with the same password, once clean of tokens and nulls', async () => {
		await user(source, 1, {
			encrypted_password: await bcrypt.hash('correct horse', 4),
			instance_id: null,
			confirmation_token: null,
			recovery_token: 'a-link-that-was-sent',
			email_change: null,
			reauthentication_token: null,
		});
		await clone();
		const [row] = await users(target);
		expect(row).toMatchObject({
			instance_id: '00000000-0000-0000-0000-000000000000',
			confirmation_token: '',
			recovery_token: '',
			email_change: '',
			reauthentication_token: '',
		});
		const client = createClient(project.url, project.publishableKey, {
			auth: { persistSession: false, autoRefreshToken: false },
		});
		const signIn = (password: string) =>
			client.auth.signInWithPassword({ email: 'user1@example.com', password });
		expect((await signIn('wrong')).error?.message).toBe('Invalid login credentials');
		const { data, error } = await signIn('correct horse');
		expect(error).toBeNull();
		expect(data.user?.id).toBe(id(1));
	});

	it('changes users who differ, keeps their tokens, and leaves alone those the source lacks', async () => {
		await user(source, 1, { raw_user_meta_data: { plan: 'pro' } });
		await user(source, 2);
		await user(target, 1, {
			raw_user_meta_data: { plan: 'free' },
			recovery_token: 'sent-by-target',
		});
		await user(target, 2);
		await user(target, 9);
		const result = await clone();
		expect(result.items.get('auth_users users')?.detail).toBe('1 updated, 1 unchanged');
		const rows = await users(target);
		expect(rows.map((row) => row['id'])).toEqual([id(1), id(2), id(9)]);
		expect(rows[0]).toMatchObject({
			raw_user_meta_data: { plan: 'pro' },
			recovery_token: 'sent-by-target',
		});
		expect(await verify('checksums')).toMatchObject([
			{ severity: 'warning', object: 'auth.users', expected: '2 rows', found: '3 rows' },
			{ severity: 'warning', object: 'auth.identities' },
		]);
	});

	it('does not run the triggers that make profiles, and names one that cannot be stopped', async () => {
		await target`create table public.profiles (id uuid)`;
		await target.unsafe(`create function public.handle_new_user() returns trigger language plpgsql
			security definer as $$ begin insert into public.profiles values (new.id); return new; end $$`);
		await target`create trigger on_auth_user_created after insert on auth.users
			for each row execute function public.handle_new_user()`;
		await user(source, 1);
		await clone();
		expect(await target`select * from public.profiles`).toHaveLength(0);
		await target`alter table auth.users enable always trigger on_auth_user_created`;
		const result = await clone();
		expect(result.items.get('auth_users trigger on_auth_user_created on auth.users')).toMatchObject(
			{ outcome: 'adapted' },
		);
	});

	it('skips a user whose email or phone another user keeps, and names both by id only', async () => {
		await user(source, 1, { email: 'same@example.com' });
		await user(source, 2, { phone: '4912345' });
		await user(source, 3);
		await user(target, 8, { email: 'same@example.com' });
		await user(target, 9, { phone: '4912345' });
		const result = await clone();
		expect((await users(target)).map((row) => row['id'])).toEqual([id(3), id(8), id(9)]);
		expect(result.items.get(`auth_users user ${id(1)}`)).toMatchObject({
			outcome: 'skipped',
			detail: `Another user of the target (${id(8)}) has the same email`,
		});
		expect(result.items.get(`auth_users user ${id(2)}`)).toMatchObject({ outcome: 'skipped' });
		expect(result.items.get('auth_users users')).toMatchObject({
			outcome: 'adapted',
			detail: '1 copied, 2 left out: another row of the target has the same unique value',
		});
		// Their identities have nobody to belong to.
		expect((await identities(target)).map((row) => row['user_id'])).toEqual([id(3), id(8), id(9)]);
		expect(JSON.stringify([...result.items])).not.toContain('example.com');
		// What the clone left out and said so is to be done by hand: no failure, and no silence either.
		for (const mode of ['counts', 'checksums'] as const) {
			const findings = await verify(mode);
			expect(findings.map(({ severity }) => severity)).not.toContain('failed');
			expect(JSON.stringify(findings)).not.toContain('example.com');
		}
		expect((await verify('checksums')).map(({ object, found }) => [object, found])).toEqual([
			[`auth.users ${id(1)}`, `left out: ${id(8)} of the target has the same email`],
			[`auth.users ${id(2)}`, `left out: ${id(9)} of the target has the same phone`],
			[`auth.identities ${id(1001)}`, 'left out: its user is not on the target'],
			[`auth.identities ${id(1002)}`, 'left out: its user is not on the target'],
		]);
		const second = await clone();
		expect(second.outcome('copied')).toEqual([]);
		expect(second.outcome('adapted')).toEqual([]);
	});

	it('lets extras that will be removed make way for the users they clash with', async () => {
		await user(source, 1, { email: 'same@example.com' });
		await user(source, 2, { phone: '4912345' });
		await user(target, 8, { email: 'same@example.com', phone: '4912345' });
		await target`update auth.identities set provider_id = ${id(1)} where user_id = ${id(8)}`;
		const options = { remove_extra: true };
		const result = await clone({ options });
		expect(result.outcome('skipped')).toEqual([]);
		expect((await users(target)).map((row) => row['id'])).toEqual([id(1), id(2)]);
		expect(await verify('checksums', options)).toEqual([]);
		expect((await clone({ options })).outcome('copied')).toEqual([]);
	});

	it('lets users swap and pass on addresses', async () => {
		await user(source, 1, { email: 'b@example.com' });
		await user(source, 2, { email: 'a@example.com' });
		await user(source, 3, { email: 'd@example.com' });
		await user(source, 4, { email: 'e@example.com' });
		await user(target, 1, { email: 'a@example.com' });
		await user(target, 2, { email: 'b@example.com' });
		await user(target, 3, { email: 'c@example.com' });
		await user(target, 4, { email: 'd@example.com' });
		expect((await clone()).outcome('skipped')).toEqual([]);
		expect((await users(target)).map((row) => row['email'])).toEqual(
			['b', 'a', 'd', 'e'].map((name) => `${name}@example.com`),
		);
	});

	it('lets users swap addresses when thousands of others stand between them', async () => {
		for (const sql of [source, target]) {
			await sql`insert into auth.users (id, email) select ('00000000-0000-4000-8001-' || lpad(n::text, 12, '0'))::uuid,
				'other' || n || '@example.com' from generate_series(1, 5001) n`;
		}
		const last = '00000000-0000-4000-8002-000000000001';
		await user(source, 1, { email: 'b@example.com' });
		await user(target, 1, { email: 'a@example.com' });
		await source`insert into auth.users (id, email) values (${last}, 'a@example.com')`;
		await target`insert into auth.users (id, email) values (${last}, 'b@example.com')`;
		const result = await clone();
		expect(result.outcome('skipped')).toEqual([]);
		expect(await verify('checksums')).toEqual([]);
	});

	it('leaves behind what only the source can read: encrypted passwords and factors, SSO identities', async () => {
		const encrypted = '{"key_id":"k1","alg":"aes-gcm-hkdf","data":"x"}';
		await user(source, 1, { encrypted_password: encrypted });
		await user(source, 2);
		await source`insert into auth.identities (id, provider_id, user_id, identity_data, provider)
			values (${id(77)}, 'x', ${id(2)}, '{}', ${`sso:${id(5)}`})`;
		await source`insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at, secret)
			values (${id(21)}, ${id(2)}, 'totp', 'verified', now(), now(), 'PLAIN'),
				(${id(22)}, ${id(2)}, 'totp', 'verified', now(), now(), ${encrypted})`;
		const without = await clone();
		expect(without.items.get('auth_users mfa_factors')).toMatchObject({ outcome: 'skipped' });
		expect((await users(target))[0]).toMatchObject({ encrypted_password: '' });
		expect(without.items.get('auth_users encrypted passwords')).toMatchObject({
			outcome: 'skipped',
			detail: expect.stringContaining(id(1)),
		});
		expect(without.items.get(`auth_users identities of sso:${id(5)}`)).toMatchObject({
			outcome: 'skipped',
		});
		expect(await target`select from auth.mfa_factors`).toHaveLength(0);
		const options = { copy_mfa: true };
		const withFactors = await clone({ options });
		expect(withFactors.items.get('auth_users encrypted factors')).toMatchObject({
			outcome: 'skipped',
		});
		expect((await target`select id from auth.mfa_factors`).map((row) => row['id'])).toEqual([
			id(21),
		]);
		expect(await verify('checksums', options)).toEqual([]);
	});

	it('copies the columns that both versions of Auth have', async () => {
		await source`alter table auth.users add column newer_than_target text default 'x'`;
		await target`alter table auth.users add column newer_than_source text default 'y'`;
		await user(source, 1);
		expect((await clone()).outcome('failed')).toEqual([]);
		expect((await users(target))[0]).toMatchObject({ newer_than_source: 'y' });
		expect(await verify('checksums')).toEqual([]);
	});

	it('copies no session, refresh token or one-time token', async () => {
		await user(source, 1);
		await source`insert into auth.sessions (id, user_id) values (${id(50)}, ${id(1)})`;
		await source`insert into auth.refresh_tokens (token, user_id, session_id) values ('t', ${id(1)}, ${id(50)})`;
		await clone();
		expect(await target`select from auth.sessions`).toHaveLength(0);
		expect(await target`select from auth.refresh_tokens`).toHaveLength(0);
	});

	it('removes users that only the target has when asked, but not those who are still pointed to', async () => {
		await user(source, 1);
		for (const n of [1, 2, 3]) await user(target, n);
		await target`insert into auth.sessions (id, user_id) values (${id(50)}, ${id(2)})`;
		await target`create table public.orders (owner uuid references auth.users (id))`;
		await target`insert into public.orders values (${id(3)})`;
		const result = await clone({ options: { remove_extra: true } });
		expect((await users(target)).map((row) => row['id'])).toEqual([id(1), id(3)]);
		expect((await identities(target)).map((row) => row['user_id'])).toEqual([id(1), id(3)]);
		expect(await target`select from auth.sessions`).toHaveLength(0);
		expect(result.items.get(`auth_users users ${id(3)}`)).toMatchObject({
			outcome: 'failed',
			sqlstate: '23503',
		});
	});

	it('finds what differs when it verifies, by id', async () => {
		await user(source, 1);
		await user(source, 2);
		await clone();
		await target`update auth.users set role = 'admin' where id = ${id(1)}`;
		await target`delete from auth.users where id = ${id(2)}`;
		expect((await verify('counts')).map(({ object }) => object)).toEqual([
			'auth.users',
			'auth.identities',
		]);
		expect((await verify('checksums')).map(({ object, found }) => [object, found])).toEqual([
			['auth.users', '1 rows'],
			[`auth.users ${id(1)}`, 'another content'],
			[`auth.users ${id(2)}`, 'no such row'],
			['auth.identities', '1 rows'],
			[`auth.identities ${id(1002)}`, 'left out: its user is not on the target'],
		]);
	});

	it('is previewed in numbers: users, identities, ways of signing in, and what will not go over', async () => {
		await user(source, 1, { encrypted_password: '{"key_id":"k"}' });
		await user(source, 2);
		await user(target, 3);
		await source`insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at, secret)
			values (${id(21)}, ${id(2)}, 'totp', 'verified', now(), now(), 'PLAIN')`;
		const found = await previewInProcess(pair, component);
		expect(found.counts).toEqual([
			{ unit: 'user', source: 2, target: 1 },
			{ unit: 'identity', source: 2, target: 1 },
			{ unit: 'mfa_factor', source: 1 },
		]);
		expect(planText(found.plan)).toBe('different users overwritten · at least 1 user added');
		expect(found.objects).toMatchObject([
			{ object: 'email', kind: 'provider', counts: [{ unit: 'user', source: 2 }] },
		]);
		expect(found.warnings.map(({ object }) => object)).toEqual([
			'auth.users',
			'auth.users',
			'auth.mfa_factors',
		]);
		expect(JSON.stringify(found)).not.toContain('example.com');
	});

	it('copies twenty thousand users in slices, in bounded transactions', async () => {
		await source`
			insert into auth.users (id, instance_id, aud, role, email, encrypted_password, raw_user_meta_data, created_at)
			select gen_random_uuid(), '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
				'many' || n || '@example.com', '$2a$10$' || repeat('x', 53), jsonb_build_object('n', n), now()
			from generate_series(1, 20000) n`;
		await source`
			insert into auth.identities (provider_id, user_id, identity_data, provider)
			select id::text, id, '{}', 'email' from auth.users`;
		const result = await clone({ limits: { operations: 8 } });
		expect(result.slices['auth_users.users']).toBeGreaterThan(4);
		expect(result.items.get('auth_users users')?.detail).toBe('20,000 copied');
		expect(await verify('checksums')).toEqual([]);
		const again = await clone();
		expect(again.items.get('auth_users identities')?.detail).toBe('20,000 unchanged');
	});
});
