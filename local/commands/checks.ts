// What must hold of every commit, besides the tests: format, lint, types in each runtime, guards, layers, no dead code.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { spawn } from 'node:child_process';
import { denoBinary } from '../supabase/functions/child.ts';
import { ROOT_DIR, stateDir } from '../state-dir.ts';
import { writeWebTypes } from '../demo/web-app.ts';
import type { Outcome } from './outcome.ts';

interface Check {
	readonly name: string;
	readonly program: string;
	readonly arguments: readonly string[];
	readonly cwd?: string;
	readonly env?: NodeJS.ProcessEnv;
}

const tool = (name: string): string => path.join(ROOT_DIR, 'node_modules/.bin', name);

const functionEntries = (): string[] => {
	const dir = path.join(ROOT_DIR, 'supabase/functions');
	return fs
		.readdirSync(dir)
		.map((name) => path.join(dir, name, 'index.ts'))
		.filter((entry) => fs.existsSync(entry));
};

const checks = (): readonly Check[] => [
	{ name: 'format', program: tool('prettier'), arguments: ['--check', '--log-level=warn', '.'] },
	{ name: 'lint', program: tool('eslint'), arguments: ['--max-warnings=0', '.'] },
	{ name: 'types', program: tool('tsc'), arguments: ['-p', '.'] },
	{
		name: 'types of edge functions',
		program: denoBinary(),
		arguments: ['check', '--quiet', '--config', 'deno.json', ...functionEntries()],
		env: { DENO_DIR: path.join(stateDir(), 'deno'), DENO_NO_UPDATE_CHECK: '1' },
	},
	{
		name: 'types of the web app',
		program: tool('svelte-check'),
		arguments: ['--tsconfig', './tsconfig.json', '--fail-on-warnings', '--output', 'human'],
		cwd: path.join(ROOT_DIR, 'web'),
	},
	{ name: 'guards', program: tool('vitest'), arguments: ['run', '--project', 'guards'] },
	{
		name: 'layers',
		program: process.execPath,
		arguments: [path.join(import.meta.dirname, 'layers.ts')],
	},
	{ name: 'unused code', program: tool('knip'), arguments: [] },
];

/** Runs all checks, two at a time; prints what the failed ones said. */
export async function runChecks(): Promise<Outcome> {
	await writeWebTypes();
	const waiting = [...checks()];
	let passed = 0;
	const failures: string[] = [];
	const lane = async (): Promise<void> => {
		for (let check = waiting.shift(); check; check = waiting.shift()) {
			const start = performance.now();
			const { code, output } = await run(check);
			const seconds = ((performance.now() - start) / 1000).toFixed(1);
			console.log(`${code === 0 ? '✔' : '✘'} ${check.name} (${seconds} s)`);
			if (code === 0) passed += 1;
			else {
				failures.push(check.name);
				console.log(output.trim());
			}
		}
	};
	await Promise.all([lane(), lane()]);
	return { passed, failed: failures.length, failures };
}

function run(check: Check): Promise<{ code: number; output: string }> {
	return new Promise((resolve) => {
		const child = spawn(check.program, check.arguments, {
			cwd: check.cwd ?? ROOT_DIR,
			env: { ...process.env, ...check.env },
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		let output = '';
		child.stdout.on('data', (chunk) => (output += String(chunk)));
		child.stderr.on('data', (chunk) => (output += String(chunk)));
		child.once('error', (error) => resolve({ code: 1, output: error.message }));
		child.once('close', (code) => resolve({ code: code ?? 1, output }));
	});
}
