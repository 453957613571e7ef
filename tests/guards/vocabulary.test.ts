// One word for each concept: a name that others import, or a file, has none of the words that docs/CONTEXT.md lists
// as old. The list is there, so that whoever changes the glossary changes the guard.
import { expect, it } from 'vitest';
import { GENERATED, read, sourceFiles } from './source-files.ts';

/** Rows of the table "Old words" of the glossary: the first column has the words, in every form they are used in. */
function oldWords(): Set<string> {
	const [, section = ''] = read('docs/CONTEXT.md').split('\n## Old words\n');
	const rows = section.split('\n').filter((line) => /^\| [a-z]/.test(line));
	return new Set(rows.slice(1).flatMap((row) => row.split('|')[1]?.trim().split(', ') ?? []));
}

/** Where a word means something else, which is its own meaning. */
const OTHER_MEANING: Readonly<Record<string, RegExp>> = {
	bucket: /\/storage\//,
	buckets: /\/storage\//,
	// What a person does to the site; what the suite of this name tests.
	visit: /FirstVisit\.svelte$/,
	// A command with output for people.
	print: /local\/demo\/report\.ts$/,
	unit: /test-unit\.ts$/,
};

const EXPORTED = /^export (?:async )?(?:const|let|function\*?|interface|type|class) (\w+)/gm;

const wordsOf = (name: string): string[] =>
	name
		.replace(/([a-z0-9])([A-Z])/g, '$1 $2')
		.split(/[^A-Za-z0-9]+/)
		.map((word) => word.toLowerCase());

it('exported names and files have no old word', () => {
	const old = oldWords();
	expect(old).toContain('sides');
	const found = sourceFiles(/\.(ts|svelte)$/)
		.filter((file) => !GENERATED.includes(file))
		.flatMap((file) => {
			const isOld = (name: string): boolean =>
				wordsOf(name).some((word) => old.has(word) && !OTHER_MEANING[word]?.test(file));
			const base = file.slice(file.lastIndexOf('/') + 1);
			const exported = [...read(file).matchAll(EXPORTED)].map(([, name = '']) => name);
			return [
				...(isOld(base) ? [file] : []),
				...exported.filter(isOld).map((name) => `${file}: ${name}`),
			];
		});
	expect(found.join('\n')).toBe('');
});

it('the two ends of a clone are EndpointRole', () => {
	const written = sourceFiles(/\.(ts|svelte)$/)
		.filter((file) => !GENERATED.includes(file) && !file.endsWith('/domain/endpoint-role.ts'))
		.filter((file) => /(?:: |Record<)'source' \| 'target'/.test(read(file)));
	expect(written.join('\n')).toBe('');
});
