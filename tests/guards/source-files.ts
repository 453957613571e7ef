// Our own source files, for the guards: paths relative to the repository, and their imports.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

export const ROOT = path.join(import.meta.dirname, '../..');

/** Files that are committed or about to be (not ignored), matching `pattern`. */
export function sourceFiles(pattern: RegExp): string[] {
	const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
		cwd: ROOT,
		encoding: 'utf8',
		maxBuffer: 32 * 1024 * 1024,
	});
	return listed
		.split('\n')
		.filter((file) => pattern.test(file) && fs.existsSync(path.join(ROOT, file)))
		.sort();
}

export const read = (file: string): string => fs.readFileSync(path.join(ROOT, file), 'utf8');

/** What a file imports, relative specifiers resolved to paths in the repository. */
export function importsOf(file: string): string[] {
	const statements =
		/^(?:import|export|\}).*?from '([^']+)'|^import '([^']+)'|import\('([^']+)'\)/gm;
	const specifiers = [...read(file).matchAll(statements)].map(
		([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '',
	);
	return specifiers.map((specifier) => {
		if (specifier.startsWith('.')) return path.join(path.dirname(file), specifier);
		if (specifier.startsWith('#shared/'))
			return specifier.replace('#shared/', 'supabase/functions/_shared/');
		if (specifier.startsWith('#lib/')) return specifier.replace('#lib/', 'web/src/lib/');
		return specifier;
	});
}
