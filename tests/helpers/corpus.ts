// Cases of the corpus: folders `<component>--<case>` with `source.sql`, and `target.sql` where the target is
// not empty. `expect.json` says which objects do not end as copied or unchanged, and why.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

const CORPUS = path.join(import.meta.dirname, '..', 'corpus');

export interface CorpusCase {
	readonly name: string;
	readonly source: string;
	readonly target: string | undefined;
	/** Objects that may end as adapted, skipped or failed: `component object` → outcome. */
	readonly outcomes: Readonly<Record<string, string>>;
	readonly removeExtra: boolean;
	/** Some things cannot be made equal: nothing is verified. */
	readonly stillDiffers: boolean;
	/** Words that mark what only the target has: its blocks of the dump do not count. */
	readonly onlyTarget: readonly string[];
	/** Lines that pg_dump may show differently, as regular expressions, with the reason. */
	readonly allowed: readonly { readonly line: string; readonly why: string }[];
}

type Expected = Partial<CorpusCase> & {
	readonly only_target?: readonly string[];
	readonly options?: { readonly remove_extra?: boolean };
};

const textOf = (file: string): string | undefined =>
	fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;

/** The cases of one component, sorted by name. */
export function corpusCases(component: string): CorpusCase[] {
	return fs
		.readdirSync(CORPUS)
		.filter((name) => name.startsWith(`${component}--`))
		.sort()
		.map((name) => {
			const file = (base: string): string => path.join(CORPUS, name, base);
			const expected: Expected = JSON.parse(textOf(file('expect.json')) ?? '{}');
			return {
				name: name.slice(component.length + 2),
				source: textOf(file('source.sql')) ?? '',
				target: textOf(file('target.sql')),
				outcomes: expected.outcomes ?? {},
				removeExtra: expected.options?.remove_extra === true,
				stillDiffers: expected.stillDiffers === true,
				onlyTarget: expected.only_target ?? [],
				allowed: expected.allowed ?? [],
			};
		});
}

/** Runs a script as psql would, stopping at the first error. */
export function runScript(url: string, script: string): void {
	execFileSync('psql', ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `--dbname=${url}`], {
		input: `set client_min_messages = error;\nset search_path = public, extensions;\n${script}`,
		encoding: 'utf8',
		stdio: ['pipe', 'ignore', 'pipe'],
	});
}
