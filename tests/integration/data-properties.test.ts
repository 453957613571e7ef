// Random tables, randomly changed on the target: whatever a reader could see is found by the comparison of a second
// clone, which mends it, and by a verification; and nothing else is. The judge is a digest of sorted rows.
import { describe, expect, it } from 'vitest';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { SIZES } from '../../supabase/functions/_shared/components/data/sizes.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { runScript } from '../helpers/corpus.ts';
import { fingerprints, sql } from './data-fingerprints.ts';

/** Printed with the title, so that a failure can be repeated. */
const SEED = 20261128;

const TYPES = `
create extension citext schema extensions; create extension hstore schema extensions; create extension ltree schema extensions;
create collation public.lax (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
create type public."Mood ""x""" as enum ('low', 'high', 'null', '');
create type public.pair as (n numeric, t text, f float8);
create domain public.long as int8; create domain public.longer as public.long; create domain public.bytes as bytea;
create domain public.precise as numeric; create domain public.lax_text as text collate public.lax;
create type public.span as range (subtype = float8);`;

/** Types with values that Postgres, or a careless hash, takes for each other. */
const POOLS: Readonly<Record<string, readonly string[]>> = {
	int2: ['1', '-1', '0'],
	int4: ['1', '2', '3', '2147483647'],
	int8: ['0', '1', '4294967296', '-1', '4294967295', '8589934592', '-4294967297'],
	oid: ['1', '2'],
	numeric: ['1', '1.0', '1.00', '0', '0.0', "'NaN'", "'infinity'", '100'],
	'numeric[]': ["'{1,1.0}'", "'{1.0,1}'", "'{}'", "'{NULL}'", "'[0:1]={1,1.0}'", "'{1,1}'"],
	float4: ["'0'", "'-0'", "'0.1'", "'NaN'"],
	float8: ["'0'", "'-0'", '0.1', '0.30000000000000004', '0.3'],
	'float8[]': ["'{0}'", "'{-0}'", "'{0,-0}'", "'{-0,0}'"],
	money: ["'1'", "'42949672.96'", "'-1'"],
	bool: ['true', 'false'],
	text: ["''", "' '", "'a'", "'A'", "'NULL'", "'a,b'", "'\"'"],
	varchar: ["''", "'a'", "'é'", "U&'e\\0301'"],
	bpchar: ["''", "' '", "'a'", "'a  '"],
	'char(3)': ["'a'", "'b'"],
	'"char"': ["'a'", "''"],
	'text collate public.lax': ["'a'", "'A'", "'á'"],
	'public.lax_text': ["'a'", "'A'"],
	'text[] collate public.lax': ["'{a}'", "'{A}'", '\'{""}\'', "'{}'", "'{NULL}'", '\'{"NULL"}\''],
	'extensions.citext': ["'a'", "'A'", "''"],
	'extensions.citext[]': ["'{a}'", "'{A}'"],
	bytea: ["''", "'\\x00'", "'\\x0000'", "'\\x01'", "'\\x80'"],
	'public.bytes': ["''", "'\\x00'", "'\\x80'"],
	date: ["'2026-01-01'", "'infinity'", "'0044-03-15 BC'"],
	time: ["'00:00:00'", "'00:00:00.000001'", "'24:00:00'", "'01:11:34.967296'"],
	timetz: ["'12:00+00'", "'13:00+01'"],
	timestamp: ["'2000-01-01 00:00:00'", "'2000-01-01 01:11:34.967296'", "'infinity'", "'-infinity'"],
	timestamptz: ["'2000-01-01 00:00:00Z'", "'2000-01-01 01:11:34.967296Z'", "'infinity'"],
	interval: ["'1 day'", "'24 hours'", "'1 month'", "'30 days'", "'-1 day 24 hours'", "'0'"],
	uuid: ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'"],
	json: [`'{"a":1}'`, `'{"a": 1}'`, `'{"a":1,"a":1}'`, `'null'`],
	jsonb: [`'{"a":1}'`, `'{"a":1.0}'`, `'[1.0,1]'`, `'[1,1.0]'`, `'null'`, `'""'`],
	xml: ["'<a/>'", "'<a></a>'"],
	'public."Mood ""x"""': ["'low'", "'high'", "'null'", "''"],
	'public.pair': ["'(1,,0)'", "'(1.0,,0)'", `'(1,"",0)'`, "'(1,,-0)'", "'(,,)'"],
	'public.pair[]': [`'{"(1,,0)"}'`, `'{"(1.0,,0)"}'`],
	'public.long': ['1', '4294967296'],
	'public.longer': ['-1', '4294967295'],
	'public.precise': ['1', '1.0'],
	numrange: ["'[1,2)'", "'[1.0,2)'", "'empty'", "'(,)'"],
	int4range: ["'[1,2)'", "'empty'"],
	nummultirange: ["'{[1,2)}'", "'{[1.0,2)}'", "'{}'"],
	'public.span': ["'[0,1)'", "'[-0,1)'"],
	inet: ["'10.0.0.1'", "'10.0.0.1/8'", "'::1'"],
	cidr: ["'10.0.0.0/8'", "'10.0.0.0/9'"],
	macaddr: ["'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"],
	'bit varying': ["''", "B'0'", "B'00'", "B'10'"],
	point: ["'(0,0)'", "'(-0,0)'", "'(0.1,0)'"],
	box: ["'(0,0),(1,1)'", "'(0,0),(2,0.5)'"],
	circle: ["'<(0,0),1>'", "'<(5,5),1>'"],
	tsvector: ["'a:1 b'", "'a:2 b'", "''"],
	tsquery: ["'a & b'", "'b & a'", "''"],
	pg_lsn: ["'0/1'", "'1/0'", "'FFFFFFFF/FFFFFFFF'"],
	xid8: ["'1'", "'4294967296'"],
	regclass: ["'pg_catalog.pg_class'", "'pg_catalog.pg_type'"],
	regtype: ["'int4'", "'int8'"],
	name: ["''", "'a'"],
	'extensions.hstore': ["'a=>1'", `'a=>""'`, "'a=>NULL'", "''"],
	'extensions.ltree': ["'a.b'", "'a.B'", "''"],
};

function randomOf(seed: number): (below: number) => number {
	let state = seed;
	return (below) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
}

type Random = ReturnType<typeof randomOf>;

interface Made {
	readonly name: string;
	/** Names and types of the columns that are not the key. */
	readonly columns: readonly (readonly [name: string, type: string])[];
	readonly hasKey: boolean;
}

const value = (random: Random, type: string): string => {
	const pool = POOLS[type] ?? [];
	const chosen = pool[random(pool.length + 1)] ?? 'null';
	return `${chosen}::${type.replace(/ collate .*/, '')}`;
};

/** Every type comes once, each time among others; with keys of several types and without. */
function inventTables(random: Random): Made[] {
	const types = Object.keys(POOLS);
	for (let at = types.length - 1; at > 0; at -= 1) {
		const other = random(at + 1);
		[types[at], types[other]] = [types[other] ?? '', types[at] ?? ''];
	}
	const made: Made[] = [];
	while (types.length > 0) {
		const some = types.splice(0, 1 + random(4));
		made.push({
			name: `public."T ${made.length}"`,
			columns: some.map((type, at) => [`"C.${at}"`, type] as const),
			hasKey: random(2) === 0,
		});
	}
	return made;
}

const KEYS = ['int8', 'uuid', 'text', 'numeric'];

function definition({ name, columns, hasKey }: Made, at: number): string {
	const type = KEYS[at % KEYS.length] ?? 'int8';
	const key =
		type === 'uuid' ? `uuid default gen_random_uuid() primary key` : `${type} primary key`;
	const list = columns.map(([column, columnType]) => `${column} ${columnType}`);
	return `create table ${name} (${[...(hasKey ? [`id ${key}`] : []), ...list].join(', ')});`;
}

function rows({ name, columns, hasKey }: Made, at: number, random: Random): string {
	const key = KEYS[at % KEYS.length];
	const lines = Array.from({ length: 40 }, (_, row) => {
		const id =
			key === 'uuid' ? `'00000000-0000-4000-8000-${String(row).padStart(12, '0')}'` : `'${row}'`;
		const values = columns.map(([, type]) => value(random, type));
		return `(${[...(hasKey ? [id] : []), ...values].join(', ')})`;
	});
	return `insert into ${name} values ${lines.join(', ')};`;
}

/** A statement that may change the table. */
function change(
	{ name, columns, hasKey }: Made,
	places: readonly string[],
	random: Random,
): string {
	const place = (): string => `'${places[random(places.length)] ?? ''}'::tid`;
	const [column, type] = columns[random(columns.length)] ?? ['', ''];
	const [one, other] = [place(), place()];
	const list = columns.map(([each]) => each).join(', ');
	const key = hasKey ? 'id, ' : '';
	const again = `insert into ${name} (${list}) select ${list} from ${name} where ctid = ${one}`;
	switch (random(hasKey ? 4 : 7)) {
		case 0:
			return `update ${name} t set ${column} = o.${column} from ${name} o where (t.ctid, o.ctid) in ((${one}, ${other}), (${other}, ${one}))`;
		case 1:
			return `with s as (select ctid as place, ${column} as v, row_number() over (order by ctid) - 1 as r, count(*) over () as n from ${name})
				update ${name} t set ${column} = o.v from s join s o on o.r = (s.r + ${1 + random(5)}) % s.n where t.ctid = s.place`;
		case 2:
			return `update ${name} set ${column} = ${value(random, type)} where ctid = ${one}`;
		case 3:
			return `delete from ${name} where ctid = ${one}`;
		case 4:
			return again;
		case 5:
			return `${again}; delete from ${name} where ctid = ${other}`;
		default:
			return `create temporary table moved as select ${key}${list} from ${name}; truncate ${name}; insert into ${name} select * from moved order by random(); drop table moved`;
	}
}

/** Names of the tables that differ, as reports name them. */
async function differing(pair: Pair): Promise<string[]> {
	const [source, target] = await Promise.all([
		fingerprints(pair.source),
		fingerprints(pair.target),
	]);
	return Object.keys(source)
		.filter((name) => JSON.stringify(source[name]) !== JSON.stringify(target[name]))
		.map((name) => name.replaceAll('"', ''))
		.sort();
}

const small = createData();
const divided = createData({
	...SIZES,
	smallBytes: 0,
	wholeBytes: 0,
	chunkBytes: 2048,
	compareBytes: 4096,
	secondLaneBytes: 0,
});

describe('any change of any value', () => {
	it.each([
		['in small tables', SEED, small],
		['in divided tables', SEED + 1, divided],
	] as const)('%s is found and mended, and only that (seed %i)', async (_, seed, data) => {
		const random = randomOf(seed);
		const made = inventTables(random);
		const pair = await freshPair();
		const structure = `${TYPES}\n${made.map(definition).join('\n')}`;
		const content = made.map((table, at) => rows(table, at, random)).join('\n');
		runScript(pair.source.dbUrl, `${structure}\n${content}`);
		runScript(pair.target.dbUrl, structure);
		const clone = () => cloneInProcess({ ...pair, components: [data] });
		expect((await clone()).outcome('failed')).toEqual([]);
		expect(await differing(pair)).toEqual([]);
		let found = 0;
		for (let round = 0; round < 2; round += 1) {
			for (const table of made) {
				const places = await sql(pair.target, `select ctid::text as place from ${table.name}`);
				const texts = places.map(({ place }) => String(place));
				await sql(pair.target, change(table, texts, random));
			}
			const expected = await differing(pair);
			found += expected.length;
			const findings = await verifyInProcess(pair, data, 'checksums');
			expect(findings.map(({ object }) => object).sort()).toEqual(expected);
			const result = await clone();
			expect(result.outcome('failed')).toEqual([]);
			const copied = result.outcome('copied').filter((name) => name !== 'data moment of the rows');
			expect(copied).toEqual(expected.map((name) => `data ${name}`));
			expect(await differing(pair)).toEqual([]);
		}
		expect(found).toBeGreaterThan(made.length);
	});
});

/** Databases that have little memory for a statement, so that what sorts or hashes more goes to disk. */
async function lowerMemory(pair: Pair): Promise<void> {
	const lower = `do $$ begin execute format('alter database %I set work_mem = ''1MB''', current_database()); end $$`;
	await sql(pair.source, lower);
	await sql(pair.target, lower);
}

/** As Postgres counts them. A backend reports what it used when it ends. */
async function expectNoTemporaryFiles(pair: Pair): Promise<void> {
	for (const endpoint of [pair.source, pair.target]) {
		await expect
			.poll(() =>
				sql(
					endpoint,
					`select temp_files::int as files, (select count(*)::int from pg_stat_activity a where a.datid = d.datid) as sessions
					from pg_stat_database d where datname = current_database()`,
				),
			)
			.toEqual([{ files: 0, sessions: 1 }]);
	}
}

describe('a large table', () => {
	const divided = createData({ ...SIZES, smallBytes: 0, wholeBytes: 0, chunkBytes: 65_536 });

	it('is compared without sorting its rows on disk, on source and target', async () => {
		const pair = await freshPair();
		const both = 'create table public.wide (id int primary key, v text)';
		runScript(
			pair.source.dbUrl,
			`${both}; insert into public.wide select i, repeat(md5(i::text), 40) from generate_series(1, 5000) i; analyze`,
		);
		runScript(pair.target.dbUrl, both);
		const clone = () => cloneInProcess({ ...pair, components: [divided], ownSessions: true });
		expect((await clone()).outcome('copied')).toEqual(['data public.wide']);
		await lowerMemory(pair);
		expect((await clone()).outcome('unchanged')).toEqual(['data public.wide']);
		await expectNoTemporaryFiles(pair);
	});

	it('is divided without sorting all its keys on disk where it cannot be sampled by pages', async () => {
		const pair = await freshPair();
		// Values of xml are read in other words, so the relation is a query.
		const both = `create table public.keyed (id int primary key, made xml);
			insert into public.keyed select generate_series(1, 150000); analyze public.keyed;
			create function public.trap(float8, numeric) returns bool language plpgsql as $$ begin raise exception 'trapped'; end $$;
			create operator public.< (leftarg = float8, rightarg = numeric, function = public.trap)`;
		runScript(pair.source.dbUrl, both);
		runScript(pair.target.dbUrl, both);
		await lowerMemory(pair);
		const result = await cloneInProcess({ ...pair, components: [divided], ownSessions: true });
		expect(result.outcome('unchanged')).toEqual(['data public.keyed']);
		await expectNoTemporaryFiles(pair);
	});
});
