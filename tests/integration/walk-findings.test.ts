// What random walks (tests/walk) found: names that only the target's own objects bear, and what only the target has on
// objects of both. Judged by plain SQL on both endpoints.
import { expect, test } from 'vitest';
import { components as all } from '../../supabase/functions/_shared/components/index.ts';
import { cloneInProcess, verifyAllInProcess } from '../helpers/clone.ts';
import { cronPair, freshPair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const components = all.filter(({ key }) => ['tables', 'data', 'views', 'functions'].includes(key));

/** Several clones each, also on a machine that is busy. */
const TIMEOUT = 240_000;

const KINDS = `
select format('%s %I', c.relkind, c.relname) as object from pg_class c where c.relnamespace = 'names'::regnamespace and c.relkind in ('r', 'v', 'm', 'S', 'c')
union all select format('%s %I', t.typtype, t.typname) from pg_type t where t.typnamespace = 'names'::regnamespace and t.typtype in ('e', 'd', 'r')
union all select format('%s %s', p.prokind, p.oid::regprocedure) from pg_proc p where p.pronamespace = 'names'::regnamespace and p.proname !~ '_range$'
order by 1`;

const kindsOn = async (url: string): Promise<unknown[]> =>
	(await rowsOf(url, KINDS)).map(({ object }) => object);

const ON_SOURCE = `
create schema names;
create function names.f(int) returns int language sql as 'select 1';
create function names.search(v text, most int default 5) returns int language sql as 'select 1';
create procedure names.beside(int, text) language sql as '';
create table names."was.view" (id int primary key, v text); insert into names."was.view" values (1, 'a');
create table names.was_matview (id int);
create table names.was_type (id int); insert into names.was_type values (1);
create view names.was_sequence as select 1 as one;
create view names.was_composite as select 1 as one;
create view names.rests as select * from names."was.view";
create domain names.was_enum as text;
create materialized view names.was_plain as select 1 as one;`;

const ON_TARGET = `
create schema names;
create aggregate names.f(int) (sfunc = int4pl, stype = int, initcond = '0');
create function names.search(v text) returns int language sql as 'select 2';
create aggregate names.beside(int) (sfunc = int4pl, stype = int, initcond = '0');
create table names.own (id int primary key, v text); insert into names.own values (7, 'kept');
create view names."was.view" as select * from names.own;
create view names.on_top as select * from names."was.view";
create materialized view names.was_matview as select * from names.own;
create type names.was_type as (a int);
create type names.was_composite as (a int);
create sequence names.was_sequence;
create type names.was_enum as enum ('a');
create view names.was_plain as select 2 as two;`;

test(
	'what only the target has keeps its name, and what the source has of that name is told',
	{ timeout: TIMEOUT },
	async () => {
		const pair = await freshPair();
		await runOn(pair.source.dbUrl, ON_SOURCE);
		await runOn(pair.target.dbUrl, ON_TARGET);
		const before = await kindsOn(pair.target.dbUrl);
		const result = await cloneInProcess({ ...pair, components });
		expect(await kindsOn(pair.target.dbUrl)).toEqual(
			[...before, 'p names.beside(integer,text)'].sort(),
		);
		expect(await rowsOf(pair.target.dbUrl, 'select * from names.on_top')).toEqual([
			{ id: 7, v: 'kept' },
		]);
		expect(result.items.get('views names.rests')).toMatchObject({ outcome: 'failed' });
		for (const object of [
			'functions names.f(integer)',
			'functions names.search(text, integer)',
			'tables names."was.view"',
			'tables names.was_matview',
			'tables names.was_type',
			'tables names.was_enum',
			'views names.was_sequence',
			'views names.was_composite',
			'views names.was_plain',
		]) {
			const item = result.items.get(object);
			expect([object, item?.outcome]).toEqual([object, 'failed']);
			expect(item?.detail).toContain('which only the target has, has its name');
			expect(item?.fix).toContain('remove_extra');
		}
		expect((await cloneInProcess({ ...pair, components })).outcome('copied')).toEqual([]);
		const asked = { remove_extra: true };
		await cloneInProcess({ ...pair, components, options: asked });
		expect(await kindsOn(pair.target.dbUrl)).toEqual(await kindsOn(pair.source.dbUrl));
	},
);

test(
	'what a former clone made gives its name to what the source has in its place now',
	{ timeout: TIMEOUT },
	async () => {
		const pair = await freshPair();
		await runOn(pair.source.dbUrl, ON_TARGET);
		await cloneInProcess({ ...pair, components });
		expect(await kindsOn(pair.target.dbUrl)).toEqual(await kindsOn(pair.source.dbUrl));
		await runOn(
			pair.source.dbUrl,
			`drop view names.on_top; drop view names."was.view"; drop aggregate names.f(int); drop function names.search; drop aggregate names.beside(int);
		drop materialized view names.was_matview; drop type names.was_type; drop type names.was_composite; drop sequence names.was_sequence; drop type names.was_enum;
		drop view names.was_plain`,
		);
		// What was left behind by this clone is still known as a copy in the next.
		await cloneInProcess({ ...pair, components });
		await runOn(
			pair.source.dbUrl,
			ON_SOURCE.replace('create schema names;', '').replace(/create view names.rests.*/, ''),
		);
		const result = await cloneInProcess({ ...pair, components });
		// Its position would be lost.
		expect(result.outcome('failed')).toEqual(['views names.was_sequence']);
		const wanted = await kindsOn(pair.source.dbUrl);
		const found = await kindsOn(pair.target.dbUrl);
		expect(wanted.filter((object) => !found.includes(object))).toEqual(['v was_sequence']);
		expect(await rowsOf(pair.target.dbUrl, 'select * from names."was.view"')).toEqual([
			{ id: 1, v: 'a' },
		]);
	},
);

const HELD = `
select format('%s %s', c.relname, x) as held from pg_class c, unnest(c.relacl) x where c.relnamespace = 'held'::regnamespace
union all select format('%s.%s %s', c.relname, a.attname, x) from pg_class c join pg_attribute a on a.attrelid = c.oid, unnest(a.attacl) x
  where c.relnamespace = 'held'::regnamespace
union all select format('default %s %s', d.defaclobjtype, x) from pg_default_acl d, unnest(d.defaclacl) x
  where d.defaclnamespace = 'held'::regnamespace or d.defaclrole::regrole::text ~ 'Twin'
union all select format('schema %s', x) from pg_namespace n, unnest(n.nspacl) x where n.nspname = 'held'
union all select format('%s %s', p.proname, x) from pg_proc p, unnest(p.proacl) x where p.pronamespace = 'held'::regnamespace`;

test(
	'what roles that only the target has were granted on objects of both stays',
	{ timeout: TIMEOUT },
	async () => {
		const pair = await cronPair();
		await runOn(
			pair.source.dbUrl,
			`create schema held; create table held.t (id int primary key, a int); create view held.v as select id from held.t;
		create table held."T.wo" (id int); create function held.f() returns int language sql as 'select 1'; create sequence held.s;
		grant usage on schema held to anon`,
		);
		await cloneInProcess({ ...pair, components });
		const heldOn = async (own: boolean) =>
			(await rowsOf(pair.target.dbUrl, HELD))
				.map(({ held }) => String(held))
				.filter((held) => own === held.includes('Twin'))
				.sort();
		const before = await heldOn(false);
		await runOn(
			pair.target.dbUrl,
			`create role "Twin's ""own""" nologin; grant "Twin's ""own""" to postgres;
		grant usage on schema held to "Twin's ""own"""; grant select on held.t, held.v, held."T.wo" to "Twin's ""own""";
		grant select (id) on held."T.wo" to "Twin's ""own""", anon; grant execute on function held.f() to "Twin's ""own""";
		grant usage on sequence held.s to "Twin's ""own""" with grant option; grant select on held.t to anon;
		alter default privileges in schema held grant select on tables to "Twin's ""own""", anon;
		alter default privileges for role "Twin's ""own""" grant select on tables to anon`,
		);
		const own = await heldOn(true);
		// The view is made anew, the table gets other grants.
		await runOn(
			pair.source.dbUrl,
			`drop view held.v; create view held.v as select id::text as id from held.t; grant update on held."T.wo" to anon`,
		);
		const result = await cloneInProcess({ ...pair, components });
		expect(result.outcome('failed')).toEqual([]);
		expect(await heldOn(true)).toEqual(own);
		const after = await heldOn(false);
		expect(after.filter((held) => !before.includes(held))).toEqual([
			expect.stringMatching(/^T.wo .*anon=/) as string,
		]);
		expect((await cloneInProcess({ ...pair, components })).outcome('copied')).toEqual([]);
		expect(await verifyAllInProcess({ ...pair, components }, 'checksums')).toEqual([]);
		await cloneInProcess({ ...pair, components, options: { remove_extra: true } });
		expect((await heldOn(true)).filter((held) => !held.startsWith('default'))).toEqual([]);
	},
);

test(
	'keys that have each other’s names on the target are renamed, also before anything is remembered',
	async () => {
		const { source, target } = await freshPair();
		const keys = `select conrelid::regclass::text as table, conname from pg_constraint
			where conrelid in ('one'::regclass, 'two'::regclass, 'three'::regclass) and contype = 'p' order by 1`;
		const made = `create table one (id int primary key); create table two (id int primary key);
			create table three (id int primary key); create table refers (id int references one);
			insert into one values (1); insert into refers values (1);`;
		await runOn(target.dbUrl, made);
		await runOn(
			source.dbUrl,
			`${made} alter table one rename constraint one_pkey to was; alter table two rename constraint two_pkey to one_pkey;
			alter table three rename constraint three_pkey to two_pkey; alter table one rename constraint was to three_pkey`,
		);
		const result = await cloneInProcess({ source, target, components });
		expect(result.outcome('failed')).toEqual([]);
		expect(await rowsOf(target.dbUrl, keys)).toEqual(await rowsOf(source.dbUrl, keys));
	},
	TIMEOUT,
);

test(
	'what is not made is told also where something of another kind that has its name is made',
	async () => {
		const { source, target } = await freshPair();
		const base = 'create table base (id int, a text);';
		await runOn(source.dbUrl, base);
		await runOn(
			target.dbUrl,
			`${base} create table mood (own int); create table lax (own int);
			create domain feel as text; create domain step as text`,
		);
		await runOn(
			source.dbUrl,
			`create type mood as enum ('sad'); create statistics mood on id, a from base;
			create domain lax as text; create collation lax (provider = icu, locale = 'de');
			create type feel as enum ('sad'); create index feel on base (a);
			create sequence step; create type step as enum ('one')`,
		);
		const result = await cloneInProcess({ source, target, components });
		expect(result.outcome('failed')).toEqual([
			'tables public.feel',
			'tables public.lax',
			'tables public.mood',
			'tables public.step',
		]);
		expect(result.outcome('copied').filter((id) => /lax|mood|feel|step/.test(id))).toEqual([
			'tables collation public.lax',
			'tables index public.feel',
			'tables sequence public.step',
			'tables statistics public.mood',
		]);
		// A property of the schema, as its grants are: it follows the source, and that is said.
		expect(
			result.items.get('tables default privileges of postgres on tables in schema public'),
		).toMatchObject({ outcome: 'copied', detail: 'Removed: the source does not have it' });
	},
	TIMEOUT,
);
