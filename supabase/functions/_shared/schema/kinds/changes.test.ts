import { describe, expect, test } from 'vitest';
import { changeOf } from '../change.ts';
import { NO_ROWS_BROUGHT, type Fact, type Way } from '../fact.ts';
import { indexFacts } from '../read.ts';
import { optionActions } from './column.ts';
import { optionChanges } from './table-sql.ts';
import { labelChanges, attributeChanges } from './type.ts';

test('new enum labels are added where the source has them', () => {
	expect(labelChanges('public.mood', ['zero', 'a', "it's", 'b', 'c'], ['a', 'b'])).toEqual([
		"alter type public.mood add value if not exists 'zero' before 'a'",
		"alter type public.mood add value if not exists 'it''s' after 'a'",
		"alter type public.mood add value if not exists 'c' after 'b'",
	]);
});

test('a label with another in its place was renamed', () => {
	expect(labelChanges('t', ['x', 'new', 'b', 'y', 'z'], ['a', 'b', 'c'])).toEqual([
		"alter type t rename value 'a' to 'x'",
		"alter type t rename value 'c' to 'y'",
		"alter type t add value if not exists 'new' after 'x'",
		"alter type t add value if not exists 'z' after 'y'",
	]);
});

test('labels that went or moved need the type to be rebuilt', () => {
	expect(labelChanges('t', ['a'], ['a', 'b'])).toBeNull();
	expect(labelChanges('t', ['b', 'a'], ['a', 'b'])).toBeNull();
	expect(labelChanges('t', ['c', 'a'], ['a', 'b', 'c'])).toBeNull();
});

const composite = (...attributes: [string, string][]): Fact => ({
	id: 'composite_type:public.pair',
	kind: 'composite_type',
	identity: 'public.pair',
	object: 'public.pair',
	parent: null,
	definition: { attributes },
	create: [],
	drop: null,
	needs: [],
	component: 'tables',
	stage: 'structure',
	folded: false,
});

test('attributes are added at the end; from the first difference on all are recreated', () => {
	expect(attributeChanges(composite(['a', 'int'], ['b', 'text']), composite(['a', 'int']))).toEqual(
		['alter type public.pair add attribute b text cascade'],
	);
	expect(
		attributeChanges(composite(['a', 'int'], ['b', 'text']), composite(['b', 'text'])),
	).toEqual([
		'alter type public.pair drop attribute b cascade, add attribute a int cascade, add attribute b text cascade',
	]);
});

test('options are set and reset to the source’s', () => {
	expect(
		optionChanges({ fillfactor: '70' }, { fillfactor: '50', autovacuum_enabled: 'off' }),
	).toEqual(["set (fillfactor='70')", 'reset (autovacuum_enabled)']);
	expect(optionChanges(null, { a: '1' }, 'toast.')).toEqual(['reset (toast.a)']);
	expect(optionChanges(null, null)).toEqual([]);
});

test('options of foreign objects are added, set and dropped, with their names quoted', () => {
	expect(optionActions({ host: "o'host", 'new"': '1' }, { host: 'x', old: '1' })).toBe(
		`set "host" 'o''host', add "new""" '1', drop "old"`,
	);
});

describe('a change of several attributes', () => {
	const one = (definition: Fact['definition']): Fact => ({
		...composite(),
		definition,
		create: ['create or replace it'],
	});
	const altered = (statement: string): Way => ({ alter: () => [statement] });
	const ways: Record<string, Way> = {
		name: 'never',
		shape: 'replace',
		text: 'create',
		body: 'create',
		size: altered('alter size'),
		lock: { decide: () => ({ how: 'leave', why: 'It stays', fix: 'None.' }) },
		type: {
			decide: () => ({
				how: 'recreate_dependents',
				dropFirst: [],
				statements: ['retype'],
				otherwise: [['retype through text']],
			}),
		},
	};
	const none = indexFacts([]);
	const change = (...attributes: readonly string[]) =>
		changeOf(
			{ name: 'composite_type', ways },
			one(Object.fromEntries(attributes.map((name) => [name, 1]))),
			one(Object.fromEntries(attributes.map((name) => [name, 2]))),
			{ source: none, target: none, rows: NO_ROWS_BROUGHT },
		);

	test('drops and creates where one of them needs that', () => {
		expect(change('size', 'shape', 'type')).toEqual({ how: 'replace' });
	});

	test('says each statement once, in the order of the kind', () => {
		expect(change('size', 'body', 'text')).toMatchObject({
			how: 'alter',
			statements: ['create or replace it', 'alter size'],
		});
	});

	test('alters beside what is decided, whichever attempt succeeds', () => {
		expect(change('type', 'size')).toMatchObject({
			statements: ['retype', 'alter size'],
			otherwise: [['retype through text', 'alter size']],
		});
	});

	test('leaves one as it is only when nothing else is left to alter', () => {
		expect(change('lock', 'size')).toMatchObject({ how: 'alter', statements: ['alter size'] });
		expect(change('lock')).toMatchObject({ how: 'leave' });
	});

	test('does not pass over an attribute without a way', () => {
		expect(() => change('colour')).toThrow('composite_type has no way to change its colour');
	});
});
