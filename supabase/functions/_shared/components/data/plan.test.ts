// The decisions about tables and buckets that need no database.
import { describe, expect, it } from 'vitest';
import { bucketCount, bucketOf, type Division, inBuckets, runs } from './division.ts';
import type { Column, Table } from './inspect.ts';
import { planRows, type PlanInput } from './plan.ts';
import { readCursor } from './progress.ts';

const column = (name: string, more: Partial<Column> = {}): Column => ({
	name,
	type: 'integer',
	typeOid: 23,
	baseOid: 23,
	isGenerated: false,
	isAlwaysIdentity: false,
	isDeterministic: true,
	hasTextCast: false,
	...more,
});

const table = (name: string, more: Partial<Table> = {}): Table => ({
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

const unitOf = (source: Table, target: Table = source, more: Partial<PlanInput> = {}) => {
	const [unit] = plan({ source: [source], target: [target], ...more }).units;
	if (!unit) throw new Error('no unit');
	return unit;
};

describe('the plan', () => {
	it('moves plain types in binary, only where both sides are of one major and agree on the types', () => {
		const plain = table('t');
		const text = table('t', {
			columns: [column('id'), column('v', { type: 'text', typeOid: 25, baseOid: 25 })],
		});
		const own = table('t', {
			columns: [column('id'), column('v', { type: 'public.mood', typeOid: 99999, baseOid: 99999 })],
		});
		expect(unitOf(plain).isBinary).toBe(true);
		expect(unitOf(plain, text).isBinary).toBe(false);
		expect(unitOf(own).isBinary).toBe(false);
		expect(unitOf(plain, plain, { sameMajor: false }).isBinary).toBe(false);
	});

	it('hashes as text what Postgres calls equal although it reads differently', () => {
		const of = (type: string, oid: number, more: Partial<Column> = {}) =>
			unitOf(
				table('t', {
					columns: [column('v', { type, typeOid: oid, baseOid: oid, ...more })],
					key: null,
				}),
			).hash;
		expect(of('integer', 23)).toBe('hash_record_extended(row("v"), 0)');
		expect(of('numeric', 1700)).toContain('"v"::text');
		expect(of('jsonb', 3802)).toContain('"v"::text');
		expect(of('text', 25, { isDeterministic: false })).toContain('collate "C"');
	});

	it('leaves out generated columns, and fails a table that misses a column', () => {
		const generated = table('t', {
			columns: [column('id'), column('twice', { isGenerated: true })],
		});
		expect(unitOf(generated).columns.map(({ name }) => name)).toEqual(['id']);
		const { others } = plan({
			source: [table('t')],
			target: [table('t', { columns: [column('id')] })],
		});
		expect(others).toMatchObject([
			{ outcome: 'failed', sqlstate: '42703', detail: expect.stringContaining('v') as string },
		]);
	});

	it('copies partitions one by one, and the whole tree where the sides differ', () => {
		const tree = (bounds: string) => [
			table('p', { kind: 'p', tree: bounds }),
			table('p_1', { root: ['public', 'p'] }),
		];
		const source = tree('one');
		const keys = (target: Table[]) => plan({ source, target }).units.map(({ object }) => object);
		expect(keys(tree('one'))).toEqual(['public.p_1']);
		expect(keys(tree('two'))).toEqual(['public.p']);
	});

	it('knows a row only by a key that both sides have', () => {
		expect(unitOf(table('t')).identity).toEqual(['id']);
		expect(unitOf(table('t'), table('t', { key: ['v'] })).identity).toBeNull();
		expect(unitOf(table('t'), table('t', { key: null })).identity).toBeNull();
	});

	it('quotes hostile names', () => {
		const { key, targetTable } = unitOf(table('a"b.c', { schema: 'Sch"ema' }));
		expect(key).toBe('"Sch""ema"."a""b.c"');
		expect(targetTable).toBe(`only ${key}`);
	});

	it('obeys ignore rules for a partition by its own name or its root’s', () => {
		const source = [table('p', { kind: 'p', tree: 'x' }), table('p_1', { root: ['public', 'p'] })];
		const ignoring = (rule: string) =>
			plan({ source, target: source, ignoreRules: [rule] }).units.length;
		expect([ignoring('public.p'), ignoring('*.p_1'), ignoring('public.q')]).toEqual([0, 0, 1]);
	});
});

describe('buckets', () => {
	const range: Division = {
		kind: 'range',
		column: 'id',
		type: 'int8',
		isText: false,
		bounds: ['10', '20', '30'],
	};
	const unit = unitOf(table('t'));

	it('of ranges cover every value once', () => {
		expect(bucketCount(range)).toBe(4);
		expect(inBuckets(range, [0], unit, 'record')).toBe(`((("id" < '10'::int8) or "id" is null))`);
		expect(inBuckets(range, [1, 2], unit, 'record')).toBe(
			`(("id" >= '10'::int8 and "id" < '30'::int8))`,
		);
		expect(inBuckets(range, [3], unit, 'record')).toBe(`(("id" >= '30'::int8))`);
		expect(inBuckets(range, [0, 1, 2, 3], unit, 'record')).toBe('true');
	});

	it('of hashes come from the key, or from the row where there is none', () => {
		const hashed: Division = { kind: 'hash', count: 8 };
		expect(bucketOf(hashed, unit, 'record')).toContain('row("id")');
		expect(bucketOf(hashed, unitOf(table('t', { key: null })), 'record')).toContain(
			'row("id", "v")',
		);
	});

	it('quote bounds', () => {
		const hostile: Division = {
			kind: 'range',
			column: 'id',
			type: 'text',
			isText: true,
			bounds: [`it's \\ "x"`],
		};
		expect(inBuckets(hostile, [1], unit, 'record')).toContain(`E'it''s \\\\ "x"'::text`);
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
