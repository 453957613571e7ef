// One Deno process that serves one edge function: started, asked one request at a time, measured, replaced.

import { spawn, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as path from 'node:path';
import { packageDir } from '../package-dir.ts';
import { freePort } from '../ports.ts';
import { StackError } from '../stack-error.ts';
import { usageOf } from './usage.ts';

export interface ChildOptions {
	readonly name: string;
	/** The function's index.ts. */
	readonly entry: string;
	readonly config: string;
	readonly env: Readonly<Record<string, string>>;
	/** Folders that it may read. */
	readonly readable: readonly string[];
	readonly logFile: string;
	/** Folder for Deno's caches. */
	readonly cacheDir: string;
	/** Told of the process when it starts (true) and when it has ended (false). */
	onProcess?(pid: number, isAlive: boolean): void;
}

/** Limits of one request, background work included; platform.md 5.1 of the hosted platform. */
export interface Limits {
	readonly cpuMs: number;
	readonly memoryBytes: number;
	readonly wallMs: number;
}

export const HOSTED_LIMITS: Limits = {
	cpuMs: 2_000,
	memoryBytes: 256 * 1024 * 1024,
	wallMs: 150_000,
};

export interface Measured {
	readonly cpuMs: number;
	readonly peakBytes: number;
	readonly wallMs: number;
}

const BOOT_TIMEOUT_MS = 30_000;
const MEASURE_EVERY_MS = 50;
const MAIN = path.join(import.meta.dirname, 'edge-main.ts');

export interface Child {
	readonly port: number;
	readonly isAlive: () => boolean;
	/** Measures from now on until the returned function is called; `onExceeded` at most once. */
	measure(limits: Limits, onExceeded: (what: string) => void): () => Measured;
	/** Resolves when everything given to EdgeRuntime.waitUntil has settled. */
	idle(): Promise<void>;
	kill(): Promise<void>;
}

/** Starts a child and waits until it listens. Throws with the end of its log when it does not. */
export async function startChild(options: ChildOptions): Promise<Child> {
	const port = await freePort();
	const log = fs.openSync(options.logFile, 'a', 0o600);
	const offset = fs.fstatSync(log).size;
	const process_ = spawn(denoBinary(), denoArguments(options), {
		stdio: ['ignore', log, log],
		cwd: path.dirname(options.config),
		detached: true,
		env: {
			...options.env,
			PATH: process.env['PATH'] ?? '',
			HOME: process.env['HOME'] ?? '/',
			DENO_DIR: options.cacheDir,
			DENO_NO_UPDATE_CHECK: '1',
			DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`,
			NO_COLOR: '1',
			// What is freed goes back to the system at once: what is measured is then what the function holds, and not what
			// glibc keeps for later (60 to 100 MB after some backups).
			MALLOC_ARENA_MAX: '1',
			MALLOC_MMAP_THRESHOLD_: '131072',
			MALLOC_TRIM_THRESHOLD_: '131072',
			LOCAL_FUNCTION_ENTRY: new URL(`file://${options.entry}`).href,
			SUPABASE_FUNCTION_SLUG: options.name,
		},
	});
	fs.closeSync(log);
	process_.on('error', () => undefined);
	const { pid } = process_;
	if (pid !== undefined) {
		options.onProcess?.(pid, true);
		process_.once('exit', () => options.onProcess?.(pid, false));
	}
	const isAlive = () =>
		pid !== undefined && process_.exitCode === null && process_.signalCode === null;
	const kill = () => end(process_, isAlive);
	const deadline = Date.now() + BOOT_TIMEOUT_MS;
	while (!(await answers(port))) {
		if (isAlive() && Date.now() < deadline) {
			await new Promise((resolve) => setTimeout(resolve, 20));
			continue;
		}
		await kill();
		const text = fs.readFileSync(options.logFile).subarray(offset).toString('utf8').trim();
		throw new Error(`Function ${options.name} did not start: ${text.slice(-2_000)}`);
	}
	return {
		port,
		isAlive,
		kill,
		idle: () => get(port, IDLE_PATH).then(() => undefined),
		measure: (limits, onExceeded) => measure(pid ?? 0, limits, onExceeded),
	};
}

const IDLE_PATH = '/_local/idle';

/**
 * The package's launcher is a script; what we measure and kill must be Deno itself. It is copied beside the
 * launcher when npm runs install scripts, and is in the platform's package in any case.
 */
export function denoBinary(): string {
	const launcher = packageDir('deno');
	const copied = path.join(launcher, 'deno');
	if (fs.existsSync(copied)) return copied;
	const platforms = path.join(launcher, '../@deno');
	const [platform] = fs.existsSync(platforms) ? fs.readdirSync(platforms) : [];
	if (platform === undefined) {
		throw new StackError('The npm package deno is incomplete.', 'Install it again.');
	}
	return path.join(platforms, platform, 'deno');
}

/** What the hosted runtime gives an isolate. */
const HOSTED_HEAP_MB = 256;

const denoArguments = (options: ChildOptions): string[] => [
	'run',
	'--quiet',
	// As hosted: knowing how much a heap may have, V8 collects before it is full, and not as a machine of 24 GB would let it.
	`--v8-flags=--max-heap-size=${HOSTED_HEAP_MB}`,
	'--no-prompt',
	'--cached-only',
	'--no-lock',
	'--node-modules-dir=manual',
	'--allow-net',
	'--allow-env',
	'--allow-sys',
	`--allow-read=${[MAIN, ...options.readable].join(',')}`,
	'--config',
	options.config,
	MAIN,
];

async function end(child: ChildProcess, isAlive: () => boolean): Promise<void> {
	if (!isAlive()) return;
	const exited = new Promise((resolve) => child.once('exit', resolve));
	child.kill('SIGKILL');
	await exited;
}

const answers = (port: number): Promise<boolean> => get(port, IDLE_PATH).then(Boolean, () => false);

function get(port: number, url: string): Promise<number> {
	return new Promise((resolve, reject) => {
		http
			.get({ host: '127.0.0.1', port, path: url, agent: false }, (response) => {
				response.resume();
				response.once('end', () => resolve(response.statusCode ?? 0));
			})
			.once('error', reject);
	});
}

function measure(pid: number, limits: Limits, onExceeded: (what: string) => void): () => Measured {
	const before = usageOf(pid)?.cpuMs ?? 0;
	const start = performance.now();
	let last: Measured = { cpuMs: 0, peakBytes: 0, wallMs: 0 };
	let isExceeded = false;
	const look = (): Measured => {
		const now = usageOf(pid);
		last = {
			cpuMs: now === null ? last.cpuMs : now.cpuMs - before,
			peakBytes: Math.max(last.peakBytes, now?.memoryBytes ?? 0),
			wallMs: performance.now() - start,
		};
		const what = exceeded(last, limits);
		if (what !== null && !isExceeded) {
			isExceeded = true;
			onExceeded(what);
		}
		return last;
	};
	const timer = setInterval(look, MEASURE_EVERY_MS);
	return () => {
		clearInterval(timer);
		return look();
	};
}

/** Which limit is exceeded, in words, or null. */
export function exceeded(used: Measured, limits: Limits): string | null {
	const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024);
	if (used.cpuMs > limits.cpuMs) return `${used.cpuMs} ms of CPU, allowed are ${limits.cpuMs}`;
	if (used.peakBytes > limits.memoryBytes) {
		return `${megabytes(used.peakBytes)} MB of memory, allowed are ${megabytes(limits.memoryBytes)}`;
	}
	if (used.wallMs > limits.wallMs) {
		return `${Math.round(used.wallMs / 1000)} s, allowed are ${limits.wallMs / 1000}`;
	}
	return null;
}
