// A private view of the machine's PostgreSQL: the same binaries and libraries, but with a share folder in which
// the extensions that the hosted platform offers may be created by `postgres` (there supautils does it), and in
// which some are our own stand-ins (database/extensions) and one is built (pgvector.ts). Nothing outside the state
// folder is changed.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { buildVector, type BuiltExtension } from './pgvector.ts';
import { StackError } from '../stack-error.ts';

/** A PostgreSQL as somebody packaged it. */
export interface Distribution {
	readonly major: number;
	readonly binDir: string;
	readonly libDir: string;
	readonly shareDir: string;
	/** Where these are in a tree of our own: the server looks for the others relative to its own place. */
	readonly layout: { readonly bin: string; readonly lib: string; readonly share: string };
	/** Libraries in a checkout are copied: the server's user may not enter there. */
	readonly libraries: 'link' | 'copy';
}

export interface PostgresInstall {
	readonly major: number;
	readonly hasCron: boolean;
	/** pgaudit works only when the server loads it at its start. */
	readonly hasAudit: boolean;
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

/** Extensions that a hosted project lets `postgres` create, where the machine has them. */
const OFFERED = new Set(
	`address_standardizer address_standardizer_data_us autoinc bloom btree_gin btree_gist citext cube dblink dict_int
	dict_xsyn earthdistance fuzzystrmatch hstore http hypopg insert_username intarray isn lo ltree moddatetime pg_cron
	pg_partman pg_prewarm pg_repack pg_stat_statements pg_trgm pg_walinspect pgaudit pgcrypto pgrouting pgrowlocks
	pgstattuple pgtap plpgsql plpgsql_check postgis postgis_raster postgis_sfcgal postgis_tiger_geocoder
	postgis_topology postgres_fdw refint rum seg sslinfo tablefunc tcn tsm_system_rows tsm_system_time unaccent
	uuid-ossp vector xml2`.split(/\s+/),
);

const OWN_EXTENSIONS = path.join(import.meta.dirname, 'database/extensions');

function debian(major: number): Distribution {
	const lib = `lib/postgresql/${major}`;
	const share = `share/postgresql/${major}`;
	return {
		major,
		binDir: `${ROOT}/${lib}/bin`,
		libDir: `${ROOT}/${lib}/lib`,
		shareDir: `${ROOT}/${share}`,
		layout: { bin: `${lib}/bin`, lib: `${lib}/lib`, share },
		libraries: 'link',
	};
}

const hasExtension = ({ shareDir }: Distribution, name: string): boolean =>
	fs.existsSync(`${shareDir}/extension/${name}.control`);

/** Finds the newest usable server, or throws with the packages to install. */
function installedDistribution(): Distribution {
	const found = MAJORS.map(debian).findLast(
		(candidate) =>
			fs.existsSync(`${candidate.binDir}/postgres`) && hasExtension(candidate, 'pg_cron'),
	);
	if (found === undefined) {
		throw new StackError(
			'PostgreSQL 15 to 17 with pg_cron is not installed.',
			'apt-get install postgresql postgresql-contrib postgresql-15-cron postgresql-15-pgtap',
		);
	}
	return found;
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
function fingerprintOf(
	{ binDir, shareDir }: Distribution,
	built: readonly BuiltExtension[],
): string {
	const hash = createHash('sha256');
	for (const { version } of built) hash.update(version);
	const binary = fs.statSync(`${binDir}/postgres`);
	hash.update(`${binary.size} ${binary.mtimeMs} ${[...OFFERED].join()} cron 1.6`);
	for (const name of fs.readdirSync(OWN_EXTENSIONS).sort()) {
		hash.update(name).update(fs.readFileSync(path.join(OWN_EXTENSIONS, name)));
	}
	for (const name of fs.readdirSync(`${shareDir}/extension`).sort()) hash.update(name);
	return hash.digest('hex').slice(0, 16);
}

/** index_advisor cannot do without hypopg; hosted projects have no pgjwt from Postgres 17 on. */
const isOwnWanted = (name: string, major: number, isThere: (name: string) => boolean): boolean =>
	name === 'index_advisor' ? isThere('hypopg') : name !== 'pgjwt' || major < 17;

/** pg_cron of 1.4 gets our step to what hosted projects have (database/extensions/pg_cron--1.4-1--1.6.sql). */
const controlOf = (file: string): string =>
	`${fs.readFileSync(file, 'utf8').replace("default_version = '1.4-1'", "default_version = '1.6'")}\ntrusted = true\n`;

function buildShare(
	{ major, shareDir, libraries }: Distribution,
	built: readonly BuiltExtension[],
	share: string,
): void {
	const bring = (from: string, to: string): void =>
		libraries === 'link' ? fs.symlinkSync(from, to) : fs.cpSync(from, to, { recursive: true });
	fs.mkdirSync(`${share}/extension`, { recursive: true });
	for (const name of fs.readdirSync(shareDir)) {
		if (name !== 'extension') bring(`${shareDir}/${name}`, `${share}/${name}`);
	}
	const packaged = fs
		.readdirSync(`${shareDir}/extension`)
		.map((name) => `${shareDir}/extension/${name}`);
	for (const original of [...packaged, ...built.flatMap((extension) => extension.share)]) {
		const name = path.basename(original);
		const copy = `${share}/extension/${name}`;
		const isOffered = name.endsWith('.control') && OFFERED.has(name.slice(0, -'.control'.length));
		if (isOffered) fs.writeFileSync(copy, controlOf(original));
		else bring(original, copy);
	}
	const isThere = (name: string) => fs.existsSync(`${share}/extension/${name}.control`);
	for (const name of fs.readdirSync(OWN_EXTENSIONS)) {
		const extension = /^\w+?(?=--|\.)/.exec(name)?.[0] ?? '';
		if (!isOwnWanted(extension, major, isThere)) continue;
		fs.rmSync(`${share}/extension/${name}`, { force: true });
		fs.copyFileSync(path.join(OWN_EXTENSIONS, name), `${share}/extension/${name}`);
	}
}

function buildTree(from: Distribution, built: readonly BuiltExtension[], tree: string): void {
	const bin = path.join(tree, from.layout.bin);
	fs.mkdirSync(bin, { recursive: true });
	for (const name of ['postgres', 'initdb']) {
		fs.copyFileSync(`${from.binDir}/${name}`, `${bin}/${name}`);
		fs.chmodSync(`${bin}/${name}`, 0o755);
	}
	const lib = path.join(tree, from.layout.lib);
	if (from.libraries === 'link') {
		fs.mkdirSync(lib);
		for (const name of fs.readdirSync(from.libDir)) {
			fs.symlinkSync(`${from.libDir}/${name}`, `${lib}/${name}`);
		}
	} else {
		fs.cpSync(from.libDir, lib, { recursive: true, dereference: true });
	}
	const modules = fs.existsSync(`${lib}/postgresql`) ? `${lib}/postgresql` : lib;
	for (const library of built.flatMap((extension) => extension.lib)) {
		fs.copyFileSync(library, `${modules}/${path.basename(library)}`);
	}
	buildShare(from, built, path.join(tree, from.layout.share));
}

/**
 * Makes (or finds) the private installation below `stateDir`, of the machine's PostgreSQL unless another one is
 * given. The server looks for its share folder relative to its own binary, so a copy of the binary in a tree of
 * the same shape is enough.
 */
export function installPostgres(stateDir: string, given?: Distribution): PostgresInstall {
	const machine = installedDistribution();
	const from = given ?? machine;
	const vector = hasExtension(from, 'vector') ? null : buildVector(stateDir, from.major);
	const built = vector === null ? [] : [vector];
	const fingerprint = fingerprintOf(from, built);
	const tree = path.join(stateDir, `postgres-${from.major}-${fingerprint}`);
	const runAs = serverUser();
	if (!fs.existsSync(tree)) {
		const building = `${tree}.${process.pid}`;
		fs.rmSync(building, { recursive: true, force: true });
		buildTree(from, built, building);
		publish(building, tree);
	}
	return {
		major: from.major,
		hasCron: hasExtension(from, 'pg_cron'),
		hasAudit: hasExtension(from, 'pgaudit'),
		fingerprint,
		binDir: path.join(tree, from.layout.bin),
		psql: `${machine.binDir}/psql`,
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
