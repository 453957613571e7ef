// Brings up Supabase projects on this machine, part by part, and stops exactly what it started: databases, S3 store,
// pooler, Management API, then the services of each project.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { projectServices, startFront, startGateway, type Services } from './gateway.ts';
import { IDENTITY_FILE, loadIdentity, saveIdentity, type StackIdentity } from './identity.ts';
import { createManagementApi, type ManagementApiShim } from './management-api/server.ts';
import { startObjectStore } from './object-store.ts';
import { startPgNet } from './pg-net.ts';
import { choosePorts } from './ports.ts';
import { openCluster, type Cluster } from './postgres/clusters.ts';
import { CERTIFICATES_FILE, loadCertificates } from './certificates.ts';
import { startPooler } from './postgres/pooler.ts';
import { stopOrphan } from './postgres/postmaster.ts';
import { deployedFunctions, ownFunctions } from './project-functions.ts';
import type { LocalProject } from './project.ts';
import type { Addresses, ProjectOptions, SupabaseOptions } from './stack-options.ts';

export interface SupabaseStack extends Addresses {
	project(name: string): LocalProject;
	/** Port of one of the user's services. */
	port(service: string): number;
	/** Resolves with the reason when a part ended that should not have. */
	readonly broken: Promise<string>;
	/** Stops a process of the user's with the stack, before all other parts; its end breaks the stack. */
	own(name: string, part: OwnedProcess): void;
	stop(): Promise<void>;
}

export interface OwnedProcess {
	readonly pid: number;
	readonly ended: Promise<void>;
	stop(): Promise<void>;
}

/** What a running stack is made of, while it comes up. */
interface Build {
	readonly options: SupabaseOptions;
	readonly identity: StackIdentity;
	port(service: string): number;
	/** Undone in reverse order. */
	readonly closers: (() => Promise<void>)[];
	breakDown(reason: string): void;
}

/** Ports beside those of the databases and of projects on their own. */
const SHARED_PORTS = ['projects', 'api', 'pooler', 's3'];

/** Brings a stack up; when a part does not start, stops the others again and throws StackError. */
export async function openSupabase(options: SupabaseOptions): Promise<SupabaseStack> {
	const { home, databases, templates, lock } = options;
	const { promise: broken, resolve: breakDown } = Promise.withResolvers<string>();
	const closers: (() => Promise<void>)[] = [];
	const stop = once(async () => {
		for (const close of closers.splice(0).reverse()) await close().catch(() => undefined);
		lock.release();
	});
	try {
		for (const dir of [home, databases, templates, path.join(home, 'logs')]) {
			fs.mkdirSync(dir, { recursive: true });
		}
		if (options.reset) await forget(options);
		const titles = new Map(options.projects.map(({ name, title }) => [name, title]));
		const stored = loadIdentity(home, titles, options.resetHint);
		const services = options.projects.flatMap(({ name, belongsToAccount }) =>
			belongsToAccount ? [name] : [name, gatewayPort(name)],
		);
		const ports = await choosePorts([...options.ports, ...SHARED_PORTS, ...services], stored.ports);
		const identity = { ...stored, ports: Object.fromEntries(ports) };
		saveIdentity(home, identity);
		const port = (service: string): number => {
			const chosen = ports.get(service);
			if (chosen === undefined) throw new Error(`No port was chosen for ${service}.`);
			return chosen;
		};
		const { project, addresses } = await bringUp({ options, identity, port, closers, breakDown });
		return {
			...addresses,
			project,
			port,
			broken,
			own(name, part) {
				lock.own(part.pid);
				void part.ended.then(() => breakDown(`The ${name} ended: see ${path.join(home, 'logs')}.`));
				closers.push(() => part.stop());
			},
			stop,
		};
	} catch (error) {
		await stop();
		throw error;
	}
}

const gatewayPort = (project: string): string => `${project} gateway`;

function once(work: () => Promise<void>): () => Promise<void> {
	let done: Promise<void> | undefined;
	return () => (done ??= work());
}

/** Only what a stack makes: folders and files by name. */
async function forget({ home, databases, projects }: SupabaseOptions): Promise<void> {
	const clusters = projects.map(({ name }) => path.join(databases, name));
	for (const dir of clusters) await stopOrphan(path.join(dir, 'data'));
	const own = ['files', 's3', 'api', IDENTITY_FILE, CERTIFICATES_FILE].map((name) =>
		path.join(home, name),
	);
	for (const entry of [...clusters, ...own]) fs.rmSync(entry, { recursive: true, force: true });
}

async function bringUp(
	build: Build,
): Promise<{ project: (name: string) => LocalProject; addresses: Addresses }> {
	const { options, identity, port, closers } = build;
	options.signal?.throwIfAborted();
	const clusters = await openClusters(build);
	const projects = new Map(
		options.projects.map((one, index) => [one.name, toProject(build, one, clusters[index])]),
	);
	const project = (name: string): LocalProject => {
		const found = projects.get(name);
		if (found === undefined) throw new Error(`The stack has no project ${name}.`);
		return found;
	};

	options.signal?.throwIfAborted();
	const store = await startObjectStore(
		port('s3'),
		path.join(options.home, 's3'),
		options.bucket,
		identity.s3,
	);
	closers.push(() => store.close());
	const certificates = await loadCertificates(options.home);
	const addresses: Addresses = {
		databaseCa: certificates.ca,
		managementApiUrl: `http://127.0.0.1:${port('api')}`,
		accessToken: identity.accessToken,
		ownUrl: (service) => `http://127.0.0.1:${port(service)}`,
		projectUrl: `http://127.0.0.1:${port('projects')}/{ref}`,
		s3: {
			...identity.s3,
			endpoint: store.endpoint,
			bucket: store.bucket,
			region: store.region,
		},
	};
	const pooler = await startPooler(
		port('pooler'),
		() => clusters.map((cluster) => cluster.port),
		(ref) => [...projects.values()].find((candidate) => candidate.ref === ref)?.port,
		certificates,
	);
	closers.push(() => pooler.close());
	const api = await createManagementApi({
		projects: options.projects.flatMap(({ name, belongsToAccount }) =>
			belongsToAccount ? [project(name)] : [],
		),
		accessTokens: new Set([identity.accessToken]),
		pooler: { host: pooler.host, port: pooler.port },
		stateDir: path.join(options.home, 'api'),
		oauthApps: options.oauthApps?.(addresses) ?? [],
	});
	const front = await startFront(port('api'), api);
	closers.push(() => front.close());

	options.signal?.throwIfAborted();
	await options.prepare?.(project);
	options.signal?.throwIfAborted();
	await openGateways(build, project, addresses, api);
	for (const { adminUrl } of projects.values()) {
		const worker = await startPgNet(adminUrl);
		closers.push(() => worker.close());
	}
	return { project, addresses };
}

async function openClusters(build: Build): Promise<readonly Cluster[]> {
	const { options, port, closers } = build;
	const open = async ({ name, age }: ProjectOptions): Promise<Cluster> => {
		const cluster = await openCluster({
			dir: path.join(options.databases, name),
			stateDir: options.templates,
			age,
			durable: options.durable,
			port: port(name),
			resetHint: options.resetHint,
		});
		closers.push(() => cluster.stop());
		void cluster.ended.then(() => build.breakDown(`The ${name} database ended.`));
		return cluster;
	};
	// One first: it makes the template that the others are copied from.
	const [first, ...others] = options.projects;
	if (first === undefined) return [];
	return [await open(first), ...(await Promise.all(others.map(open)))];
}

function toProject(
	{ identity, options, port }: Build,
	{ name, belongsToAccount }: ProjectOptions,
	cluster: Cluster | undefined,
): LocalProject {
	const own = identity.projects[name];
	if (own === undefined || cluster === undefined) throw new Error(`Project ${name} has no keys.`);
	const files = path.join(options.home, 'files', name);
	return {
		...own,
		url: belongsToAccount
			? `http://127.0.0.1:${port('projects')}/${own.ref}`
			: `http://127.0.0.1:${port(gatewayPort(name))}`,
		port: cluster.port,
		dbUrl: cluster.dbUrl(),
		adminUrl: cluster.adminUrl(),
		storageDir: path.join(files, 'storage'),
		functionsDir: path.join(files, 'functions'),
	};
}

async function openGateways(
	build: Build,
	project: (name: string) => LocalProject,
	addresses: Addresses,
	api: ManagementApiShim,
): Promise<void> {
	const { options, port, closers } = build;
	const ofAccount = new Map<string, Services>();
	const warmUps: (() => Promise<void>)[] = [];
	for (const one of options.projects) {
		const own = project(one.name);
		const functions = one.functions
			? ownFunctions(options, own, one.functions, addresses)
			: deployedFunctions(options, own, api);
		if (one.functions) warmUps.push(() => functions.warmUp());
		const services = await projectServices(own, functions);
		if (one.belongsToAccount) ofAccount.set(`/${own.ref}`, services);
		else {
			const gateway = await startGateway(port(gatewayPort(one.name)), new Map([['', services]]));
			closers.push(() => gateway.close());
		}
	}
	const gateway = await startGateway(port('projects'), ofAccount);
	closers.push(() => gateway.close());
	for (const warmUp of warmUps) {
		await warmUp().catch((error: unknown) => options.report(String(error)));
	}
}
