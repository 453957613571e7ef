// The stack that Twins runs on here: a control project, the sample and an empty target, and the web app.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { OAUTH_SCOPES } from '../../supabase/functions/_shared/domain/oauth-scopes.ts';
import { ROOT_DIR } from '../state-dir.ts';
import { openSupabase, type SupabaseStack } from '../supabase/stack.ts';
import type { Addresses, ProjectOptions } from '../supabase/stack-options.ts';
import { takeSupervisorLock } from '../supabase/supervisor-lock.ts';
import { applyMigrations, connectSampleAccount, ensureUser, putVaultSecrets } from './control.ts';
import { seedSample } from './sample/seed.ts';
import { loadSecrets, SECRETS_FILE, type ControlSecrets } from './secrets.ts';
import { removeStackFile, writeStackFile, type StackFile } from './stack-file.ts';
import { buildWebApp, serveWebApp } from './web-app.ts';

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

const FUNCTIONS_DIR = path.join(ROOT_DIR, 'supabase/functions');

/** Two runs of three slices. What waits for a free one keeps pg_net from calling anybody else. */
const WORKER_CHILDREN = 6;

/** There once the sample is in the source project. */
const SEEDED_FILE = 'seeded';

/** Brings a stack up; when a part does not start, stops the others again and throws StackError. */
export async function openStack(options: StackOptions): Promise<Stack> {
	const { home, signal, report } = options;
	fs.mkdirSync(home, { recursive: true });
	const lock = takeSupervisorLock(home);
	removeStackFile(home);
	if (options.reset) {
		for (const name of [SEEDED_FILE, SECRETS_FILE])
			fs.rmSync(path.join(home, name), { force: true });
	}
	const secrets = loadSecrets(home);
	const building = options.web === 'build' ? buildWebApp() : Promise.resolve();
	// Awaited below; a failure must not be unhandled until then.
	building.catch(() => undefined);
	const supabase = await openSupabase({
		...options,
		projects: projects(secrets, options.web === 'dev'),
		bucket: 'twins-backups',
		oauthApps: (addresses) => [oauthApp(addresses, secrets)],
		deno: {
			config: path.join(ROOT_DIR, 'deno.json'),
			readable: [path.join(ROOT_DIR, 'node_modules')],
		},
		// For debugging: what goes beyond the hosted limits is reported and goes on.
		enforcement: process.env['TWINS_LIMITS'] === 'warn' ? 'warn' : 'fail',
		ports: ['web'],
		resetHint: 'Start anew with: npm start -- --reset',
		lock,
		prepare: (project) => applyMigrations(project('control').dbUrl),
	});
	const stop = (): Promise<void> => {
		removeStackFile(home);
		return supabase.stop();
	};
	try {
		signal?.throwIfAborted();
		await installControl(supabase, secrets);
		signal?.throwIfAborted();
		const file = describe(supabase, secrets);
		await seedOnce(home, file, report);
		signal?.throwIfAborted();
		await building;
		await openWebApp(options, supabase);
		writeStackFile(home, file);
		return { file, broken: supabase.broken, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

/** The target is of the older kind, so that a clone must really copy privileges. */
const projects = (secrets: ControlSecrets, watch: boolean): readonly ProjectOptions[] => [
	{
		name: 'control',
		title: 'Twins control',
		age: 'current',
		belongsToAccount: false,
		functions: {
			dir: FUNCTIONS_DIR,
			children: { worker: WORKER_CHILDREN, accounts: 2 },
			watch,
			env: (addresses) => functionSettings(addresses, secrets),
		},
	},
	{ name: 'source', title: 'Shop (production)', age: 'current', belongsToAccount: true },
	{ name: 'target', title: 'Shop (staging)', age: 'older', belongsToAccount: true },
];

/** As an operator registers it in the dashboard. */
const oauthApp = ({ ownUrl }: Addresses, { oauthSecret }: ControlSecrets) => ({
	clientId: '7e51a1f2-0c1d-4b53-9f7e-3d1c5a2b8e90',
	clientSecret: oauthSecret,
	name: 'Twins',
	redirectUris: [`${ownUrl('web')}/accounts/callback`] as const,
	scopes: OAUTH_SCOPES.map(({ scope }) => scope),
});

/** Secrets of the product's functions. */
const functionSettings = (
	addresses: Addresses,
	secrets: ControlSecrets,
): Readonly<Record<string, string>> => {
	const { databaseCa, managementApiUrl, projectUrl, s3 } = addresses;
	const app = oauthApp(addresses, secrets);
	return {
		TWINS_ENCRYPTION_KEY: secrets.encryptionKey,
		TWINS_ENCRYPTION_KEY_ID: 'local',
		TWINS_WORKER_SECRET: secrets.workerSecret,
		TWINS_OAUTH_CLIENT_ID: app.clientId,
		TWINS_OAUTH_CLIENT_SECRET: app.clientSecret,
		TWINS_OAUTH_REDIRECT_URL: app.redirectUris[0],
		TWINS_MANAGEMENT_API_URL: managementApiUrl,
		TWINS_PROJECT_URL: projectUrl,
		TWINS_DATABASE_CA: databaseCa,
		TWINS_WEB_URL: addresses.ownUrl('web'),
		TWINS_NOTIFY_PRIVATE_ADDRESSES: 'allow',
		TWINS_STORE_PRIVATE_ADDRESSES: 'allow',
		TWINS_S3_ENDPOINT: s3.endpoint,
		TWINS_S3_ACCESS_KEY_ID: s3.accessKeyId,
		TWINS_S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
		TWINS_S3_BUCKET: s3.bucket,
		TWINS_S3_REGION: s3.region,
	};
};

async function installControl(stack: SupabaseStack, secrets: ControlSecrets): Promise<void> {
	const control = stack.project('control');
	await putVaultSecrets(control.adminUrl, {
		twins_worker_url: `${control.url}/functions/v1/worker`,
		twins_worker_secret: secrets.workerSecret,
	});
	await ensureUser(control, secrets.user);
	await connectSampleAccount(control, secrets.user, stack.accessToken);
}

async function openWebApp({ web, home }: StackOptions, stack: SupabaseStack): Promise<void> {
	if (web === 'none') return;
	const control = stack.project('control');
	const app = await serveWebApp({
		mode: web,
		port: stack.port('web'),
		controlUrl: control.url,
		publishableKey: control.publishableKey,
		logFile: path.join(home, 'logs/web.log'),
	});
	stack.own('web app', app);
}

async function seedOnce(
	home: string,
	file: StackFile,
	report: StackOptions['report'],
): Promise<void> {
	const marker = path.join(home, SEEDED_FILE);
	if (fs.existsSync(marker)) return;
	report('Filling the source project with the sample.');
	await seedSample(file);
	fs.writeFileSync(marker, '');
}

const describe = (stack: SupabaseStack, { user }: ControlSecrets): StackFile => {
	const control = stack.project('control');
	return {
		web_url: `http://127.0.0.1:${stack.port('web')}`,
		control: {
			url: control.url,
			publishable_key: control.publishableKey,
			secret_key: control.secretKey,
			db_url: control.dbUrl,
		},
		management_api_url: stack.managementApiUrl,
		access_token: stack.accessToken,
		database_ca: stack.databaseCa,
		s3: {
			endpoint: stack.s3.endpoint,
			access_key_id: stack.s3.accessKeyId,
			secret_access_key: stack.s3.secretAccessKey,
			bucket: stack.s3.bucket,
			region: stack.s3.region,
		},
		projects: ['source', 'target'].map((name) => {
			const project = stack.project(name);
			return {
				ref: project.ref,
				name: project.name,
				url: project.url,
				secret_key: project.secretKey,
				db_url: project.dbUrl,
			};
		}),
		user,
	};
};
