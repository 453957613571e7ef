// Postgres clusters of the local stack and of the tests: copied from one prepared template, started on a free
// port, stopped with their owner. Knows nothing of Supabase beyond the SQL files it runs.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { runSecondsJobs } from './cron-seconds.ts';
import { installPostgres, type Distribution, type PostgresInstall } from './postgres-install.ts';
import { postmasterState, stopOrphan } from './postmaster.ts';
import { freePort } from '../ports.ts';
import { prepareTemplate, PRISTINE, runSql } from './prepared-cluster.ts';
import { StackError } from '../stack-error.ts';

/** `current`: a project made since 2026-05-30. `older`: API roles are granted all that is created in public. */
export type ProjectAge = 'current' | 'older';

export interface Cluster {
	readonly dir: string;
	readonly port: number;
	/** URL of role postgres. */
	dbUrl(database?: string): string;
	/** URL of the superuser supabase_admin. */
	adminUrl(database?: string): string;
	/** Stops the server; with `immediately` without a checkpoint, for clusters that are thrown away. */
	stop(immediately?: boolean): Promise<void>;
	/** Resolves when the server has ended, for whatever reason. */
	readonly ended: Promise<void>;
}

export interface ClusterOptions {
	/** Folder of this cluster; made when it does not exist. */
	readonly dir: string;
	/** Folder where the installation and the template are kept, shared by all clusters. */
	readonly stateDir: string;
	readonly age: ProjectAge;
	/** False for tests: no fsync, data may be lost in a crash of the machine. */
	readonly durable: boolean;
	readonly port?: number;
	/** For error messages: how people begin anew. */
	readonly resetHint?: string;
	/** Another PostgreSQL than the machine's. */
	readonly distribution?: Distribution;
}

interface Passwords {
	readonly postgres: string;
	readonly supabase_admin: string;
}

const READY_TIMEOUT_MS = 30_000;
const PORT_ATTEMPTS = 5;

/** Starts the cluster in `dir`, made from the template at the first time. Throws StackError. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
	const install = installPostgres(options.stateDir, options.distribution);
	const data = path.join(options.dir, 'data');
	const isNew = !fs.existsSync(path.join(options.dir, 'passwords.json'));
	const template = isNew ? await copyTemplate(install, options) : undefined;
	refuseOtherMajor(options, install);
	await stopOrphan(data);
	const server = await startServer(install, options);
	const passwords = readPasswords(options.dir);
	const url = (user: 'postgres' | 'supabase_admin') => (database: string) =>
		`postgresql://${user}:${passwords[user]}@127.0.0.1:${server.port}/${database}`;
	if (template !== undefined) {
		await setUp(install, options, server.port, template.adminPassword, passwords).catch(
			async (error: unknown) => {
				await stopServer(server.child, true);
				fs.rmSync(options.dir, { recursive: true, force: true });
				throw error;
			},
		);
	}
	const adminUrl = (database = 'postgres') => url('supabase_admin')(database);
	const secondsJobs = install.hasCron ? runSecondsJobs(adminUrl) : null;
	server.child.once('exit', () => void secondsJobs?.close());
	return {
		dir: options.dir,
		port: server.port,
		dbUrl: (database = 'postgres') => url('postgres')(database),
		adminUrl,
		stop: async (immediately = false) => {
			await secondsJobs?.close();
			await stopServer(server.child, immediately);
		},
		ended: new Promise((resolve) => {
			if (hasEnded(server.child)) resolve();
			else server.child.once('exit', () => resolve());
		}),
	};
}

/** The passwords file is written last: a copy that was cut short is not taken for a cluster. */
async function copyTemplate(install: PostgresInstall, options: ClusterOptions) {
	const template = await prepareTemplate(install, options.stateDir);
	const data = path.join(options.dir, 'data');
	fs.rmSync(data, { recursive: true, force: true });
	fs.mkdirSync(options.dir, { recursive: true, mode: 0o755 });
	execFileSync('cp', ['-a', '--reflink=auto', template.dataDir, data]);
	const rootKey = path.join(data, 'vault_root.key');
	fs.writeFileSync(rootKey, randomBytes(32).toString('hex'), { mode: 0o600 });
	if (install.runAs) fs.chownSync(rootKey, install.runAs.uid, install.runAs.gid);
	return template;
}

/** What each project has of its own: passwords and the age of its default privileges. */
async function setUp(
	install: PostgresInstall,
	options: ClusterOptions,
	port: number,
	templatePassword: string,
	passwords: Passwords,
): Promise<void> {
	const connection = { port, password: templatePassword };
	if (options.age === 'older') {
		await runSql(install, { ...connection, database: 'postgres' }, 'older.sql');
		await runSql(install, { ...connection, database: PRISTINE }, 'older.sql');
	}
	await runSql(
		install,
		{ ...connection, database: 'postgres' },
		{
			text: Object.entries(passwords)
				.map(([role, password]) => `alter role ${role} password '${password}';`)
				.join('\n'),
		},
	);
	fs.writeFileSync(path.join(options.dir, 'passwords.json'), JSON.stringify(passwords), {
		mode: 0o600,
	});
}

function readPasswords(dir: string): Passwords {
	const file = path.join(dir, 'passwords.json');
	if (fs.existsSync(file)) {
		const stored: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
		if (isPasswords(stored)) return stored;
	}
	const password = () => randomBytes(18).toString('hex');
	return { postgres: password(), supabase_admin: password() };
}

const isPasswords = (value: unknown): value is Passwords =>
	typeof value === 'object' &&
	value !== null &&
	'postgres' in value &&
	'supabase_admin' in value &&
	typeof value.postgres === 'string' &&
	typeof value.supabase_admin === 'string';

const beginAnew = ({ dir, resetHint }: ClusterOptions): string =>
	resetHint ?? `Delete ${dir} to begin anew.`;

function refuseOtherMajor(options: ClusterOptions, install: PostgresInstall): void {
	const major = Number(fs.readFileSync(path.join(options.dir, 'data/PG_VERSION'), 'utf8'));
	if (major !== install.major) {
		throw new StackError(
			`The local databases were made by PostgreSQL ${major}, installed is ${install.major}.`,
			beginAnew(options),
		);
	}
}

interface Server {
	readonly child: ChildProcess;
	readonly port: number;
}

async function startServer(install: PostgresInstall, options: ClusterOptions): Promise<Server> {
	for (let attempt = 1; ; attempt += 1) {
		const port = options.port ?? (await freePort());
		const server = await launch(install, options, port);
		if (server !== 'port taken') return server;
		if (options.port !== undefined || attempt === PORT_ATTEMPTS) {
			throw new StackError(
				`Port ${port} is taken.`,
				`Stop what listens there. ${beginAnew(options)}`,
			);
		}
	}
}

async function launch(
	install: PostgresInstall,
	options: ClusterOptions,
	port: number,
): Promise<Server | 'port taken'> {
	const data = path.join(options.dir, 'data');
	const logFile = path.join(options.dir, 'postgres.log');
	const log = fs.openSync(logFile, 'w', 0o600);
	const child = spawn(
		path.join(install.binDir, 'postgres'),
		['-D', data, '-p', String(port), ...(options.durable ? [] : NOT_DURABLE)],
		{ stdio: ['ignore', log, log], cwd: '/', detached: true, ...install.runAs },
	);
	child.on('error', () => undefined);
	fs.closeSync(log);
	const deadline = Date.now() + READY_TIMEOUT_MS;
	while (!hasEnded(child) && Date.now() < deadline) {
		const state = postmasterState(data);
		if (state?.pid === child.pid && state?.isReady) return { child, port };
		await new Promise((resolve) => setTimeout(resolve, 15));
	}
	await stopServer(child, true);
	const text = fs.readFileSync(logFile, 'utf8');
	if (/could not bind|could not create any TCP/.test(text)) return 'port taken';
	if (/No space left on device/.test(text)) {
		throw new StackError('The disk is full.', `Free some space for ${options.dir}.`);
	}
	throw new StackError(
		`Postgres did not start in ${options.dir}: ${text.trim().split('\n').at(-1) ?? 'no message'}`,
		`Read ${logFile}. ${beginAnew(options)}`,
	);
}

const NOT_DURABLE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'].flatMap(
	(setting) => ['-c', setting],
);

const hasEnded = (child: ChildProcess) =>
	child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

/** SIGINT is Postgres' fast shutdown; SIGQUIT does not wait for anybody. */
async function stopServer(child: ChildProcess, immediately: boolean): Promise<void> {
	if (hasEnded(child)) return;
	const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	child.kill(immediately ? 'SIGQUIT' : 'SIGINT');
	const timer = setTimeout(() => child.kill('SIGQUIT'), 10_000);
	await exited;
	clearTimeout(timer);
}
