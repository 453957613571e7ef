// Rows between two databases: every kind of table and value, strategies, limits, second clones.
import { beforeAll, describe, expect, it } from 'vitest';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { SIZES } from '../../supabase/functions/_shared/components/data/sizes.ts';
import { cloneInProcess, type TestClone, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { fingerprints, sql } from './data-fingerprints.ts';

const data = createData();

/** Small pieces, so that small tables are divided into buckets and large ones span slices. */
const inBuckets = createData({
	...SIZES,
	smallBytes: 16 * 1024,
	wholeBytes: 64 * 1024,
	bucketBytes: 16 * 1024,
	copyBytes: 64 * 1024,
	hashCopyBytes: 64 * 1024,
	secondLaneBytes: 0,
});

const clone = (pair: Pair, more: Partial<TestClone> = {}) =>
	cloneInProcess({ source: pair.source, target: pair.target, components: [data], ...more });

async function onBoth(pair: Pair, text: string): Promise<void> {
	await Promise.all([sql(pair.source, text), sql(pair.target, text)]);
}

/** Same rows in every table, each compared as text. */
async function expectEqualRows(pair: Pair): Promise<void> {
	expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
}

/** Transaction ids and places of rows: they change when anything is written. */
const traces = (pair: Pair, table: string) =>
	sql(pair.target, `select xmin::text, ctid::text from ${table} order by 2`);

describe('hostile tables and values', () => {
	let pair: Pair;
	beforeAll(async () => {
		pair = await freshPair();
		await onBoth(
			pair,
			`
create schema "Weird "" schema";
create extension if not exists citext schema extensions;
create extension if not exists hstore schema extensions;
create type public.mood as enum ('sad', 'O''Reilly', 'très heureux');
create type public.pair as (a int, b text);
create domain public.positive as int check (value > 0);
create table "Weird "" schema"."select" ("from" int primary key, "tab	le" text, "ü" mood, "a""b" mood[]);
create table public."${'x'.repeat(63)}" (id int primary key);
create table public.values (
  id bigint generated always as identity primary key,
  n numeric, f4 float4, f8 float8, d date, ts timestamp, tz timestamptz, iv interval, tt timetz,
  j json, jb jsonb, x xml, b bytea, ci extensions.citext, h extensions.hstore, e mood, p pair, pp pair[], pos positive,
  tsv tsvector, tsq tsquery, pt point, bx box, poly polygon, r int4range, mr int4multirange, inet inet, cidr cidr,
  mac macaddr, bits bit(5), vb varbit, u uuid, c char(5), v varchar(20), "char" "char", txt text, arr text[], arr2 int[][],
  rc regclass, m money, o oid, tid tid, lsn pg_lsn, path jsonpath,
  twice int generated always as (coalesce(pos, 0) * 2) stored
);
create table public.no_key (a int, b text);
create table public.nothing ();
create unlogged table public.unlogged_table (id int primary key, v text);
create table public.parent (id int primary key, v text);
create table public.child (extra text) inherits (public.parent);
create table public.by_day (day date not null, id int not null, v text, primary key (day, id)) partition by range (day);
create table public.by_day_2026 partition of public.by_day for values from ('2026-01-01') to ('2027-01-01') partition by list (id);
create table public.by_day_2026_1 partition of public.by_day_2026 for values in (1);
create table public.by_day_2026_rest partition of public.by_day_2026 default;
create table public.by_day_rest partition of public.by_day default;
create table public.node (id int primary key, parent int references public.node, owner int);
create table public.leaf (id int primary key, node int references public.node on delete cascade);
create table public.empty_one (id int primary key);
create sequence public.free_sequence increment -7 minvalue -9000000000000000 start -7;
create sequence public.unused;
`,
		);
		await sql(
			pair.source,
			`
insert into "Weird "" schema"."select" values (1, e'tab\\tnew\\nline\\\\.\\r', 'O''Reilly', '{sad,"très heureux"}'), (2, null, null, null), (3, '\\N', 'sad', '{}');
insert into public."${'x'.repeat(63)}" select generate_series(1, 100);
insert into public.values (n, f4, f8, d, ts, tz, iv, tt, j, jb, x, b, ci, h, e, p, pp, pos, tsv, tsq, pt, bx, poly, r, mr, inet, cidr, mac,
  bits, vb, u, c, v, "char", txt, arr, arr2, rc, m, o, tid, lsn, path) values
 ('NaN', 'NaN', 'Infinity', 'infinity', '-infinity', 'infinity', '1 year 2 mons -3 days 04:05:06.789', '12:00:00+05:30', '{"b":1,  "a":1.0}',
  '{"b":1.00,"a":[null,"\\u00e9"]}', '<a>ü<b/></a>', '\\x00ff', 'MiXed', '"a b"=>"c d",x=>NULL', 'très heureux', '(1,"x,""y")',
  array[(1,'a')::pair, null, (null,null)::pair], 7, 'fat:1A cat:2', 'fat & !rat', '(1.5,-2)', '((0,0),(1,1))', '((0,0),(1,0),(1,1))', '[1,5)', '{[1,3),[7,9)}',
  '192.168.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', B'10101', B'1', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'ab', 'varchar', 'c', '', '{NULL,"NULL","a\\"b"}', '[2:3][0:1]={{1,2},{3,4}}',
  'public.node', 12.34, 4294967295, '(1,2)', '16/B374D848', '$.a[*] ? (@ > 1)'),
 (1.10, '-0', 1e-307, '4713-01-01 BC', '0044-03-15 12:00 BC', '2026-11-21 10:00:00.123456+02', '24 hours', '00:00:00-12', 'null', 'null', null, '', '', '', null, null, '{}', null,
  '', null, null, null, null, 'empty', '{}', '::1', '::/0', null, null, '', null, '', '', '', repeat('€', 9000), '{}', '{}', null, null, null, null, null, null),
 (123456789012345678901234567890.123456789, 0, '-Infinity', null, null, null, null, null, null, (select jsonb_agg(i) from generate_series(1, 50000) i), null,
  decode(repeat('00ff', 200000), 'hex'), null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
delete from public.values where id = 2; insert into public.values (txt) values ('after a gap');
insert into public.no_key values (1, 'twice'), (1, 'twice'), (null, null), (null, null);
insert into public.nothing select from generate_series(1, 3);
insert into public.unlogged_table values (1, 'u');
insert into public.parent values (1, 'parent'); insert into public.child values (2, 'child', 'more');
insert into public.by_day values ('2026-05-01', 1, 'a'), ('2026-05-01', 2, 'b'), ('1999-01-01', 3, 'c');
insert into public.node values (1, null, 1), (2, 1, 1), (3, 3, 1); insert into public.leaf values (1, 2), (2, 3);
select setval('public.free_sequence', -8000000000000001, true); select setval('public.unused', 5, false);
`,
		);
	});

	it('arrive exactly, in text and in binary format', async () => {
		const result = await clone(pair);
		expect(result.outcome('failed')).toEqual([]);
		await expectEqualRows(pair);
		expect(result.items.get('data public.no_key')?.detail).toBe('4 rows');
		expect(result.slices['data.rows']).toBe(1);
		const [generated] = await sql(pair.target, 'select twice from public.values where id = 1');
		expect(generated).toEqual({ twice: 14 });
	});

	it('bring sequences to the same position', async () => {
		const positions = `select last_value::text, is_called from public.free_sequence union all
			select last_value::text, is_called from public.unused union all
			select last_value::text, is_called from public.values_id_seq`;
		expect(await sql(pair.target, positions)).toEqual(await sql(pair.source, positions));
	});

	it('leave nothing of ours on the target', async () => {
		const found = await sql(pair.target, `select to_regnamespace('_twins') is null as gone`);
		expect(found).toEqual([{ gone: true }]);
	});

	it('are not touched by a second clone', async () => {
		const before = await traces(pair, 'public.values');
		const second = await clone(pair);
		expect(second.outcome('copied')).toEqual([]);
		expect(second.outcome('failed')).toEqual([]);
		expect(second.outcome('unchanged').length).toBeGreaterThan(15);
		expect(await traces(pair, 'public.values')).toEqual(before);
	});

	it('are compared by what a reader would see, not by what Postgres calls equal', async () => {
		await sql(
			pair.target,
			`update public.values set n = 1.100, f4 = 0, iv = '1 day' where id = 4;
			update public.values set jb = '{"b":1,"a":[null,"é"]}', ci = 'mixed' where id = 1;
			delete from public.no_key where a = 1; insert into public.no_key values (9, 'only here')`,
		);
		const findings = await verifyInProcess(pair, data, 'checksums');
		expect(findings.map(({ object }) => object)).toEqual(['public.no_key', 'public.values']);
		const counts = await verifyInProcess(pair, data, 'counts');
		expect(counts.map(({ expected, found }) => [expected, found])).toEqual([['4 rows', '3 rows']]);
		const again = await clone(pair);
		expect(again.outcome('copied')).toEqual(['data public.no_key', 'data public.values']);
		await expectEqualRows(pair);
		expect(await verifyInProcess(pair, data, 'checksums')).toEqual([]);
	});

	it('are the same when every table is divided and every slice is short', async () => {
		await sql(
			pair.target,
			'truncate public.values, public.no_key; delete from public.leaf; delete from public.node',
		);
		const result = await clone(pair, { components: [inBuckets], limits: { operations: 1 } });
		expect(result.outcome('failed')).toEqual([]);
		expect(result.slices['data.rows']).toBeGreaterThan(5);
		await expectEqualRows(pair);
	});
});
