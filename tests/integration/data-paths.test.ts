// Rows whose indexes, checks, domains, generated columns and keys call functions that call others without their
// schema; values that name functions, views, types; and objects of users named like what our own statements call.
import { describe, expect, it } from 'vitest';
import type { Component } from '../../supabase/functions/_shared/contract/component.ts';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { SIZES } from '../../supabase/functions/_shared/components/data/sizes.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { cloneInProcess, previewInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { tablesOnly } from '../helpers/tables-only.ts';

const data = createData();
const divided = createData({ ...SIZES, smallBytes: -1, wholeBytes: 0, chunkBytes: 8192 });

/** Rows of all tables of the user, as text, by plain SQL. */
async function rowsOfAll(url: string): Promise<unknown> {
	const [found] = await rowsOf(
		url,
		`with p as materialized (select set_config('search_path', 'public, extensions, app2, "Util"', false))
		select json_object_agg(t.name, query_to_xml('select * from ' || t.name || ' x order by x::text collate "C"', true, false, '')::text order by t.name) as rows
		from p cross join (select pg_catalog.format('%I.%I', schemaname, tablename) as name from pg_tables
			where schemaname in ('public', 'app2', 'Util', 'rp') order by 1) t`,
	);
	return found?.['rows'];
}

async function expectTwins(
	source: string,
	component: Component = data,
	target = '',
): Promise<Pair> {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, source);
	await runOn(pair.target.dbUrl, target);
	const components = [tablesOnly, component, functions, views];
	const first = await cloneInProcess({ ...pair, components });
	expect(first.outcome('failed').map((id) => [id, first.items.get(id)?.detail])).toEqual([]);
	expect(await rowsOfAll(pair.target.dbUrl)).toEqual(await rowsOfAll(pair.source.dbUrl));
	expect(
		dumpedStatements(pair.target.dbUrl).filter(
			(line) => !/GRANT|REVOKE|DEFAULTPRIVILEGES/.test(line),
		),
	).toEqual(
		dumpedStatements(pair.source.dbUrl).filter(
			(line) => !/GRANT|REVOKE|DEFAULTPRIVILEGES/.test(line),
		),
	);
	expect(await verifyInProcess(pair, component, 'checksums')).toEqual([]);
	expect(await verifyInProcess(pair, views, 'checksums')).toEqual([]);
	const second = await cloneInProcess({ ...pair, components });
	expect([...second.outcome('copied'), ...second.outcome('failed')]).toEqual([]);
	return pair;
}

const ACCENT_FREE = `
create extension if not exists unaccent schema extensions;
create function public.plain(v text) returns text language sql immutable strict parallel safe as $$ select lower(unaccent(v)) $$;
create function public.slug2(v text) returns text language plpgsql immutable strict as $$ begin return lower(unaccent(v)); end $$;
create domain public.tidy as text check (slug2(value) <> 'no');
create table public.people (id int primary key, name text not null);
create index people_plain on public.people (plain(name));
create table public.cities (id int primary key, name text, slug text generated always as (plain(name)) stored);
create table public.words (id int primary key, name text check (plain(name) <> 'no'));
create table public.slugs (id int primary key, name text, slug text generated always as (slug2(name)) stored, check (slug2(name) <> 'zz'));
create index slugs_slug on public.slugs (slug2(name));
create unique index slugs_unique on public.slugs (plain(name)) where slug2(name) <> 'q';
create statistics public.slugs_told on (plain(name)), id from public.slugs;
create table public.tidies (id int primary key, name public.tidy);
create table public.regions (id int, name text) partition by list (plain(name));
create table public.regions_a partition of public.regions for values in ('ea', 'nu');
create table public.regions_rest partition of public.regions default;
create view public.plain_people as select id, plain(name) as name from public.people;
create materialized view public.plain_cities as select plain(name) as name from public.cities;
insert into public.people select i, 'Éa' || i from generate_series(1, 300) i;
insert into public.cities (id, name) values (1, 'Ñu'), (2, 'b');
insert into public.words values (1, 'Ñu'), (2, 'b');
insert into public.slugs (id, name) select i, 'Éa' || i from generate_series(1, 300) i;
insert into public.tidies values (1, 'Ñu');
insert into public.regions values (1, 'Éa'), (2, 'Ñu'), (3, 'x');
refresh materialized view public.plain_cities;`;

const OTHER_SCHEMAS = `
create schema app2; create schema "Util";
set search_path = app2, public, extensions;
create function enc(b bytea) returns text language plpgsql immutable strict as $$ begin return encode(b, 'hex'); end $$;
create function enc(u uuid) returns text language sql immutable strict as $$ select enc(decode(replace(u::text, '-', ''), 'hex')) $$;
create table things (id uuid primary key, short text generated always as (enc(id)) stored);
insert into things select md5(i::text)::uuid from generate_series(1, 300) i;
create table idx_only (id uuid primary key);
insert into idx_only select md5(i::text)::uuid from generate_series(1, 300) i;
create index idx_only_enc on idx_only (enc(id));
create materialized view encoded as select enc(id) as e from idx_only;
set search_path = "Util", public, extensions;
create function inner_one(v int) returns int language plpgsql immutable as $$ begin return v + 1; end $$;
create function outer_one(v int) returns int language sql immutable as $$ select inner_one(v) $$;
create table public.uses_util (id int primary key, n int generated always as ("Util".outer_one(id)) stored, check ("Util".outer_one(id) > 0));
insert into public.uses_util (id) select generate_series(1, 300);
create materialized view public.of_util as select "Util".outer_one(id) as n from public.uses_util;`;

describe.each([
	['groups', data],
	['chunks', divided],
] as const)('in %s', (_, component) => {
	it('functions of public that call others of the usual path', async () => {
		const pair = await expectTwins(ACCENT_FREE, component);
		expect(await rowsOf(pair.target.dbUrl, 'select slug from public.cities order by id')).toEqual([
			{ slug: 'nu' },
			{ slug: 'b' },
		]);
		const { warnings } = await previewInProcess(pair, component);
		expect(warnings.filter(({ message }) => message.includes('cannot be read'))).toEqual([]);
	});

	it('functions of other schemas that call their neighbours', async () => {
		const pair = await expectTwins(OTHER_SCHEMAS, component);
		await runOn(
			pair.source.dbUrl,
			`set search_path = app2, "Util", public, extensions; delete from app2.things where id::text > 'a'; update public.uses_util set id = -id + 1000`,
		);
		const again = await cloneInProcess({ ...pair, components: [component] });
		expect(again.outcome('failed')).toEqual([]);
		expect(await rowsOfAll(pair.target.dbUrl)).toEqual(await rowsOfAll(pair.source.dbUrl));
		const { warnings } = await previewInProcess(pair, component);
		expect(warnings.filter(({ message }) => message.includes('cannot be read'))).toEqual([]);
	});
});

it('values that name functions, views, operators, types and configurations', async () => {
	await expectTwins(
		`create schema rp;
create function rp.f() returns int language sql as 'select 1';
create function rp."Odd Name"(a text, b int) returns int language sql as 'select 1';`.replace(
			'b int',
			'b int',
		) +
			`
create view rp.v as select 1 as one;
create materialized view rp.m as select 1 as one;
create operator rp.=== (leftarg = int, rightarg = int, function = int4eq);
create text search configuration rp.plainly (copy = simple);
create table rp.handlers (id int primary key, h regprocedure, p regproc default 'rp.f'::regproc, v regclass default 'rp.v'::regclass,
  o regoperator, t regtype, c regconfig);
insert into rp.handlers values (1, 'rp.f()', 'rp.f', 'rp.m', 'rp.===(int,int)', 'rp.handlers', 'rp.plainly'),
  (2, 'rp."Odd Name"(text,int)', default, default, null, 'rp.v', null);
create function rp.deep(v int) returns int language plpgsql immutable as $$ begin return v; end $$;
create function rp.calls_deep(v int) returns int language plpgsql immutable as $$ begin return rp.deep(v); end $$;
create domain rp.positive as int check (rp.calls_deep(value) > 0);
create table rp.numbers (n rp.positive, twice int generated always as (rp.calls_deep(n::int) * 2) stored);
insert into rp.numbers values (1), (2);`,
	);
});

it('rows are copied without the component Functions', async () => {
	const pair = await freshPair();
	await runOn(
		pair.source.dbUrl,
		'create table public.t (id int primary key); insert into public.t values (1)',
	);
	const result = await cloneInProcess({ ...pair, components: [tablesOnly, data] });
	expect(result.items.get('data public.t')?.outcome).toBe('copied');
});

it('names of users take the place of none that our own statements call', async () => {
	const trap = (name: string, args: string, result: string): string =>
		`create function public.${name}(${args}) returns ${result} language plpgsql immutable as $$ begin raise exception 'trapped in ${name}'; end $$;`;
	const hostile = `
${trap('md5', 'text', 'text')}${trap('md5', 'varchar', 'text')}
${trap('hash_record_extended', 'record, int4', 'int8')}${trap('hash_record_extended', 'record, int8', 'int8')}
${trap('hashtextextended', 'text, int4', 'int8')}${trap('int8send', 'int4', 'bytea')}
${trap('count', '', 'int8')}${trap('coalesce_', 'int', 'int')}
${trap('width_bucket', 'int8, int8[]', 'int4')}${trap('width_bucket', 'uuid, uuid[]', 'int4')}
${trap('setval', 'text, int4, bool', 'int8')}${trap('setval', 'regclass, int4, bool', 'int8')}
${trap('format', 'text, text, text', 'text')}${trap('format', 'text, name, name', 'text')}${trap('quote_ident', 'name', 'text')}
${trap('format_type', 'oid, int4', 'text')}${trap('pg_relation_size', 'oid', 'int8')}${trap('pg_table_size', 'oid', 'int8')}
${trap('to_regclass', 'varchar', 'regclass')}${trap('left', 'text, int8', 'text')}${trap('pg_export_snapshot', 'int default 0', 'text')}
${trap('jsonb_array_length', 'json', 'int')}${trap('concat', 'int8, text, numeric', 'text')}
create domain public.small as int4; create domain public.words as text;
${trap('ge', 'public.small, int8', 'bool')}${trap('mod8', 'int8, int4', 'int8')}${trap('cat', 'int8, text', 'text')}${trap('land', 'int8, int4', 'int8')}
create operator public.>= (leftarg = public.small, rightarg = int8, function = public.ge);
create operator public.< (leftarg = public.small, rightarg = int8, function = public.ge);
${trap('eq_small', 'public.small, public.small', 'bool')}create operator public.= (leftarg = public.small, rightarg = public.small, function = public.eq_small);
create operator public.% (leftarg = int8, rightarg = int4, function = public.mod8);
create operator public.& (leftarg = int8, rightarg = int4, function = public.land);
create operator public.|| (leftarg = int8, rightarg = text, function = public.cat);
create table public.pg_class (oid int primary key, relname text); insert into public.pg_class values (1, 'mine');
create table public.pg_locks (a int); create view public.pg_attribute as select 1 as attrelid;
create table public.keyed (id public.small primary key, w public.words, v varchar(80)); insert into public.keyed select i, 'w' || i, repeat('x', 60) from generate_series(1, 500) i;
create table public.keyless (w public.words, n int8); insert into public.keyless select repeat('w', 60) || i, i from generate_series(1, 500) i;
create table public.numbered (id uuid primary key, n serial); insert into public.numbered select ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid from generate_series(1, 500) i;
create materialized view public.told as select w as m, n from public.keyless;`;
	for (const component of [data, divided]) {
		const pair = await expectTwins(hostile, component);
		await runOn(
			pair.source.adminUrl,
			`delete from public.keyed where id::int4 % 9 = 0; update public.keyless set w = 'changed' where n < 9::int8; update public.numbered set n = 7 where n < 9;`,
		);
		const again = await cloneInProcess({
			...pair,
			components: [component],
			options: { strategies: { 'public.keyed': 'upsert' } },
		});
		expect(again.outcome('failed').map((id) => [id, again.items.get(id)?.detail])).toEqual([]);
		expect(
			await verifyInProcess(
				{ ...pair, options: { strategies: { 'public.keyed': 'upsert' } } },
				component,
				'checksums',
			),
		).toEqual([]);
	}
});
