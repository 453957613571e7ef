// Folders of test runs, `<root>/tests/<process id>-<name>`: a run that was killed leaves servers behind, which the
// next run finds by the folder and ends.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { commandLine, stopOrphan } from './postgres/postmaster.ts';
import { endLeftovers } from './supervisor-lock.ts';

export interface TestRun {
	/** An empty folder of this run's own. */
	readonly dir: string;
	remove(): void;
}

/** Makes a folder below `root` that lives as long as process `owner`, and clears away those of processes that are gone. */
export async function openTestRun(
	root: string,
	name: string,
	owner = process.pid,
): Promise<TestRun> {
	const runs = path.join(root, 'tests');
	fs.mkdirSync(runs, { recursive: true });
	await sweep(runs);
	const dir = path.join(runs, `${owner}-${name}`);
	fs.rmSync(dir, { recursive: true, force: true });
	fs.mkdirSync(dir);
	return { dir, remove: () => fs.rmSync(dir, { recursive: true, force: true }) };
}

async function sweep(runs: string): Promise<void> {
	for (const name of fs.readdirSync(runs)) {
		const owner = Number(name.split('-')[0]);
		// Another process may have the number by now: then the folder stays for another day.
		if (commandLine(owner) !== null) continue;
		const dir = path.join(runs, name);
		endLeftovers(dir);
		for (const cluster of fs.readdirSync(dir)) await stopOrphan(path.join(dir, cluster, 'data'));
		fs.rmSync(dir, { recursive: true, force: true });
	}
}
