// Partitions that were split, attached, detached or bound otherwise on the source between two clones: the second clone
// follows, rows that only the target has stay, and the third changes nothing.
import { describe, expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import {
	cloneInProcess,
	previewInProcess,
	testOptions,
	type TestClone,
	verifyInProcess,
} from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { runScript } from '../helpers/corpus.ts';
import { normalizedDump } from '../helpers/dump.ts';
import { fingerprints, sql } from './data-fingerprints.ts';

const clone = (pair: Pair, more: Partial<TestClone> = {}) =>
	cloneInProcess({ ...pair, components: [tables, data], ...more });

const BY_DAY = `
create table public."m.x" (id int generated always as identity, at date not null, twice int generated always as (extract(year from at)::int * 2) stored,
	primary key (id, at)) partition by range (at);
create table public.jan partition of public."m.x" for values from ('2024-01-01') to ('2024-02-01');
create table public.dflt partition of public."m.x" default;
create table public.refers (id int, at date, foreign key (id, at) references public."m.x");
insert into public."m.x" (at) values ('2024-01-05'), ('2024-02-05'), ('2024-02-06'), ('2030-01-01');
insert into public.refers values (2, '2024-02-05')`;

/** What its owner does on the source. */
const split = (partition: string, more = '') => `
begin; alter table public.refers drop constraint refers_id_at_fkey; alter table public."m.x" detach partition public.dflt;
${partition}; insert into public."m.x" (id, at) overriding system value select id, at from public.dflt where at < '2024-03-01';
delete from public.dflt where at < '2024-03-01'; alter table public."m.x" attach partition public.dflt default; ${more};
alter table public.refers add foreign key (id, at) references public."m.x"; commit`;

const FEBRUARY = `create table public."Feb ""x""" partition of public."m.x" for values from ('2024-02-01') to ('2024-03-01')`;

const SETS = `
create table public.s (k text, v int) partition by list (k);
create table public.s_ab partition of public.s for values in ('a', 'b', null);
create table public.s_rest partition of public.s default;
create table public.free (k text, v int);
insert into public.s values ('a', 1), ('b', 2), (null, 3), ('c', 4), ('d', 5); insert into public.free values ('d', 9)`;

const HASHED = `
create table public.h (id int primary key, v text) partition by hash (id);
create table public.h0 partition of public.h for values with (modulus 2, remainder 0);
create table public.h1 partition of public.h for values with (modulus 2, remainder 1);
insert into public.h select i, 'v' || i from generate_series(1, 50) i`;

const CASES: readonly (readonly [title: string, before: string, change: string])[] = [
	['the default partition was split', BY_DAY, split(FEBRUARY)],
	[
		'it was split for a partition with partitions',
		BY_DAY,
		split(`${FEBRUARY} partition by range (id);
			create table public.feb_few partition of public."Feb ""x""" for values from (1) to (3);
			create table public.feb_rest partition of public."Feb ""x""" default`),
	],
	[
		'the default partition has partitions itself',
		BY_DAY.replace(
			'public.dflt partition of public."m.x" default',
			'public.dflt partition of public."m.x" default partition by range (at); create table public.late partition of public.dflt for values from (\'2025-01-01\') to (maxvalue); create table public.other partition of public.dflt default',
		),
		split(FEBRUARY),
	],
	[
		'a list was split and a table attached',
		SETS,
		`begin; alter table public.s detach partition public.s_rest; create table public.s_c partition of public.s for values in ('c');
		insert into public.s select * from public.s_rest where k = 'c'; delete from public.s_rest where k in ('c', 'd');
		update public.free set v = 7; alter table public.s attach partition public.free for values in ('d'); alter table public.s attach partition public.s_rest default; commit`,
	],
	[
		'a partition was detached, its rows moved on',
		SETS,
		`begin; alter table public.s detach partition public.s_ab; insert into public.s select * from public.s_ab where k = 'b'; delete from public.s_ab where k = 'b'; commit`,
	],
	[
		'bounds have shrunk',
		SETS,
		`begin; alter table public.s detach partition public.s_ab; insert into public.s select * from public.s_ab where k = 'b'; delete from public.s_ab where k = 'b';
		alter table public.s attach partition public.s_ab for values in ('a', null); commit`,
	],
	[
		'another default partition',
		SETS,
		`begin; alter table public.s detach partition public.s_rest; update public.free set k = 'z'; alter table public.s attach partition public.free default; commit`,
	],
	[
		'hash partitions were divided',
		HASHED,
		`begin; create table public.old as select * from public.h; alter table public.h detach partition public.h0; truncate public.h0;
		create table public.h2 partition of public.h for values with (modulus 4, remainder 2);
		alter table public.h attach partition public.h0 for values with (modulus 4, remainder 0);
		delete from public.h; insert into public.h select * from public.old; drop table public.old; commit`,
	],
];

describe('between two clones', () => {
	it('partitions are followed, with their rows', async () => {
		const pair = await freshPair();
		// Each in a schema of its own.
		const all = (part: 1 | 2) =>
			CASES.map((one, at) => {
				const schema = `"case ${at}: ${one[0]}"`;
				const text = one[part].replaceAll('public.', `${schema}.`);
				return part === 1 ? `create schema ${schema}; ${text}` : text;
			}).join(';\n');
		runScript(pair.source.dbUrl, all(1));
		const failed = (result: Awaited<ReturnType<typeof clone>>) =>
			[...result.items.values()].filter(({ outcome }) => outcome === 'failed');
		expect(failed(await clone(pair))).toEqual([]);
		runScript(pair.source.dbUrl, all(2));
		expect(failed(await clone(pair))).toEqual([]);
		expect(normalizedDump(pair.target.dbUrl)).toEqual(normalizedDump(pair.source.dbUrl));
		expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
		for (const component of [tables, data])
			expect(await verifyInProcess(pair, component, 'checksums')).toEqual([]);
		const again = await clone(pair);
		expect([...again.outcome('failed'), ...again.outcome('copied')]).toEqual([]);
	});
});

describe('rows that only the target has', () => {
	const rows = (pair: Pair) =>
		sql(
			pair.target,
			`select tableoid::regclass::text as partition, id, at::text from public."m.x" order by at, id`,
		);

	it.each([
		[
			'are moved where they belong when rows are left alone',
			{ strategies: { 'public.m.x': 'skip' } },
		],
		[
			'are moved where they belong when rows are added to',
			{ strategies: { 'public.m.x': 'upsert' } },
		],
		['are moved where they belong when only tables are cloned', {}],
	] as const)('%s', async (_, options) => {
		const pair = await freshPair();
		runScript(pair.source.dbUrl, BY_DAY);
		await clone(pair);
		await sql(
			pair.target,
			`insert into public."m.x" (id, at) overriding system value values (77, '2024-02-07'), (78, '2031-01-01')`,
		);
		runScript(pair.source.dbUrl, split(FEBRUARY));
		const preview = await previewInProcess({ ...pair, options }, tables);
		expect(preview.warnings).toEqual([
			expect.objectContaining({ object: 'public."Feb ""x"""' }) as unknown,
		]);
		const components = 'strategies' in options ? [tables, data] : [tables];
		expect((await clone(pair, { components, options })).outcome('failed')).toEqual([]);
		expect(await rows(pair)).toEqual([
			{ partition: 'jan', id: 1, at: '2024-01-05' },
			{ partition: '"Feb ""x"""', id: 2, at: '2024-02-05' },
			{ partition: '"Feb ""x"""', id: 3, at: '2024-02-06' },
			{ partition: '"Feb ""x"""', id: 77, at: '2024-02-07' },
			{ partition: 'dflt', id: 4, at: '2030-01-01' },
			{ partition: 'dflt', id: 78, at: '2031-01-01' },
		]);
		const again = await clone(pair, { components, options });
		expect([...again.outcome('failed'), ...again.outcome('copied')]).toEqual([]);
	});
});

describe('partitions that only rows are cloned for', () => {
	it('are compared one by one: a partition that differs does not pass', async () => {
		const pair = await freshPair();
		runScript(pair.source.dbUrl, BY_DAY);
		await clone(pair);
		runScript(pair.source.dbUrl, split(FEBRUARY));
		const result = await clone(pair, { components: [data] });
		expect(result.outcome('failed')).toEqual([]);
		for (const mode of ['checksums', 'counts'] as const) {
			const findings = await verifyInProcess({ ...pair, options: testOptions() }, data, mode);
			expect(findings.map(({ object, expected, found }) => [object, expected, found])).toEqual([
				['public.Feb "x"', '2 rows', 'no such partition'],
				['public.dflt', '1 row', '3 rows'],
			]);
		}
	});
});

it('does not take rows from a default partition that only the target has', async () => {
	const pair = await freshPair();
	const tree = `create table public.p (k int, v text) partition by range (k);
		create table public.p1 partition of public.p for values from (0) to (10); insert into public.p values (1, 'a')`;
	for (const endpoint of [pair.source, pair.target]) runScript(endpoint.dbUrl, tree);
	runScript(
		pair.target.dbUrl,
		`create table public."Own" partition of public.p default; insert into public.p values (15, 'own'), (99, 'own')`,
	);
	runScript(
		pair.source.dbUrl,
		`create table public.p2 partition of public.p for values from (10) to (20); insert into public.p values (11, 'b')`,
	);
	const own = () => sql(pair.target, 'select k from public."Own" order by 1');
	const result = await clone(pair);
	expect(result.outcome('failed').join()).toContain('public.p2');
	expect(result.items.get('tables public.p2 (partition)')).toMatchObject({
		detail: expect.stringContaining('public."Own"') as string,
		fix: expect.stringContaining('Move or remove') as string,
	});
	expect(await own()).toEqual([{ k: 15 }, { k: 99 }]);

	await clone(pair, { options: testOptions({ remove_extra: true }) });
	const rows = await sql(pair.target, 'select k, v from public.p order by 1');
	expect(rows).toEqual([
		{ k: 1, v: 'a' },
		{ k: 11, v: 'b' },
	]);
});
