// The REST service through the real client: rows are read and written as PostgREST does it.
import { beforeAll, describe, expect, test } from 'vitest';
import { openNotesProject, OWNER, STRANGER, type NotesProject } from '../helpers/notes-project.ts';

let project: NotesProject['project'];
let sql: NotesProject['sql'];
let client: NotesProject['client'];
let asUser: NotesProject['asUser'];

beforeAll(async () => {
	({ project, sql, client, asUser } = await openNotesProject());
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
