// Which edge functions a project has, and what the platform tells them.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { createFunctionRunner, type FunctionRunner } from './functions/runner.ts';
import { publicJwks } from './identity.ts';
import type { ManagementApiShim } from './management-api/server.ts';
import type { LocalProject } from './project.ts';
import type { Addresses, OwnFunctions, SupabaseOptions } from './stack-options.ts';

/** What the platform sets for every function. */
const platformEnvironment = (project: LocalProject): Readonly<Record<string, string>> => ({
	SUPABASE_URL: project.url,
	SUPABASE_DB_URL: project.dbUrl,
	SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: project.publishableKey }),
	SUPABASE_SECRET_KEYS: JSON.stringify({ default: project.secretKey }),
	SUPABASE_ANON_KEY: project.anonKey,
	SUPABASE_SERVICE_ROLE_KEY: project.serviceRoleKey,
	SUPABASE_JWKS: JSON.stringify(publicJwks(project)),
});

const runnerOptions = ({ home, deno, enforcement, lock, report }: SupabaseOptions) => ({
	config: deno.config,
	logDir: path.join(home, 'logs'),
	cacheDir: path.join(home, 'deno'),
	enforcement,
	report,
	onProcess: (pid: number, isAlive: boolean) => (isAlive ? lock.own(pid) : lock.forget(pid)),
});

/** Functions whose code is on this machine; their processes serve many requests. */
export function ownFunctions(
	options: SupabaseOptions,
	project: LocalProject,
	{ dir, children, watch, env }: OwnFunctions,
	addresses: Addresses,
): FunctionRunner {
	const runner = createFunctionRunner({
		...runnerOptions(options),
		functionsDir: dir,
		env: () => ({ ...env(addresses), ...platformEnvironment(project) }),
		readable: [dir, ...options.deno.readable],
		children,
		keepsChildren: true,
	});
	if (!watch) return runner;
	const watcher = fs.watch(dir, { recursive: true }, () => void runner.reload());
	return {
		...runner,
		close: async () => {
			watcher.close();
			await runner.close();
		},
	};
}

/** What was deployed to the project: a new process for each request, since a deployment may change the files. */
export function deployedFunctions(
	options: SupabaseOptions,
	project: LocalProject,
	api: ManagementApiShim,
): FunctionRunner {
	const secrets = () =>
		Object.entries(api.stateOf(project.ref).secrets).map(([name, { value }]) => [name, value]);
	return createFunctionRunner({
		...runnerOptions(options),
		functionsDir: project.functionsDir,
		env: () => ({ ...Object.fromEntries(secrets()), ...platformEnvironment(project) }),
		readable: [project.functionsDir, ...options.deno.readable],
		children: {},
		keepsChildren: false,
	});
}
