// What one control database carries: users with clones that run, and pages that watch them. The database's own queue, pg_net, Auth,
// REST and Realtime of the local stack, and the product's own invocations of workers, through a pooler of transactions; only
// what a component does is simulated: it waits, and reports objects.
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { hash } from 'bcryptjs';
import postgres from 'postgres';
import { openStack } from '../../local/demo/stack.ts';
import { databasesDir } from '../../local/state-dir.ts';
import { openTestRun } from '../../local/supabase/test-runs.ts';
import { components as realComponents } from '../../supabase/functions/_shared/components/index.ts';
import type { Component } from '../../supabase/functions/_shared/contract/component.ts';
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import { makePreview } from '../../supabase/functions/_shared/domain/preview.ts';
import { runInvocation } from '../../supabase/functions/_shared/engine/worker.ts';
import { openControl } from '../../supabase/functions/_shared/platform/control.ts';
import { openTransactionPooler } from '../helpers/transaction-pooler.ts';
import { line } from './figures.ts';
import type { PagesReport, PagesTask } from './load-pages.ts';

const { values } = parseArgs({
	options: {
		users: { type: 'string', default: '200' },
		jobs: { type: 'string', default: '100' },
		pages: { type: 'string', default: '1000' },
		seconds: { type: 'string', default: '60' },
		/** Mean length of a slice, seconds. */
		slice: { type: 'string', default: '3' },
		connections: { type: 'string', default: '20' },
	},
});
const [users, jobs, pages, seconds, slice, connections] = [
	...[values.users, values.jobs, values.pages, values.seconds, values.slice, values.connections],
].map(Number) as [number, number, number, number, number, number];
const OBJECTS_OF_STAGE = 40;
const RAMP_SECONDS = 15;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const at = (sorted: readonly number[], share: number): number =>
	sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
const letters = (text: string): string =>
	[...text].map((digit) => String.fromCharCode(97 + Number(digit))).join('');

const run = await openTestRun(databasesDir(), 'bench');
const stack = await openStack({
	home: run.dir,
	databases: run.dir,
	templates: databasesDir(),
	reset: false,
	web: 'none',
	durable: true,
	report: () => undefined,
});
const { url, publishable_key: key, secret_key: secretKey, db_url: dbUrl } = stack.file.control;
const sql = postgres(dbUrl, { max: 4, onnotice: () => undefined });
const pooler = await openTransactionPooler(dbUrl, connections);

/** Between half and one and a half of what a slice takes. */
const work = () => pause(slice * 1000 * (0.5 + Math.random()));

const components: readonly Component[] = realComponents.map(({ key: name, stages, cleanUp }) => ({
	key: name,
	stages: stages.map((stage) => ({
		...stage,
		run: async ({ report }) => {
			await work();
			report(
				...Array.from({ length: OBJECTS_OF_STAGE }, (_, nth) => ({
					object: `schema_of_the_user.${stage.name}_object_${nth}`,
					outcome: 'copied' as const,
				})),
			);
			return { state: 'done' as const };
		},
	})),
	preview: () => Promise.resolve(makePreview({ counts: [], objects: [], warnings: [] })),
	verify: () => Promise.resolve([]),
	...(cleanUp ? { cleanUp: work } : {}),
}));

const endpoint = (role: EndpointRole) => {
	const nothing = () => Promise.resolve([]);
	const session = {
		serverVersion: 170_000,
		answered: 0,
		query: nothing,
		reset: nothing,
		close: nothing,
	};
	return Promise.resolve({
		...{ role, ref: role, url: '', services: ['management_api'] },
		api: { get: () => Promise.resolve({ name: role, status: 'ACTIVE_HEALTHY' }) },
		...{ database: () => Promise.resolve(session), connect: () => Promise.resolve(session) },
		...{ keys: () => Promise.resolve([]), answered: () => 0, close: () => Promise.resolve() },
	} as never);
};

/** Milliseconds of calls of the control database, with what they waited for a connection of the pooler. */
let calls: Record<string, number[]> = {};
const invocations = { now: 0, most: 0, all: 0, failed: 0 };
async function invoke(): Promise<void> {
	invocations.now += 1;
	invocations.all += 1;
	invocations.most = Math.max(invocations.most, invocations.now);
	const control = openControl({ controlDbUrl: pooler.url });
	const timed = {
		get answered() {
			return control.answered;
		},
		query: async <R extends object>(text: string, params?: readonly never[]) => {
			const asked = performance.now();
			const rows = await control.query<R>(text, params);
			const name = /private\.(claim_step|finish_slice|heartbeat)/.exec(text)?.[1];
			if (name) (calls[name] ??= []).push(performance.now() - asked);
			return rows;
		},
	};
	try {
		await runInvocation({ control: timed as typeof control, components, openEndpoint: endpoint });
	} catch {
		invocations.failed += 1;
	} finally {
		await control.close();
		invocations.now -= 1;
	}
}

/** Where the database calls workers from now on. */
const workers = createServer((request, response) => {
	request.resume();
	response.writeHead(202).end();
	void invoke();
});
await new Promise<void>((resolve) => workers.listen(0, '127.0.0.1', resolve));
await sql`select vault.update_secret(id, ${`http://127.0.0.1:${(workers.address() as AddressInfo).port}/`})
	from vault.secrets where name = 'twins_worker_url'`;

interface User {
	readonly token: string;
	readonly given: Readonly<Record<string, string>>;
}

async function signUp(nth: number): Promise<User> {
	const email = `load-${nth}@example.com`;
	const headers = { apikey: secretKey, 'content-type': 'application/json' };
	const made = await fetch(`${url}/auth/v1/admin/users`, {
		method: 'POST',
		headers: { ...headers, authorization: `Bearer ${secretKey}` },
		body: JSON.stringify({ email, password_hash: passwordHash, email_confirm: true }),
	});
	const { id } = (await made.json()) as { id: string };
	const signedIn = await fetch(`${url}/auth/v1/token?grant_type=password`, {
		method: 'POST',
		headers: { ...headers, apikey: key },
		body: JSON.stringify({ email, password: 'load' }),
	});
	const { access_token: token } = (await signedIn.json()) as { access_token: string };
	const account = crypto.randomUUID();
	const refs = ['1', '2'].map((end) => letters(`${end}${String(nth).padStart(19, '0')}`));
	await sql`select private.save_account(${id}, ${account}, 'Load', 'pat', 'k', ${btoa('x'.repeat(12))}, ${btoa('x')})`;
	await sql`select private.store_projects(${account}, ${sql.json(refs.map((ref) => ({ ref, name: ref })))})`;
	const [source_ref = '', target_ref = ''] = refs;
	return {
		token,
		given: { source_account_id: account, source_ref, target_account_id: account, target_ref },
	};
}
// Cheap on purpose: signing in is not what is measured.
const passwordHash = await hash('load', 4);
const all: User[] = [];
for (let nth = 0; nth < users; nth += 1) all.push(await signUp(nth));

const child = fork(path.join(import.meta.dirname, 'load-pages.ts'), [], {
	execArgv: ['--no-warnings'],
});
const hear = <T>() =>
	new Promise<T>((resolve) => child.once('message', (said) => resolve(said as T)));
await hear();
const task: PagesTask = {
	...{ url, key, pagesOfUser: Math.round(pages / users) },
	tokens: all.map(({ token }) => token),
};
child.send(task);
const reportOfPages = (): Promise<PagesReport> => {
	const answer = hear<PagesReport>();
	child.send('report');
	return answer;
};

/** Keeps so many clones running, of all users in turn. */
let isOver = false;
const refused: string[] = [];
async function keepRunning(): Promise<void> {
	let next = 0;
	while (!isOver) {
		const [row] = await sql<{ open: number }[]>`
			select count(*)::int as open from public.jobs where status in ('pending', 'in_progress')`;
		const wanted = Math.min(10, jobs - (row?.open ?? 0));
		await Promise.all(
			Array.from({ length: Math.max(0, wanted) }, async () => {
				const user = next % all.length;
				next += 1;
				const { token, given } = all[user] ?? { token: '', given: {} };
				const response = await fetch(`${url}/rest/v1/rpc/start_clone`, {
					method: 'POST',
					headers: {
						...{ apikey: key, authorization: `Bearer ${token}` },
						'content-type': 'application/json',
					},
					body: JSON.stringify({ ...given, without_preview: true }),
				});
				const answer = (await response.json()) as { id: string; message?: string };
				if (response.ok) child.send({ user, jobId: answer.id });
				else refused.push(String(answer.message));
			}),
		);
		await pause(100);
	}
}

const sizes = () => sql<{ name: string; bytes: number; rows: number }[]>`
	select c.oid::regclass::text as name, pg_total_relation_size(c.oid)::float8 as bytes,
		coalesce((xpath('/row/n/text()', query_to_xml('select count(*) as n from ' || c.oid::regclass, false, true, '')))[1]::text, '0')::int as rows
	from pg_class as c where c.relkind = 'r' and c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)`;

const before = await sizes();
const keeping = keepRunning();
await pause(RAMP_SECONDS * 1000);
await reportOfPages();
calls = {};
const cpuBefore = os.cpus().map(({ times }) => times);
const [{ begun } = { begun: new Date() }] = await sql<
	{ begun: Date }[]
>`select clock_timestamp() as begun`;
const most = { all: 0, active: 0 };
const until = performance.now() + seconds * 1000;
const lag: number[] = [];
while (performance.now() < until) {
	const [row] = await sql<{ all: number; active: number }[]>`
		select count(*)::int as all, count(*) filter (where state = 'active')::int as active
		from pg_stat_activity where backend_type = 'client backend'`;
	most.all = Math.max(most.all, row?.all ?? 0);
	most.active = Math.max(most.active, row?.active ?? 0);
	const asked = performance.now();
	await pause(250);
	lag.push(performance.now() - asked - 250);
}
const [{ ended } = { ended: new Date() }] = await sql<
	{ ended: Date }[]
>`select clock_timestamp() as ended`;
const onPages = await reportOfPages();
const cpu = os.cpus().map(({ times }, nth) => {
	const passed = (name: keyof typeof times) => times[name] - (cpuBefore[nth]?.[name] ?? 0);
	const busy = passed('user') + passed('sys') + passed('nice');
	return busy / (busy + passed('idle'));
});
isOver = true;
await keeping;

const took = (ended.getTime() - begun.getTime()) / 1000;
const [counted] = await sql<Record<string, number>[]>`
	select (select count(*)::int from public.job_slices where started_at between ${begun} and ${ended}) as claims,
		(select count(*)::int from public.job_slices where outcome = 'lost') as lost,
		(select count(*)::int from public.jobs where finished_at between ${begun} and ${ended} and status = 'completed') as completed,
		(select count(*)::int from public.jobs where status = 'failed') as failed,
		(select count(*)::int from realtime.messages where inserted_at between ${begun}::timestamp and ${ended}::timestamp) as messages`;
const wakes = (
	await sql<{ ms: number }[]>`
		select extract(epoch from started_at - created_at)::float8 * 1000 as ms from private.steps
		where kind = 'prepare' and started_at is not null and created_at between ${begun} and ${ended} order by 1`
).map(({ ms }) => ms);
const reads = onPages.reads.toSorted((a, b) => a - b);

const row = (what: string, value: string | number) => console.log(line([what, String(value)]));
row(`users / running clones / open pages`, `${users} / ${jobs} / ${onPages.pages}`);
row(
	'pages that listened at the end (failed joins)',
	`${onPages.listening} (${onPages.failedJoins})`,
);
row('claims a second', ((counted?.['claims'] ?? 0) / took).toFixed(1));
row(
	'clones completed a minute (failed, slices lost)',
	`${(((counted?.['completed'] ?? 0) / took) * 60).toFixed(0)} (${counted?.['failed']}, ${counted?.['lost']})`,
);
row(
	'from start_clone to the first step, p50 / p95 / max',
	`${[0.5, 0.95, 1].map((share) => Math.round(at(wakes, share))).join(' / ')} ms of ${wakes.length}`,
);
for (const [name, took] of Object.entries(calls)) {
	const sorted = took.toSorted((a, b) => a - b);
	row(
		`${name}, p50 / p95`,
		`${[0.5, 0.95].map((share) => Math.round(at(sorted, share))).join(' / ')} ms of ${sorted.length}`,
	);
}
row(
	'invocations at once, at most (in all, failed)',
	`${invocations.most} (${invocations.all}, ${invocations.failed})`,
);
row(
	'connections to the database, at most (active)',
	`${most.all} (${most.active}), ${connections} of them of the pooler`,
);
row(
	'broadcasts sent / received a second',
	`${((counted?.['messages'] ?? 0) / took).toFixed(0)} / ${(onPages.events / took).toFixed(0)}`,
);
row(
	'what a page reads when it opens, p50 / p95',
	`${[0.5, 0.95].map((share) => Math.round(at(reads, share))).join(' / ')} ms of ${reads.length}`,
);
row('CPU of the machine', cpu.map((share) => `${Math.round(share * 100)} %`).join(', '));
row(
	'this process late by, p95',
	`${Math.round(
		at(
			lag.toSorted((a, b) => a - b),
			0.95,
		),
	)} ms`,
);
const [failed] = await sql<
	{ error: unknown }[]
>`select error from public.jobs where status = 'failed' limit 1`;
if (failed) row('one that failed', JSON.stringify(failed.error));
if (refused.length > 0) row('starts refused', `${refused.length}: ${refused[0]}`);

console.log(`\n${line(['table', 'rows', 'bytes a row, with indexes'])}`);
const grown = (await sizes())
	.map((after) => {
		const was = before.find(({ name }) => name === after.name);
		return {
			name: after.name,
			rows: after.rows - (was?.rows ?? 0),
			bytes: after.bytes - (was?.bytes ?? 0),
		};
	})
	.filter(({ bytes }) => bytes > 100_000)
	.toSorted((a, b) => b.bytes - a.bytes);
for (const { name, rows, bytes } of grown) {
	console.log(line([name, String(rows), Math.round(bytes / rows).toString()]));
}

child.disconnect();
workers.close();
pooler.close();
await sql.end({ timeout: 1 });
await stack.stop();
run.remove();
process.exit();
