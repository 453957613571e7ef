// Everything that may break is broken at random while clones run one after the other: workers are killed, databases fall as
// after a power cut, connections end, fall silent, get slow or run out, and an application goes on writing the source. Then
// it is quiet, and one more clone has to make both equal. Judged by pg_dump and by sums of rows of its own; a seed repeats
// the choice of faults. `npm run test:faults -- --faults 500` is the long form.
import { type ChildProcess, spawn } from 'node:child_process';
import * as path from 'node:path';
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { expect, it } from 'vitest';
import { openCluster, type Cluster } from '../../local/supabase/postgres/clusters.ts';
import { openTestRun } from '../../local/supabase/test-runs.ts';
import { freePort } from '../../local/supabase/ports.ts';
import { databasesDir } from '../../local/state-dir.ts';
import { atEnd } from '../helpers/at-end.ts';
import { prepareControl } from '../helpers/control.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { only } from '../helpers/engine.ts';
import { openFaultProxy, type FaultProxy } from '../helpers/fault-proxy.ts';
import { rowSums } from '../helpers/row-sums.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const FAULTS = Number(process.env['TWINS_FAULTS'] ?? 14);
const SEED = Number(process.env['TWINS_FAULTS_SEED'] ?? 20261129);
const WORKERS = 2;

const SCHEMA = `
create type public.mood as enum ('sad', 'glad');
create table public.people (id bigint primary key, name text not null, mood public.mood default 'glad', n int default 0);
create table public.orders (id bigint primary key generated always as identity, person bigint references public.people on delete cascade,
  total numeric check (total >= 0), at timestamptz default now());
create index on public.orders (person); create index on public.people (lower(name));
create table public.parts (id int, v text, primary key (id)) partition by range (id);
create table public.parts_1 partition of public.parts for values from (0) to (1000);
create table public.parts_2 partition of public.parts for values from (1000) to (100000);
create table public.loose (a int, b text);
create view public.totals as select person, sum(total) as total from public.orders group by person;
create materialized view public.counted as select count(*) as n from public.parts;
create function public.touch() returns trigger language plpgsql as 'begin new.n := coalesce(new.n, 0); return new; end';
create trigger touch before insert or update on public.people for each row execute function public.touch();
alter table public.people enable row level security;
create policy readers on public.people for select using (n >= 0);
insert into public.people select g, 'person ' || g from generate_series(1, 4000) g;
insert into public.orders (person, total) select 1 + g % 4000, g from generate_series(1, 12000) g;
insert into public.parts select g, repeat('x', 50) from generate_series(1, 6000) g;
insert into public.loose select g % 50, md5(g::text) from generate_series(1, 4000) g;
`;

/** What an application does all the time. */
const WRITES = [
	`insert into public.orders (person, total) select 1 + (random() * 3999)::int, 5 from generate_series(1, 5)`,
	`update public.people set n = n + 1 where id in (select (random() * 4000)::int from generate_series(1, 20))`,
	`delete from public.orders where id in (select id from public.orders order by random() limit 3)`,
	`insert into public.loose select 99, md5(random()::text) from generate_series(1, 3)`,
	`update public.parts set v = md5(random()::text) where id % 400 = 7`,
];

type Place = 'control' | 'source' | 'target';

/** A database that falls and comes back, behind a connection that may fail. */
async function openPlace(dir: string, place: Place) {
	const port = await freePort();
	const options = {
		dir: path.join(dir, place),
		stateDir: databasesDir(),
		age: 'current' as const,
		// What was committed must outlast a fall.
		durable: true,
		port,
	};
	let cluster: Cluster = await openCluster(options);
	atEnd(() => cluster.stop(true));
	const proxy = await openFaultProxy(port);
	atEnd(() => proxy.close());
	const through = new URL(cluster.dbUrl());
	through.port = String(proxy.port);
	return {
		proxy,
		dbUrl: cluster.dbUrl(),
		adminUrl: cluster.adminUrl(),
		through: through.href,
		/** As `pg_ctl -m immediate restart`. */
		async fall() {
			await cluster.stop(true);
			cluster = await openCluster(options);
		},
	};
}

function seeded(seed: number) {
	let state = seed;
	return (below: number): number => {
		state = (state * 1103515245 + 12345) % 2147483648;
		return Math.floor((state / 2147483648) * below);
	};
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it(
	`${FAULTS} faults from seed ${SEED}: no row lost or doubled, no job stuck`,
	{ timeout: 280_000 + FAULTS * 8000 },
	async () => {
		const run = await openTestRun(
			databasesDir(),
			`faults-${randomBytes(3).toString('hex')}`,
			process.ppid,
		);
		atEnd(() => run.remove());
		const [control, source, target] = await Promise.all(
			(['control', 'source', 'target'] as const).map((place) => openPlace(run.dir, place)),
		);
		if (!control || !source || !target) throw new Error('no databases');
		await runOn(source.dbUrl, SCHEMA);
		const twins = await prepareControl(control.dbUrl);
		const start = performance.now();

		// Workers come back as often as they die, as calls of the database make them.
		let isOver = false;
		const workers: (ChildProcess | undefined)[] = [];
		const task = JSON.stringify({
			control: control.through,
			source: source.through,
			target: target.through,
		});
		const keepWorking = (nth: number): void => {
			if (isOver) return;
			const file = path.join(import.meta.dirname, 'fault-worker.ts');
			const child = spawn(process.execPath, ['--no-warnings', file, task], { stdio: 'ignore' });
			workers[nth] = child;
			child.once('exit', () => setTimeout(() => keepWorking(nth), 200));
		};
		for (let nth = 0; nth < WORKERS; nth += 1) keepWorking(nth);
		atEnd(() => {
			isOver = true;
			for (const child of workers) child?.kill('SIGKILL');
		});
		// What cron does.
		const looking = setInterval(() => {
			twins.sql`select private.rescue('6 seconds')`.catch(() => undefined);
		}, 2000);
		atEnd(() => clearInterval(looking));

		let isWriting = true;
		let writes = 0;
		const writing = (async () => {
			const sql = postgres(source.dbUrl, { max: 1, onnotice: () => undefined });
			for (let nth = 0; isWriting; nth += 1) {
				await sql.unsafe(WRITES[nth % WRITES.length] ?? '').then(
					() => (writes += 1),
					() => undefined,
				);
				await pause(40);
			}
			await sql.end({ timeout: 1 });
		})();

		const random = seeded(SEED);
		const one = <T>(list: readonly T[]): T => list[random(list.length)] as T;
		const places = { control, source, target };
		const somewhere = () => places[one(['control', 'source', 'target'] as const)];
		const slow = async (proxy: FaultProxy) => {
			proxy.delay(30);
			await pause(1500);
			proxy.delay(0);
		};
		/** Takes every connection that is left, and keeps them. */
		const exhaust = async ({ dbUrl }: { readonly dbUrl: string }) => {
			const held: postgres.Sql[] = [];
			for (;;) {
				const sql = postgres(dbUrl, { max: 1, onnotice: () => undefined, connect_timeout: 5 });
				const isRefused = await sql`select 1`.then(
					() => false,
					() => true,
				);
				held.push(sql);
				if (isRefused || held.length > 200) break;
			}
			await pause(1500);
			await Promise.all(held.map((sql) => sql.end({ timeout: 0 })));
		};
		const kinds: Readonly<Record<string, () => unknown>> = {
			'a worker killed': () => one(workers)?.kill('SIGKILL'),
			'all workers killed': () => workers.forEach((child) => child?.kill('SIGKILL')),
			'connections cut': () => somewhere().proxy.cut(),
			'connections silent': () => somewhere().proxy.silence(1500),
			'connections slow': () => slow(somewhere().proxy),
			'a database fell': () => somewhere().fall(),
			'out of connections': () => exhaust(one([source, target])),
		};
		// The likely ones more often.
		const chances = Object.keys(kinds).flatMap((kind) =>
			/killed|cut/.test(kind) ? [kind, kind] : [kind],
		);

		const jobs: string[] = [];
		const components = only('tables', 'data', 'functions', 'views', 'triggers', 'policies');
		const asked = { ...components, remove_extra: true, confirm_target: twins.targetRef };
		const state = async () => {
			const [job] =
				await twins.sql`select status, error from public.jobs where id = ${jobs.at(-1) ?? ''}`;
			return job;
		};
		const isFinal = (status: unknown) =>
			['completed', 'failed', 'canceled'].includes(String(status));
		const keepCloning = async (): Promise<void> => {
			if (jobs.length === 0 || isFinal((await state())?.['status']))
				jobs.push(await twins.startClone(asked));
		};
		const done: Record<string, number> = {};
		for (let nth = 0; nth < FAULTS; nth += 1) {
			await keepCloning().catch(() => undefined);
			await pause(200 + random(1200));
			const kind = one(chances);
			await kinds[kind]?.();
			done[kind] = (done[kind] ?? 0) + 1;
		}
		isWriting = false;
		await writing;

		// Quiet now: what runs comes to its end, and one more clone brings what is lacking.
		const final = async (): Promise<number> => {
			const begun = performance.now();
			await expect
				.poll(async () => isFinal((await state().catch(() => undefined))?.['status']), {
					timeout: 200_000,
					interval: 200,
				})
				.toBe(true);
			return (performance.now() - begun) / 1000;
		};
		const settling = jobs.length === 0 ? 0 : await final();
		jobs.push(await twins.startClone(asked));
		const last = await final();
		const items = await twins.sql`
		select component, object, detail from public.job_items where job_id = ${jobs.at(-1) ?? ''} and outcome = 'failed'`;
		expect([...items]).toEqual([]);
		expect(await state()).toMatchObject({ status: 'completed', error: null });
		const dump = (url: string) => dumpedStatements(url, ['--schema=public']);
		expect(dump(target.dbUrl)).toEqual(dump(source.dbUrl));
		expect(await rowSums(target)).toEqual(await rowSums(source));
		expect(await rowsOf(target.dbUrl, `select from pg_namespace where nspname = '_twins'`)).toEqual(
			[],
		);
		const counted =
			await twins.sql`select status, count(*)::int as jobs from public.jobs group by 1 order by 1`;
		console.log(
			JSON.stringify({
				seed: SEED,
				faults: done,
				jobs: Object.fromEntries(counted.map(({ status, jobs }) => [status, jobs])),
				writes,
				seconds: Math.round((performance.now() - start) / 1000),
				until_quiet: Math.round(settling),
				last_clone: Math.round(last),
			}),
		);
	},
);
