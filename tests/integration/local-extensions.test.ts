// Extensions that hosted projects use: what the local stack has of them works, and what it has not it says.
import http from 'node:http';
import { describe, expect, test } from 'vitest';
import { freshPair, hasNewerPostgres, newerTargets } from '../helpers/clusters.ts';
import { connect } from '../helpers/run-sql.ts';

const hosts = [
	{ major: 15, open: async () => (await freshPair()).source },
	...(hasNewerPostgres
		? [{ major: 17, open: async () => (await (await newerTargets())()).target }]
		: []),
];

describe.each(hosts)('extensions on Postgres $major', async ({ open }) => {
	const sql = connect((await open()).dbUrl);
	const available = new Set(
		(await sql`select name from pg_available_extensions`).map(({ name }) => String(name)),
	);

	test('of the kind that nothing stands in for are refused with the reason', async () => {
		expect([...available]).not.toContain('pg_graphql');
		for (const statement of [
			'create extension pg_graphql',
			'create extension if not exists "pg_graphql" with schema graphql',
			'create table before (id int); CREATE EXTENSION pg_graphql;',
		]) {
			await expect(sql.unsafe(statement).simple(), statement).rejects.toMatchObject({
				code: '0A000',
				message: 'extension "pg_graphql" is not available',
				detail: 'Hosted Supabase has it, this local stack has not.',
			});
		}
		await expect(sql.unsafe('create extension nobody_knows')).rejects.toMatchObject({
			hint: 'The extension must first be installed on the system where PostgreSQL is running.',
		});
		await sql.unsafe(`do $$ begin
			if exists (select from pg_available_extensions where name = 'pg_graphql') then
				create extension pg_graphql;
			end if;
		end $$`);
	});

	test.runIf(available.has('vector'))('vector: columns, indexes, distances', async () => {
		await sql.unsafe(`
			create extension vector with schema extensions;
			create table public.doc (id int primary key, embedding extensions.vector(3), half extensions.halfvec(2));
			create index doc_hnsw on public.doc using hnsw (embedding extensions.vector_cosine_ops) with (m = 8);
			create index doc_ivf on public.doc using ivfflat (embedding extensions.vector_l2_ops) with (lists = 1);
			insert into public.doc values (1, '[1,0,0]', '[1,2]'), (2, '[0,1,0]', null)`);
		const near = await sql`
			select id, embedding::text, embedding operator(extensions.<=>) '[1,0,0]' as distance
			from doc order by 3 limit 1`;
		expect([...near]).toEqual([{ id: 1, embedding: '[1,0,0]', distance: 0 }]);
	});

	test.runIf(available.has('hypopg'))('hypopg and plpgsql_check, by postgres', async () => {
		await sql.unsafe('create extension hypopg; create extension plpgsql_check');
		await sql.unsafe('create table public.plain (id int)');
		expect(await sql`select 1 from hypopg_create_index('create index on plain (id)')`).toHaveLength(
			1,
		);
		await sql.unsafe(
			`create function public.wrong() returns int language plpgsql as 'begin return nothing; end'`,
		);
		const [found] =
			await sql`select string_agg(f, ' ') as found from plpgsql_check_function('wrong()') f`;
		expect(String(found?.['found'])).toContain('"nothing" does not exist');
	});

	test.runIf(available.has('pgjwt'))('pgjwt signs and verifies', async () => {
		await sql.unsafe('create extension pgjwt with schema extensions');
		const [signed] = await sql`
			select sign('{"sub":"1234567890","name":"John Doe","iat":1516239022}', 'secret') as token`;
		expect(signed?.['token']).toBe(
			'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.XbPfbIHMI6arZ3Y922BhjWgQzWXcXNrz0ogtVhfEd2o',
		);
		const token = String(signed?.['token']);
		const rows = await sql`
			select payload ->> 'name' as name, valid from verify(${token}, 'secret')
			union all select 'wrong', valid from verify(${token}, 'other')
			union all select 'late', valid from verify(sign('{"exp": 1}', 'a', 'HS512'), 'a', 'HS512')`;
		expect([...rows]).toEqual([
			{ name: 'John Doe', valid: true },
			{ name: 'wrong', valid: false },
			{ name: 'late', valid: false },
		]);
		await expect(sql`select sign('{}', 'a', 'RS256')`).rejects.toThrow('Cannot use');
	});

	test('pgmq sends, reads, archives and drops, as postgres', async () => {
		await sql.unsafe(`
			create extension pgmq;
			select pgmq.create('Mails'); select pgmq.create('mails'); select pgmq.create_unlogged('fast');
			select pgmq.send('mails', '{"n": 1}'); select pgmq.send('mails', '{"n": 2}', 60);
			select pgmq.send('mails', '{"n": 3}', '{"h": 1}'::jsonb);
			select pgmq.send_batch('mails', array['{"n": 4}', '{"n": 5}']::jsonb[])`);
		const read = await sql`select msg_id, read_ct, message, headers from pgmq.read('mails', 30, 2)`;
		expect([...read]).toEqual([
			{ msg_id: '1', read_ct: 1, message: { n: 1 }, headers: null },
			{ msg_id: '3', read_ct: 1, message: { n: 3 }, headers: { h: 1 } },
		]);
		const [popped] = await sql`select msg_id from pgmq.pop('mails')`;
		expect(popped).toEqual({ msg_id: '4' });
		const [done] = await sql`
			select pgmq.archive('mails', 1) as archived, pgmq.archive('mails', 99) as missing, pgmq.delete('mails', 3) as deleted`;
		expect(done).toEqual({ archived: true, missing: false, deleted: true });
		const [metrics] = await sql`
			select queue_length, total_messages, queue_visible_length from pgmq.metrics('mails')`;
		expect(metrics).toEqual({ queue_length: '2', total_messages: '5', queue_visible_length: '1' });
		expect([...(await sql`select message from pgmq.a_mails`)]).toEqual([{ message: { n: 1 } }]);
		const members = await sql`
			select objid::regclass::text as name from pg_depend
			where refobjid = (select oid from pg_extension where extname = 'pgmq') and deptype = 'e'
				and classid = 'pg_class'::regclass order by 1`;
		expect(members.map(({ name }) => String(name))).toEqual([
			'pgmq.a_fast',
			'pgmq.a_mails',
			'pgmq.meta',
			'pgmq.q_fast',
			'pgmq.q_mails',
		]);
		await sql`select pgmq.drop_queue('fast')`;
		const queues = await sql`select queue_name, is_unlogged from pgmq.list_queues() order by 1`;
		expect([...queues].map(({ queue_name }) => String(queue_name))).toEqual(['Mails', 'mails']);
		await sql.unsafe('drop extension pgmq');
		expect(
			await sql`select from pg_class where relnamespace = to_regnamespace('pgmq')::oid`,
		).toHaveLength(0);
	});

	test.runIf(available.has('index_advisor'))(
		'index_advisor finds the index that helps',
		async () => {
			await sql.unsafe(`
			create extension if not exists hypopg; create extension index_advisor;
			create table public.book (id int primary key, title text, pages int);
			insert into public.book select n, n::text, n from generate_series(1, 5000) n; analyze public.book`);
			const [advice] =
				await sql`select * from index_advisor('select id from book where title = $1')`;
			expect(advice).toMatchObject({
				index_statements: ['CREATE INDEX ON public.book USING btree (title)'],
				errors: [],
			});
			expect(Number(advice?.['total_cost_after'])).toBeLessThan(
				Number(advice?.['total_cost_before']),
			);
			const [wrong] = await sql`select errors from index_advisor('select nothing from book')`;
			expect(wrong).toEqual({ errors: ['column "nothing" does not exist'] });
		},
	);

	test('http sends what it is given and gives what it gets', async () => {
		const server = http.createServer((request, response) => {
			let body = '';
			request.on('data', (chunk) => (body += String(chunk)));
			request.on('end', () => {
				response.writeHead(request.url === '/missing' ? 404 : 200, {
					'Content-Type': 'text/plain',
				});
				const { 'content-type': type, 'x-own': own } = request.headers;
				response.end(JSON.stringify([request.method, request.url, type, own, body]));
			});
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const address = server.address();
		const base = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
		try {
			await sql.unsafe('create extension http with schema extensions');
			const hostile = 'it\'s "quoted" \\ $HOME `ls`\n\tümlaut %s $(ls) \\n';
			const [posted] = await sql`
				select status, content_type, content::jsonb as said
				from http_post(${`${base}/a?b=c`}, ${hostile}, 'text/x-odd')`;
			expect(posted).toEqual({
				status: 200,
				content_type: 'text/plain',
				said: ['POST', '/a?b=c', 'text/x-odd', null, hostile],
			});
			const [own] = await sql`
				select content::jsonb as said, (select count(*)::int from unnest(headers) h where h.field ilike 'content-type') as types
				from http(row('PATCH', ${`${base}/x`}, http_headers('X-Own', 'a"b'), 'application/json', '{}')::http_request)`;
			expect(own).toEqual({ said: ['PATCH', '/x', 'application/json', 'a"b', '{}'], types: 1 });
			const [missing] =
				await sql`select status, content::jsonb ->> 0 as method from http_get(${`${base}/missing`})`;
			expect(missing).toEqual({ status: 404, method: 'GET' });
			const [form] =
				await sql`select content::jsonb ->> 4 as body from http_post(${base}, '{"a b": "c&é"}'::jsonb)`;
			expect(form).toEqual({ body: 'a%20b=c%26%C3%A9' });
			await expect(sql`select http_get('http://127.0.0.1:1/')`).rejects.toThrow(/connect/i);
		} finally {
			server.close();
		}
	});
});
