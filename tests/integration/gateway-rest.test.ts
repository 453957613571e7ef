// The REST service through the real client: what this app asks of it must be answered as PostgREST does.
import { createClient } from '@supabase/supabase-js';
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { createRest } from '../../local/gateway/rest.ts';
import type { LocalProject } from '../../local/project.ts';
import { freshProject } from '../helpers/clusters.ts';
import { openGateway } from '../helpers/gateway.ts';

const OWNER = '11111111-1111-4111-8111-111111111111';
const STRANGER = '22222222-2222-4222-8222-222222222222';

const SCHEMA = `
create table public.notes (
  id integer primary key, owner_id uuid not null, title text not null unique, body jsonb default '{"a": [1, null]}',
  price numeric(10, 2), tags text[], done boolean not null default false, "odd ""name" text, at timestamptz
);
alter table public.notes enable row level security;
create policy "Owners see their notes" on public.notes to authenticated
  using (owner_id = (auth.jwt() ->> 'sub')::uuid) with check (owner_id = (auth.jwt() ->> 'sub')::uuid);
grant select, insert, update, delete on public.notes to authenticated, service_role;
create table public.drop_box (id integer generated always as identity primary key, text text);
alter table public.drop_box enable row level security;
create policy "Anyone may drop" on public.drop_box for insert to anon, authenticated with check (true);
grant insert on public.drop_box to anon, authenticated;
create table public.secrets (id integer);
create view public.note_titles with (security_invoker) as select id, title from public.notes;
grant select on public.note_titles to authenticated;

create function public.add_note(id integer, title text, options jsonb default '{}') returns public.notes
language sql as $$
  insert into public.notes (id, owner_id, title, body)
  values (id, (auth.jwt() ->> 'sub')::uuid, title, options) returning *
$$;
create function public.find_notes(words text[]) returns setof public.notes language sql stable
as $$ select * from public.notes where title = any (words) order by id $$;
create function public.titles() returns setof text language sql stable
as $$ select title from public.notes order by id $$;
create function public.total(factor numeric default 1) returns numeric language sql stable
as $$ select count(*) * factor from public.notes $$;
create function public.touch(id integer) returns void language sql
as $$ update public.notes set done = true where notes.id = touch.id $$;
create function public.summary() returns table (title text, words integer) language sql stable
as $$ select title, 1 from public.notes order by id $$;
create function public.refuse_me() returns void language plpgsql
as $$ begin raise exception 'not today' using hint = 'come back tomorrow', detail = 'closed'; end $$;
create function public.who() returns jsonb language sql stable
as $$ select jsonb_build_object('current', current_user, 'session', session_user, 'sub', auth.jwt() ->> 'sub') $$;
`;

let project: LocalProject;
let sql: postgres.Sql;

async function tokenOf(sub: string, seconds = 600): Promise<string> {
	return new SignJWT({ role: 'authenticated', sub })
		.setProtectedHeader({ alg: 'ES256', kid: 'test-key' })
		.setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
		.sign(await importJWK({ ...project.signingKey }, 'ES256'));
}

const client = (key: string, token?: string) =>
	createClient(project.url, key, {
		auth: { persistSession: false, autoRefreshToken: false },
		...(token === undefined ? {} : { accessToken: async () => token }),
	});
const asUser = async (sub = OWNER) => client(project.publishableKey, await tokenOf(sub));

beforeAll(async () => {
	const urls = await freshProject();
	sql = postgres(urls.dbUrl, { max: 1, onnotice: () => undefined });
	await sql.unsafe(SCHEMA);
	project = await openGateway(urls, { rest: createRest });
	return () => sql.end();
});

describe('reading', () => {
	beforeAll(async () => {
		await sql`truncate public.notes`;
		await sql`
			insert into public.notes (id, owner_id, title, price, tags, done, "odd ""name", at)
			select n, ${OWNER}, case n when 7 then 'quote''s, "(odd)" \\ ünï' when 8 then 'note 8, (odd)' else 'note ' || n end, n * 1.5,
				array['a', 'b,c'], n % 2 = 0, 'x' || n, '2026-11-21 10:00:00.123456+00'
			from generate_series(1, 20) n`;
		await sql`insert into public.notes (id, owner_id, title) values (99, ${STRANGER}, 'not yours')`;
	});

	test('shows a user only the rows that policies allow', async () => {
		const mine = await (await asUser()).from('notes').select('*', { count: 'exact' });
		expect(mine.count).toBe(20);
		const theirs = await (await asUser(STRANGER)).from('notes').select('title');
		expect(theirs.data).toEqual([{ title: 'not yours' }]);
	});

	test('lets the secret key see every row, and the legacy service key too', async () => {
		for (const key of [project.secretKey, project.serviceRoleKey]) {
			const { count } = await client(key).from('notes').select('*', { count: 'exact', head: true });
			expect(count).toBe(21);
		}
	});

	test('refuses a role without the privilege with the SQLSTATE and PostgREST status', async () => {
		const anonymous = await client(project.anonKey).from('notes').select();
		expect(anonymous).toMatchObject({ status: 401, error: { code: '42501' } });
		const signedIn = await (await asUser()).from('secrets').select();
		expect(signedIn).toMatchObject({ status: 403, error: { code: '42501' } });
	});

	test('returns the chosen columns, renamed and cast, in the values Postgres writes', async () => {
		const { data, error } = await (
			await asUser()
		)
			.from('notes')
			.select('id, heading:title, price::text, body, tags, "odd \\"name", at')
			.eq('id', 2)
			.single();
		expect(error).toBeNull();
		expect(data).toEqual({
			id: 2,
			heading: 'note 2',
			price: '3.00',
			body: { a: [1, null] },
			tags: ['a', 'b,c'],
			'odd "name': 'x2',
			at: '2026-11-21T10:00:00.123456+00:00',
		});
	});

	test('filters, orders and pages', async () => {
		const user = await asUser();
		const page = await user
			.from('notes')
			.select('id', { count: 'exact' })
			.gt('id', 2)
			.lte('id', 15)
			.is('done', false)
			.neq('id', 5)
			.order('id', { ascending: false, nullsFirst: false })
			.range(1, 2);
		expect(page.data).toEqual([{ id: 13 }, { id: 11 }]);
		expect(page).toMatchObject({ count: 6, status: 206 });
		const listed = await user.from('notes').select('id').in('id', [1, 3, 400]).order('id');
		expect(listed.data).toEqual([{ id: 1 }, { id: 3 }]);
		const liked = await user.from('notes').select('id').like('title', 'note 1*').order('id');
		expect(liked.data?.map((row) => row.id)).toEqual([1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
		const present = await user.from('notes').select('id').not('price', 'is', null).lt('id', 3);
		expect(present.data).toHaveLength(2);
	});

	test('takes hostile values as values', async () => {
		const hostile = `quote's, "(odd)" \\ ünï`;
		const user = await asUser();
		const equal = await user.from('notes').select('id').eq('title', hostile);
		expect(equal.data).toEqual([{ id: 7 }]);
		const listed = await user
			.from('notes')
			.select('id')
			.in('title', ['note 8, (odd)', 'note 1'])
			.order('id');
		expect(listed.data).toEqual([{ id: 1 }, { id: 8 }]);
		const injected = await user.from('notes').select('id').eq('title', `'; drop table notes; --`);
		expect(injected).toMatchObject({ data: [], error: null });
	});

	test('answers PGRST116 when one row is wanted and none is there', async () => {
		const user = await asUser();
		const none = await user.from('notes').select().eq('id', 1000).single();
		expect(none).toMatchObject({
			status: 406,
			error: { code: 'PGRST116', details: 'The result contains 0 rows' },
		});
		const maybe = await user.from('notes').select().eq('id', 1000).maybeSingle();
		expect(maybe).toMatchObject({ data: null, error: null });
	});

	test('names an unknown table, column and a value of the wrong type', async () => {
		const user = await asUser();
		expect((await user.from('nowhere').select()).error).toMatchObject({ code: 'PGRST205' });
		expect((await user.from('notes').select('nothing')).error).toMatchObject({ code: '42703' });
		expect((await user.from('notes').select().eq('id', 'x')).error).toMatchObject({
			code: '22P02',
		});
	});

	test('never returns more than 1000 rows', async () => {
		await sql`insert into public.notes (id, owner_id, title)
			select n, ${STRANGER}, 'bulk ' || n from generate_series(1001, 2200) n`;
		const { data } = await client(project.secretKey).from('notes').select('id').limit(5000);
		expect(data).toHaveLength(1000);
	});

	test('reads views with the rights of the caller', async () => {
		const { data } = await (await asUser()).from('note_titles').select().eq('id', 1);
		expect(data).toEqual([{ id: 1, title: 'note 1' }]);
	});

	test('finds a table that was made a moment ago', async () => {
		await sql`create table public.made_late (id integer)`;
		await sql`grant select on public.made_late to anon`;
		const { error } = await client(project.publishableKey).from('made_late').select();
		expect(error).toBeNull();
	});
});

describe('writing', () => {
	beforeAll(async () => {
		await sql`truncate public.notes`;
	});

	test('inserts one and many rows and gives them back when asked', async () => {
		const user = await asUser();
		const one = await user
			.from('notes')
			.insert({ id: 1, owner_id: OWNER, title: 'one', body: { nested: ['"', null] } })
			.select('id, body')
			.single();
		expect(one).toMatchObject({ status: 201, data: { id: 1, body: { nested: ['"', null] } } });
		const many = await user.from('notes').insert([
			{ id: 2, owner_id: OWNER, title: 'two', tags: ['x'] },
			{ id: 3, owner_id: OWNER, title: 'three' },
		]);
		expect(many).toMatchObject({ status: 201, data: null, error: null });
		const left = await user.from('notes').select('tags').order('id');
		expect(left.data).toEqual([{ tags: null }, { tags: ['x'] }, { tags: null }]);
	});

	test('lets a role insert what it may not read', async () => {
		const { error } = await client(project.publishableKey).from('drop_box').insert({ text: 'hi' });
		expect(error).toBeNull();
	});

	test('fills keys left out with defaults when told to', async () => {
		const { data, error } = await (
			await asUser()
		)
			.from('notes')
			.upsert(
				[
					{ id: 3, owner_id: OWNER, title: 'three again' },
					{ id: 4, owner_id: OWNER, title: 'four', done: true },
				],
				{ defaultToNull: false },
			)
			.select('title, done');
		expect(error).toBeNull();
		expect(data).toEqual([
			{ title: 'three again', done: false },
			{ title: 'four', done: true },
		]);
	});

	test('updates and deletes what the filters and policies allow', async () => {
		const changed = await (
			await asUser()
		)
			.from('notes')
			.update({ title: 'renamed', price: 1.005 })
			.eq('id', 1)
			.select('title, price');
		expect(changed.data).toEqual([{ title: 'renamed', price: 1.01 }]);
		const stranger = await asUser(STRANGER);
		const untouched = await stranger.from('notes').update({ title: 'stolen' }).eq('id', 1).select();
		expect(untouched.data).toEqual([]);
		const removed = await (await asUser()).from('notes').delete().in('id', [2, 3]);
		expect(removed.status).toBe(204);
		expect(await sql`select id from public.notes order by id`).toEqual([{ id: 1 }, { id: 4 }]);
	});

	test('rolls back a write whose representation is not the one row wanted', async () => {
		const { error } = await (
			await asUser()
		)
			.from('notes')
			.delete()
			.eq('done', true)
			.neq('id', 4)
			.select()
			.single();
		expect(error).toMatchObject({ code: 'PGRST116' });
		const all = await (await asUser()).from('notes').delete().gt('id', 0).select().single();
		expect(all.error).toMatchObject({ code: 'PGRST116', details: 'The result contains 2 rows' });
		expect(await sql`select from public.notes`).toHaveLength(2);
	});

	test('reports constraints, policies and unknown columns as PostgREST does', async () => {
		const user = await asUser();
		const twice = await user.from('notes').insert({ id: 9, owner_id: OWNER, title: 'renamed' });
		expect(twice).toMatchObject({
			status: 409,
			error: { code: '23505', message: expect.stringContaining('notes_title_key') },
		});
		const foreign = await user.from('notes').insert({ id: 9, owner_id: STRANGER, title: 'x' });
		expect(foreign).toMatchObject({ status: 403, error: { code: '42501' } });
		const unknown = await user.from('notes').insert({ id: 9, nothing: 1 });
		expect(unknown).toMatchObject({ status: 400, error: { code: 'PGRST204' } });
	});
});

describe('calling functions', () => {
	beforeAll(async () => {
		await sql`truncate public.notes`;
	});

	test('passes JSON arguments and returns a composite row', async () => {
		const { data, error } = await (
			await asUser()
		).rpc('add_note', {
			id: 1,
			title: 'first',
			options: { deep: { list: [1, 'two', null] } },
		});
		expect(error).toBeNull();
		expect(data).toMatchObject({
			id: 1,
			owner_id: OWNER,
			body: { deep: { list: [1, 'two', null] } },
		});
		const second = await (await asUser()).rpc('add_note', { id: 2, title: 'second' }).single();
		expect(second.error).toBeNull();
	});

	test('returns sets of rows, sets of values, values, tables and nothing', async () => {
		const user = await asUser();
		const rows = await user.rpc('find_notes', { words: ['second', 'absent'] }).select('id');
		expect(rows.data).toEqual([{ id: 2 }]);
		expect((await user.rpc('titles')).data).toEqual(['first', 'second']);
		expect((await user.rpc('total')).data).toBe(2);
		expect((await user.rpc('total', { factor: 2.5 }, { get: true })).data).toBe(5);
		expect((await user.rpc('summary').order('title', { ascending: false }).limit(1)).data).toEqual([
			{ title: 'second', words: 1 },
		]);
		expect(await user.rpc('touch', { id: 1 })).toMatchObject({
			status: 204,
			data: null,
			error: null,
		});
		expect(await sql`select done from public.notes where id = 1`).toEqual([{ done: true }]);
	});

	test('runs as the role of the token, connected as authenticator', async () => {
		expect((await (await asUser()).rpc('who')).data).toEqual({
			current: 'authenticated',
			session: 'authenticator',
			sub: OWNER,
		});
	});

	test('passes on what a function says when it refuses', async () => {
		expect(await (await asUser()).rpc('refuse_me')).toMatchObject({
			status: 400,
			error: { code: 'P0001', message: 'not today', details: 'closed', hint: 'come back tomorrow' },
		});
	});

	test('says which function with which arguments it looked for', async () => {
		const { error, status } = await (await asUser()).rpc('total', { wrong: 1 });
		expect(status).toBe(404);
		expect(error).toMatchObject({
			code: 'PGRST202',
			message: 'Could not find the function public.total(wrong) in the schema cache',
		});
	});
});

describe('keys, tokens and what is not there', () => {
	const get = (path: string, headers: Record<string, string>) =>
		fetch(`${project.url}/rest/v1${path}`, { headers });

	test('wants an API key of the project', async () => {
		expect((await get('/notes', {})).status).toBe(401);
		const wrong = await get('/notes', { apikey: 'sb_publishable_of_another_project' });
		expect(await wrong.json()).toMatchObject({ message: 'Invalid API key' });
	});

	test('does not take a user token as API key, nor the secret key from a browser', async () => {
		expect((await get('/notes', { apikey: await tokenOf(OWNER) })).status).toBe(401);
		const browser = { apikey: project.secretKey, 'user-agent': 'Mozilla/5.0 (X11)' };
		expect((await get('/notes', browser)).status).toBe(401);
	});

	test('says when a token has expired and when another key signed it', async () => {
		const expired = await client(project.publishableKey, await tokenOf(OWNER, -10))
			.from('notes')
			.select();
		expect(expired).toMatchObject({
			status: 401,
			error: { code: 'PGRST303', message: 'JWT expired' },
		});
		const { privateKey } = await generateKeyPair('ES256', { extractable: true });
		const forged = await new SignJWT({ role: 'service_role' })
			.setProtectedHeader({ alg: 'ES256', kid: 'test-key' })
			.setExpirationTime('1h')
			.sign(await importJWK(await exportJWK(privateKey), 'ES256'));
		const refused = await client(project.publishableKey, forged).from('notes').select();
		expect(refused).toMatchObject({ status: 401, error: { code: 'PGRST301' } });
	});

	test.each([
		['/notes?select=*,comments(*)', 'embedding'],
		['/notes?or=(id.eq.1,id.eq.2)', 'logical filter "or"'],
		['/notes?tags=cs.{a}', 'filter operator "cs"'],
		['/notes?select=body->a', 'JSON paths'],
		['/notes?select=count()', 'aggregates'],
	])('answers 501 to %s and names what is missing', async (path, what) => {
		const answer = await get(path, { apikey: project.publishableKey });
		expect(answer.status).toBe(501);
		expect(await answer.json()).toMatchObject({ message: expect.stringContaining(what) });
	});

	test('refuses schemas that are not exposed', async () => {
		const { error } = await client(project.secretKey).schema('auth').from('users').select();
		expect(error).toMatchObject({ code: 'PGRST106' });
	});
});
