// Files that only the user may read: keys, passwords, addresses with passwords in them.

import * as fs from 'node:fs';

/** Writes a file with mode 600, whole or not at all. */
export function writePrivately(file: string, text: string): void {
	const temporary = `${file}.${process.pid}`;
	fs.rmSync(temporary, { force: true });
	fs.writeFileSync(temporary, text, { mode: 0o600 });
	fs.renameSync(temporary, file);
}

/** Content of a JSON file, or undefined when there is none. */
export function readJson(file: string): unknown {
	return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined;
}
