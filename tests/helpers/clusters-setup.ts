// vitest globalSetup of the integration tests: one source and one target cluster for the whole run, gone with it.

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { TestProject } from 'vitest/node';
import { openCluster, type Cluster, type ProjectAge } from '../../local/clusters.ts';
import { commandLine, stopOrphan } from '../../local/postmaster.ts';
import { databasesDir } from '../../local/state-dir.ts';
import type { ClusterUrls } from './clusters.ts';

declare module 'vitest' {
	export interface ProvidedContext {
		clusters: { readonly source: ClusterUrls; readonly target: ClusterUrls };
	}
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
	const state = databasesDir();
	const runs = path.join(state, 'tests');
	fs.mkdirSync(runs, { recursive: true });
	await sweepDeadRuns(runs);
	const dir = path.join(runs, String(process.pid));
	const open = (name: string, age: ProjectAge) =>
		openCluster({ dir: path.join(dir, name), stateDir: state, age, durable: false });
	const source = await open('source', 'current');
	const target = await open('target', 'older');
	project.provide('clusters', { source: urlsOf(source), target: urlsOf(target) });
	return async () => {
		await Promise.all([source.stop(true), target.stop(true)]);
		fs.rmSync(dir, { recursive: true, force: true });
	};
}

const urlsOf = (cluster: Cluster): ClusterUrls => ({
	dbUrl: cluster.dbUrl(),
	adminUrl: cluster.adminUrl(),
});

/** A run that was killed leaves its servers: they are found by its folder, named by its process id. */
async function sweepDeadRuns(runs: string): Promise<void> {
	for (const name of fs.readdirSync(runs)) {
		const owner = Number(name.split('-')[0]);
		if (Number.isInteger(owner) && commandLine(owner)?.includes('vitest')) continue;
		const dir = path.join(runs, name);
		for (const cluster of fs.readdirSync(dir)) await stopOrphan(path.join(dir, cluster, 'data'));
		fs.rmSync(dir, { recursive: true, force: true });
	}
}
