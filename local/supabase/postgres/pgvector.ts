// The extension `vector`, which many hosted projects use and Debian packages only from its release 13 on: built from
// Debian's own source package into the state folder, with the mirror that this machine installs packages from.
// Takes about ten seconds, once. Needs apt-get and a C compiler, but no rights.

import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** What a PostgreSQL extension consists of. */
export interface BuiltExtension {
	/** Files for share/extension. */
	readonly share: readonly string[];
	/** Libraries. */
	readonly lib: readonly string[];
	/** Changes when the files do. */
	readonly version: string;
}

/** Releases of Debian: `source` has the package, `headers` the headers of the server's major. */
const SOURCE_RELEASE = 'trixie';
const HEADER_RELEASES: Readonly<Record<number, string>> = { 15: 'bookworm', 17: 'trixie' };
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** After a failure it is tried again on the next day: without a network each try takes a while. */
const RETRY_MS = 24 * 3600 * 1000;
const STEP_TIMEOUT_MS = 120_000;

/** The built extension, or null with the reason in `<stateDir>/pgvector-<major>.failed`. */
export function buildVector(stateDir: string, major: number): BuiltExtension | null {
	const final = path.join(stateDir, `pgvector-${major}`);
	const failed = `${final}.failed`;
	if (!fs.existsSync(final)) {
		if (fs.existsSync(failed) && Date.now() - fs.statSync(failed).mtimeMs < RETRY_MS) return null;
		const work = `${final}.${process.pid}`;
		try {
			fs.rmSync(work, { recursive: true, force: true });
			build(work, major);
			fs.renameSync(path.join(work, 'made'), final);
			fs.rmSync(failed, { force: true });
		} catch (error) {
			// Another process may have been faster.
			if (!fs.existsSync(final)) {
				fs.writeFileSync(failed, `pgvector could not be built: ${reasonOf(error)}\n`);
				return null;
			}
		} finally {
			fs.rmSync(work, { recursive: true, force: true });
		}
	}
	const files = fs.readdirSync(final).sort();
	const inside = (name: string) => path.join(final, name);
	const control = fs.readFileSync(inside('vector.control'), 'utf8');
	return {
		share: files.filter((name) => !name.endsWith('.so')).map(inside),
		lib: files.filter((name) => name.endsWith('.so')).map(inside),
		version: `vector ${versionIn(control)} ${fs.statSync(inside('vector.so')).size}`,
	};
}

const versionIn = (control: string): string =>
	/default_version = '([^']+)'/.exec(control)?.[1] ?? 'unknown';

/** The last line that a program complained with, or why it could not be started. */
const reasonOf = (error: unknown): string => {
	const said = error instanceof Error && 'stderr' in error ? error.stderr : null;
	const complaint = typeof said === 'string' ? said.trim().split('\n').at(-1) : '';
	return complaint || (error instanceof Error ? error.message : String(error));
};

function build(work: string, major: number): void {
	const run = (cwd: string, command: string, ...words: readonly string[]): string =>
		execFileSync(command, words, {
			cwd,
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'pipe'],
			timeout: STEP_TIMEOUT_MS,
		});
	const made = path.join(work, 'made');
	fs.mkdirSync(path.join(work, 'lists/partial'), { recursive: true });
	fs.mkdirSync(path.join(work, 'cache/archives/partial'), { recursive: true });
	fs.mkdirSync(made);

	const headers = HEADER_RELEASES[major];
	if (headers === undefined) throw new Error(`no Debian release has PostgreSQL ${major}`);
	const mirror = debianMirror((...words) => run(work, 'apt-get', ...words));
	const signed = `[signed-by=${KEYRING}]`;
	fs.writeFileSync(
		path.join(work, 'sources.list'),
		`deb ${signed} ${mirror} ${headers} main\ndeb-src ${signed} ${mirror} ${SOURCE_RELEASE} main\n`,
	);
	const apt = (...words: readonly string[]) =>
		run(
			work,
			'apt-get',
			...['-qq', '-o', `Dir::Etc::sourcelist=${work}/sources.list`],
			...['-o', 'Dir::Etc::sourceparts=/dev/null', '-o', `Dir::State::lists=${work}/lists`],
			...['-o', `Dir::Cache=${work}/cache`, '-o', 'APT::Sandbox::User=root'],
			...['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=10'],
			...words,
		);
	apt('update');
	apt('source', '--download-only', 'pgvector');
	apt('download', `postgresql-server-dev-${major}`);
	const found = fs.readdirSync(work);
	const one = (pattern: RegExp): string => {
		const name = found.find((candidate) => pattern.test(candidate));
		if (name === undefined) throw new Error(`apt-get brought nothing like ${pattern.source}`);
		return name;
	};
	run(work, 'dpkg-deb', '-x', one(/^postgresql-server-dev-.*\.deb$/), 'headers');
	fs.mkdirSync(path.join(work, 'source'));
	run(work, 'tar', 'xf', one(/\.orig\.tar\.\w+$/), '-C', 'source', '--strip-components=1');
	const source = path.join(work, 'source');
	const include = path.join(work, 'headers/usr/include/postgresql');
	run(
		`${source}/src`,
		'cc',
		...['-O2', '-ftree-vectorize', '-fPIC', '-w', '-shared', '-D_GNU_SOURCE'],
		...[`-I${include}/${major}/server`, `-I${include}/internal`, '-o', `${made}/vector.so`],
		...fs.readdirSync(`${source}/src`).filter((name) => name.endsWith('.c')),
		'-lm',
	);
	fs.copyFileSync(`${source}/vector.control`, `${made}/vector.control`);
	const version = versionIn(fs.readFileSync(`${source}/vector.control`, 'utf8'));
	fs.copyFileSync(`${source}/sql/vector.sql`, `${made}/vector--${version}.sql`);
}

/** Where this machine gets Debian's packages from, whichever mirror that is. */
function debianMirror(aptGet: (...words: readonly string[]) => string): string {
	const lines = aptGet(
		'indextargets',
		'--format',
		'$(ORIGIN) $(LABEL) $(REPO_URI)',
		'Created-By: Packages',
	);
	const line = lines.split('\n').find((candidate) => candidate.startsWith('Debian Debian http'));
	if (line === undefined) throw new Error('this machine has no mirror of Debian');
	return line.slice('Debian Debian '.length).trim();
}
