// The edge functions of one project: real Deno, one request at a time per child, and the limits of the hosted
// platform. A request beyond a limit fails with 546 and its child is replaced, as hosted.

import * as fs from 'node:fs';
import * as http from 'node:http';
import * as path from 'node:path';
import type { Shim } from '../project.ts';
import { HOSTED_LIMITS, startChild, type Child, type ChildOptions, type Limits } from './child.ts';

export interface RunnerOptions {
	/** Folder with one folder per function. */
	readonly functionsDir: string;
	/** deno.json used by functions that have none of their own. */
	readonly config: string;
	/** Read at each start of a child. */
	env(): Readonly<Record<string, string>>;
	readonly readable: readonly string[];
	readonly logDir: string;
	readonly cacheDir: string;
	/** Most children of a function; one where nothing is said. */
	readonly children: Readonly<Record<string, number>>;
	readonly limits?: Limits;
	/** False: a new child for each request, for functions whose files change. */
	readonly keepsChildren: boolean;
	/** `warn` only reports what went beyond a limit. */
	readonly enforcement: 'fail' | 'warn';
	report(line: string): void;
	/** See ChildOptions. */
	onProcess?(pid: number, isAlive: boolean): void;
}

/** Lines of requests that went beyond a limit, in the folder of the logs. */
export const LIMITS_LOG = 'limits.log';
const STOPPING = 'The stack is stopping';

export interface FunctionRunner extends Shim {
	/** Starts one child of each function, so that the first request is no slower than the others. */
	warmUp(): Promise<void>;
	/** Ends all idle children: the next request reads the code again. */
	reload(): Promise<void>;
}

interface Pool {
	readonly idle: Child[];
	readonly waiting: ((child: Child | null) => void)[];
	size: number;
}

export function createFunctionRunner(options: RunnerOptions): FunctionRunner {
	const pools = new Map<string, Pool>();
	const alive = new Set<Child>();
	const starting = new Set<Promise<Child>>();
	const limits = options.limits ?? HOSTED_LIMITS;
	let isClosed = false;
	/** Counts reloads: a child that was busy meanwhile is not used again. */
	let generation = 0;

	const entryOf = (name: string): string | null => {
		const entry = path.join(options.functionsDir, name, 'index.ts');
		return /^[A-Za-z][\w-]*$/.test(name) && fs.existsSync(entry) ? entry : null;
	};

	function start(name: string, entry: string): Promise<Child> {
		const started = startUnlessClosed(name, entry);
		starting.add(started);
		return started.finally(() => starting.delete(started));
	}

	/** Rejects once the runner is closed; a child that was starting just then is ended. */
	async function startUnlessClosed(name: string, entry: string): Promise<Child> {
		if (isClosed) throw new Error(STOPPING);
		const own = path.join(options.functionsDir, name, 'deno.json');
		const child = await startChild({
			name,
			entry,
			config: fs.existsSync(own) ? own : options.config,
			env: options.env(),
			readable: options.readable,
			logFile: path.join(options.logDir, `function-${name}.log`),
			cacheDir: options.cacheDir,
			...(options.onProcess ? { onProcess: options.onProcess } : {}),
		} satisfies ChildOptions);
		alive.add(child);
		if (!isClosed) return child;
		await discard(child);
		throw new Error(STOPPING);
	}

	async function discard(child: Child): Promise<void> {
		alive.delete(child);
		await child.kill();
	}

	const poolOf = (name: string): Pool => {
		const pool = pools.get(name) ?? { idle: [], waiting: [], size: 0 };
		pools.set(name, pool);
		return pool;
	};

	async function take(name: string, entry: string): Promise<Child> {
		const pool = poolOf(name);
		for (let child = pool.idle.pop(); child; child = pool.idle.pop()) {
			if (child.isAlive()) return child;
			pool.size -= 1;
			await discard(child);
		}
		if (pool.size >= (options.children[name] ?? 1)) {
			const freed = await new Promise<Child | null>((resolve) => pool.waiting.push(resolve));
			if (freed !== null) return freed;
		} else pool.size += 1;
		try {
			return await start(name, entry);
		} catch (error) {
			giveBack(pool, null);
			throw error;
		}
	}

	/** Hands the place on to who waits: with its child, or, when that is gone, to start another. */
	function giveBack(pool: Pool, child: Child | null): void {
		const next = pool.waiting.shift();
		if (next) next(child);
		else if (child) pool.idle.push(child);
		else pool.size -= 1;
	}

	async function handle(
		request: http.IncomingMessage,
		response: http.ServerResponse,
		url: string,
	): Promise<void> {
		const name = /^\/([^/?]*)/.exec(url)?.[1] ?? '';
		const entry = entryOf(name);
		if (entry === null)
			return refuse(response, 404, 'NOT_FOUND', 'Requested function was not found');
		let child: Child;
		try {
			child = await take(name, entry);
		} catch (error) {
			if (isClosed) return refuse(response, 503, 'STOPPING', STOPPING);
			options.report(error instanceof Error ? error.message : String(error));
			return refuse(
				response,
				503,
				'BOOT_ERROR',
				`Function ${name} failed to start (see ${options.logDir})`,
			);
		}
		if (request.socket.destroyed) {
			// Whoever called has hung up while it waited.
			giveBack(poolOf(name), child);
			return;
		}
		let overLimit: string | null = null;
		let isUsable = false;
		const startedIn = generation;
		const finish = child.measure(limits, (what) => {
			overLimit = what;
			options.report(`Function ${name} used ${what}.`);
			// The answer may be out already: as hosted, only the log tells then.
			fs.appendFileSync(path.join(options.logDir, LIMITS_LOG), `Function ${name} used ${what}\n`);
			if (options.enforcement === 'fail') void child.kill();
		});
		try {
			await forward(child, request, response, url);
			await child.idle();
			isUsable = startedIn === generation;
		} catch {
			const message =
				overLimit === null
					? `Function ${name} crashed`
					: `Function ${name} used ${String(overLimit)}`;
			refuse(response, overLimit === null ? 502 : 546, 'WORKER_LIMIT', message);
		} finally {
			finish();
			const keep = options.keepsChildren && isUsable && child.isAlive() && !isClosed;
			if (!keep) await discard(child);
			giveBack(poolOf(name), keep ? child : null);
		}
	}

	return {
		handle,
		async warmUp() {
			if (!fs.existsSync(options.functionsDir)) return;
			for (const name of fs.readdirSync(options.functionsDir)) {
				const entry = entryOf(name);
				if (entry === null) continue;
				const child = await take(name, entry);
				giveBack(poolOf(name), child);
			}
		},
		async reload() {
			generation += 1;
			for (const pool of pools.values()) {
				const idle = pool.idle.splice(0);
				pool.size -= idle.length;
				await Promise.all(idle.map(discard));
			}
		},
		async close() {
			isClosed = true;
			await Promise.all([...alive].map(discard));
			await Promise.allSettled(starting);
		},
	};
}

/** Passes the request to the child and its answer back. Rejects when the child ends before the answer does. */
function forward(
	child: Child,
	request: http.IncomingMessage,
	response: http.ServerResponse,
	url: string,
): Promise<void> {
	return new Promise((resolve, reject) => {
		const inner = http.request(
			{
				host: '127.0.0.1',
				port: child.port,
				method: request.method,
				path: url,
				headers: { ...request.headers, 'x-forwarded-prefix': '/functions/v1' },
				agent: false,
			},
			(answer) => {
				response.writeHead(answer.statusCode ?? 502, answer.headers);
				answer.pipe(response, { end: false });
				answer.once('end', () => {
					response.end();
					resolve();
				});
				answer.once('error', reject);
				answer.once('close', () => {
					if (!answer.complete) reject(new Error('The answer was cut off.'));
				});
			},
		);
		inner.once('error', reject);
		request.pipe(inner);
	});
}

function refuse(
	response: http.ServerResponse,
	status: number,
	code: string,
	message: string,
): void {
	if (response.headersSent) return void response.destroy();
	response.writeHead(status, { 'content-type': 'application/json', 'sb-error-code': code });
	response.end(JSON.stringify({ code, message }));
}
