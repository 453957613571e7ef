// Types that the source has by the same name as another kind of type: an enum that became a domain, and so on, with
// columns, arrays and other types made of them.
import { expect, test } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { cloneInProcess, verifyAllInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

/** How each kind of type is made, and two of its values. */
const KINDS = {
	enum: { make: (name: string) => `create type ${name} as enum ('a', 'b')`, values: ['a', 'b'] },
	domain: {
		make: (name: string) => `create domain ${name} as text check (value <> 'z')`,
		values: ['b', 'any thing'],
	},
	composite: {
		make: (name: string) => `create type ${name} as (x int, y text)`,
		values: ['(1,a)', '(,"")'],
	},
	range: {
		make: (name: string) => `create type ${name} as range (subtype = int4)`,
		values: ['[1,5)', 'empty'],
	},
} as const;
type TypeKind = keyof typeof KINDS;
const ALL: readonly TypeKind[] = ['enum', 'domain', 'composite', 'range'];

const PAIRS = ALL.flatMap((from) =>
	ALL.filter((to) => to !== from).map((to) => [from, to] as const),
);

/** A type of the kind, and all that is made of it. */
const script = (kind: TypeKind, at: number): string => {
	const schema = `"Odd ${String(at)}.x"`;
	const type = `${schema}."A ""kind"" of"`;
	const [one, two] = KINDS[kind].values;
	return `
create schema ${schema};
${KINDS[kind].make(type)};
create type ${schema}.holder as (inner_one ${type}, n int);
create table ${schema}.plain (
	id int primary key, one ${type} default '${one}', many ${type}[] default array['${two}']::${type}[],
	held ${schema}.holder, unique (one)
);
create index on ${schema}.plain (one, id) where one is not null;
create view ${schema}.sees as select id, one, many from ${schema}.plain;
create function ${schema}.takes(${type}) returns int language sql immutable as 'select 1';
create table ${schema}.parted (id int, one ${type}) partition by list (id);
create table ${schema}.part partition of ${schema}.parted for values in (1);
insert into ${schema}.plain (id, one, many) values (1, '${one}', array['${one}', '${two}']::${type}[]), (2, '${two}', null);
insert into ${schema}.parted values (1, '${two}');`;
};

const ROWS = PAIRS.map(
	(_, at) =>
		`select ${String(at)} as pair, to_jsonb(t)::text as row from "Odd ${String(at)}.x".plain t
		union all select ${String(at)}, to_jsonb(t)::text from "Odd ${String(at)}.x".parted t`,
).join('\nunion all ');

test.each([{ remove_extra: false }, { remove_extra: true }])(
	'every kind of type becomes every other, remove_extra $remove_extra',
	{ timeout: 240_000 },
	async (options) => {
		const pair = await freshPair();
		await runOn(pair.source.dbUrl, PAIRS.map(([, to], at) => script(to, at)).join('\n'));
		await runOn(pair.target.dbUrl, PAIRS.map(([from], at) => script(from, at)).join('\n'));
		const components = [tables, data, functions, views];
		const clone = () => cloneInProcess({ ...pair, components, options });
		const first = await clone();
		expect(
			first.outcome('failed').map((id) => `${id}: ${first.items.get(id)?.detail ?? ''}`),
		).toEqual([]);
		expect(dumpedStatements(pair.target.dbUrl)).toEqual(dumpedStatements(pair.source.dbUrl));
		const rows = `${ROWS} order by 1, 2`;
		expect(await rowsOf(pair.target.dbUrl, rows)).toEqual(await rowsOf(pair.source.dbUrl, rows));
		expect(await verifyAllInProcess({ ...pair, components, options }, 'checksums')).toEqual([]);
		const again = await clone();
		expect([...again.outcome('copied'), ...again.outcome('failed')]).toEqual([]);
	},
);

test('values that the clone does not bring again outlast the new type, or it is refused', async () => {
	const pair = await freshPair();
	const table = `create table kept (id int primary key, one odd); create table brought (id int primary key, one odd)`;
	await runOn(
		pair.source.dbUrl,
		`create type odd as (x int, y text); ${table}; insert into brought values (1, '(1,a)');
		create domain word as text; create table words (id int primary key, one word)`,
	);
	await runOn(
		pair.target.dbUrl,
		`create type odd as enum ('a', 'b'); ${table}; insert into kept values (1, 'a');
		insert into brought values (1, 'b'); create table extra (many odd[]);
		create type word as enum ('p', 'q'); create table words (id int primary key, one word);
		create table more (many word[]); insert into words values (1, 'q'); insert into more values ('{p,q}');`,
	);
	const clone = () =>
		cloneInProcess({
			...pair,
			components: [tables, data],
			ignoreRules: ['public.kept', 'public.words'],
		});
	const first = await clone();
	const refused = first.items.get('tables public.odd');
	expect(refused).toMatchObject({ outcome: 'failed' });
	expect(refused?.detail).toContain('public.kept');
	expect(refused?.detail).toContain('does not bring again');
	const rows = `select 'kept' as t, one::text as v from kept union all select 'words', one::text from words
		union all select 'more', many::text from more order by 1`;
	const left = [
		{ t: 'kept', v: 'a' },
		{ t: 'more', v: '{p,q}' },
		{ t: 'words', v: 'q' },
	];
	expect(await rowsOf(pair.target.dbUrl, rows)).toEqual(left);
	const types = `select typname, typtype from pg_type where typname in ('odd', 'word') order by 1`;
	expect(await rowsOf(pair.target.dbUrl, types)).toEqual([
		{ typname: 'odd', typtype: 'e' },
		{ typname: 'word', typtype: 'd' },
	]);
	expect((await clone()).items.get('tables public.odd')?.detail).toBe(refused?.detail);
	await runOn(pair.target.dbUrl, 'delete from kept');
	expect((await clone()).outcome('failed')).toEqual([]);
	expect(await rowsOf(pair.target.dbUrl, 'select one::text as v from brought')).toEqual([
		{ v: '(1,a)' },
	]);
}, 120_000);
