import { describe, expect, test } from 'vitest';
import type { Thing } from '../domain/thing.ts';
import { NO_ROWS_BROUGHT, type Fact, type Kind } from './fact.ts';
import { batches, transaction } from './apply.ts';
import { closure, sortByNeeds } from './order.ts';
import { planStage } from './plan.ts';
import type { Scope, PlannedChange } from './planning.ts';
import { indexFacts } from './read.ts';

const kind = (name: Thing, more: Partial<Kind> = {}): Kind => ({
	name,
	component: 'tables',
	stage: 'structure',
	read: '',
	ways: { v: 'replace' },
	...more,
});

const kinds = new Map<string, Kind>(
	[
		kind('table', {
			rows: { held: true },
		}),
		kind('column', { within: true }),
		kind('note', {
			attribute: {},
			ways: { v: 'create' },
		}),
		kind('view', { component: 'views', stage: 'views' }),
		kind('function', { component: 'functions', stage: 'functions' }),
		kind('index', { stage: 'relations', rows: { block: true } }),
	].map((entry) => [entry.name, entry]),
);

function fact(id: string, more: Partial<Fact> = {}): Fact {
	const [name = ''] = id.split(':');
	const found = kinds.get(name);
	return {
		id,
		kind: found?.name ?? 'object',
		identity: id.slice(name.length + 1),
		object: id,
		parent: null,
		definition: {},
		create: [`create ${id}`],
		drop: `drop ${id}`,
		needs: [],
		component: found?.component ?? 'tables',
		stage: found?.stage ?? 'structure',
		folded: false,
		...more,
	};
}

const child = (id: string, parent: string, more: Partial<Fact> = {}): Fact =>
	fact(id, { parent, needs: [parent, ...(more.needs ?? [])], ...more });

const scope = (more: Partial<Scope> = {}): Scope => ({
	stage: 'structure',
	components: ['tables'],
	removes: [],
	rows: NO_ROWS_BROUGHT,
	skip: new Set(),
	kinds,
	...more,
});

const plan = (source: readonly Fact[], target: readonly Fact[], more: Partial<Scope> = {}) =>
	planStage({ source: indexFacts(source), target: indexFacts(target) }, scope(more));

const statements = (changes: readonly PlannedChange[]) =>
	changes.flatMap((change) => change.statements);

describe('planning a stage', () => {
	test('equal endpoints leave nothing to do', () => {
		const facts = [fact('table:a'), fact('view:v')];
		expect(plan(facts, facts)).toEqual({ changes: [], left: [], partial: false });
	});

	test('what is missing is made after what it needs, whatever the order it was read in', () => {
		const { changes } = plan([fact('table:a', { needs: ['table:b'] }), fact('table:b')], []);
		expect(statements(changes)).toEqual(['create table:b', 'create table:a']);
		expect(changes[1]?.needs).toEqual(['table:b']);
	});

	test('a function that a table needs is pulled in from its own stage; others wait', () => {
		const { changes } = plan(
			[fact('table:a', { needs: ['function:f'] }), fact('function:f'), fact('function:g')],
			[],
		);
		expect(statements(changes)).toEqual(['create function:f', 'create table:a']);
		expect(changes[0]?.facts[0]?.component).toBe('functions');
	});

	test('parts come with the statement of their new parent and bring what they need', () => {
		const source = [
			fact('table:a'),
			child('column:a.x', 'table:a', { folded: true, needs: ['table:a', 'function:f'] }),
			child('note:a', 'table:a'),
			fact('function:f'),
		];
		expect(statements(plan(source, []).changes)).toEqual([
			'create function:f',
			'create table:a',
			'create note:a',
		]);
		expect(statements(plan(source, [fact('table:a'), fact('function:f')]).changes)).toEqual([
			'create column:a.x',
			'create note:a',
		]);
	});

	test('an attribute that only the target has is taken away, an object is left', () => {
		const target = [
			fact('table:a'),
			child('note:a', 'table:a'),
			fact('table:own'),
			child('note:own', 'table:own'),
		];
		expect(statements(plan([fact('table:a')], target).changes)).toEqual(['drop note:a']);
	});

	test('with remove_extra objects go, last made first', () => {
		const target = [fact('table:a'), fact('table:b', { needs: ['table:a'] })];
		const { changes } = plan([], target, { removes: ['tables'] });
		expect(statements(changes)).toEqual(['drop table:b', 'drop table:a']);
	});

	test('a replaced object takes its dependents along: the source’s version, else the target’s', () => {
		const source = [
			fact('function:f', { definition: { v: 2 }, create: ['create f 2'] }),
			fact('view:both', { needs: ['function:f'], create: ['create both as on the source'] }),
		];
		const target = [
			fact('function:f', { definition: { v: 1 } }),
			fact('view:both', { needs: ['function:f'], create: ['create both as on the target'] }),
			fact('view:own', { needs: ['view:both'] }),
		];
		const { changes } = plan(source, target, { stage: 'functions', components: ['functions'] });
		expect(changes).toHaveLength(1);
		expect(changes[0]?.statements).toEqual([
			'drop view:own',
			'drop view:both',
			'drop function:f',
			'create f 2',
			'create both as on the source',
			'create view:own',
		]);
		expect(changes[0]?.fallbacks).toEqual([
			expect.arrayContaining(['create f 2', 'create both as on the target', 'create view:own']),
		]);
	});

	test('a table is never dropped to be recreated', () => {
		const { changes, left } = plan(
			[fact('table:a', { definition: { v: 2 } })],
			[fact('table:a', { definition: { v: 1 } })],
		);
		expect(changes).toEqual([]);
		expect(left).toEqual([
			expect.objectContaining({ why: expect.stringContaining('rows of table:a') }),
		]);
	});

	test('a key that differs goes before the rows and comes back after them', () => {
		const source = [fact('table:a'), child('index:a', 'table:a', { definition: { v: 2 } })];
		const target = [fact('table:a'), child('index:a', 'table:a', { definition: { v: 1 } })];
		expect(statements(plan(source, target).changes)).toEqual(['drop index:a']);
		expect(statements(plan(source, [fact('table:a')], { stage: 'relations' }).changes)).toEqual([
			'create index:a',
		]);
	});

	test('what failed for good is not planned again', () => {
		expect(plan([fact('table:a')], [], { skip: new Set(['table:a']) }).changes).toEqual([]);
	});

	test('things that need each other are still all planned', () => {
		const { changes } = plan(
			[fact('table:a', { needs: ['table:b'] }), fact('table:b', { needs: ['table:a'] })],
			[],
		);
		expect(statements(changes).sort()).toEqual(['create table:a', 'create table:b']);
	});
});

describe('order', () => {
	test('keeps the given order where nothing decides', () => {
		expect(sortByNeeds(['c', 'a', 'b'], (id) => (id === 'c' ? ['b'] : []))).toEqual([
			'b',
			'c',
			'a',
		]);
	});

	test('finds all that rests on something', () => {
		const dependents = new Map([
			['a', ['b']],
			['b', ['c', 'a']],
			['d', ['e']],
		]);
		expect([...closure(['a'], dependents)].sort()).toEqual(['a', 'b', 'c']);
	});
});

describe('transactions', () => {
	const change = (id: string, count: number, alone = false): PlannedChange => ({
		id,
		action: 'create',
		facts: [],
		statements: Array.from({ length: count }, () => 'select 1'),
		fallbacks: [],
		alone,
		needs: [],
		differs: [],
		keeps: [],
		removed: [],
	});

	test('hold up to 200 statements, and changes that must commit first stand alone', () => {
		const parts = batches([
			change('a', 150),
			change('b', 100),
			change('c', 1, true),
			change('d', 1),
		]);
		expect(parts.map((batch) => batch.map(({ id }) => id))).toEqual([['a'], ['b'], ['c'], ['d']]);
	});

	test('run bodies unchecked and with the search path of a project', () => {
		const text = transaction(['select 1', 'select 2']);
		expect(text).toMatch(/^begin;/);
		expect(text).toContain('check_function_bodies = off');
		expect(text).toMatch(/select 1;\nselect 2;\ncommit$/);
	});
});
