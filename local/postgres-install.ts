// A private view of the machine's PostgreSQL: the same binaries and libraries, but with a share folder in which
// the extensions that the hosted platform offers may be created by `postgres` (there supautils does it), and in
// which pg_net and supabase_vault are our own stand-ins. Nothing outside the state folder is changed.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { StackError } from './stack-error.ts';

export interface PostgresInstall {
	readonly major: number;
	/** Folder with our copies of `postgres` and `initdb`. */
	readonly binDir: string;
	readonly psql: string;
	/** Changes when the server or our extensions change. */
	readonly fingerprint: string;
	/** Whom the server runs as when we are root: it refuses to run as root. */
	readonly runAs?: { readonly uid: number; readonly gid: number };
}

const ROOT = '/usr';
const MAJORS = [15, 16, 17];

/** Extensions that a hosted project lets `postgres` create, as far as Debian packages them. */
const OFFERED = new Set(
	`autoinc bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance fuzzystrmatch hstore
	hypopg insert_username intarray isn lo ltree moddatetime pg_cron pg_prewarm pg_stat_statements pg_trgm
	pg_walinspect pgcrypto pgrowlocks pgstattuple pgtap plpgsql postgis postgres_fdw refint seg sslinfo tablefunc tcn
	tsm_system_rows tsm_system_time unaccent uuid-ossp vector xml2`.split(/\s+/),
);

const OWN_EXTENSIONS = path.join(import.meta.dirname, 'database/extensions');

const libDir = (major: number) => `${ROOT}/lib/postgresql/${major}`;
const shareDir = (major: number) => `${ROOT}/share/postgresql/${major}`;

/** Finds the newest usable server, or throws with the packages to install. */
function findMajor(): number {
	const major = MAJORS.findLast(
		(candidate) =>
			fs.existsSync(`${libDir(candidate)}/bin/postgres`) &&
			fs.existsSync(`${shareDir(candidate)}/extension/pg_cron.control`),
	);
	if (major === undefined) {
		throw new StackError(
			'PostgreSQL 15 to 17 with pg_cron is not installed.',
			'apt-get install postgresql postgresql-contrib postgresql-15-cron postgresql-15-pgtap',
		);
	}
	return major;
}

function serverUser(): { uid: number; gid: number } | undefined {
	if (process.getuid?.() !== 0) return undefined;
	const id = (flag: string) =>
		Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim());
	try {
		return { uid: id('-u'), gid: id('-g') };
	} catch {
		throw new StackError(
			'There is no operating system user "postgres", and the server refuses to run as root.',
			'Run as an ordinary user, or: apt-get install postgresql',
		);
	}
}

/** Hash over what decides how the server behaves. */
function fingerprintOf(major: number): string {
	const hash = createHash('sha256');
	const binary = fs.statSync(`${libDir(major)}/bin/postgres`);
	hash.update(`${binary.size} ${binary.mtimeMs} ${[...OFFERED].join()}`);
	for (const name of fs.readdirSync(OWN_EXTENSIONS).sort()) {
		hash.update(name).update(fs.readFileSync(path.join(OWN_EXTENSIONS, name)));
	}
	for (const name of fs.readdirSync(`${shareDir(major)}/extension`).sort()) hash.update(name);
	return hash.digest('hex').slice(0, 16);
}

function buildShare(major: number, share: string): void {
	fs.mkdirSync(`${share}/extension`, { recursive: true });
	for (const name of fs.readdirSync(shareDir(major))) {
		if (name !== 'extension') fs.symlinkSync(`${shareDir(major)}/${name}`, `${share}/${name}`);
	}
	for (const name of fs.readdirSync(`${shareDir(major)}/extension`)) {
		const original = `${shareDir(major)}/extension/${name}`;
		const copy = `${share}/extension/${name}`;
		const isOffered = name.endsWith('.control') && OFFERED.has(name.slice(0, -'.control'.length));
		if (isOffered) fs.writeFileSync(copy, `${fs.readFileSync(original, 'utf8')}\ntrusted = true\n`);
		else fs.symlinkSync(original, copy);
	}
	for (const name of fs.readdirSync(OWN_EXTENSIONS)) {
		fs.rmSync(`${share}/extension/${name}`, { force: true });
		fs.copyFileSync(path.join(OWN_EXTENSIONS, name), `${share}/extension/${name}`);
	}
}

/**
 * Makes (or finds) the private installation below `stateDir`. The server looks for its share folder relative to
 * its own binary, so a copy of the binary in a tree of the same shape is enough.
 */
export function installPostgres(stateDir: string): PostgresInstall {
	const major = findMajor();
	const fingerprint = fingerprintOf(major);
	const tree = path.join(stateDir, `postgres-${major}-${fingerprint}`);
	const runAs = serverUser();
	if (!fs.existsSync(tree)) {
		const building = `${tree}.${process.pid}`;
		fs.rmSync(building, { recursive: true, force: true });
		const lib = `${building}/lib/postgresql/${major}`;
		fs.mkdirSync(`${lib}/bin`, { recursive: true });
		for (const name of ['postgres', 'initdb']) {
			fs.copyFileSync(`${libDir(major)}/bin/${name}`, `${lib}/bin/${name}`);
		}
		fs.symlinkSync(`${libDir(major)}/lib`, `${lib}/lib`);
		buildShare(major, `${building}/share/postgresql/${major}`);
		publish(building, tree);
	}
	return {
		major,
		fingerprint,
		binDir: `${tree}/lib/postgresql/${major}/bin`,
		psql: `${libDir(major)}/bin/psql`,
		...(runAs ? { runAs } : {}),
	};
}

/** Renames a finished folder into place; another process may have been faster, with the same content. */
export function publish(building: string, final: string): void {
	try {
		fs.renameSync(building, final);
	} catch (error) {
		fs.rmSync(building, { recursive: true, force: true });
		if (!fs.existsSync(final)) throw error;
	}
}
