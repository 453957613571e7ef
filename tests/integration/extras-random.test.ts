// Random extras of many kinds on the target, random changes of what they rest on on the source: whatever comes of a
// clone, every extra is there afterwards as it was. Judged by pg_dump and plain SQL. Another run: EXTRAS_SEED=…
import { expect, test } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { cloneInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const components = [tables, data, functions, views, triggers, policies];

const BASE = `
	create type mood as enum ('sad', 'ok', 'fine');
	create type place as (street text, city text, n int);
	create domain code as text check (value <> 'no');
	create sequence numbers;
	create table people (id int primary key, m mood, p place, c code, v text, n int, at date);
	insert into people select i, (array['sad', 'ok', 'fine'])[1 + i % 3]::mood, row('s' || i, 'c'::text, i)::place, 'c' || i, i::text, i, '2024-01-01' from generate_series(1, 20) i;
	create table bare (v text, n int); insert into bare values ('1', 1), ('2', 2);
	create table parts (id int primary key, m mood, v text) partition by range (id);
	create table parts_1 partition of parts for values from (0) to (10); insert into parts values (1, 'ok', '1');
	create view shown as select id, m, v from people;
	create function touched() returns trigger language plpgsql as 'begin return new; end';
	create function twice(a int) returns int immutable language sql as 'select a * 2';`;

/** Each may come with the others; every name that begins with `extra` is only the target's. */
const EXTRAS = [
	`create table extra_moods (id int primary key, m mood, ms mood[]); insert into extra_moods values (1, 'sad', '{ok,fine}'), (2, 'fine', null)`,
	`create table extra_places (p place, ps place[]); insert into extra_places values (row('Main "St"', 'B', 7), array[row('a', null, null)::place])`,
	`create table extra_codes (c code default 'x', note text); insert into extra_codes values ('007', 'n'); comment on table extra_codes is 'mine'`,
	`create table extra_child (extra_x text) inherits (bare); insert into extra_child values ('007', 8, 'x')`,
	`create table extra_part partition of parts for values from (10) to (20); insert into extra_part values (11, 'fine', '011')`,
	`alter table people add extra_note text default 'none'; update people set extra_note = 'kept ' || id where id % 2 = 0; grant select (extra_note) on people to anon`,
	`alter table bare add extra_note text; update bare set extra_note = 'kept'`,
	`create view extra_view as select m, v from people; grant select on extra_view to anon; comment on view extra_view is 'mine'`,
	`create materialized view extra_held as select id, v from people; create index extra_held_id on extra_held (id)`,
	`create index extra_index on people (v); alter table people add constraint extra_check check (id > 0)`,
	`create policy extra_policy on people for select using (id > 0)`,
	`create trigger extra_trigger after insert on people for each row execute function touched()`,
	`create function extra_function(a mood) returns text language sql as 'select a::text'`,
	`create table extra_owner (n int default nextval('numbers'), t int generated always as (twice(n)) stored); insert into extra_owner values (1)`,
	`create schema extra_schema; create type extra_schema.t as (m mood); create table extra_schema.t2 (t extra_schema.t); insert into extra_schema.t2 values (row('ok'))`,
	// Keeps the table from further columns with a default.
	`create table extra_row (w people); insert into extra_row select q from people q where id = 3`,
];

const CHANGES = [
	`alter type mood add value 'great' after 'sad'`,
	`alter type mood rename value 'fine' to 'well'`,
	`drop view shown; update people set m = 'ok'; update parts set m = 'ok'; alter table people alter m type text; alter table parts alter m type text;
		drop type mood; create type mood as enum ('ok', 'sad'); alter table people alter m type mood using m::mood; alter table parts alter m type mood using m::mood`,
	`alter type place drop attribute city cascade`,
	`alter type place drop attribute street cascade; alter type place add attribute street text cascade`,
	`alter type place add attribute zip text cascade`,
	`drop view if exists shown; alter table people alter v type int using v::int`,
	`alter table bare alter v type int using v::int`,
	`alter table bare alter n type bigint`,
	`alter table parts alter v type int using v::int`,
	`alter table people alter at type timestamp`,
	`alter table people drop column c; drop domain code; create domain code as varchar(2); alter table people add c code`,
	`delete from people where id > 10; insert into people (id, v) values (50, '50')`,
	`update bare set n = n + 1`,
	`create or replace function twice(a int) returns int immutable language sql as 'select a + a'`,
	`drop view if exists shown; create view shown as select id, v, n from people`,
	`drop function touched() cascade; create function touched() returns trigger language plpgsql as 'begin return null; end'`,
];

function random(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

const some = <One>(all: readonly One[], share: number, next: () => number): One[] =>
	all.filter(() => next() < share);

/** Rows of tables that only the target has, as JSON without what is null, and values of its columns by key. */
const ROWS = `
	select c.relname as name, query_to_xml(format('select jsonb_strip_nulls(to_jsonb(t))::text from only %s t order by 1', c.oid::regclass), true, true, '')::text as rows
	from pg_class c join pg_namespace n on n.oid = c.relnamespace
	where c.relkind = 'r' and (c.relname ~ '^extra' or n.nspname ~ '^extra') order by 1`;
const FILLED = `select relname from pg_class where relkind = 'm' and relispopulated`;
const VALUES = `
	select c.relname as name, query_to_xml(format('select %s as k, extra_note from only %s t where id <= 10 order by 1, 2',
		'id', c.oid::regclass), true, true, '')::text as rows
	from pg_class c join pg_attribute a on a.attrelid = c.oid where a.attname = 'extra_note' and c.relname = 'people'`;
const NOTES = `
	select query_to_xml('select extra_note from only public.bare order by 1', true, true, '')::text as rows
	from pg_attribute a where a.attrelid = 'bare'::regclass and a.attname = 'extra_note'`;

const seeds = process.env['EXTRAS_SEED']?.split(',').map(Number) ?? [1, 2];

for (const seed of seeds) {
	test(`extras are left as they were, seed ${seed}`, async () => {
		console.info(`seed ${seed}`);
		const next = random(seed);
		const pair = await freshPair();
		await runOn(pair.source.dbUrl, BASE);
		await cloneInProcess({ ...pair, components });
		const extras = some(EXTRAS, 0.6, next);
		for (const extra of extras) await runOn(pair.target.dbUrl, extra);
		const changes: string[] = [];
		for (const change of some(CHANGES, 0.35, next)) {
			// Not every change fits those before it.
			const fits = await runOn(pair.source.dbUrl, change).then(
				() => true,
				() => false,
			);
			if (fits) changes.push(change);
		}
		const look = async () => ({
			rows: await rowsOf(pair.target.dbUrl, ROWS),
			filled: await rowsOf(pair.target.dbUrl, FILLED),
			values: await rowsOf(pair.target.dbUrl, VALUES),
			notes: await rowsOf(pair.target.dbUrl, NOTES),
			// Tables of both endpoints are reported with all their columns.
			dump: dumpedStatements(pair.target.dbUrl)
				.filter((statement) => statement.includes('extra'))
				.filter((statement) => !/^CREATETABLEpublic\.(people|bare)\(/.test(statement)),
		});
		const before = await look();
		const result = await cloneInProcess({ ...pair, components });
		const told = [...result.items.values()].filter(({ outcome }) => outcome === 'failed');
		const story = JSON.stringify({ changes, extras, told }, null, 1);
		const after = await look();
		expect(after.rows, story).toEqual(before.rows);
		expect(after.filled, story).toEqual(before.filled);
		expect(after.values, story).toEqual(before.values);
		expect(after.notes, story).toEqual(before.notes);
		expect(
			before.dump.filter((statement) => !after.dump.includes(statement)),
			story,
		).toEqual([]);
	});
}
