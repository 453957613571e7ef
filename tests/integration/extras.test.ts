// What only the target has is left alone while the rest becomes the source's, whatever rests on what; and where that
// cannot be, the change is not made and told by name. Judged by plain SQL on the target.
import { expect, test } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import type { CloneOptions } from '../../supabase/functions/_shared/domain/clone.ts';
import { cloneInProcess, previewInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const components = [tables, data, views];

/** Both endpoints with the same content, as a clone leaves them. */
async function twinned(content: string): Promise<Pair> {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, content);
	await cloneInProcess({ ...pair, components });
	return pair;
}

const clone = (pair: Pair, options: Partial<CloneOptions> = {}, ignoreRules: string[] = []) =>
	cloneInProcess({ ...pair, components, options, ignoreRules });

/** Every row of the tables as text, by table. */
async function contents(pair: Pair, names: readonly string[]): Promise<Record<string, string[]>> {
	const found: Record<string, string[]> = {};
	for (const name of names) {
		const rows = await rowsOf(pair.target.dbUrl, `select t::text from only ${name} t order by 1`);
		found[name] = rows.map(({ t }) => String(t));
	}
	return found;
}

test('rows that only the target has outlast every change of what they rest on', async () => {
	const pair = await twinned(`
		create type mood as enum ('sad', 'ok', 'fine');
		create type grade as enum ('a', 'b');
		create type address as (street text, city text);
		create type place as (x int, y int);
		create domain code as text;
		create table shared (id int primary key, m mood, g grade, a address, p place, c code);
		insert into shared values (1, 'sad', 'a', row('s', 'c'), row(1, 2), '007'), (2, 'ok', 'b', null, null, '8');
		create table ignored (id int primary key, m mood, c code, d date, n text);
		insert into ignored values (1, 'fine', '009', '2024-01-01', '010');
		create table "Par.ent" (id int primary key, "Some ""name""" text);
		insert into "Par.ent" values (1, '7');
		create table fits (id int primary key, n text);`);
	const extras = ['"only.target"', 'arrays', '"chi ld"', 'fitting', 'ignored'];
	await runOn(
		pair.target.dbUrl,
		`create table "only.target" (id int primary key, m mood, g grade, a address, c code, note text);
		insert into "only.target" values (1, 'fine', 'a', row('s', 'c'), '001', 'kept');
		create table arrays (p place[], c code[], g grade[]);
		insert into arrays values (array[row(1, 2)::place], '{002}', '{a}');
		create table "chi ld" (extra text) inherits ("Par.ent");
		insert into "chi ld" values (5, '007', 'x');
		create table fitting () inherits (fits);
		insert into fitting values (5, '11');
		create materialized view held as select n, m from fitting, "only.target";`,
	);
	await runOn(
		pair.source.dbUrl,
		`-- A label is gone, another called otherwise; attributes moved and gone; types that say less.
		alter table shared alter m type text; alter table ignored alter m type text;
		drop type mood; create type mood as enum ('sad', 'ok');
		alter table shared alter m type mood using m::mood;
		update ignored set m = 'ok'; alter table ignored alter m type mood using m::mood;
		alter type grade rename value 'a' to 'A';
		alter type address drop attribute city cascade;
		alter type place drop attribute x cascade; alter type place add attribute x int cascade;
		alter table ignored alter d type timestamp, alter n type int using n::int;
		alter table "Par.ent" alter "Some ""name""" type int using "Some ""name"""::int;
		alter table fits alter n type bigint using n::bigint;`,
	);
	const before = await contents(pair, extras);
	const { warnings } = await previewInProcess({ ...pair, ignoreRules: ['public.ignored'] }, tables);
	expect(warnings.map(({ object }) => object)).toEqual(
		expect.arrayContaining(['public.mood', 'public.grade', 'public.address', 'public.place']),
	);

	const result = await clone(pair, {}, ['public.ignored']);
	const after = await contents(pair, extras);
	expect({ ...after, ignored: [] }).toEqual({ ...before, ignored: [] });
	expect(after['ignored']).toEqual(['(1,fine,009,"2024-01-01 00:00:00",010)']);
	expect(await rowsOf(pair.target.dbUrl, 'select * from held')).toEqual([{ n: '11', m: 'fine' }]);
	expect(
		await rowsOf(pair.target.dbUrl, 'select pg_typeof(n)::text as t from fits limit 1'),
	).toEqual([{ t: 'bigint' }]);
	const failed = result.outcome('failed').filter((name) => name.startsWith('tables '));
	expect(failed).toEqual([
		'tables public."Par.ent"."Some ""name""" (column)',
		'tables public.address',
		'tables public.grade',
		'tables public.ignored.n (column)',
		'tables public.mood',
		'tables public.place',
	]);
	for (const name of failed) {
		const item = result.items.get(name);
		expect(item?.detail, name).toContain('does not bring again');
		expect(item?.fix, name).toMatch(/"only.target"|arrays|"chi ld"|ignored/);
		expect(`${item?.detail}${item?.fix}`, name).not.toContain('007');
	}

	// Without them everything is done.
	await runOn(
		pair.target.dbUrl,
		`drop materialized view held; drop table "only.target", arrays, "chi ld", fitting; truncate ignored`,
	);
	expect((await clone(pair)).outcome('failed')).toEqual([]);
});

test('privileges on columns, parents and owners that only the target has stay', async () => {
	const pair = await twinned(`
		create table shared (id int primary key, "V al" text); grant select on shared to anon; grant update ("V al") on shared to anon;
		create table child (id int primary key, v text); insert into child values (1, 'a');
		create table part (id int not null); insert into part values (1);
		create sequence numbers;
		create view seen as select id, "V al" from shared; grant select (id) on seen to anon;`);
	await runOn(
		pair.target.dbUrl,
		`alter table shared add extra int, add "ex tra" int; grant select (extra), insert ("ex tra") on shared to anon, authenticated;
		grant delete on shared to anon; grant update (id) on shared to authenticated; revoke select (id) on seen from anon;
		create table above (id int, v text); alter table child inherit above;
		create table root (id int not null) partition by list (id); alter table root attach partition part for values in (1);
		create table owner (n int default nextval('numbers')); alter sequence numbers owned by owner.n`,
	);
	const result = await clone(pair);
	expect(result.outcome('failed')).toEqual([]);
	const grants = `select a.attname as name, (select string_agg(g::text, ' ' order by g::text) from unnest(a.attacl) g) as acl from pg_attribute a
		where a.attrelid in ('shared'::regclass, 'seen'::regclass) and a.attacl is not null order by 1, 2`;
	expect(await rowsOf(pair.target.dbUrl, grants)).toEqual(
		[
			...(await rowsOf(pair.source.dbUrl, grants)),
			{ name: 'ex tra', acl: 'anon=a/postgres authenticated=a/postgres' },
			{ name: 'extra', acl: 'anon=r/postgres authenticated=r/postgres' },
		].sort((one, other) => (String(one['name']) < String(other['name']) ? -1 : 1)),
	);
	expect(
		await rowsOf(
			pair.target.dbUrl,
			`select (select count(*)::int from above) as above, (select count(*)::int from root) as root,
		pg_get_serial_sequence('owner', 'n') as owned, has_table_privilege('anon', 'shared', 'delete') as open`,
		),
	).toEqual([{ above: 1, root: 1, owned: 'public.numbers', open: false }]);
	const findings = await verifyInProcess(pair, tables, 'structure');
	expect(findings.map(({ severity, object }) => [severity, object])).toEqual([
		['warning', 'public.child (column public.child.id)'],
		['warning', 'public.child (column public.child.v)'],
		['warning', 'public.part (column public.part.id)'],
	]);
	expect((await clone(pair)).outcome('copied')).toEqual([]);
});

test('whether a child has its columns by itself is made equal where it can be, else told', async () => {
	const pair = await twinned(`
		create table parent (id int, kind text);
		create table child (extra int) inherits (parent);
		create table own (id int, kind text); alter table own inherit parent;`);
	await runOn(
		pair.target.dbUrl,
		`alter table child no inherit parent; drop table own; create table own () inherits (parent)`,
	);
	const result = await clone(pair);
	expect(result.outcome('failed')).toEqual([]);
	const local = `select array_agg(attislocal order by attname) as l from pg_attribute
		where attrelid in ('own'::regclass) and attnum > 0`;
	expect(await rowsOf(pair.target.dbUrl, local)).toEqual([{ l: [true, true] }]);
	expect(result.outcome('skipped')).toEqual([
		'tables public.child.id (column)',
		'tables public.child.kind (column)',
	]);
	expect(await verifyInProcess(pair, tables, 'structure')).toEqual(
		['id', 'kind'].map((column): unknown =>
			expect.objectContaining({
				severity: 'warning',
				object: `public.child (column public.child.${column})`,
			}),
		),
	);
	expect((await clone(pair)).outcome('copied')).toEqual([]);
});

test('columns that only the target’s view has go with its query, which preview and report say', async () => {
	const pair = await twinned(`
		create table shared (id int primary key, v text);
		create view seen as select id from shared; create materialized view held as select id from shared;`);
	await runOn(
		pair.target.dbUrl,
		`create or replace view seen as select id, v as "Own v" from shared;
		drop materialized view held; create materialized view held as select id, v from shared;
		create view on_top as select id from seen;`,
	);
	const { warnings } = await previewInProcess(pair, views);
	expect(warnings.map(({ object, message }) => [object, message])).toEqual([
		['public.seen', 'It loses Own v, which the source does not have'],
		['public.held', 'It loses v, which the source does not have'],
	]);
	const result = await clone(pair);
	expect(result.outcome('failed')).toEqual([]);
	expect(result.items.get('views columns of public.seen')?.detail).toBe(
		'Without Own v, which only the target had',
	);
	expect(result.items.get('views columns of public.held')?.detail).toBe(
		'Without v, which only the target had',
	);
	expect(await rowsOf(pair.target.dbUrl, 'select * from on_top')).toEqual([]);
});
