// Our own source files, for the guards: paths relative to the repository.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

export const ROOT = path.join(import.meta.dirname, '../..');

/** Written by tools, edited by nobody. */
export const GENERATED: readonly string[] = ['web/src/lib/data/database-types.ts'];

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
