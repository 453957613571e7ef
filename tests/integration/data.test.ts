// Rows between two databases: every kind of table and value, strategies, limits, second clones.
import { beforeAll, describe, expect, it } from 'vitest';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { realtime } from '../../supabase/functions/_shared/components/realtime/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { SIZES } from '../../supabase/functions/_shared/components/data/sizes.ts';
import { cloneInProcess, type TestClone, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { corpusCases, runScript } from '../helpers/corpus.ts';
import { normalizedDump } from '../helpers/dump.ts';
import { fingerprints, sql } from './data-fingerprints.ts';

const data = createData();

/** Small pieces, so that small tables are cut into chunks and large ones span slices. */
const inBuckets = createData({
	...SIZES,
	smallBytes: 16 * 1024,
	wholeBytes: 64 * 1024,
	chunkBytes: 16 * 1024,
	copyBytes: 64 * 1024,
	hashCopyBytes: 64 * 1024,
	compareBytes: 16 * 1024,
	secondLaneBytes: 0,
});

const clone = (pair: Pair, more: Partial<TestClone> = {}) =>
	cloneInProcess({ source: pair.source, target: pair.target, components: [data], ...more });

/** Same rows in every table, each compared as text. */
async function expectEqualRows(pair: Pair): Promise<void> {
	expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
}

/** Transaction ids and places of rows: they change when anything is written. */
const traces = (pair: Pair, table: string) =>
	sql(pair.target, `select xmin::text, ctid::text from ${table} order by 2`);

const hostile = corpusCases().find(({ name }) => name === 'data--tables-and-values');

/** Rows of the source break these checks, or will do so for a moment while they are copied. */
const UNCHECKED = `
	create table parent (id int primary key, n int); create table child () inherits (parent);
	create table large (id int primary key, n int, filler text);
	insert into parent values (1, -1); insert into child values (2, -1);
	insert into large select i, -1, repeat('x', 500) from generate_series(1, 2000) as i;
	alter table parent add constraint positive check (n > 0) not valid;
	alter table large add constraint positive check (n > 0) not valid;
	comment on constraint positive on parent is 'of new rows';
	create table zmembers (id int primary key);
	create function is_member(int) returns boolean language sql as 'select exists (select from public.zmembers where id = $1)';
	create table notes (id int primary key, member int check (is_member(member)));
	insert into zmembers values (1); insert into notes values (1, 1);`;

describe('published tables whose rows nothing identifies', () => {
	it('are filled, emptied and changed, and stay as they are otherwise', async () => {
		const pair = await freshPair();
		runScript(
			pair.source.dbUrl,
			`create table log (n int); create table nobody (id int primary key, n int);
			create table filtered (id int primary key, n int);
			create table large (n int, filler text); create table keyed (id int not null unique, n int);
			alter table nobody replica identity nothing;
			alter table keyed replica identity using index keyed_id_key;
			insert into large select i, repeat('x', 500) from generate_series(1, 2000) as i;
			alter publication supabase_realtime add table log, nobody, filtered where (n > 0), large, keyed where (n > 0);`,
		);
		const components = [tables, inBuckets, realtime];
		expect((await clone(pair, { components })).outcome('failed')).toEqual([]);
		const before = normalizedDump(pair.target.dbUrl);
		runScript(
			pair.source.dbUrl,
			`insert into log values (1); insert into nobody values (1); insert into filtered values (1);
			insert into keyed values (1); insert into large select i, 'y' from generate_series(1, 300) as i;`,
		);
		expect((await clone(pair, { components })).outcome('failed')).toEqual([]);
		await expectEqualRows(pair);
		expect(normalizedDump(pair.target.dbUrl)).toEqual(before);
	});
});

describe('rows that break a check', () => {
	it('are cloned again when some have changed, and the check is there afterwards', async () => {
		const pair = await freshPair();
		runScript(pair.source.dbUrl, UNCHECKED);
		const components = [tables, functions, inBuckets];
		expect((await clone(pair, { components })).outcome('failed')).toEqual([]);
		const before = normalizedDump(pair.target.dbUrl);
		runScript(
			pair.source.dbUrl,
			`insert into child values (3, 1); insert into parent values (4, 1);
			delete from zmembers; insert into zmembers values (2); update notes set member = 2;
			alter table large drop constraint positive; update large set filler = 'y' where id > 1000;
			alter table large add constraint positive check (n > 0) not valid;`,
		);
		const second = await clone(pair, { components });
		expect(second.outcome('failed')).toEqual([]);
		await expectEqualRows(pair);
		expect(normalizedDump(pair.target.dbUrl)).toEqual(before);
		expect((await clone(pair, { components })).outcome('copied')).toEqual([]);
	});

	it('arrive all the same, and the check stays unchecked and is reported', async () => {
		const pair = await freshPair();
		runScript(
			pair.source.dbUrl,
			`create table moments (at timestamptz); insert into moments values ('2020-01-01');
			begin; update moments set at = now(); alter table moments add constraint recent check (at >= now()); commit;`,
		);
		const result = await clone(pair, { components: [tables, data] });
		expect(result.outcome('failed')).toEqual(['tables public.moments.recent (check)']);
		expect(result.items.get('tables public.moments.recent (check)')?.sqlstate).toBe('23514');
		await expectEqualRows(pair);
		const [check] = await sql(
			pair.target,
			`select convalidated from pg_constraint where conname = 'recent'`,
		);
		expect(check).toEqual({ convalidated: false });
	});
});

describe('hostile tables and values', () => {
	let pair: Pair;
	beforeAll(async () => {
		pair = await freshPair();
		runScript(pair.source.dbUrl, hostile?.files.source ?? '');
	});

	it('arrive exactly, in text and in binary format', async () => {
		const result = await clone(pair, { components: [tables, data] });
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
			update public.padded set bp = 'blanks', shade = 'dark' where id = 1;
			delete from public.no_key where a = 1; insert into public.no_key values (9, 'only here')`,
		);
		const findings = await verifyInProcess(pair, data, 'checksums');
		expect(findings.map(({ object }) => object)).toEqual([
			'public.no_key',
			'public.padded',
			'public.values',
		]);
		const counts = await verifyInProcess(pair, data, 'counts');
		expect(counts.map(({ expected, found }) => [expected, found])).toEqual([['4 rows', '3 rows']]);
		// In pieces, one per slice, the same is found.
		const inSlices = { ...pair, limits: { seconds: 0 } };
		const rowsNamed = Object.fromEntries(
			findings.map(({ object, examples }) => [object, examples?.toSorted()]),
		);
		expect(rowsNamed).toEqual({
			'public.no_key': undefined,
			'public.padded': ['id 1: differs'],
			'public.values': ['id 1: differs', 'id 4: differs'],
		});
		// Of a table that is read in pieces no rows are named.
		const withoutRows = (some: typeof findings) =>
			some.map(({ examples: _, ...finding }) => finding);
		expect(withoutRows(await verifyInProcess(inSlices, inBuckets, 'checksums'))).toEqual(
			withoutRows(findings),
		);
		expect(await verifyInProcess(inSlices, inBuckets, 'counts')).toEqual(counts);
		const again = await clone(pair);
		expect(again.outcome('copied')).toEqual([
			'data public.no_key',
			'data public.padded',
			'data public.values',
		]);
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
		expect(result.slices['data.rows']).toBeGreaterThan(3);
		await expectEqualRows(pair);
	});
});
