// SQL in one style: lower case, every name of the catalog qualified, lines that fit; and nothing decided by searching
// in what Postgres printed or in statements of our own.
import * as path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { KINDS } from '../../supabase/functions/_shared/schema/kinds/index.ts';
import { read, sourceFiles } from './source-files.ts';

const LONGEST_LINE = 120;

/** What stands before a parenthesis and is no function. */
const SYNTAX = new Set(
	'all and any array as by coalesce else exists extract greatest in least not nullif operator or over row select then union values when where'.split(
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
		[...text.matchAll(/(?:\)|ordinality|recursive|from \S+)\s+(?:as )?([a-z]+) ?\(/g)].map(
			([, name]) => name,
		),
	);
	const calls = [...text.matchAll(/(?<![\w.])([a-z_]\w*)\(/g)].map(([, name = '']) => name);
	const catalogs = [...text.matchAll(/(?<![\w.])(pg_\w+)(?!\w*\.)/g)].map(([, name = '']) => name);
	const casts = [...text.matchAll(/::(?!''|[a-z_]+\.)\S+/g)].map(([cast]) => cast);
	return [...calls.filter((name) => !SYNTAX.has(name) && !lists.has(name)), ...catalogs, ...casts];
}

/** Names of the attributes in `jsonb_build_object('name', …, 'name', …) as definition`. */
function attributesOf(sql: string): string[] {
	const end = sql.indexOf(' as definition');
	if (sql.slice(0, end).endsWith("'{}'::pg_catalog.jsonb")) return [];
	const names: string[] = [];
	// From the closing parenthesis back to the one it closes; names stand before every second comma in between.
	const tokens = [...sql.slice(0, end).matchAll(/'(?:[^']|'')*'|[(),[\]]/g)].map(
		([token]) => token,
	);
	let depth = 0;
	let isValue = true;
	for (const token of tokens.reverse()) {
		if (token === ')' || token === ']') depth += 1;
		else if (token === '(' || token === '[') depth -= 1;
		if (depth === 0) break;
		if (depth === 1 && token === ',') isValue = !isValue;
		else if (depth === 1 && !isValue && token.startsWith("'")) names.unshift(token.slice(1, -1));
	}
	return names;
}

/** What searches in text, but for prefixes of ids; and in SQL, what does so in text that Postgres printed. */
const SEARCHES = [
	/(?<!pg_catalog)\.(?:match|matchAll|replace|search|exec|test|endsWith|split)\(|RegExp/,
	/\.startsWith\((?!'[a-z_]+:'\))/,
	/(?:regexp_\w+|split_part|substr|substring|replace|left)\(\s*(?:pg_catalog\.)?pg_get_/,
];

/** Beside kinds: where texts are looked into that are no SQL. */
const LOOKED_INTO: Readonly<Record<string, string>> = {
	'schema/apply.ts': 'SQLSTATEs, and the words of one error that has none',
	'schema/closed-schemas.ts': 'the schema that an error names: the protocol has no field for it',
	'schema/kept-grants.ts': 'a role by its name, with and without quotes',
	'schema/names.ts': 'ids of facts: kind, schema, name',
	'schema/read.ts': 'quotes within the constant of an array',
	'schema-stages/difference.ts': 'cells: stage, component, kind',
	'schema-stages/foresee.ts': 'a setting: name and value',
	'schema-stages/left-out.ts': 'names of tables of extensions',
};

/** What changes text that Postgres printed, or compares it otherwise than as printed. */
const CHANGES_PRINTED =
	/withoutSpace\(|readBackAsPrinted[()]|(?:regexp_\w+|split_part|substr|substring|replace|left|right|[lrb]trim|overlay|translate)\(\s*(?:pg_catalog\.)?pg_get_/;

/** Where that is done; docs/adr/0008 says why no data can replace it. */
const PRINTED_CHANGED = [
	'components/realtime/copy.ts',
	'components/views/queries.ts',
	'components/webhooks/copy.ts',
	'components/webhooks/queries.ts',
	'platform/postgres/printed-sql.ts',
	'schema/kinds/function.ts',
	'schema/kinds/policy.ts',
	'schema/kinds/rule.ts',
	'schema/kinds/view.ts',
	'schema/plan.ts',
];

/** Grants are lists of our own making, with a star for the grant option. */
const SEARCHED = ['grants.ts'];

/** Texts of the kinds' neighbours that are SQL: those that name the catalog, cast, or select from something. */
const IS_SQL = /\bpg_catalog\.|::\w|\bselect\b[^.]*\b(?:from|where)\b/s;

/** The templates of a file that are SQL, with `''` for what is put in. */
function templatesOf(file: string): string[] {
	const found: string[] = [];
	const visit = (node: ts.Node): void => {
		if (ts.isTemplateExpression(node)) {
			const spans = node.templateSpans.map(({ literal }) => literal.text);
			found.push([node.head.text, ...spans].join("''"));
		} else if (ts.isNoSubstitutionTemplateLiteral(node)) found.push(node.text);
		ts.forEachChild(node, visit);
	};
	visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest));
	return found.filter((text) => IS_SQL.test(text));
}

/** Where readings, stages and components have their SQL. */
const NEIGHBOURS = /_shared\/(?:schema\/[^/]+|schema-stages\/[^/]+|components\/[^/]+\/[^/]+)\.ts$/;
const neighbours = (): string[] =>
	sourceFiles(NEIGHBOURS).filter((file) => !file.endsWith('.test.ts'));

describe('how kinds change', () => {
	it('is said of every attribute', () => {
		const ways = Object.fromEntries(
			KINDS.map(({ name, ways }) => [name, Object.keys(ways).toSorted()]),
		);
		const attributes = Object.fromEntries(
			KINDS.map(({ name, read: sql }) => [name, attributesOf(sql).toSorted()]),
		);
		expect(ways).toEqual(attributes);
	});

	it('is not found out by searching in SQL', () => {
		const found = sourceFiles(/_shared\/schema\/kinds\/.*\.ts$/)
			.filter((file) => !file.endsWith('.test.ts') && !SEARCHED.includes(path.basename(file)))
			.flatMap((file) =>
				read(file)
					.split('\n')
					.filter((line) => SEARCHES.some((pattern) => pattern.test(line)))
					.map((line) => `${file}: ${line.trim()}`),
			);
		expect(found.join('\n')).toBe('');
	});
});

it('readings, plans and stages look into no SQL', () => {
	const found = new Set(
		neighbours()
			.filter((file) => !file.includes('/components/'))
			.filter((file) =>
				/(?<!pg_catalog)\.(?:match|matchAll|replace|replaceAll|search|exec|test|split)\(|RegExp/.test(
					read(file),
				),
			)
			.map((file) => file.replace(/^.*_shared\//, '')),
	);
	expect([...found].sort()).toEqual(Object.keys(LOOKED_INTO).sort());
});

it('what Postgres printed is changed in known places only', () => {
	const found = sourceFiles(/_shared\/.*\.ts$/)
		.filter((file) => !file.endsWith('.test.ts') && CHANGES_PRINTED.test(read(file)))
		.map((file) => file.replace(/^.*_shared\//, ''));
	expect(found.sort()).toEqual(PRINTED_CHANGED);
});

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

describe('the SQL of readings, stages and components', () => {
	it('qualifies all names of the catalog', () => {
		const found = neighbours().flatMap((file) =>
			templatesOf(file).flatMap((sql) => unqualified(sql).map((word) => `${file}: ${word}`)),
		);
		expect([...new Set(found)].join('\n')).toBe('');
	});

	it('is lower case', () => {
		const found = neighbours().flatMap((file) =>
			templatesOf(file)
				.filter((sql) => /^\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b/m.test(bare(sql)))
				.map((sql) => `${file}: ${sql.slice(0, 60)}`),
		);
		expect(found.join('\n')).toBe('');
	});

	it(`has lines of at most ${LONGEST_LINE} characters`, () => {
		const found = neighbours().flatMap((file) => {
			const lines = templatesOf(file)
				.flatMap((sql) => sql.split(/\n|''/))
				.filter((part) => part.length > 20);
			return read(file)
				.split('\n')
				.filter(
					(line) =>
						line.length > LONGEST_LINE &&
						!/^\s*(?:\/\/|\/?\*)/.test(line) &&
						lines.some((part) => line.includes(part)),
				)
				.map((line) => `${file}: ${line.trim()}`);
		});
		expect(found.join('\n')).toBe('');
	});
});
