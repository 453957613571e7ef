// `npm run <command>` starts here, on whatever Node (20 or newer) the machine has and without any dependency:
// installs what is missing, then runs local/commands/<command>.ts on the Node of package.json.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const bin = join(root, 'node_modules/.bin');

/** What each Debian package is needed for is seen by a file that it brings. */
const PACKAGES = [
	{ name: 'postgresql', isThere: () => postgresMajor() !== undefined },
	{
		name: 'postgresql-contrib',
		isThere: () => existsSync(extension('pgcrypto')),
	},
	{ name: `postgresql-MAJOR-cron`, isThere: () => existsSync(extension('pg_cron')) },
	{ name: `postgresql-MAJOR-pgtap`, isThere: () => existsSync(extension('pgtap')) },
	{
		name: 'chromium',
		isThere: () => ['/usr/bin/chromium', '/usr/bin/google-chrome'].some(existsSync),
	},
	{
		name: 'libtap-parser-sourcehandler-pgtap-perl',
		isThere: () => existsSync('/usr/bin/pg_prove'),
	},
];

/** Small extensions that projects use, and what those of ours need. The stack works without them. */
const EXTRAS = [
	{ name: 'postgresql-MAJOR-hypopg', isThere: () => existsSync(extension('hypopg')) },
	{
		name: 'postgresql-MAJOR-plpgsql-check',
		isThere: () => existsSync(extension('plpgsql_check')),
	},
	{ name: 'curl', isThere: () => existsSync('/usr/bin/curl') },
	{ name: 'gcc', isThere: () => existsSync('/usr/bin/cc') },
	{ name: 'libc6-dev', isThere: () => existsSync('/usr/include/stdio.h') },
];

/** Commands that need neither Postgres nor a browser. */
const LIGHT = new Set(['build', 'check', 'fix', 'layers', 'test:unit', 'twins']);

const command = process.argv[2] ?? '';
// npm takes the `--` before a command's own options away; whoever starts this file may write it as well.
const options = process.argv.slice(process.argv[3] === '--' ? 4 : 3);
const file = join(root, 'local/commands', `${command.replace(':', '-')}.ts`);
if (!existsSync(file))
	fail(`There is no command "${command}".`, 'See the scripts in package.json.');
installNodeModules();
if (!LIGHT.has(command)) {
	installPackages();
	installExtras();
}
run();

function postgresMajor() {
	const installed = (major) => existsSync(`/usr/lib/postgresql/${major}/bin/postgres`);
	const majors = [17, 16, 15].filter(installed);
	return majors.find((major) => existsSync(extension('pg_cron', major))) ?? majors[0];
}

function extension(name, major = postgresMajor()) {
	return `/usr/share/postgresql/${major}/extension/${name}.control`;
}

/** The lockfile in node_modules is npm's own note of what it installed, and when. */
function installNodeModules() {
	const installed = join(root, 'node_modules/.package-lock.json');
	const wanted = join(root, 'package-lock.json');
	if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
	if (existsSync(installed) && hasWantedVersions(installed, wanted)) return;
	console.error('Installing npm packages.');
	const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
	const npm = (...words) =>
		spawnSync('npm', [...words, ...quiet], {
			cwd: root,
			stdio: ['ignore', command === 'twins' ? 'ignore' : 'inherit', 'pipe'],
		});
	if (npm('ci').status === 0) return;
	// A lockfile written where the registry lacks other platforms' optional packages is refused by `npm ci`;
	// `npm install` takes the same versions from it and leaves it as it is.
	const install = npm('install', '--no-save');
	if (install.status === 0) return;
	fail(
		`npm install failed: ${String(install.stderr).trim().split('\n').slice(-5).join('\n')}`,
		'The network may be missing. Try it by hand: npm install',
	);
}

/** A fresh checkout has a newer lockfile with the same content. */
function hasWantedVersions(installedFile, wantedFile) {
	const versions = (path) => {
		const { packages } = JSON.parse(readFileSync(path, 'utf8'));
		return Object.entries(packages).filter(([name]) => name !== '');
	};
	const installed = new Map(versions(installedFile).map(([name, entry]) => [name, entry.version]));
	return versions(wantedFile).every(
		([name, entry]) => entry.optional || installed.get(name) === entry.version,
	);
}

function installPackages() {
	let missing = PACKAGES.filter(({ isThere }) => !isThere());
	if (missing.length === 0) return;
	const apt = aptCommand();
	if (apt !== null) {
		// The server first: the names of its extensions' packages carry its version.
		for (const round of [missing.filter(({ name }) => !name.includes('MAJOR')), PACKAGES]) {
			missing = round.filter(({ isThere }) => !isThere());
			if (missing.length === 0) continue;
			const wanted = names(missing);
			console.log(`Installing Debian packages: ${wanted.join(' ')}`);
			if (aptInstall(apt, wanted)) continue;
			fail('apt-get failed.', `Install them by hand: apt-get install ${wanted.join(' ')}`);
		}
	} else {
		fail(
			`These Debian packages are missing: ${names(missing).join(' ')}`,
			`Install them with: apt-get install ${names(missing).join(' ')}`,
		);
	}
}

/** Tried once a day where it cannot be done. */
function installExtras() {
	const missing = EXTRAS.filter(({ isThere }) => !isThere());
	if (missing.length === 0) return;
	const tried = join(root, '.local/extras-tried');
	if (existsSync(tried) && Date.now() - statSync(tried).mtimeMs < 24 * 3600 * 1000) return;
	const apt = aptCommand();
	if (apt !== null) {
		console.log(`Installing Debian packages: ${names(missing).join(' ')}`);
		if (aptInstall(apt, names(missing))) return;
	}
	console.log(
		`The local databases go without some extensions. To have them: apt-get install ${names(missing).join(' ')}`,
	);
	mkdirSync(join(root, '.local'), { recursive: true });
	writeFileSync(tried, '');
}

function aptInstall([program, ...first], wanted) {
	const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
	const options = { stdio: ['ignore', 'ignore', 'inherit'], env: environment };
	spawnSync(program, [...first, 'update'], options);
	const flags = ['install', '-y', '--no-install-recommends', ...wanted];
	return spawnSync(program, [...first, ...flags], options).status === 0;
}

function names(packages) {
	return packages.map(({ name }) => name.replace('MAJOR', String(postgresMajor() ?? 15)));
}

/** apt-get as root, by sudo without asking for a password, or null. */
function aptCommand() {
	if (!existsSync('/usr/bin/apt-get')) return null;
	if (process.getuid?.() === 0) return ['apt-get'];
	return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0
		? ['sudo', '-n', 'apt-get']
		: null;
}

function run() {
	const own = join(bin, 'node');
	const isModern = Number(process.versions.node.split('.')[0]) >= 24;
	const node = existsSync(own) || !isModern ? own : process.execPath;
	const child = spawn(node, ['--disable-warning=ExperimentalWarning', file, ...options], {
		cwd: process.cwd(),
		stdio: 'inherit',
		env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
	});
	child.once('error', () => fail('Node of package.json could not be started.', 'Run: npm ci'));
	// The command ends itself; its parent must outlive it, or the shell's prompt comes back too early.
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
		process.on(signal, () => (signal === 'SIGINT' ? undefined : child.kill(signal)));
	}
	child.once('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

function fail(message, fix) {
	console.error(`${message}\n${fix}`);
	process.exit(1);
}
