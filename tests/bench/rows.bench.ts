// How the copy of rows compares with `pg_dump --data-only | psql` on the same machine in the same minutes. Prints
// ratios only (below 1: we are faster), medians of interleaved runs: absolute figures of a shared machine mean little.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { openCluster } from '../../local/supabase/postgres/clusters.ts';
import { databasesDir } from '../../local/state-dir.ts';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { withContext } from '../integration/data-context.ts';

const ROUNDS = 3;
const LATENCY_MS = 15;

const STRUCTURE = `
create table narrow (id bigint primary key, a int, b int, filler char(40));
create table wide (id uuid primary key, doc jsonb, note text);
create table loose (a int, b text);
${Array.from({ length: 200 }, (_, nth) => `create table small_${nth} (id int primary key, v text)`).join(';')}`;

const ROWS = `
insert into narrow select i, i % 1000, i % 7, 'x' from generate_series(1, 400000) i;
insert into wide select md5(i::text)::uuid, jsonb_build_object('n', i, 'list', array[i, i + 1, i + 2]), repeat(md5(i::text), 10) from generate_series(1, 80000) i;
insert into loose select i % 500, md5(i::text) from generate_series(1, 200000) i;
${Array.from({ length: 200 }, (_, nth) => `insert into small_${nth} select i, 'v' || i from generate_series(1, 100) i`).join(';')};
analyze`;

const state = databasesDir();
const dir = path.join(state, `bench-${process.pid}`);
const [source, target] = await Promise.all(
	(['source', 'target'] as const).map((name) =>
		openCluster({ dir: path.join(dir, name), stateDir: state, age: 'current', durable: false }),
	),
);

interface Endpoints {
	readonly source: { readonly dbUrl: string };
	readonly target: { readonly dbUrl: string };
}

async function run(dbUrl: string, text: string): Promise<void> {
	const session = await connectUrl(dbUrl);
	await session.script(text);
	await session.close();
}

/** Seconds of the whole stage, as many slices as it takes. */
async function ours(endpoints: Endpoints): Promise<number> {
	const [stage] = createData().stages;
	const begun = performance.now();
	const jobId = randomBytes(4).toString('hex');
	let cursor: unknown = null;
	for (;;) {
		const result = await withContext({ ...endpoints, jobId, cursor }, async (context) =>
			stage?.run(context),
		);
		if (result?.state !== 'more') return (performance.now() - begun) / 1000;
		cursor = result.cursor;
	}
}

/** Seconds of pg_dump | psql. */
function dumped(endpoints: Endpoints, tables: string): Promise<number> {
	const begun = performance.now();
	const command = `set -o pipefail; pg_dump --data-only --table='${tables}' -d '${endpoints.source.dbUrl}' | psql -q -v ON_ERROR_STOP=1 -o /dev/null -d '${endpoints.target.dbUrl}'`;
	return new Promise((resolve, reject) => {
		spawn('bash', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'] }).once(
			'close',
			(code) =>
				code === 0
					? resolve((performance.now() - begun) / 1000)
					: reject(new Error(`pg_dump | psql ended with ${String(code)}`)),
		);
	});
}

function median(values: readonly number[]): number {
	return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** A connection on which every byte arrives LATENCY_MS later, each way. */
async function slow(dbUrl: string): Promise<{ dbUrl: string; close: () => void }> {
	const to = new URL(dbUrl);
	const { hostname, port } = to;
	const delayed = (from: net.Socket, into: net.Socket) => {
		from.on('data', (bytes) => setTimeout(() => into.write(bytes), LATENCY_MS));
		from.on('close', () => setTimeout(() => into.destroy(), LATENCY_MS));
		from.on('error', () => into.destroy());
	};
	const proxy = net.createServer((client) => {
		const server = net.connect(Number(port), hostname);
		delayed(client, server);
		delayed(server, client);
	});
	await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
	const address = proxy.address();
	to.port = String(typeof address === 'object' ? address?.port : 0);
	return { dbUrl: to.href, close: () => proxy.close() };
}

const truncate = `do $$ begin execute (select 'truncate ' || string_agg(oid::regclass::text, ', ') from pg_class
	where relkind = 'r' and relnamespace = 'public'::regnamespace); end $$`;

try {
	if (!source || !target) throw new Error('no clusters');
	const endpoints: Endpoints = {
		source: { dbUrl: source.dbUrl() },
		target: { dbUrl: target.dbUrl() },
	};
	await Promise.all([
		run(endpoints.source.dbUrl, STRUCTURE),
		run(endpoints.target.dbUrl, STRUCTURE),
	]);
	await run(endpoints.source.dbUrl, ROWS);

	const times = { dump: [] as number[], clone: [] as number[], again: [] as number[] };
	let cpu = 0;
	for (let round = 0; round < ROUNDS; round += 1) {
		const turns = [
			async () => times.dump.push(await dumped(endpoints, 'public.*')),
			async () => {
				const before = process.cpuUsage();
				times.clone.push(await ours(endpoints));
				const used = process.cpuUsage(before);
				cpu += (used.user + used.system) / 1e6;
				times.again.push(await ours(endpoints));
			},
		];
		for (const turn of round % 2 === 0 ? turns : turns.reverse()) {
			await run(endpoints.target.dbUrl, truncate);
			await turn();
		}
	}
	const dump = median(times.dump);
	const clone = median(times.clone);
	console.log(
		`clone of 203 tables, with ANALYZE    ${(clone / dump).toFixed(2)} of pg_dump | psql`,
	);
	console.log(
		`clone again, nothing changed         ${(median(times.again) / clone).toFixed(2)} of the clone`,
	);
	console.log(
		`our processor time                   ${(cpu / ROUNDS / clone).toFixed(2)} of the clone's time`,
	);

	const slowSource = await slow(endpoints.source.dbUrl);
	const slowTarget = await slow(endpoints.target.dbUrl);
	const far: Endpoints = { source: slowSource, target: slowTarget };
	for (const table of ['narrow', 'wide', 'loose'])
		await run(endpoints.source.dbUrl, `truncate ${table}`);
	await run(endpoints.target.dbUrl, truncate);
	const farDump = await dumped(far, 'public.small_*');
	await run(endpoints.target.dbUrl, truncate);
	const farClone = await ours(far);
	console.log(
		`200 small tables, ${2 * LATENCY_MS} ms round trip    ${(farClone / farDump).toFixed(2)} of pg_dump | psql`,
	);
	slowSource.close();
	slowTarget.close();
} finally {
	await Promise.all([source?.stop(true), target?.stop(true)]);
	fs.rmSync(dir, { recursive: true, force: true });
}
