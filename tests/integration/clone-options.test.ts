// The options of a clone are checked three times: by the database, by the web app and worker, by the command line.
// One table of cases for all: what one takes the others take, with the same result.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readOptions } from '../../cli/options.ts';
import { cloneOptionsSchema } from '../../supabase/functions/_shared/domain/clone.ts';
import { COMPONENT_KEYS } from '../../supabase/functions/_shared/domain/component.ts';
import { atEnd } from '../helpers/at-end.ts';
import { freshControl, type Control } from '../helpers/control.ts';

const everything = Object.fromEntries(COMPONENT_KEYS.map((key) => [key, true]));

const DEFAULTS = {
	components: everything,
	row_limit: 0,
	backup: false,
	remove_extra: false,
	activate: false,
	copy_mfa: false,
	hold_snapshot: true,
	verify: 'none',
	strategies: {},
};

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const tables = (count: number, strategy: string) =>
	Object.fromEntries(Array.from({ length: count }, (_, at) => [`public.table_${at}`, strategy]));

const REF = 'abcdefghijklmnopqrst';

/** JSON text, and what it adds to the defaults. */
const TAKEN: readonly (readonly [title: string, json: string, options: object])[] = [
	['no options', '{}', {}],
	['null for no options', 'null', {}],
	['null for every option', nulls(), {}],
	['every option', JSON.stringify({ ...DEFAULTS, confirm_target: REF }), { confirm_target: REF }],
	['no component', '{"components": {}}', {}],
	[
		'one component switched off',
		'{"components": {"storage": false, "data": true}}',
		{ components: { ...everything, storage: false } },
	],
	['a limit of rows', '{"row_limit": 100}', { row_limit: 100 }],
	['a whole number written otherwise', '{"row_limit": 1.0e2}', { row_limit: 100 }],
	['the highest limit of rows', '{"row_limit": 1000000000000}', { row_limit: 1_000_000_000_000 }],
	['switches', '{"remove_extra": true, "activate": true}', { remove_extra: true, activate: true }],
	['names to arm', '{"arm": ["nightly", "it\'s"]}', { arm: ['nightly', "it's"] }],
	['MFA', '{"copy_mfa": true}', { copy_mfa: true }],
	['no snapshot held', '{"hold_snapshot": false}', { hold_snapshot: false }],
	...['none', 'structure', 'counts', 'checksums'].map(
		(verify) => [`verification ${verify}`, JSON.stringify({ verify }), { verify }] as const,
	),
	[
		'strategies for tables of any name',
		'{"strategies": {"public.o": "mirror", "a\\"b.c\'d": "upsert", "ü.\\n☃": "skip", "...": "skip"}}',
		{ strategies: { 'public.o': 'mirror', 'a"b.c\'d': 'upsert', 'ü.\n☃': 'skip', '...': 'skip' } },
	],
	[
		'the last of two equal keys',
		'{"row_limit": "x", "strategies": {"a.b": "x", "a.b": "skip"}, "row_limit": 1}',
		{ row_limit: 1, strategies: { 'a.b': 'skip' } },
	],
	[
		'20,000 strategies',
		JSON.stringify({ strategies: tables(20_000, 'upsert') }),
		{ strategies: tables(20_000, 'upsert') },
	],
];

/** JSON text, and what the database names. */
const REFUSED: readonly (readonly [title: string, json: string, words: RegExp])[] = [
	['a list', '[]', /not a JSON object/],
	['a text', '"tables"', /not a JSON object/],
	['a number', '1', /not a JSON object/],
	['names to arm that are none', '{"arm": [1]}', /arm is not a list of names/],
	['an unknown option', '{"unknown": 1}', /Unknown options: unknown/],
	['an unknown option that is null', '{"unknown": null}', /Unknown options: unknown/],
	['an option in other letters', '{"Row_limit": 1}', /Unknown options: Row_limit/],
	['the prototype', '{"__proto__": {"row_limit": 1}}', /Unknown options: __proto__/],
	['a constructor', '{"constructor": 1}', /Unknown options: constructor/],
	['components in a list', '{"components": ["tables"]}', /components is not an object/],
	['components as a text', '{"components": "all"}', /components is not an object/],
	['an unknown component', '{"components": {"tabels": true}}', /tabels/],
	['an unknown component that is off', '{"components": {"toString": false}}', /toString/],
	['the prototype as a component', '{"components": {"__proto__": true}}', /__proto__/],
	['a component that is null', '{"components": {"tables": null}}', /tables/],
	['a component that is a text', '{"components": {"tables": "true"}}', /tables/],
	['a component that is a number', '{"components": {"tables": 1}}', /tables/],
	['a negative limit', '{"row_limit": -1}', /row_limit/],
	['a fraction of a row', '{"row_limit": 1.5}', /row_limit/],
	['a limit as a text', '{"row_limit": "10"}', /row_limit/],
	['a limit as a list', '{"row_limit": [1]}', /row_limit/],
	['a limit beyond all tables', '{"row_limit": 1000000000001}', /row_limit/],
	['a limit beyond all numbers', '{"row_limit": 1e400}', /row_limit/],
	['a switch as a text', '{"remove_extra": "true"}', /remove_extra/],
	['a switch as a number', '{"activate": 1}', /activate/],
	['a switch as an object', '{"copy_mfa": {}}', /copy_mfa/],
	['a backup that is no switch', '{"backup": 1}', /Not true or false: backup/],
	['an unknown verification', '{"verify": "deeply"}', /verification/],
	['a verification in other letters', '{"verify": "Counts"}', /verification/],
	['a verification as a switch', '{"verify": true}', /verification/],
	['verifications in a list', '{"verify": ["none"]}', /verification/],
	['strategies in a list', '{"strategies": []}', /strategies is not an object/],
	['one strategy for all', '{"strategies": "skip"}', /strategies is not an object/],
	['an unknown strategy', '{"strategies": {"public.orders": "merge"}}', /public\.orders/],
	['no strategy for a table', '{"strategies": {"public.orders": null}}', /public\.orders/],
	['a strategy as an object', '{"strategies": {"a.b": {"mirror": true}}}', /a\.b/],
	['a strategy in a list', '{"strategies": {"a.b": ["mirror"]}}', /a\.b/],
	['a strategy for a table without its schema', '{"strategies": {"orders": "skip"}}', /orders/],
	['a strategy for a schema', '{"strategies": {"public.": "skip"}}', /public\./],
	['a strategy for a constructor', '{"strategies": {"constructor": "skip"}}', /constructor/],
	['a confirmation as a number', '{"confirm_target": 1}', /confirm_target/],
	['a confirmation as a switch', '{"confirm_target": true}', /confirm_target/],
	['a zero character', '{"confirm_target": "a\\u0000b"}', /Unicode escape/],
	['a zero character in a name', '{"strategies": {"a\\u0000b": "skip"}}', /Unicode escape/],
	['half a character', '{"confirm_target": "\\ud800"}', /syntax for type json/],
	['half a character in a name', '{"strategies": {"\\udc00": "skip"}}', /syntax for type json/],
	['a deep list', `{"strategies": {"a.b": ${nested(1000)}}}`, /a\.b/],
	['a list too deep to read', `{"strategies": {"a.b": ${nested(100_000)}}}`, /stack depth/],
	['10,000 unknown options', JSON.stringify(tables(10_000, 'x')), /public\.table_9999/],
	[
		'10,000 unknown strategies',
		JSON.stringify({ strategies: tables(10_000, 'x') }),
		/public\.table_9999/,
	],
	['a text instead of JSON', 'tables', /syntax for type json/],
	['half a JSON text', '{"row_limit": 1', /syntax for type json/],
];

function nulls(): string {
	const keys = [...Object.keys(DEFAULTS), 'confirm_target'];
	return JSON.stringify(Object.fromEntries(keys.map((key) => [key, null])));
}

let control: Control;
let file: string;

beforeAll(async () => {
	control = await freshControl();
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'twins-options-'));
	atEnd(() => fs.rmSync(folder, { recursive: true }));
	file = path.join(folder, 'options.json');
});

async function byDatabase(json: string): Promise<unknown> {
	const [row] = await control.sql`select private.clone_options(${json}::text::jsonb) as options`;
	return row?.['options'];
}

const bySchema = (json: string): unknown => cloneOptionsSchema.parse(JSON.parse(json));

function byCommandLine(json: string): unknown {
	fs.writeFileSync(file, json);
	return readOptions({ options: file });
}

describe('options of a clone', () => {
	it.each(TAKEN)('take %s', async (_, json, options) => {
		const expected = { ...DEFAULTS, ...options };
		expect(await byDatabase(json)).toEqual(expected);
		expect(bySchema(json)).toEqual(expected);
		expect(byCommandLine(json)).toEqual(expected);
	});

	it.each(REFUSED)('refuse %s', async (_, json, words) => {
		await expect(byDatabase(json)).rejects.toThrow(words);
		expect(() => bySchema(json)).toThrow();
		expect(() => byCommandLine(json)).toThrow();
	});

	it.each(['', ' ', '1.5', '-1', '0x10', '1e3'])('refuse "%s" as --row-limit', (rowLimit) => {
		expect(() => readOptions({ rowLimit })).toThrow('row_limit');
	});
});
