import * as fs from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFunctionRunner, type FunctionRunner } from './runner.ts';
import { cpuMsOf, memoryBytesOf } from './usage.ts';

const FUNCTIONS = {
	hello: `
		import { parse } from 'zod/mini';
		Deno.serve(async (request) => Response.json({
			method: request.method, path: new URL(request.url).pathname, body: await request.text(),
			setting: Deno.env.get('A_SETTING'), home: Deno.env.get('SOMETHING_ELSE') ?? null,
			hasImport: typeof parse, pid: Deno.pid,
		}));`,
	exported: `export default { fetch: () => new Response('from fetch') };`,
	spin: `Deno.serve(() => { for (;;); });`,
	beside: `
		import process from 'node:process';
		Deno.serve(async () => {
			const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']);
			const ways = { name: 'PBKDF2', hash: 'SHA-256', salt: new Uint8Array(8), iterations: 9_000_000 };
			await crypto.subtle.deriveBits(ways, key, 256);
			return new Response(String(process.cpuUsage().user / 1000));
		});`,
	hoard: `
		const kept: Uint8Array[] = [];
		Deno.serve(async () => {
			for (;;) {
				kept.push(new Uint8Array(8 * 1024 * 1024).fill(1));
				await new Promise((resolve) => setTimeout(resolve, 20));
			}
		});`,
	sleep: `Deno.serve(async () => { await new Promise((resolve) => setTimeout(resolve, 60_000)); return new Response('late'); });`,
	later: `
		let done = 0;
		Deno.serve(() => {
			const before = done;
			EdgeRuntime.waitUntil(new Promise((resolve) => setTimeout(resolve, 200)).then(() => { done += 1; }));
			return new Response(String(before));
		});`,
	broken: `throw new Error('no such luck');`,
	slow: `Deno.serve(async () => { await new Promise((resolve) => setTimeout(resolve, 150)); return new Response(String(Deno.pid)); });`,
};

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-functions-'));
/** Of whatever project this runs in: it says where `zod` is. */
const config = path.resolve('deno.json');
const reports: string[] = [];
let runner: FunctionRunner;
let server: http.Server;
let base: string;

const serve = (options: Partial<Parameters<typeof createFunctionRunner>[0]>) =>
	createFunctionRunner({
		functionsDir: dir,
		config,
		env: () => ({ A_SETTING: 'given' }),
		keepsChildren: true,
		readable: [dir, path.join(path.dirname(config), 'node_modules')],
		logDir: dir,
		cacheDir: path.join(dir, 'cache'),
		children: { slow: 2 },
		limits: { cpuMs: 600, memoryBytes: 200 * 1024 * 1024, wallMs: 5_000 },
		enforcement: 'fail',
		report: (line) => reports.push(line),
		...options,
	});

beforeAll(async () => {
	for (const [name, source] of Object.entries(FUNCTIONS)) {
		fs.mkdirSync(path.join(dir, name));
		fs.writeFileSync(path.join(dir, name, 'index.ts'), source);
	}
	runner = serve({});
	server = http.createServer((request, response) => {
		void runner.handle(request, response, request.url ?? '/');
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
	await runner.close();
	server.closeAllConnections();
	server.close();
	fs.rmSync(dir, { recursive: true, force: true });
});

const call = (name: string, init?: RequestInit) => fetch(`${base}/${name}`, init);

describe('the function runner', { timeout: 30_000 }, () => {
	test('passes request and answer through, with the environment it was given and no other', async () => {
		process.env['SOMETHING_ELSE'] = 'of the parent';
		const response = await call('hello/below?x=1', { method: 'POST', body: 'ping' });
		expect(await response.json()).toMatchObject({
			method: 'POST',
			path: '/hello/below',
			body: 'ping',
			setting: 'given',
			home: null,
			hasImport: 'function',
		});
	});

	test('serves a function that exports fetch', async () => {
		expect(await (await call('exported')).text()).toBe('from fetch');
	});

	test('answers 404 for what is no function', async () => {
		for (const name of ['nothing', '_shared', '..%2fhello']) {
			expect((await call(name)).status).toBe(404);
		}
	});

	test('answers 503 and names the function when it does not start', async () => {
		const response = await call('broken');
		expect(response.status).toBe(503);
		expect(await response.json()).toMatchObject({ code: 'BOOT_ERROR' });
		expect(reports.join()).toContain('no such luck');
	});

	test('fails a request that uses too much CPU with 546, and serves the next one', async () => {
		const first = await call('spin');
		expect(first.status).toBe(546);
		expect(first.headers.get('sb-error-code')).toBe('WORKER_LIMIT');
		expect(reports.join()).toMatch(/spin used \d+ ms of CPU/);
		expect((await call('spin')).status).toBe(546);
	});

	test('counts the CPU of the thread that runs the code, as the platform bills it', async () => {
		const response = await call('beside');
		expect(response.status).toBe(200);
		expect(Number(await response.text())).toBeGreaterThan(600);
	});

	test('fails a request that uses too much memory with 546', async () => {
		const response = await call('hoard');
		expect(response.status).toBe(546);
		expect(reports.join()).toMatch(/hoard used \d+ MB of memory/);
	});

	test('fails a request that takes too long with 546', async () => {
		const response = await call('sleep');
		expect(response.status).toBe(546);
		expect(await response.json()).toMatchObject({
			message: 'Function sleep used 5 s, allowed are 5',
		});
	});

	test('counts background work into the request: the next one waits for it', async () => {
		expect(await (await call('later')).text()).toBe('0');
		expect(await (await call('later')).text()).toBe('1');
	});

	test('runs as many children as allowed, each with one request at a time', async () => {
		const answers = await Promise.all([1, 2, 3, 4, 5].map(() => call('slow')));
		const pids = await Promise.all(answers.map((answer) => answer.text()));
		expect(new Set(pids).size).toBe(2);
	});

	test('starts anew after reload', async () => {
		const pidOf = async () => ((await (await call('hello')).json()) as { pid: number }).pid;
		const before = await pidOf();
		expect(await pidOf()).toBe(before);
		await runner.reload();
		expect(await pidOf()).not.toBe(before);
	});

	test('starts nothing more once it is closed, and leaves nothing that starts', async () => {
		const logDir = fs.mkdtempSync(path.join(dir, 'logs-'));
		const said: string[] = [];
		const processes = new Set<number>();
		const closing = serve({
			logDir,
			report: (line) => said.push(line),
			onProcess: (pid, isAlive) => void (isAlive ? processes.add(pid) : processes.delete(pid)),
		});
		const one = http.createServer((request, response) => {
			void closing.handle(request, response, request.url ?? '/');
		});
		await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
		const url = `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
		// One starts or works, the others wait for its place.
		const statuses = ['sleep', 'sleep', 'sleep', 'hello'].map(async (name) => {
			return (await fetch(`${url}/${name}`)).status;
		});
		while (processes.size < 2) await new Promise((resolve) => setTimeout(resolve, 5));
		await closing.close();
		expect(processes.size).toBe(0);
		fs.rmSync(logDir, { recursive: true });
		for (const status of await Promise.all(statuses)) expect([502, 503]).toContain(status);
		expect(said).toEqual([]);
		one.close();
	});

	test('only warns when told so', async () => {
		const lenient = serve({
			enforcement: 'warn',
			limits: { cpuMs: 2_000, memoryBytes: 1e9, wallMs: 60 },
		});
		const one = http.createServer((request, response) => {
			void lenient.handle(request, response, request.url ?? '/');
		});
		await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
		const response = await fetch(`http://127.0.0.1:${(one.address() as AddressInfo).port}/slow`);
		expect(response.status).toBe(200);
		expect(reports.join()).toContain('slow used 0 s');
		one.close();
		await lenient.close();
	});
});

test('reads CPU time past a command name with spaces and parentheses', () => {
	const stat = '12 (a b) c) S 1 1 1 0 -1 4194304 100 0 0 0 25 7 0 0 20 0 1 0 100';
	expect(cpuMsOf(stat)).toBe(320);
});

test('reads a process’s own memory', () => {
	expect(memoryBytesOf('VmHWM:\t9 kB\nRssAnon:\t   2048 kB\nRssFile:\t 5 kB\n')).toBe(
		2 * 1024 * 1024,
	);
});
