// The supervisor: brings up the parts of a local stack in order, and stops exactly what it started.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { openCluster, type Cluster, type ProjectAge } from './clusters.ts';
import { applyMigrations, connectSampleAccount, ensureUser, putVaultSecrets } from './control.ts';
import { controlFunctions, sampleFunctions } from './edge-functions.ts';
import {
	projectServices,
	startFront,
	startGateway,
	unavailable,
	type Services,
} from './gateway.ts';
import {
	loadIdentity,
	saveIdentity,
	type ProjectIdentity,
	type StackIdentity,
} from './identity.ts';
import { startObjectStore } from './object-store.ts';
import { startPgNet } from './pg-net.ts';
import { startPooler } from './pooler.ts';
import { stopOrphan } from './postmaster.ts';
import { choosePorts, type Ports } from './ports.ts';
import type { LocalProject, Shim } from './project.ts';
import { removeStackFile, writeStackFile, type StackFile } from './stack-file.ts';
import { takeSupervisorLock, type SupervisorLock } from './supervisor-lock.ts';
import { buildWebApp, hasWebApp, serveWebApp } from './web-app.ts';

export interface StackOptions {
	/** Folder of this stack: stack.json, keys, logs, files. Made when missing. */
	readonly home: string;
	/** Folder of its databases; see databasesDir. */
	readonly databases: string;
	/** Folder of the template that all stacks share. */
	readonly templates: string;
	/** Forget everything of an earlier stack in these folders. */
	readonly reset: boolean;
	readonly web: 'build' | 'dev' | 'none';
	/** False for tests: databases without fsync. */
	readonly durable: boolean;
	/** Fill the source project with the sample, once. */
	readonly seed: boolean;
	/** Ends the start early; what is up by then is stopped again. */
	readonly signal?: AbortSignal;
	report(line: string): void;
}

export interface Stack {
	readonly file: StackFile;
	/** Resolves with the reason when a part ended that should not have. */
	readonly broken: Promise<string>;
	stop(): Promise<void>;
}

const PROJECTS = ['control', 'source', 'target'] as const;
type ProjectName = (typeof PROJECTS)[number];

/** The target is of the older kind, so that a clone must really copy privileges. */
const AGES: Readonly<Record<ProjectName, ProjectAge>> = {
	control: 'current',
	source: 'current',
	target: 'older',
};

/** What a running stack is made of, while it comes up. */
interface Build {
	readonly options: StackOptions;
	readonly identity: StackIdentity;
	readonly ports: Ports;
	readonly lock: SupervisorLock;
	/** Undone in reverse order. */
	readonly closers: (() => Promise<void>)[];
	breakDown(reason: string): void;
}

/** Brings a stack up; when a part does not start, stops the others again and throws StackError. */
export async function openStack(options: StackOptions): Promise<Stack> {
	for (const dir of [
		options.home,
		options.databases,
		options.templates,
		path.join(options.home, 'logs'),
	]) {
		fs.mkdirSync(dir, { recursive: true });
	}
	const lock = takeSupervisorLock(options.home);
	const { promise: broken, resolve: breakDown } = Promise.withResolvers<string>();
	const closers: (() => Promise<void>)[] = [];
	const stop = once(async () => {
		removeStackFile(options.home);
		for (const close of closers.splice(0).reverse()) await close().catch(() => undefined);
		lock.release();
	});
	try {
		removeStackFile(options.home);
		if (options.reset) await forget(options);
		const stored = loadIdentity(options.home);
		const ports = await choosePorts(stored.ports);
		const identity = { ...stored, ports };
		saveIdentity(options.home, identity);
		const file = await bringUp({ options, identity, ports, lock, closers, breakDown });
		writeStackFile(options.home, file);
		return { file, broken, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

function once(work: () => Promise<void>): () => Promise<void> {
	let done: Promise<void> | undefined;
	return () => (done ??= work());
}

/** Only what a stack makes: folders and files by name. */
async function forget({ home, databases }: StackOptions): Promise<void> {
	for (const name of PROJECTS) await stopOrphan(path.join(databases, name, 'data'));
	const entries = [...PROJECTS.map((name) => path.join(databases, name))].concat(
		['files', 's3', 'api', 'identity.json', 'seeded'].map((name) => path.join(home, name)),
	);
	for (const entry of entries) fs.rmSync(entry, { recursive: true, force: true });
}

async function bringUp(build: Build): Promise<StackFile> {
	const { options, identity, ports, closers } = build;
	const building = options.web === 'build' && hasWebApp() ? buildWebApp() : Promise.resolve();
	// Awaited below; a failure must not be unhandled until then.
	building.catch(() => undefined);

	options.signal?.throwIfAborted();
	const clusters = await openClusters(build);
	const project = (name: ProjectName) => toProject(build, name, clusters[name]);
	const projects = {
		control: project('control'),
		source: project('source'),
		target: project('target'),
	};
	const samples = [projects.source, projects.target];

	options.signal?.throwIfAborted();
	const store = await startObjectStore(ports.s3, path.join(options.home, 's3'), identity.s3);
	closers.push(() => store.close());
	const pooler = await startPooler(
		ports.pooler,
		() => PROJECTS.map((name) => clusters[name].port),
		(ref) => Object.values(projects).find((candidate) => candidate.ref === ref)?.port,
	);
	closers.push(() => pooler.close());
	await openManagementApi(build, samples, pooler);
	options.signal?.throwIfAborted();
	await applyMigrations(projects.control.dbUrl);
	options.signal?.throwIfAborted();
	await openGateways(build, projects, store);
	for (const name of PROJECTS) {
		const worker = await startPgNet(projects[name].adminUrl);
		closers.push(() => worker.close());
	}
	options.signal?.throwIfAborted();
	await putVaultSecrets(projects.control.adminUrl, {
		twins_worker_url: `${projects.control.url}/functions/v1/worker`,
		twins_worker_secret: identity.workerSecret,
	});
	await ensureUser(projects.control, identity.user);
	await connectSampleAccount(projects.control, identity.user, identity.accessToken);

	options.signal?.throwIfAborted();
	const file = describe(build, projects, store);
	if (options.seed) await seedOnce(build, file);
	options.signal?.throwIfAborted();
	await building;
	await openWebApp(build, projects.control);
	return file;
}

async function openClusters(build: Build): Promise<Readonly<Record<ProjectName, Cluster>>> {
	const { options, ports, closers } = build;
	const open = async (name: ProjectName): Promise<Cluster> => {
		const cluster = await openCluster({
			dir: path.join(options.databases, name),
			stateDir: options.templates,
			age: AGES[name],
			durable: options.durable,
			port: ports[name],
		});
		closers.push(() => cluster.stop());
		void cluster.ended.then(() => build.breakDown(`The ${name} database ended.`));
		return cluster;
	};
	// One first: it makes the template that the others are copied from.
	const control = await open('control');
	const [source, target] = await Promise.all([open('source'), open('target')]);
	return { control, source, target };
}

function toProject(build: Build, name: ProjectName, cluster: Cluster): LocalProject {
	const { ports, options } = build;
	const identity: ProjectIdentity = build.identity[name];
	const files = path.join(options.home, 'files', name);
	return {
		...identity,
		url:
			name === 'control'
				? `http://127.0.0.1:${ports.gateway}`
				: `http://127.0.0.1:${ports.samples}/${identity.ref}`,
		port: cluster.port,
		dbUrl: cluster.dbUrl(),
		adminUrl: cluster.adminUrl(),
		storageDir: path.join(files, 'storage'),
		functionsDir: path.join(files, 'functions'),
	};
}

/** Reads the secrets that were set for a project's functions, through the Management API's own memory. */
type SecretsOf = (ref: string) => Readonly<Record<string, string>>;
const secretsOf = new WeakMap<Build, SecretsOf>();

async function openManagementApi(
	build: Build,
	projects: readonly LocalProject[],
	pooler: { readonly host: string; readonly port: number },
): Promise<void> {
	const { createManagementApi } = await import('./management-api/server.ts');
	const api = await createManagementApi({
		projects,
		accessTokens: new Set([build.identity.accessToken]),
		pooler: { host: pooler.host, port: pooler.port },
		stateDir: path.join(build.options.home, 'api'),
	});
	secretsOf.set(build, (ref) =>
		Object.fromEntries(
			Object.entries(api.stateOf(ref).secrets).map(([name, { value }]) => [name, value]),
		),
	);
	const front = await startFront(build.ports.api, api);
	build.closers.push(() => front.close());
}

async function openGateways(
	build: Build,
	projects: Readonly<Record<ProjectName, LocalProject>>,
	store: { readonly endpoint: string; readonly bucket: string; readonly region: string },
): Promise<void> {
	const { options, identity, ports, lock, closers } = build;
	const onProcess = (pid: number, isAlive: boolean) => (isAlive ? lock.own(pid) : lock.forget(pid));
	const shared = {
		logDir: path.join(options.home, 'logs'),
		cacheDir: path.join(options.home, 'deno'),
	};
	const report = options.report;
	const functions = controlFunctions(projects.control, {
		...shared,
		report,
		onProcess,
		watch: options.web === 'dev',
		settings: {
			TWINS_ENCRYPTION_KEY: identity.encryptionKey,
			TWINS_ENCRYPTION_KEY_ID: 'local',
			TWINS_WORKER_SECRET: identity.workerSecret,
			TWINS_MANAGEMENT_API_URL: `http://127.0.0.1:${ports.api}`,
			TWINS_PROJECT_URL: `http://127.0.0.1:${ports.samples}/{ref}`,
			TWINS_DATABASE_TLS: 'off',
			TWINS_S3_ENDPOINT: store.endpoint,
			TWINS_S3_ACCESS_KEY_ID: identity.s3.accessKeyId,
			TWINS_S3_SECRET_ACCESS_KEY: identity.s3.secretAccessKey,
			TWINS_S3_BUCKET: store.bucket,
			TWINS_S3_REGION: store.region,
		},
	});
	const control = await startGateway(
		ports.gateway,
		new Map([['', await projectServices(projects.control, functions, report)]]),
	);
	closers.push(() => control.close());
	const mounts = new Map<string, Services>();
	for (const project of [projects.source, projects.target]) {
		const own: Shim = sampleFunctions(project, {
			...shared,
			report,
			onProcess,
			secrets: () => secretsOf.get(build)?.(project.ref) ?? {},
		});
		mounts.set(`/${project.ref}`, await projectServices(project, own, report));
	}
	const samples = await startGateway(ports.samples, mounts);
	closers.push(() => samples.close());
	await functions.warmUp().catch((error: unknown) => report(String(error)));
}

async function openWebApp(build: Build, control: LocalProject): Promise<void> {
	const { options, ports, lock, closers } = build;
	if (options.web === 'none') return;
	if (!hasWebApp()) {
		const front = await startFront(ports.web, unavailable('web app', 'web/ does not exist'));
		closers.push(() => front.close());
		return;
	}
	const web = await serveWebApp({
		mode: options.web,
		port: ports.web,
		controlUrl: control.url,
		publishableKey: control.publishableKey,
		logFile: path.join(options.home, 'logs/web.log'),
	});
	lock.own(web.pid);
	void web.ended.then(() => build.breakDown('The web app ended: see .local/logs/web.log.'));
	closers.push(() => web.stop());
}

async function seedOnce(build: Build, file: StackFile): Promise<void> {
	const marker = path.join(build.options.home, 'seeded');
	const seed = path.join(import.meta.dirname, 'sample/seed.ts');
	if (fs.existsSync(marker) || !fs.existsSync(seed)) return;
	build.options.report('Filling the source project with the sample.');
	const { seedSample } = (await import(seed)) as { seedSample(stack: StackFile): Promise<void> };
	await seedSample(file);
	fs.writeFileSync(marker, '');
}

function describe(
	{ identity, ports }: Build,
	projects: Readonly<Record<ProjectName, LocalProject>>,
	store: { readonly endpoint: string; readonly bucket: string; readonly region: string },
): StackFile {
	const { control } = projects;
	return {
		web_url: `http://127.0.0.1:${ports.web}`,
		control: {
			url: control.url,
			publishable_key: control.publishableKey,
			secret_key: control.secretKey,
			db_url: control.dbUrl,
		},
		management_api_url: `http://127.0.0.1:${ports.api}`,
		access_token: identity.accessToken,
		s3: {
			endpoint: store.endpoint,
			access_key_id: identity.s3.accessKeyId,
			secret_access_key: identity.s3.secretAccessKey,
			bucket: store.bucket,
			region: store.region,
		},
		projects: [projects.source, projects.target].map((project) => ({
			ref: project.ref,
			name: project.name,
			url: project.url,
			secret_key: project.secretKey,
			db_url: project.dbUrl,
		})),
		user: identity.user,
	};
}
