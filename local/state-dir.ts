// Where this checkout is, and where its stack keeps what it makes: `.local/`.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** Root of the checkout. */
export const ROOT_DIR = path.join(import.meta.dirname, '..');

/** `.local/`: stack.json, logs, and (normally) the databases. Made when missing. */
export function stateDir(): string {
	const dir = path.join(ROOT_DIR, '.local');
	fs.mkdirSync(dir, { recursive: true });
	return dir;
}

/**
 * Folder for the databases. `.local/` too, unless we are root in a place that the operating system user postgres
 * cannot enter (a checkout below /root): then a folder of this checkout in /var/tmp.
 */
export function databasesDir(): string {
	const dir = stateDir();
	if (process.getuid?.() !== 0) return dir;
	const probe = spawnSync('runuser', ['-u', 'postgres', '--', 'test', '-x', dir]);
	if (probe.status === 0) return dir;
	const name = createHash('sha256').update(dir).digest('hex').slice(0, 12);
	const elsewhere = path.join('/var/tmp', `twins-${name}`);
	fs.mkdirSync(elsewhere, { recursive: true, mode: 0o755 });
	return elsewhere;
}
