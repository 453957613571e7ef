// The Auth service through the real client, on the real auth tables.
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import bcrypt from 'bcryptjs';
import postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { createAuth } from '../../local/supabase/gateway/auth.ts';
import { createRest } from '../../local/supabase/gateway/rest.ts';
import type { LocalProject } from '../../local/supabase/project.ts';
import { freshProject } from '../helpers/clusters.ts';
import { openGateway } from '../helpers/gateway.ts';

let project: LocalProject;
let sql: postgres.Sql;

const client = (key = project.publishableKey): SupabaseClient =>
	createClient(project.url, key, { auth: { persistSession: false, autoRefreshToken: false } });

let serial = 0;
/** A signed-up user of its own for each test. */
async function signUp(password = 'correct horse') {
	const email = `user-${++serial}@example.com`;
	const supabase = client();
	const { data, error } = await supabase.auth.signUp({ email, password });
	if (error !== null || data.session === null) throw new Error(`sign-up failed: ${error?.message}`);
	return { supabase, email, password, session: data.session, id: data.session.user.id };
}

beforeAll(async () => {
	const urls = await freshProject();
	sql = postgres(urls.dbUrl, { max: 1, onnotice: () => undefined });
	await sql.unsafe(`
		create table public.profiles (id uuid primary key references auth.users on delete cascade, email text);
		alter table public.profiles enable row level security;
		create policy "Own profile" on public.profiles for select to authenticated using (id = (select auth.uid()));
		grant select on public.profiles to authenticated;
		create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = ''
		as $$ begin
			if new.email like 'refused%' then raise exception 'no such guests'; end if;
			insert into public.profiles (id, email) values (new.id, new.email); return new;
		end $$;
		create trigger on_auth_user_created after insert on auth.users
			for each row execute function public.handle_new_user();`);
	project = await openGateway(urls, { auth: createAuth, rest: createRest });
	return () => sql.end();
});

describe('sign-up', () => {
	test('creates the user, its identity, a session, and runs triggers of the application', async () => {
		const { supabase, id, email } = await signUp();
		const profile = await supabase.from('profiles').select('id, email');
		expect(profile.data).toEqual([{ id, email }]);
		const [identity] = await sql`
			select provider, provider_id, email from auth.identities where user_id = ${id}`;
		expect(identity).toEqual({ provider: 'email', provider_id: id, email });
		expect(await sql`select from auth.sessions where user_id = ${id}`).toHaveLength(1);
	});

	test('refuses an address that is taken, a weak password and no address', async () => {
		const { email } = await signUp();
		const taken = await client().auth.signUp({
			email: email.toUpperCase(),
			password: 'long enough',
		});
		expect(taken.error).toMatchObject({ status: 422, code: 'user_already_exists' });
		const weak = await client().auth.signUp({ email: 'weak@example.com', password: '12345' });
		expect(weak.error).toMatchObject({ status: 422, code: 'weak_password' });
		const bad = await client().auth.signUp({ email: 'not an address', password: 'long enough' });
		expect(bad.error).toMatchObject({ status: 400, code: 'validation_failed' });
	});

	test('is undone as a whole when a trigger of the application fails', async () => {
		const { error } = await client().auth.signUp({
			email: 'refused@example.com',
			password: 'long enough',
		});
		expect(error).toMatchObject({ status: 500, message: 'Database error saving new user' });
		expect(await sql`select from auth.users where email = 'refused@example.com'`).toHaveLength(0);
	});
});

describe('sign-in', () => {
	test('takes the password, whatever the case of the address', async () => {
		const { email, password, id } = await signUp();
		const { data, error } = await client().auth.signInWithPassword({
			email: email.toUpperCase(),
			password,
		});
		expect(error).toBeNull();
		expect(data.user).toMatchObject({ id, email, aud: 'authenticated', role: 'authenticated' });
	});

	test('refuses a wrong password and an unknown address alike', async () => {
		const { email } = await signUp();
		for (const given of [email, 'nobody@example.com']) {
			const { error } = await client().auth.signInWithPassword({ email: given, password: 'wrong' });
			expect(error).toMatchObject({ status: 400, code: 'invalid_credentials' });
		}
	});

	/** A row as a clone writes it: by SQL, with the hash of the other project. */
	async function copyUser(email: string, columns: Readonly<Record<string, unknown>> = {}) {
		const row = {
			instance_id: '00000000-0000-0000-0000-000000000000',
			id: crypto.randomUUID(),
			aud: 'authenticated',
			role: 'authenticated',
			email,
			encrypted_password: await bcrypt.hash('from the source', 4),
			email_confirmed_at: new Date(),
			confirmation_token: '',
			recovery_token: '',
			email_change_token_new: '',
			email_change: '',
			...columns,
		};
		await sql`insert into auth.users ${sql(row)}`;
	}
	const signIn = (email: string) =>
		client().auth.signInWithPassword({ email, password: 'from the source' });

	test.each(['$2a$', '$2b$', '$2y$'])(
		'lets in a user copied by SQL with a %s hash',
		async (kind) => {
			const email = `copied-${kind.charAt(2)}@example.com`;
			const hash = (await bcrypt.hash('from the source', 4)).replace(/^\$2.\$/, kind);
			await copyUser(email, { encrypted_password: hash });
			expect((await signIn(email)).error).toBeNull();
		},
	);

	test.each(['confirmation_token', 'recovery_token', 'email_change', 'reauthentication_token'])(
		'fails as the real service does when %s is NULL',
		async (column) => {
			const email = `null-${column}@example.com`;
			await copyUser(email, { [column]: null });
			expect((await signIn(email)).error).toMatchObject({
				status: 500,
				message: 'Database error querying schema',
			});
		},
	);

	test('does not see users of another instance, deleted, banned or unconfirmed ones', async () => {
		await copyUser('elsewhere@example.com', { instance_id: crypto.randomUUID() });
		expect((await signIn('elsewhere@example.com')).error).toMatchObject({
			code: 'invalid_credentials',
		});
		await copyUser('deleted@example.com', { deleted_at: new Date() });
		expect((await signIn('deleted@example.com')).error).toMatchObject({
			code: 'invalid_credentials',
		});
		await copyUser('banned@example.com', { banned_until: new Date(Date.now() + 60_000) });
		expect((await signIn('banned@example.com')).error).toMatchObject({ code: 'user_banned' });
		await copyUser('unconfirmed@example.com', { email_confirmed_at: null });
		expect((await signIn('unconfirmed@example.com')).error).toMatchObject({
			code: 'email_not_confirmed',
		});
	});
});

describe('a session', () => {
	test('gives a token that the client verifies with the published keys', async () => {
		const { supabase, id } = await signUp();
		const { data, error } = await supabase.auth.getClaims();
		expect(error).toBeNull();
		expect(data?.header.alg).toBe('ES256');
		expect(data?.claims).toMatchObject({
			sub: id,
			role: 'authenticated',
			aal: 'aal1',
			iss: `${project.url}/auth/v1`,
		});
		const keys: unknown = await (
			await fetch(`${project.url}/auth/v1/.well-known/jwks.json`)
		).json();
		expect(JSON.stringify(keys)).not.toContain('"d"');
	});

	test('answers who the user is, and lets it change metadata and password', async () => {
		const { supabase, email, id } = await signUp();
		await supabase.auth.updateUser({ data: { theme: 'dark' }, password: 'another password' });
		const { data } = await supabase.auth.getUser();
		expect(data.user).toMatchObject({ id, user_metadata: { theme: 'dark' } });
		expect(data.user?.identities).toHaveLength(1);
		const again = await client().auth.signInWithPassword({ email, password: 'another password' });
		expect(again.error).toBeNull();
	});

	test('is refreshed with a new single-use token; a race of two tabs is forgiven', async () => {
		const { supabase, session } = await signUp();
		const first = await supabase.auth.refreshSession(session);
		expect(first.error).toBeNull();
		expect(first.data.session?.refresh_token).not.toBe(session.refresh_token);
		const raced = await client().auth.refreshSession(session);
		expect(raced.data.session?.refresh_token).toBe(first.data.session?.refresh_token);
	});

	test('ends when an old refresh token is used again', async () => {
		const { supabase, session } = await signUp();
		const next = await supabase.auth.refreshSession(session);
		await sql`update auth.refresh_tokens set updated_at = now() - interval '1 minute'
			where token = ${session.refresh_token}`;
		const stolen = await client().auth.refreshSession(session);
		expect(stolen.error).toMatchObject({ status: 400, code: 'refresh_token_already_used' });
		const honest = await client().auth.refreshSession({
			refresh_token: next.data.session?.refresh_token ?? '',
		});
		expect(honest.error).toMatchObject({ code: 'refresh_token_already_used' });
	});

	test('is gone after signing out, for this or for every session', async () => {
		const one = await signUp();
		const other = client();
		await other.auth.signInWithPassword({ email: one.email, password: one.password });
		const token = one.session.access_token;
		await one.supabase.auth.signOut({ scope: 'local' });
		expect((await client().auth.getUser(token)).error).toMatchObject({
			name: 'AuthSessionMissingError',
		});
		expect((await other.auth.getUser()).error).toBeNull();
		const refused = await client().auth.refreshSession(one.session);
		expect(refused.error).toMatchObject({ code: 'refresh_token_not_found' });
		await other.auth.signOut();
		expect(await sql`select from auth.sessions where user_id = ${one.id}`).toHaveLength(0);
	});

	test('needs an API key of the project', async () => {
		const { error } = await client('sb_publishable_wrong').auth.signInWithPassword({
			email: 'a@example.com',
			password: 'x',
		});
		expect(error).toMatchObject({ status: 401, message: 'Invalid API key' });
	});
});

describe('administration', () => {
	test('makes users with a phone, who sign in with it unless they are banned', async () => {
		const { admin } = client(project.secretKey).auth;
		const created = await admin.createUser({
			phone: '+15550001111',
			password: 'by telephone',
			phone_confirm: true,
		});
		const { id } = created.data.user ?? { id: '' };
		expect(created.data.user).toMatchObject({ phone: '15550001111', email: '' });
		const signIn = () =>
			client().auth.signInWithPassword({ phone: '+15550001111', password: 'by telephone' });
		expect((await signIn()).data.user?.id).toBe(id);
		await admin.updateUserById(id, { ban_duration: '1h30m', user_metadata: { name: 'B' } });
		expect((await signIn()).error).toMatchObject({ code: 'user_banned' });
		const freed = await admin.updateUserById(id, { ban_duration: 'none', email: 'B@Example.com' });
		expect(freed.data.user).toMatchObject({ email: 'b@example.com', user_metadata: { name: 'B' } });
		expect((await signIn()).data.user?.id).toBe(id);
	});

	test('creates, shows, lists and deletes users with the secret key', async () => {
		const { admin } = client(project.secretKey).auth;
		const created = await admin.createUser({
			email: 'made@example.com',
			password: 'made by admin',
			email_confirm: true,
			user_metadata: { from: 'test' },
		});
		expect(created.error).toBeNull();
		const id = created.data.user?.id ?? '';
		const shown = await admin.getUserById(id);
		expect(shown.data.user).toMatchObject({
			email: 'made@example.com',
			user_metadata: { from: 'test' },
		});
		const listed = await admin.listUsers();
		expect(listed.data.users.map((user) => user.id)).toContain(id);
		expect((await admin.deleteUser(id)).error).toBeNull();
		expect((await admin.getUserById(id)).error).toMatchObject({ status: 404 });
	});

	test('is closed to users and to the publishable key', async () => {
		const { supabase } = await signUp();
		for (const caller of [supabase, client()]) {
			const { error } = await caller.auth.admin.listUsers();
			expect(error).toMatchObject({ status: 403, code: 'not_admin' });
		}
	});
});

test('names what it does not do', async () => {
	const { error } = await client().auth.signInWithOtp({ email: 'a@example.com' });
	expect(error).toMatchObject({ status: 501, message: expect.stringContaining('/otp') });
});
