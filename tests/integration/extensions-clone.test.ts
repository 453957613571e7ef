// Clones of projects that use what only extensions bring: columns, indexes and functions of pgvector, queues, http.
import { describe, expect, test } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { cloneInProcess, verifyAllInProcess } from '../helpers/clone.ts';
import { freshPair, hasNewerPostgres, newerTargets, type Pair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const pairs = [
	{ versions: '15 to 15', open: freshPair },
	...(hasNewerPostgres
		? [{ versions: '15 to 17', open: async () => (await newerTargets())() }]
		: []),
];

const FACTS = `
	select extname as name, extnamespace::regnamespace::text as fact from pg_extension
	where extname in ('vector', 'pgmq', 'http')
	union all
	select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index
	where indrelid = to_regclass('public.docs')
	union all
	select attname, format_type(atttypid, atttypmod) from pg_attribute
	where attrelid = to_regclass('public.docs') and attnum > 0 and not attisdropped
	union all
	select 'row', d::text from public.docs as d
	union all
	select proname, pg_get_function_identity_arguments(oid) from pg_proc where proname = 'match_docs'
	order by 1, 2`;

describe.each(pairs)('a project with extensions, Postgres $versions', ({ open }) => {
	test('arrives with columns, indexes, functions and rows, and a second clone changes nothing', async ({
		skip,
	}) => {
		const pair: Pair = await open();
		const [vector] = await rowsOf(
			pair.target.dbUrl,
			"select 1 from pg_available_extensions where name = 'vector'",
		);
		if (vector === undefined) skip('pgvector could not be built on this machine');
		await runOn(
			pair.source.dbUrl,
			`create extension vector with schema extensions;
			create extension http with schema extensions;
			create extension pgmq;
			select pgmq.create('mails');
			create table public.docs (
				id bigint generated always as identity primary key, body text,
				embedding extensions.vector(3), half extensions.halfvec(2), sparse extensions.sparsevec(5)
			);
			create index docs_hnsw on public.docs using hnsw (embedding extensions.vector_cosine_ops)
				with (m = 8, ef_construction = 32);
			create index docs_ivf on public.docs using ivfflat (embedding extensions.vector_l2_ops) with (lists = 2);
			insert into public.docs (body, embedding, half, sparse)
			values ('a', '[1,0.5,-3]', '[1,2]', '{1:1.5,4:-2}/5'), ('b', null, null, null);
			create function public.match_docs(query extensions.vector(3), amount int) returns setof public.docs
			language sql stable as $$
				select * from public.docs order by embedding operator(extensions.<=>) query limit amount
			$$;
			create function public.fetch(url text) returns extensions.http_response
			language sql as $$ select extensions.http_get(url) $$;`,
		);
		const components = [tables, data, functions];
		const clone = () => cloneInProcess({ ...pair, components });
		const result = await clone();
		expect(result.outcome('failed')).toEqual([]);
		expect(await rowsOf(pair.target.dbUrl, FACTS)).toEqual(await rowsOf(pair.source.dbUrl, FACTS));
		expect(await verifyAllInProcess({ ...pair, components }, 'structure')).toEqual([]);
		const again = await clone();
		expect([
			...again.outcome('copied'),
			...again.outcome('adapted'),
			...again.outcome('failed'),
		]).toEqual([]);
	}, 120_000);
});
