// The web app of the local stack: built when its sources changed and served by Node, or served by Vite (dev).

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { StackError } from '../supabase/stack-error.ts';
import { ROOT_DIR } from '../state-dir.ts';
import { startTool, type Tool } from './tool.ts';

const WEB_DIR = path.join(ROOT_DIR, 'web');
const SERVER = path.join(WEB_DIR, 'build/index.js');
const HASH_FILE = path.join(WEB_DIR, 'build/.sources');

export interface WebAppOptions {
	readonly mode: 'build' | 'dev';
	readonly port: number;
	readonly controlUrl: string;
	readonly publishableKey: string;
	readonly logFile: string;
}

/** Builds the web app unless its sources are those of the last build. Throws StackError with Vite's words. */
export async function buildWebApp(): Promise<void> {
	const hash = sourcesHash();
	if (fs.existsSync(SERVER) && fs.existsSync(HASH_FILE)) {
		if (fs.readFileSync(HASH_FILE, 'utf8') === hash) return;
	}
	await runTool('vite', 'build');
	fs.writeFileSync(HASH_FILE, hash);
}

/** Writes what the web app's tsconfig extends, which SvelteKit generates: nothing of it loads without. */
export const writeWebTypes = (): Promise<void> => runTool('svelte-kit', 'sync');

async function runTool(name: string, command: string): Promise<void> {
	const tool = spawn(path.join(ROOT_DIR, 'node_modules/.bin', name), [command], {
		cwd: WEB_DIR,
		stdio: ['ignore', 'pipe', 'pipe'],
		env: { ...process.env, NODE_ENV: 'production' },
	});
	let output = '';
	tool.stdout.on('data', (chunk) => (output += String(chunk)));
	tool.stderr.on('data', (chunk) => (output += String(chunk)));
	const code = await new Promise((resolve) => tool.once('close', resolve));
	if (code !== 0) {
		throw new StackError(
			`${name} ${command} failed on the web app: ${output.trim().split('\n').slice(-15).join('\n')}`,
			`Mend it, then try in web/: npx ${name} ${command}`,
		);
	}
}

/** Over everything that the build reads: names and contents. */
function sourcesHash(): string {
	const hash = createHash('sha256');
	const add = (file: string): void => {
		hash.update(path.relative(ROOT_DIR, file)).update(fs.readFileSync(file));
	};
	const walk = (dir: string): void => {
		if (!fs.existsSync(dir)) return;
		for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
			if (['node_modules', 'build', '.svelte-kit'].includes(entry.name)) continue;
			const full = path.join(dir, entry.name);
			if (entry.isDirectory()) walk(full);
			else if (entry.isFile()) add(full);
		}
	};
	walk(WEB_DIR);
	walk(path.join(ROOT_DIR, 'supabase/functions/_shared/domain'));
	add(path.join(ROOT_DIR, 'package-lock.json'));
	return hash.digest('hex');
}

/** Serves the web app on 127.0.0.1:port; resolves when it answers. */
export function serveWebApp(options: WebAppOptions): Promise<Tool> {
	const url = `http://127.0.0.1:${options.port}`;
	const vite = path.join(ROOT_DIR, 'node_modules/.bin/vite');
	const port = String(options.port);
	return startTool({
		name: 'web app',
		command: options.mode === 'dev' ? vite : process.execPath,
		arguments:
			options.mode === 'dev'
				? ['dev', '--host', '127.0.0.1', '--port', port, '--strictPort']
				: [SERVER],
		cwd: WEB_DIR,
		env: {
			...process.env,
			HOST: '127.0.0.1',
			PORT: port,
			ORIGIN: url,
			PUBLIC_SUPABASE_URL: options.controlUrl,
			PUBLIC_SUPABASE_PUBLISHABLE_KEY: options.publishableKey,
		},
		logFile: options.logFile,
		isReady: () =>
			fetch(url, { redirect: 'manual' }).then(
				() => true,
				() => false,
			),
	});
}
