// The template that clusters are copied from: initdb and our SQL, done once and kept until one of them changes.
// Its database `pristine` is a new, empty project; `postgres` is a copy of it.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { postmasterState } from './postmaster.ts';
import { freePort } from '../ports.ts';
import { publish, type PostgresInstall } from './postgres-install.ts';
import { StackError } from '../stack-error.ts';

const SQL_DIR = path.join(import.meta.dirname, 'database');

/** Name of the template database with an empty project. */
export const PRISTINE = 'pristine';

/** In the order in which they build on each other. */
const PROJECT_FILES = [
	'project.sql',
	'auth.sql',
	'auth_providers.sql',
	'storage.sql',
	'realtime.sql',
	'guards.sql',
];

/** statement_timeout is the hosted default of two minutes; cron jobs run in workers, so they need no password. */
const settings = ({ hasCron, hasAudit }: PostgresInstall): string => `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
shared_preload_libraries = '${hasCron ? 'pg_cron, ' : ''}${hasAudit ? 'pgaudit, ' : ''}pg_stat_statements'
${hasCron ? "cron.database_name = 'postgres'\ncron.use_background_workers = on" : ''}
max_worker_processes = 24
wal_level = logical
max_connections = 120
max_wal_senders = 10
max_replication_slots = 10
shared_buffers = '64MB'
max_wal_size = '1GB'
statement_timeout = '2min'
timezone = 'UTC'
log_timezone = 'UTC'
jit = off
log_min_messages = 'warning'
`;

export interface Template {
	readonly dataDir: string;
	/** Password of supabase_admin in a fresh copy. */
	readonly adminPassword: string;
}

/** The template for this installation and these SQL files, built when missing. About ten seconds then. */
export async function prepareTemplate(
	install: PostgresInstall,
	stateDir: string,
): Promise<Template> {
	const hash = createHash('sha256').update(`${install.fingerprint}${settings(install)}`);
	for (const name of ['roles.sql', ...PROJECT_FILES]) {
		hash.update(fs.readFileSync(path.join(SQL_DIR, name)));
	}
	const final = path.join(stateDir, `template-${install.major}-${hash.digest('hex').slice(0, 16)}`);
	if (!fs.existsSync(final)) {
		removeOldTemplates(stateDir);
		const building = `${final}.${process.pid}`;
		fs.rmSync(building, { recursive: true, force: true });
		try {
			await build(install, building);
		} catch (error) {
			fs.rmSync(building, { recursive: true, force: true });
			throw error;
		}
		publish(building, final);
	}
	return {
		dataDir: path.join(final, 'data'),
		adminPassword: fs.readFileSync(path.join(final, 'admin-password'), 'utf8'),
	};
}

/** A day: nobody copies from a template that old any more. */
const TEMPLATE_LIFE_MS = 24 * 3600 * 1000;

function removeOldTemplates(stateDir: string): void {
	for (const name of fs.readdirSync(stateDir)) {
		const dir = path.join(stateDir, name);
		if (!/^(template|postgres)-\d+-/.test(name)) continue;
		if (Date.now() - fs.statSync(dir).mtimeMs > TEMPLATE_LIFE_MS && name.startsWith('template')) {
			fs.rmSync(dir, { recursive: true, force: true });
		}
	}
}

async function build(install: PostgresInstall, dir: string): Promise<void> {
	const data = path.join(dir, 'data');
	const passwordFile = path.join(dir, 'admin-password');
	const password = randomBytes(18).toString('hex');
	fs.mkdirSync(data, { recursive: true });
	fs.writeFileSync(passwordFile, password, { mode: 0o600 });
	if (install.runAs) {
		for (const entry of [dir, data, passwordFile]) {
			fs.chownSync(entry, install.runAs.uid, install.runAs.gid);
		}
	}
	const initdb = ['--username=supabase_admin', '--encoding=UTF8', '--locale=C.UTF-8'];
	execFileSync(
		path.join(install.binDir, 'initdb'),
		[...initdb, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync', '-D', data],
		{ stdio: ['ignore', 'ignore', 'pipe'], cwd: '/', ...install.runAs },
	);
	fs.appendFileSync(path.join(data, 'postgresql.conf'), settings(install));
	await fillDatabases(install, data, password);
}

/** Without pg_cron's launcher, which would hold on to database postgres. */
async function fillDatabases(install: PostgresInstall, data: string, password: string) {
	const port = await freePort();
	const server = spawn(
		path.join(install.binDir, 'postgres'),
		['-D', data, '-p', String(port), '-c', 'fsync=off', '-c', 'shared_preload_libraries='],
		{ stdio: 'ignore', cwd: '/', ...install.runAs },
	);
	const exited = new Promise((resolve) => server.once('exit', resolve));
	try {
		const deadline = Date.now() + 30_000;
		while (!postmasterState(data)?.isReady) {
			if (Date.now() > deadline || server.exitCode !== null) {
				throw new StackError('The template cluster did not start.', `Look into ${data}.`);
			}
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		const connect = (database: string) => ({ port, password, database });
		await runSql(install, connect('template1'), 'roles.sql');
		await runSql(install, connect('template1'), {
			text: `create database ${PRISTINE} owner postgres;`,
		});
		for (const file of PROJECT_FILES) await runSql(install, connect(PRISTINE), file);
		await runSql(install, connect('template1'), {
			text: `
				drop database postgres;
				create database postgres template ${PRISTINE} owner postgres;
				alter database ${PRISTINE} is_template true;`,
		});
	} finally {
		server.kill('SIGINT');
		await exited;
	}
}

const execute = promisify(execFile);

/** Runs a file of database/, or a text, as supabase_admin. Throws with the message of the first error. */
export async function runSql(
	install: PostgresInstall,
	at: { port: number; password: string; database: string },
	source: string | { text: string },
): Promise<void> {
	const what = typeof source === 'string' ? ['-f', path.join(SQL_DIR, source)] : ['-f', '-'];
	const run = execute(
		install.psql,
		['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', String(at.port), ...what],
		{
			env: {
				...process.env,
				PGUSER: 'supabase_admin',
				PGPASSWORD: at.password,
				PGDATABASE: at.database,
				PGOPTIONS: '-c client_min_messages=warning',
			},
		},
	);
	if (typeof source !== 'string') run.child.stdin?.write(source.text);
	run.child.stdin?.end();
	await run;
}
