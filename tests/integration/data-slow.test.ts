// Tables that take too long: a statement is cancelled, its table divided, and one that is too slow even then reported
// by name, while the others are copied and verified. And sizes: the larger endpoint decides.
import { expect, it } from 'vitest';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { SIZES } from '../../supabase/functions/_shared/components/data/sizes.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { runScript } from '../helpers/corpus.ts';
import { fingerprints, sql } from './data-fingerprints.ts';

const data = createData({ ...SIZES, statementMs: 1500 });

it(
	'a slow table is divided, a hopeless one reported by name, and the others go on',
	{ timeout: 120_000 },
	async () => {
		const pair = await freshPair();
		const both = `create table public.a (id int primary key); create table public.slow (id int primary key, v int);
		create table public."Hope.less" (id int primary key, v int); create table public.z (id int primary key)`;
		runScript(
			pair.source.dbUrl,
			`${both}; insert into public.a values (1); insert into public.z values (1); insert into public."Hope.less" values (1, 1);
		insert into public.slow select i, i from generate_series(1, 60) i`,
		);
		// Checks of the target that take their time: as a whole 2.6 seconds.
		runScript(
			pair.target.dbUrl,
			`${both}; alter table public.slow add check (pg_sleep(0.04)::text is not null);
		alter table public."Hope.less" add check (pg_sleep(3)::text is not null)`,
		);
		const result = await cloneInProcess({ ...pair, components: [data] });
		expect(result.outcome('copied')).toEqual([
			'data public.a',
			'data public.slow',
			'data public.z',
		]);
		expect(result.items.get('data public.Hope.less')).toMatchObject({
			outcome: 'failed',
			sqlstate: '57014',
		});
		expect(await sql(pair.target, 'select count(*)::int as n from public.slow')).toEqual([
			{ n: 60 },
		]);
	},
);

it('a table that cannot be compared at once is compared in parts, by a clone and by a verification', async () => {
	const pair = await freshPair();
	const both =
		'create table public.a (id int); create table public.big (id int primary key, v numeric, j jsonb)';
	runScript(
		pair.source.dbUrl,
		`${both}; insert into public.big select i, i, jsonb_build_object('n', i) from generate_series(1, 150000) i; analyze`,
	);
	runScript(pair.target.dbUrl, both);
	const first = await cloneInProcess({ ...pair, components: [createData()] });
	expect(first.outcome('copied')).toEqual(['data public.big']);
	const hasty = createData({ ...SIZES, statementMs: 2000 });
	expect(await verifyInProcess(pair, hasty, 'checksums')).toEqual([]);
	await sql(pair.target, 'update public.big set v = 7.0 where id = 7');
	const findings = await verifyInProcess(pair, hasty, 'checksums');
	expect(findings.map(({ object }) => object)).toEqual(['public.big']);
	const again = await cloneInProcess({ ...pair, components: [hasty] });
	expect(again.items.get('data public.big')).toMatchObject({ outcome: 'copied' });
	expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
});

it('the endpoint with the larger table decides how a table is divided', async () => {
	const pair = await freshPair();
	const both =
		'create table public.t (id int primary key, v text); create table public.r (id int references public.t)';
	runScript(pair.source.dbUrl, `${both}; insert into public.t values (5, 'five')`);
	runScript(
		pair.target.dbUrl,
		`${both}; insert into public.t select i, repeat('x', 500) from generate_series(1, 4000) i; analyze`,
	);
	const sizes = {
		...SIZES,
		smallBytes: 65_536,
		wholeBytes: 65_536,
		chunkBytes: 65_536,
		copyBytes: 65_536,
	};
	const clone = () =>
		cloneInProcess({ ...pair, components: [createData(sizes)], limits: { operations: 1 } });
	const result = await clone();
	expect(result.slices['data.rows']).toBeGreaterThan(10);
	expect(await sql(pair.target, 'select id, v from public.t')).toEqual([{ id: 5, v: 'five' }]);
	await sql(pair.source, 'delete from public.t');
	expect((await clone()).outcome('failed')).toEqual([]);
	expect(await sql(pair.target, 'select id, v from public.t')).toEqual([]);
});
