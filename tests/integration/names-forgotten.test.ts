// Names that were swapped on the source while nothing is remembered of what was called how: the control project was
// restored, or something else filled the target. A clone must end exact, or name what is not; and what only the target
// has stays.
import { expect, test } from 'vitest';
import { components as all } from '../../supabase/functions/_shared/components/index.ts';
import { cloneInProcess, forgetClones, verifyAllInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowSums } from '../helpers/row-sums.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const components = all.filter(({ key }) =>
	['tables', 'data', 'functions', 'views', 'triggers', 'policies'].includes(key),
);

const MADE = `
	create schema s;
	create type s.e as enum ('a', 'b'); create type s.f as enum ('b', 'c');
	create table s.one (id int primary key, v text not null unique, e s.e);
	create table s.two (id int primary key, w int, f s.f);
	insert into s.one values (1, 'one', 'a'), (2, 'both', 'b'); insert into s.two values (2, 22, 'b'), (3, 33, 'c');
	create table s.ref (one_id int references s.one, two_id int references s.two);
	insert into s.ref values (1, 3), (2, 2);
	-- Of one shape.
	create table s.p (id int primary key, t text); create table s.q (id int primary key, t text);
	insert into s.p values (1, 'p'); insert into s.q values (1, 'q'), (2, 'q');
	create table s.a (id int primary key, x text, y text, n int, m bigint); insert into s.a values (1, 'x', 'y', 3, 4);
	create table s.d (id int, u int, constraint u1 unique (id), constraint u2 unique (u),
		constraint c1 check (id > 0), constraint c2 check (u > 0));
	insert into s.d values (1, 2);
	create index i1 on s.a (x); create index i2 on s.a (y);
	create sequence s.s1; create sequence s.s2 start 5; select nextval('s.s1'), nextval('s.s2');
	create function s.g1() returns int language sql as 'select 1';
	create function s.g2() returns int language sql as 'select 2';
	create view s.va as select x, y from s.a; create view s.vone as select v from s.one;`;

const swap = (kind: string, one: string, other: string): string =>
	[
		[one, 'tmp'],
		[other, one],
		['tmp', other],
	]
		.map(([from, to]) => `alter ${kind.replace('%', from ?? '')} rename to ${to ?? ''};`)
		.join('\n');
const swapIn = (table: string, kind: string, one: string, other: string): string =>
	[
		[one, 'tmp'],
		[other, one],
		['tmp', other],
	]
		.map(([from, to]) => `alter table ${table} rename ${kind} ${from ?? ''} to ${to ?? ''};`)
		.join('\n');

const SWAPPED = [
	swap('table s.%', 'one', 'two'),
	swap('table s.%', 'p', 'q'),
	swapIn('s.a', 'column', 'x', 'y'),
	swapIn('s.a', 'column', 'n', 'm'),
	swapIn('s.d', 'constraint', 'u1', 'u2'),
	swapIn('s.d', 'constraint', 'c1', 'c2'),
	swapIn('s.ref', 'constraint', 'ref_one_id_fkey', 'ref_two_id_fkey'),
	swap('index s.%', 'i1', 'i2'),
	swap('sequence s.%', 's1', 's2'),
	swap('type s.%', 'e', 'f'),
	swap('function s.%()', 'g1', 'g2'),
	swap('view s.%', 'va', 'vone'),
].join('\n');

const OWN = `
	create table s.mine (one_id int references s.one (id) deferrable, e s.e, note text);
	insert into s.mine values (1, 'a', 'mine'), (2, 'b', 'mine');
	alter table s.p add own text; update s.p set own = 'kept';
	create view s.own as select id, v from s.one;
	create index own_v on s.one (v);`;
const OWN_ROWS = `select (select json_agg(m order by one_id) from s.mine m) as mine,
	(select json_agg(own order by id) from s.p where id = 1) as own,
	(select count(*)::int from pg_indexes where schemaname = 's' and indexname = 'own_v') as index,
	(select json_agg(o order by id) from s.own o where id = 1) as view`;

interface Judged {
	readonly failed: readonly string[];
	/** Statements of one dump that the other lacks. */
	readonly statements: readonly string[];
	/** Tables whose rows differ in number or in a value of a column that the source has. */
	readonly rows: readonly string[];
}

async function judged(
	endpoints: Parameters<typeof cloneInProcess>[0],
	pair: Pair,
): Promise<Judged> {
	const result = await cloneInProcess(endpoints);
	const [wanted, found] = [
		dumpedStatements(pair.source.dbUrl),
		dumpedStatements(pair.target.dbUrl),
	];
	const ordered = [...result.items.values()].flatMap(({ object, outcome }) =>
		outcome === 'skipped' && object.startsWith('order of columns of ')
			? [`CREATETABLE${object.replace('order of columns of ', '')}(`]
			: [],
	);
	const [sums, copies] = [await rowSums(pair.source), await rowSums(pair.target)];
	return {
		failed: result.outcome('failed').map((id) => `${id}: ${result.items.get(id)?.detail ?? ''}`),
		statements: [
			...wanted.filter((one) => !found.includes(one)),
			...found.filter((one) => !wanted.includes(one)),
		].filter((one) => !ordered.some((table) => one.startsWith(table))),
		rows: [...sums].filter(([table, sum]) => copies.get(table) !== sum).map(([table]) => table),
	};
}

test('extras removed: swapped names end exact, and the order of columns is told', async () => {
	const { source, target } = await freshPair();
	const clone = { source, target, components, options: { remove_extra: true } };
	await runOn(source.dbUrl, MADE);
	await cloneInProcess(clone);
	await runOn(source.dbUrl, SWAPPED);
	forgetClones(target);
	expect(await judged(clone, { source, target })).toEqual({ failed: [], statements: [], rows: [] });
	const findings = await verifyAllInProcess(clone, 'checksums');
	expect(findings.filter(({ severity }) => severity === 'failed')).toEqual([]);
	expect(findings.map(({ object }) => object)).toContain('order of columns of s.a');
	const again = await cloneInProcess(clone);
	expect(again.outcome('copied')).toEqual([]);
});

test('extras left: nothing of the target’s own is lost, and what is not exact is named', async () => {
	const { source, target } = await freshPair();
	const clone = { source, target, components, options: { remove_extra: false } };
	await runOn(source.dbUrl, MADE);
	await cloneInProcess(clone);
	await runOn(target.dbUrl, OWN);
	const before = await rowsOf(target.dbUrl, OWN_ROWS);
	await runOn(source.dbUrl, SWAPPED);
	forgetClones(target);
	const { failed, rows } = await judged(clone, { source, target });
	expect(await rowsOf(target.dbUrl, OWN_ROWS)).toEqual(before);
	const isNamed = (name: string): boolean => failed.some((text) => text.includes(` ${name}`));
	// Its own column makes the rows of this table another text.
	expect(rows.filter((name) => name !== 's.p' && !isNamed(name))).toEqual([]);
	expect(
		await rowsOf(
			target.dbUrl,
			'select (select json_agg(p order by id) from (select id, t from s.p) p) as p',
		),
	).toEqual([
		{
			p: [
				{ id: 1, t: 'q' },
				{ id: 2, t: 'q' },
			],
		},
	]);
	const findings = await verifyAllInProcess(clone, 'checksums');
	const wrong = findings.filter(({ severity }) => severity === 'failed');
	expect(
		wrong.map(({ object }) => object.replace(/ \(.*/, '')).filter((name) => !isNamed(name)),
	).toEqual([]);
	expect(failed.length).toBeGreaterThan(0);
});
