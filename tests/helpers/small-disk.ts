// A database on a disk of its own that is soon full: a tablespace in a file system of memory. Mounting one takes root, or
// sudo without a password.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmdirSync, statSync } from 'node:fs';
import * as path from 'node:path';
import postgres from 'postgres';
import { PRISTINE } from '../../local/supabase/postgres/prepared-cluster.ts';
import { databasesDir } from '../../local/state-dir.ts';
import { atEnd } from './at-end.ts';
import type { ClusterUrls } from './clusters.ts';

export interface SmallDisk {
	/** A new project whose tables are all on it. */
	readonly target: ClusterUrls;
	/** Makes room for all that a test may want. */
	grow(): void | Promise<void>;
}

const AS_ROOT = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
const asRoot = (...words: string[]): void => {
	const [program = '', ...rest] = [...AS_ROOT, ...words];
	execFileSync(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** Whether this machine lets us mount a file system. */
export function maySmallDisk(): boolean {
	const [program = '', ...rest] = [
		...AS_ROOT,
		'sh',
		'-c',
		'd=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs $d && umount $d && rmdir $d',
	];
	return spawnSync(program, rest).status === 0;
}

/** A database of so many megabytes beside the given one; gone when the test file ends. */
export async function openSmallDisk(beside: ClusterUrls, megabytes: number): Promise<SmallDisk> {
	const dir = mkdtempSync(path.join(databasesDir(), 'small-disk-'));
	const name = `small_${randomBytes(6).toString('hex')}`;
	const sql = postgres(beside.adminUrl, { max: 1, onnotice: () => undefined });
	const [server] = await sql<{ dir: string }[]>`select current_setting('data_directory') as dir`;
	const owner = statSync(server?.dir ?? '');
	const mode = `size=${megabytes}m,mode=700,uid=${owner.uid},gid=${owner.gid}`;
	asRoot('mount', '-t', 'tmpfs', '-o', mode, 'tmpfs', dir);
	atEnd(async () => {
		await sql.unsafe(`drop database if exists ${name} with (force)`);
		await sql.unsafe(`drop tablespace if exists ${name}`);
		await sql.end();
		asRoot('umount', dir);
		rmdirSync(dir);
	});
	await sql.unsafe(`create tablespace ${name} location '${dir}'`);
	await sql.unsafe(
		`create database ${name} template ${PRISTINE} owner postgres tablespace ${name}`,
	);
	const on = (url: string): string => {
		const changed = new URL(url);
		changed.pathname = `/${name}`;
		return changed.href;
	};
	return {
		target: { dbUrl: on(beside.dbUrl), adminUrl: on(beside.adminUrl) },
		grow: () => asRoot('mount', '-o', 'remount,size=512m', dir),
	};
}
