// The decisions about tables and chunks that need no database.
import { describe, expect, it } from 'vitest';
import { chunkCount, chunkOf, type Partitioning, inChunks, runs } from './partitioning.ts';
import type { Column, Table } from './table.ts';
import { planRows, type PlanInput } from './plan.ts';
import { readCursor } from './progress.ts';

const column = (name: string, more: Partial<Column> = {}): Column => ({
	name,
	type: 'integer',
	typeOid: 23,
	baseOid: 23,
	isGenerated: false,
	isAlwaysIdentity: false,
	isIdentity: false,
	standard: null,
	isDeterministic: true,
	hasTextCast: false,
	...more,
});

const table = (name: string, more: Partial<Table> = {}): Table => ({
	oid: 1,
	schema: 'public',
	name,
	kind: 'r',
	bytes: 8192,
	rows: 10,
	root: null,
	tree: null,
	columns: [column('id'), column('v')],
	key: ['id'],
	isReferenced: false,
	guards: [],
	...more,
});

const plan = (more: Partial<PlanInput>) =>
	planRows({
		source: [],
		target: [],
		options: { row_limit: 0, strategies: {} },
		ignoreRules: [],
		hashMethod: 'record',
		sameMajor: true,
		...more,
	});

const tableJobOf = (source: Table, target: Table = source, more: Partial<PlanInput> = {}) => {
	const [tableJob] = plan({ source: [source], target: [target], ...more }).tableJobs;
	if (!tableJob) throw new Error('no table job');
	return tableJob;
};

describe('the plan', () => {
	it('moves plain types in binary, only where source and target are of one major and agree on the types', () => {
		const plain = table('t');
		const text = table('t', {
			columns: [column('id'), column('v', { type: 'text', typeOid: 25, baseOid: 25 })],
		});
		const own = table('t', {
			columns: [column('id'), column('v', { type: 'public.mood', typeOid: 99999, baseOid: 99999 })],
		});
		expect(tableJobOf(plain).isBinary).toBe(true);
		expect(tableJobOf(plain, text).isBinary).toBe(false);
		expect(tableJobOf(own).isBinary).toBe(false);
		expect(tableJobOf(plain, plain, { sameMajor: false }).isBinary).toBe(false);
	});

	it('hashes by text or by all bits what Postgres calls equal although it reads differently', () => {
		const of = (type: string, oid: number, more: Partial<Column> = {}) =>
			tableJobOf(
				table('t', {
					columns: [column('v', { type, typeOid: oid, baseOid: oid, ...more })],
					key: null,
				}),
			).hash;
		const hashed = (row: string) =>
			`pg_catalog.hash_record_extended(row(pg_catalog.int8send(pg_catalog.hash_record_extended(row(${row}), 0::pg_catalog.int8))), 0::pg_catalog.int8)`;
		expect(of('integer', 23)).toBe(hashed('"v"'));
		expect(of('bigint', 20)).toBe(hashed('pg_catalog.int8send("v")'));
		expect(of('numeric', 1700)).toBe(hashed('pg_catalog.numeric_send("v")'));
		expect(of('double precision', 701)).toContain('"v"::pg_catalog.text');
		expect(of('jsonb', 3802)).toContain('"v"::pg_catalog.text');
		expect(of('text', 25, { isDeterministic: false })).toContain('collate "C"');
	});

	it('leaves out generated columns, and fails a table that misses a column', () => {
		const generated = table('t', {
			columns: [column('id'), column('twice', { isGenerated: true })],
		});
		expect(tableJobOf(generated).columns.map(({ name }) => name)).toEqual(['id']);
		const { others } = plan({
			source: [table('t')],
			target: [table('t', { columns: [column('id')] })],
		});
		expect(others).toMatchObject([
			{ outcome: 'failed', sqlstate: '42703', detail: expect.stringContaining('v') as string },
		]);
	});

	it('copies partitions one by one, and the whole tree where source and target divide it otherwise', () => {
		const tree = (bounds: string) => [
			table('p', { kind: 'p', tree: bounds }),
			table('p_1', { root: ['public', 'p'] }),
		];
		const source = tree('one');
		const keys = (target: Table[]) =>
			plan({ source, target }).tableJobs.map(({ object }) => object);
		expect(keys(tree('one'))).toEqual(['public.p_1']);
		expect(keys(tree('two'))).toEqual(['public.p']);
	});

	it('knows a row only by a key that source and target have', () => {
		expect(tableJobOf(table('t')).identity).toEqual(['id']);
		expect(tableJobOf(table('t'), table('t', { key: ['v'] })).identity).toBeNull();
		expect(tableJobOf(table('t'), table('t', { key: null })).identity).toBeNull();
	});

	it('quotes hostile names', () => {
		const { key, targetTable } = tableJobOf(table('a"b.c', { schema: 'Sch"ema' }));
		expect(key).toBe('"Sch""ema"."a""b.c"');
		expect(targetTable).toBe(`only ${key}`);
	});

	it('obeys ignore rules for a partition by its own name or its root’s', () => {
		const source = [table('p', { kind: 'p', tree: 'x' }), table('p_1', { root: ['public', 'p'] })];
		const ignoring = (rule: string) =>
			plan({ source, target: source, ignoreRules: [rule] }).tableJobs.length;
		expect([ignoring('public.p'), ignoring('*.p_1'), ignoring('public.q')]).toEqual([0, 0, 1]);
	});
});

describe('chunks', () => {
	const range: Partitioning = {
		kind: 'range',
		column: 'id',
		type: 'int8',
		isText: false,
		bounds: ['10', '20', '30'],
	};
	const tableJob = tableJobOf(table('t'));

	it('of ranges cover every value once', () => {
		expect(chunkCount(range)).toBe(4);
		expect(inChunks(range, [0], tableJob, 'record')).toBe(
			`((("id" operator(pg_catalog.<) '10'::int8) or "id" is null))`,
		);
		expect(inChunks(range, [1, 2], tableJob, 'record')).toBe(
			`(("id" operator(pg_catalog.>=) '10'::int8 and "id" operator(pg_catalog.<) '30'::int8))`,
		);
		expect(inChunks(range, [3], tableJob, 'record')).toBe(
			`(("id" operator(pg_catalog.>=) '30'::int8))`,
		);
		expect(inChunks(range, [0, 1, 2, 3], tableJob, 'record')).toBe('true');
	});

	it('of hashes come from the key, or from the row where there is none', () => {
		const hashed: Partitioning = { kind: 'hash', count: 8 };
		expect(chunkOf(hashed, tableJob, 'record')).toContain('row("id")');
		expect(chunkOf(hashed, tableJobOf(table('t', { key: null })), 'record')).toContain(
			'row("id", "v")',
		);
	});

	it('quote bounds', () => {
		const hostile: Partitioning = {
			kind: 'range',
			column: 'id',
			type: 'text',
			isText: true,
			bounds: [`it's \\ "x"`],
		};
		expect(inChunks(hostile, [1], tableJob, 'record')).toContain(`E'it''s \\\\ "x"'::text`);
	});

	it('are kept as runs', () => {
		expect(runs([1, 2, 3, 7, 9, 10])).toEqual([
			[1, 3],
			[7, 7],
			[9, 10],
		]);
		expect(runs([])).toEqual([]);
	});
});

describe('the cursor', () => {
	it('is refused when it is not one of ours', () => {
		expect(readCursor(null).round).toBe(0);
		expect(() => readCursor({ phase: 'other' })).toThrow();
	});
});
