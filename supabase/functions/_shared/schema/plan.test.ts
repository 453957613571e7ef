import { describe, expect, test } from 'vitest';
import type { Fact, Kind } from './fact.ts';
import { batches, transaction } from './apply.ts';
import { closure, sortByNeeds } from './order.ts';
import { planStage } from './plan.ts';
import type { Scope, Step } from './step.ts';
import { indexFacts } from './read.ts';
import { withoutWaiting } from './sides.ts';

const kind = (name: string, more: Partial<Kind> = {}): Kind => ({
	name,
	component: 'tables',
	stage: 'structure',
	read: '',
	change: () => ({ how: 'replace' }),
	...more,
});

const kinds = new Map(
	[
		kind('table', { holdsRows: true }),
		kind('part', { within: true }),
		kind('note', {
			attribute: true,
			change: (source) => ({ how: 'alter', statements: source.create }),
		}),
		kind('view', { component: 'views', stage: 'views' }),
		kind('function', { component: 'functions', stage: 'functions' }),
		kind('key', { stage: 'relations', early: true }),
	].map((entry) => [entry.name, entry]),
);

function fact(id: string, more: Partial<Fact> = {}): Fact {
	const [name = ''] = id.split(':');
	const found = kinds.get(name);
	return {
		id,
		kind: name,
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
	mirrored: false,
	skip: new Set(),
	kinds,
	...more,
});

const plan = (source: readonly Fact[], target: readonly Fact[], more: Partial<Scope> = {}) =>
	planStage({ source: indexFacts(source), target: indexFacts(target) }, scope(more));

const statements = (steps: readonly Step[]) => steps.flatMap((step) => step.statements);

describe('planning a stage', () => {
	test('equal sides leave nothing to do', () => {
		const facts = [fact('table:a'), fact('view:v')];
		expect(plan(facts, facts)).toEqual({ steps: [], left: [], partial: false });
	});

	test('what needs a table that is made later waits for it, unless the target has it', () => {
		const facts = [
			fact('table:a', { needs: ['table:later'] }),
			child('note:a', 'table:a'),
			fact('table:b', { needs: ['table:later'] }),
			fact('table:c', { needs: ['table:b'] }),
		];
		const ready = withoutWaiting(facts, ['table:later'], new Set(['table:b']));
		expect(ready.map(({ id }) => id)).toEqual(['table:b']);
		expect(withoutWaiting(facts, [], new Set())).toEqual(facts);
	});

	test('what is missing is made after what it needs, whatever the order it was read in', () => {
		const { steps } = plan([fact('table:a', { needs: ['table:b'] }), fact('table:b')], []);
		expect(statements(steps)).toEqual(['create table:b', 'create table:a']);
		expect(steps[1]?.needs).toEqual(['table:b']);
	});

	test('a function that a table needs is pulled in from its own stage; others wait', () => {
		const { steps } = plan(
			[fact('table:a', { needs: ['function:f'] }), fact('function:f'), fact('function:g')],
			[],
		);
		expect(statements(steps)).toEqual(['create function:f', 'create table:a']);
		expect(steps[0]?.facts[0]?.component).toBe('functions');
	});

	test('parts come with the statement of their new parent and bring what they need', () => {
		const source = [
			fact('table:a'),
			child('part:a.x', 'table:a', { folded: true, needs: ['table:a', 'function:f'] }),
			child('note:a', 'table:a'),
			fact('function:f'),
		];
		expect(statements(plan(source, []).steps)).toEqual([
			'create function:f',
			'create table:a',
			'create note:a',
		]);
		expect(statements(plan(source, [fact('table:a'), fact('function:f')]).steps)).toEqual([
			'create part:a.x',
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
		expect(statements(plan([fact('table:a')], target).steps)).toEqual(['drop note:a']);
	});

	test('with remove_extra objects go, last made first', () => {
		const target = [fact('table:a'), fact('table:b', { needs: ['table:a'] })];
		const { steps } = plan([], target, { removes: ['tables'] });
		expect(statements(steps)).toEqual(['drop table:b', 'drop table:a']);
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
		const { steps } = plan(source, target, { stage: 'functions', components: ['functions'] });
		expect(steps).toHaveLength(1);
		expect(steps[0]?.statements).toEqual([
			'drop view:own',
			'drop view:both',
			'drop function:f',
			'create f 2',
			'create both as on the source',
			'create view:own',
		]);
		expect(steps[0]?.fallbacks).toEqual([
			expect.arrayContaining(['create f 2', 'create both as on the target', 'create view:own']),
		]);
	});

	test('a table is never dropped to be made again', () => {
		const { steps, left } = plan(
			[fact('table:a', { definition: { v: 2 } })],
			[fact('table:a', { definition: { v: 1 } })],
		);
		expect(steps).toEqual([]);
		expect(left).toEqual([
			expect.objectContaining({ why: expect.stringContaining('rows of table:a') }),
		]);
	});

	test('a key that differs goes before the rows and comes back after them', () => {
		const source = [fact('table:a'), child('key:a', 'table:a', { definition: { v: 2 } })];
		const target = [fact('table:a'), child('key:a', 'table:a', { definition: { v: 1 } })];
		expect(statements(plan(source, target).steps)).toEqual(['drop key:a']);
		expect(statements(plan(source, [fact('table:a')], { stage: 'relations' }).steps)).toEqual([
			'create key:a',
		]);
	});

	test('what failed for good is not planned again', () => {
		expect(plan([fact('table:a')], [], { skip: new Set(['table:a']) }).steps).toEqual([]);
	});

	test('things that need each other are still all planned', () => {
		const { steps } = plan(
			[fact('table:a', { needs: ['table:b'] }), fact('table:b', { needs: ['table:a'] })],
			[],
		);
		expect(statements(steps).sort()).toEqual(['create table:a', 'create table:b']);
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
	const step = (id: string, count: number, alone = false): Step => ({
		id,
		action: 'create',
		facts: [],
		statements: Array.from({ length: count }, () => 'select 1'),
		fallbacks: [],
		alone,
		needs: [],
		differs: [],
		removed: [],
	});

	test('hold up to 200 statements, and steps that must commit first stand alone', () => {
		const parts = batches([step('a', 150), step('b', 100), step('c', 1, true), step('d', 1)]);
		expect(parts.map((batch) => batch.map(({ id }) => id))).toEqual([['a'], ['b'], ['c'], ['d']]);
	});

	test('run bodies unchecked and with the search path of a project', () => {
		const text = transaction(['select 1', 'select 2']);
		expect(text).toMatch(/^begin;/);
		expect(text).toContain('check_function_bodies = off');
		expect(text).toMatch(/select 1;\nselect 2;\ncommit$/);
	});
});
