// The SQL of kinds in one style: lower case, every name of the catalog qualified, lines that fit; and nothing decided
// by searching in what Postgres printed or in statements of our own.
import { describe, expect, it } from 'vitest';
import { KINDS } from '../../supabase/functions/_shared/schema/kinds/index.ts';
import { read, sourceFiles } from './source-files.ts';

const LONGEST_LINE = 120;

/** What stands before a parenthesis and is no function. */
const SYNTAX = new Set(
	'all and any array as by coalesce else exists greatest in least not nullif or over select then union values when where'.split(
		' ',
	),
);

/** The SQL without its literals, quoted names and comments. */
const bare = (sql: string): string =>
	sql.replaceAll(/'(?:[^']|'')*'|\$\$.*?\$\$|--[^\n]*|"[^"]*"/gs, (text) =>
		text.startsWith('--') ? '' : "''",
	);

function unqualified(sql: string): string[] {
	const text = bare(sql);
	// Columns of a table expression: `u (type, nested)`; a CTE's own name.
	const lists = new Set(
		[...text.matchAll(/(?:\)|ordinality|recursive|from \S+) ([a-z]+) ?\(/g)].map(
			([, name]) => name,
		),
	);
	const calls = [...text.matchAll(/(?<![\w.])([a-z_]\w*)\(/g)].map(([, name = '']) => name);
	const catalogs = [...text.matchAll(/(?<![\w.])(pg_\w+)(?!\w*\.)/g)].map(([, name = '']) => name);
	const casts = [...text.matchAll(/::(?!pg_catalog\.)\S+/g)].map(([cast]) => cast);
	return [...calls.filter((name) => !SYNTAX.has(name) && !lists.has(name)), ...catalogs, ...casts];
}

describe('the SQL of kinds', () => {
	it('qualifies all names of the catalog', () => {
		const found = KINDS.flatMap(({ name, read: sql }) =>
			unqualified(sql).map((word) => `${name}: ${word}`),
		);
		expect([...new Set(found)].join('\n')).toBe('');
	});

	it('is lower case', () => {
		const found = KINDS.flatMap(({ name, read: sql }) =>
			(bare(sql).match(/\b\w*[A-Z]\w*\b/g) ?? []).map((word) => `${name}: ${word}`),
		);
		expect([...new Set(found)].join('\n')).toBe('');
	});

	it(`has lines of at most ${LONGEST_LINE} characters`, () => {
		// Sentences for people are not broken.
		const found = sourceFiles(/_shared\/schema\/kinds\/.*\.ts$/).flatMap((file) =>
			read(file)
				.split('\n')
				.filter((line) => line.length > LONGEST_LINE && !/^\t+(why|fix|detail): /.test(line))
				.map((line) => `${file}: ${line.trim()}`),
		);
		expect(found.join('\n')).toBe('');
	});
});
