// vitest globalSetup of the integration tests: one source and one target cluster for the whole run, gone with it.

import * as path from 'node:path';
import type { TestProject } from 'vitest/node';
import {
	openCluster,
	type Cluster,
	type ProjectAge,
} from '../../local/supabase/postgres/clusters.ts';
import { databasesDir } from '../../local/state-dir.ts';
import { openTestRun } from '../../local/supabase/test-runs.ts';
import type { ClusterUrls } from './clusters.ts';

declare module 'vitest' {
	export interface ProvidedContext {
		clusters: { readonly source: ClusterUrls; readonly target: ClusterUrls };
	}
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
	const run = await openTestRun(databasesDir(), 'clusters');
	const open = (name: string, age: ProjectAge) =>
		openCluster({
			dir: path.join(run.dir, name),
			stateDir: databasesDir(),
			age,
			durable: false,
		});
	const source = await open('source', 'current');
	const target = await open('target', 'older');
	project.provide('clusters', { source: urlsOf(source), target: urlsOf(target) });
	return async () => {
		await Promise.all([source.stop(true), target.stop(true)]);
		run.remove();
	};
}

const urlsOf = (cluster: Cluster): ClusterUrls => ({
	dbUrl: cluster.dbUrl(),
	adminUrl: cluster.adminUrl(),
});
