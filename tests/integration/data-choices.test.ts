// What is copied and how: strategies, limits, ignore rules, layouts that differ, and tables that make trouble.
import { describe, expect, it } from 'vitest';
import type { Item } from '../../supabase/functions/_shared/contract/report.ts';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { SIZES } from '../../supabase/functions/_shared/components/data/sizes.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { cloneInProcess, testOptions, type TestClone, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { withContext } from './data-context.ts';
import { fingerprints, sql } from './data-fingerprints.ts';

const data = createData();

const clone = (pair: Pair, more: Partial<TestClone> = {}) =>
	cloneInProcess({ source: pair.source, target: pair.target, components: [data], ...more });

async function pairWith(both: string, source: string, target = ''): Promise<Pair> {
	const pair = await freshPair();
	await Promise.all([
		sql(pair.source, `${both};\n${source}`),
		sql(pair.target, `${both};\n${target}`),
	]);
	return pair;
}

describe('strategies', () => {
	it('mirror removes, upsert keeps, skip and ignore rules leave alone', async () => {
		const tables = ['mirrored', 'added', 'skipped', 'ignored'];
		const pair = await pairWith(
			tables
				.map(
					(name) =>
						`create table public.${name} (id serial primary key, v text, gen int generated always as (id * 2) stored)`,
				)
				.join(';'),
			tables
				.map((name) => `insert into public.${name} (v) values ('one'), ('two'), ('three')`)
				.join(';'),
			tables
				.map(
					(name) =>
						`insert into public.${name} (id, v) values (2, 'old'), (3, 'three'), (9, 'mine'); select setval('public.${name}_id_seq', 9)`,
				)
				.join(';'),
		);
		const kept = await sql(
			pair.target,
			'select xmin::text, xmax::text from public.added where id in (3, 9)',
		);
		const options = { strategies: { 'public.added': 'upsert', 'public.skipped': 'skip' } as const };
		const result = await clone(pair, { options, ignoreRules: ['*.ignor*', 'public.no_such'] });
		const rows = async (name: string) =>
			(await sql(pair.target, `select id, v from public.${name} order by id`)).map(
				({ id, v }) => `${String(id)} ${String(v)}`,
			);
		expect(await rows('mirrored')).toEqual(['1 one', '2 two', '3 three']);
		expect(await rows('added')).toEqual(['1 one', '2 two', '3 three', '9 mine']);
		expect(await rows('skipped')).toEqual(['2 old', '3 three', '9 mine']);
		expect(await rows('ignored')).toEqual(['2 old', '3 three', '9 mine']);
		expect(result.items.get('data public.ignored')).toMatchObject({
			outcome: 'skipped',
			detail: 'Ignore rule *.ignor*',
		});
		expect(result.items.get('data public.skipped')?.outcome).toBe('skipped');
		expect(result.items.get('data public.added')?.detail).toBe('2 rows');
		// Rows that were equal, or only here, were not even locked.
		expect(
			await sql(pair.target, 'select xmin::text, xmax::text from public.added where id in (3, 9)'),
		).toEqual(kept);
		// The mirrored table's sequence follows the source's; those of tables with own rows never go back.
		expect(
			await sql(
				pair.target,
				`select nextval('public.mirrored_id_seq') as m, nextval('public.added_id_seq') as a, nextval('public.ignored_id_seq') as i`,
			),
		).toEqual([{ m: 4, a: 10, i: 10 }]);
		expect(
			await verifyInProcess(
				{ ...pair, options: testOptions(options), ignoreRules: ['*.ignor*'] },
				data,
				'checksums',
			),
		).toEqual([
			expect.objectContaining({ severity: 'warning', object: 'public.added_id_seq' }),
			expect.objectContaining({ severity: 'warning', object: 'public.ignored_id_seq' }),
			expect.objectContaining({ severity: 'warning', object: 'public.mirrored_id_seq' }),
			expect.objectContaining({ severity: 'warning', object: 'public.skipped_id_seq' }),
		]);
		const again = await clone(pair, { options });
		expect(again.items.get('data public.added')?.outcome).toBe('unchanged');
	});

	it('upsert works with composite keys, identity columns and types without equality, and wants a key', async () => {
		const pair = await pairWith(
			`create table public.c (a int, b text, id int generated always as identity, j json, p point, primary key (a, b));
			create table public.only_key (a int primary key); create table public.keyless (a int)`,
			`insert into public.c (a, b, j, p) values (1, 'x', '{"a": 1}', '(1,2)'), (2, 'y', 'null', null); insert into public.only_key values (1), (2);
			insert into public.keyless values (1)`,
			`insert into public.c (a, b, id, j, p) overriding system value values (1, 'x', 1, '{"a": 1}', '(1,2)'), (3, 'z', 77, null, null); insert into public.only_key values (2), (3)`,
		);
		const strategies = {
			'public.c': 'upsert',
			'public.only_key': 'upsert',
			'public.keyless': 'upsert',
		} as const;
		const result = await clone(pair, { options: { strategies } });
		expect(await sql(pair.target, 'select a, b, id, j::text from public.c order by a')).toEqual([
			{ a: 1, b: 'x', id: 1, j: '{"a": 1}' },
			{ a: 2, b: 'y', id: 2, j: 'null' },
			{ a: 3, b: 'z', id: 77, j: null },
		]);
		expect(result.items.get('data public.c')?.detail).toBe('1 row');
		expect(await sql(pair.target, 'select a from public.only_key order by 1')).toEqual([
			{ a: 1 },
			{ a: 2 },
			{ a: 3 },
		]);
		expect(result.items.get('data public.keyless')).toMatchObject({
			outcome: 'failed',
			fix: expect.stringContaining('primary key') as string,
		});
	});

	it.each([{ parts: 'whole' }, { parts: 'in parts', compareBytes: 40_000 }])(
		'verifying finds rows that an upserted table lacks or has otherwise, $parts',
		async ({ compareBytes }) => {
			const pair = await pairWith(
				`create table public.a (id int primary key, v text); create table public.b (id int primary key, v text)`,
				`insert into public.a select i, 'v' || i from generate_series(1, 5000) i; insert into public.b values (1, 'x')`,
				`insert into public.a select i, 'mine' from generate_series(5001, 6000) i; insert into public.b values (1, 'x'), (2, 'y')`,
			);
			const strategies = { 'public.a': 'upsert', 'public.b': 'upsert' } as const;
			const options = { strategies };
			await clone(pair, { options });
			const component = createData(compareBytes === undefined ? SIZES : { ...SIZES, compareBytes });
			const check = (mode: 'counts' | 'checksums') =>
				verifyInProcess(
					{ ...pair, options: testOptions(options), ignoreRules: [] },
					component,
					mode,
				);
			expect(await check('checksums')).toEqual([]);
			await sql(
				pair.target,
				`update public.a set v = 'other' where id in (7, 4999); delete from public.a where id = 42`,
			);
			expect(await check('checksums')).toMatchObject([
				{
					severity: 'failed',
					object: 'public.a',
					expected: '5,000 rows of the source',
					found: expect.stringMatching(/^4,997 rows of them/) as string,
				},
			]);
			expect(await check('counts')).toEqual([]);
		},
	);

	it('a row limit takes the same first rows every time', async () => {
		const pair = await pairWith(
			`create table public.keyed (id int primary key, v text); create table public.loose (v int);
			create table public.parts (id int primary key) partition by hash (id);
			create table public.parts_0 partition of public.parts for values with (modulus 2, remainder 0);
			create table public.parts_1 partition of public.parts for values with (modulus 2, remainder 1)`,
			`insert into public.keyed select i, 'v' || i from generate_series(50, 1, -1) i; insert into public.loose select generate_series(1, 50);
			insert into public.parts select generate_series(1, 50)`,
			`insert into public.keyed values (40, 'goes')`,
		);
		const options = { row_limit: 7 };
		const result = await clone(pair, { options });
		expect(result.outcome('failed')).toEqual([]);
		expect(
			await sql(pair.target, 'select min(id), max(id), count(*) as n from public.keyed'),
		).toEqual([{ min: 1, max: 7, n: 7 }]);
		expect(await sql(pair.target, 'select max(id), count(*) as n from public.parts')).toEqual([
			{ max: 7, n: 7 },
		]);
		const loose = await sql(pair.target, 'select v from public.loose order by v');
		expect(loose).toHaveLength(7);
		expect((await clone(pair, { options })).outcome('copied')).toEqual([]);
		expect(
			await verifyInProcess({ ...pair, options: testOptions(options) }, data, 'checksums'),
		).toEqual([]);
	});

	it('that leave out what rows point to are told by the foreign key, however old it is', async () => {
		const pair = await pairWith(
			`create extension if not exists citext schema extensions; create table public.parent (a int, b extensions.citext, primary key (a, b)); create table public.child (id int primary key, a int, b extensions.citext,
				constraint to_parent foreign key (a, b) references public.parent); create table public.alone (id int primary key, next int references public.alone)`,
			`insert into public.parent select i, 'P' || i from generate_series(1, 20) i; insert into public.child select i, 21 - i, 'p' || 21 - i from generate_series(1, 20) i;
			insert into public.alone values (1, null), (2, 1)`,
		);
		const key = (result: Awaited<ReturnType<typeof clone>>) =>
			result.items.get('data public.child.to_parent');
		expect(key(await clone(pair))).toBeUndefined();
		const limited = await clone(pair, { options: { row_limit: 5 }, limits: { seconds: 0 } });
		expect(key(limited)).toMatchObject({ outcome: 'failed', sqlstate: '23503' });
		expect(key(limited)?.fix).toContain('no row limit');
		expect(limited.outcome('failed')).toHaveLength(1);
		expect(key(await clone(pair, { ignoreRules: ['public.parent'] }))?.outcome).toBe('failed');
		expect(key(await clone(pair))).toBeUndefined();
	});
});

describe('the target', () => {
	it('keeps its triggers, rules and foreign keys silent, and finds them as they were', async () => {
		const both = `
create table public.log (what text);
create function public.note() returns trigger language plpgsql as $$ begin insert into public.log values (tg_name || tg_op); return coalesce(new, old); end $$;
create table public.parent (id int primary key); create table public.child (id int primary key, parent int references public.parent on delete cascade);
create trigger origin_one before insert or delete or update on public.parent for each row execute function public.note();
create trigger "always ""one""" after insert or delete on public.parent for each row execute function public.note();
alter table public.parent enable always trigger "always ""one""";
create trigger replica_one after insert on public.child for each row execute function public.note();
alter table public.child enable replica trigger replica_one;
create trigger on_truncate before truncate on public.child execute function public.note();
alter table public.child enable always trigger on_truncate;
create rule no_delete as on delete to public.parent do instead nothing; alter table public.parent enable always rule no_delete`;
		const pair = await pairWith(
			both,
			`set session_replication_role = replica; alter table public.child disable trigger on_truncate; alter table public.child disable trigger replica_one; alter table public.parent disable trigger "always ""one"""; insert into public.parent values (1), (2); insert into public.child values (1, 1), (2, 2)`,
			`set session_replication_role = replica; insert into public.parent values (8), (9); insert into public.child values (7, 8), (8, 8); truncate public.log`,
		);
		const states = `select tgname::text as name, tgenabled::text as state from pg_trigger where not tgisinternal
			union all select rulename::text, ev_enabled::text from pg_rewrite where rulename = 'no_delete' order by 1`;
		const before = await sql(pair.target, states);
		const result = await clone(pair);
		expect(result.outcome('failed')).toEqual([]);
		expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
		expect(await sql(pair.target, states)).toEqual(before);
	});

	it('may have partitions, columns and types of its own', async () => {
		const pair = await pairWith(
			"create type public.level as enum ('low', 'high')",
			`create table public.moved (id int primary key, day date) partition by range (id);
			create table public.moved_a partition of public.moved for values from (0) to (10);
			create table public.moved_b partition of public.moved for values from (10) to (20);
			create table public.flat (id int primary key, v text);
			create table public.wide (id int primary key, level public.level, n int4, gone text generated always as ('x' || id) stored);
			insert into public.moved values (5, '2026-01-01'), (15, '2026-06-01'); insert into public.flat values (1, 'a'), (2, 'b');
			insert into public.wide values (1, 'high', 7)`,
			`create table public.moved (day date, id int primary key) partition by list (id);
			create table public.moved_a partition of public.moved for values in (15);
			create table public.moved_c partition of public.moved default;
			create table public.flat (id int primary key, v text) partition by hash (id);
			create table public.flat_0 partition of public.flat for values with (modulus 1, remainder 0);
			create table public.wide (mine text default 'default', n int8, id int primary key, level public.level);
			insert into public.moved values ('2020-01-01', 15); insert into public.wide values ('kept?', 1, 2, 'low')`,
		);
		const result = await clone(pair);
		expect(result.outcome('failed')).toEqual([]);
		expect(
			await sql(
				pair.target,
				'select tableoid::regclass::text as t, id from public.moved order by id',
			),
		).toEqual([
			{ t: 'moved_c', id: 5 },
			{ t: 'moved_a', id: 15 },
		]);
		expect(await sql(pair.target, 'select count(*) as n from public.flat_0')).toEqual([{ n: 2 }]);
		expect(await sql(pair.target, 'select * from public.wide')).toEqual([
			{ mine: 'default', n: 7, id: 1, level: 'high' },
		]);
		expect((await clone(pair)).outcome('copied')).toEqual([]);
	});

	it('gets every table that can be copied; what cannot is reported by name', async () => {
		const pair = await pairWith(
			`create table public.good (id int primary key); create table public.also_good (id int primary key, v text);
			create extension if not exists postgres_fdw schema extensions`,
			`create table public.not_there (id int); create table public.short (id int primary key, v text);
			create table public.column_less (id int, extra text); create table public.checked (id int primary key);
			insert into public.good select generate_series(1, 10); insert into public.also_good values (1, 'x');
			insert into public.short values (1, 'much too long'); insert into public.checked values (5)`,
			`create table public.short (id int primary key, v varchar(3)); create table public.column_less (id int);
			create table public.checked (id int primary key check (id < 5)); insert into public.checked values (1)`,
		);
		const result = await clone(pair);
		// The others are tried in further slices, of the same moment.
		expect(result.outcome('copied')).toEqual([
			'data moment of the rows',
			'data public.also_good',
			'data public.good',
		]);
		const failed = (name: string) => result.items.get(`data public.${name}`);
		expect(failed('not_there')).toMatchObject({ outcome: 'failed', sqlstate: '42P01' });
		expect(failed('column_less')).toMatchObject({ outcome: 'failed', sqlstate: '42703' });
		expect(failed('short')).toMatchObject({ outcome: 'failed', sqlstate: '22001' });
		expect(failed('checked')).toMatchObject({ outcome: 'failed', sqlstate: '23514' });
		expect(failed('short')?.detail).not.toMatch(/much too long/);
		// What was there before is still there.
		expect(await sql(pair.target, 'select id from public.checked')).toEqual([{ id: 1 }]);
	});

	it('may lose a table while it is cloned: the report says so', async () => {
		const pair = await pairWith(
			'create table public.first (id int); create table public.lost (id int)',
			'insert into public.first values (1); insert into public.lost values (1)',
		);
		const items = new Map<string, Item>();
		const report = (reported: readonly Item[]) =>
			reported.forEach((item) => items.set(item.object, item));
		const [stage] = createData({ ...SIZES, groupTables: 1 }).stages;
		let cursor: unknown = null;
		for (let slice = 0; slice < 10; slice += 1) {
			const slices = { ...pair, jobId: 'job', cursor, limits: { operations: 1 }, report };
			const result = await withContext(slices, (context) =>
				stage ? stage.run(context) : Promise.reject(new Error('no stage')),
			);
			if (result.state === 'done') break;
			cursor = result.cursor;
			await sql(pair.target, 'drop table if exists public.lost');
		}
		expect(items.get('public.first')?.outcome).toBe('copied');
		expect(items.get('public.lost')).toMatchObject({ outcome: 'failed', sqlstate: '42P01' });
	});

	it('is waited for where a table is locked, and the table reported when the lock stays', async () => {
		const pair = await pairWith(
			'create table public.locked (id int); create table public.free (id int)',
			'insert into public.locked values (1); insert into public.free values (1)',
		);
		const holder = await connectUrl(pair.target.dbUrl);
		await holder.script('begin; lock table public.locked in access exclusive mode');
		const impatient = createData({ ...SIZES, lockMs: 50 });
		const result = await clone(pair, { components: [impatient] });
		expect(result.items.get('data public.free')?.outcome).toBe('copied');
		expect(result.items.get('data public.locked')).toMatchObject({
			outcome: 'failed',
			sqlstate: '55P03',
		});
		await holder.close();
		expect((await clone(pair)).outcome('copied')).toEqual(['data public.locked']);
	});
});

describe('the source', () => {
	it('is only read', async () => {
		const pair = await pairWith(
			'create table public.t (id int primary key)',
			'insert into public.t values (1)',
		);
		const before = await sql(pair.source, `select xmin::text from public.t`);
		await clone(pair);
		expect(await sql(pair.source, 'select xmin::text from public.t')).toEqual(before);
		expect(await sql(pair.source, `select to_regnamespace('_twins') is null as clean`)).toEqual([
			{ clean: true },
		]);
	});

	it('keeps its Vault secrets, queues and migration history, each told by name', async () => {
		const platform = `create extension pgmq;
			create schema supabase_migrations; create table supabase_migrations.schema_migrations (version text);
			select vault.create_secret('on both', 'shared')`;
		const pair = await pairWith(
			platform,
			`select vault.create_secret('never told', 'project''s key'); select pgmq.create('mails'); select pgmq.send('mails', '{}');
				select vault.create_secret('nor this');
				insert into supabase_migrations.schema_migrations values ('20260101'), ('20260102')`,
			`insert into supabase_migrations.schema_migrations values ('20260101')`,
		);
		const result = await clone(pair);
		expect(result.outcome('skipped')).toEqual([
			"data Vault secret project's key",
			'data Vault secrets without a name',
			'data messages of queue mails',
			'data migration history',
			'data queue mails',
		]);
		expect(result.items.get("data Vault secret project's key")?.fix).toContain("'project''s key'");
		expect(result.items.get('data migration history')?.detail).toContain(
			'1 migrations (from 20260102)',
		);
		expect(JSON.stringify([...result.items])).not.toContain('never told');
	});

	it('keeps its large objects, and the report says so', async () => {
		const pair = await pairWith(
			'create table public.t (id int)',
			`create extension postgres_fdw schema extensions; select lo_from_bytea(0, 'abc');`,
		);
		const result = await clone(pair);
		expect(result.items.get('data large objects')).toMatchObject({
			outcome: 'skipped',
			fix: expect.stringContaining('bytea') as string,
		});
		const preview = await withContext({ ...pair, jobId: 'preview' }, (context) =>
			data.preview({ ...context, continueFrom: () => undefined }),
		);
		expect(preview?.counts[0]).toMatchObject({ unit: 'table', source: 1 });
		expect(preview?.warnings.map(({ object }) => object)).toContain('large objects');
		expect(preview?.warnings.find(({ object }) => object === 'public.t')?.message).toMatch(/empty/);
	});
});
