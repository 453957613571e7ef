// Which functions run where: Twins' own on the control project, and whatever was deployed on the samples.

import * as fs from 'node:fs';
import * as path from 'node:path';
import {
	createFunctionRunner,
	type FunctionRunner,
	type RunnerOptions,
} from './functions/runner.ts';
import { publicJwks } from './identity.ts';
import type { LocalProject } from './project.ts';
import { ROOT_DIR } from './state-dir.ts';

const FUNCTIONS_DIR = path.join(ROOT_DIR, 'supabase/functions');
const NODE_MODULES = path.join(ROOT_DIR, 'node_modules');

/** As many as a busy control project runs at once; two cores carry no more. */
const WORKER_CHILDREN = 3;

type Shared = Pick<RunnerOptions, 'logDir' | 'cacheDir' | 'report' | 'onProcess'>;

/** TWINS_LIMITS=warn reports what goes beyond the hosted limits and lets it go on, for debugging. */
const enforcement = (): 'fail' | 'warn' =>
	process.env['TWINS_LIMITS'] === 'warn' ? 'warn' : 'fail';

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

/** Twins' own functions, with `settings` as their secrets; with `watch` a change of their code takes effect. */
export function controlFunctions(
	project: LocalProject,
	options: Shared & { settings: Readonly<Record<string, string>>; watch: boolean },
): FunctionRunner {
	const { settings, watch, ...shared } = options;
	const runner = createFunctionRunner({
		...shared,
		functionsDir: FUNCTIONS_DIR,
		config: path.join(ROOT_DIR, 'deno.json'),
		env: () => ({ ...settings, ...platformEnvironment(project) }),
		readable: [FUNCTIONS_DIR, NODE_MODULES],
		children: { worker: WORKER_CHILDREN, accounts: 2 },
		keepsChildren: true,
		enforcement: enforcement(),
	});
	if (!watch) return runner;
	const watcher = fs.watch(FUNCTIONS_DIR, { recursive: true }, () => void runner.reload());
	return {
		...runner,
		close: async () => {
			watcher.close();
			await runner.close();
		},
	};
}

/** What was deployed to a sample project: a new child for each request, since a deploy may change the files. */
export const sampleFunctions = (
	project: LocalProject,
	options: Shared & { secrets: () => Readonly<Record<string, string>> },
): FunctionRunner => {
	const { secrets, ...shared } = options;
	return createFunctionRunner({
		...shared,
		functionsDir: project.functionsDir,
		config: path.join(ROOT_DIR, 'deno.json'),
		env: () => ({ ...secrets(), ...platformEnvironment(project) }),
		readable: [project.functionsDir, NODE_MODULES],
		children: {},
		keepsChildren: false,
		enforcement: enforcement(),
	});
};
