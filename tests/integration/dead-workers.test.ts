// What a worker that dies costs, what a back-off costs beyond what it asked for, and whether cron alone brings a clone to its end: with
// the database's own cron, pg_net and a process for each call, as `npm run test:faults -- --kills 20` measures it. The suite has
// the rules of it, without the clock, in engine.test.ts and 90-upkeep.sql.
import { type ChildProcess, fork } from 'node:child_process';
import * as http from 'node:http';
import * as path from 'node:path';
import { expect, it } from 'vitest';
import { startPgNet } from '../../local/supabase/pg-net.ts';
import { atEnd } from '../helpers/at-end.ts';
import { cronPair, freshPair } from '../helpers/clusters.ts';
import { prepareControl } from '../helpers/control.ts';
import { only } from '../helpers/engine.ts';
import { runOn } from '../helpers/run-sql.ts';

const KILLS = Number(process.env['TWINS_FAULTS_KILLS'] ?? 0);
const BACK_OFFS = [1, 3, 8, 35, 2, 33];

const SCHEMA = `
create table public.large (id bigint primary key, v text);
insert into public.large select g, repeat(md5(g::text), 4) from generate_series(1, 150000) g;
do $$ begin
  for i in 1..12 loop
    execute format('create table public.t%s (id int primary key, v text); create index on public.t%1$s (lower(v));
      create view public.v%1$s as select * from public.t%1$s; alter table public.t%1$s enable row level security;
      create policy p on public.t%1$s using (id > 0); insert into public.t%1$s select g, g::text from generate_series(1, 3000) g;
      create function public.f%1$s() returns int language sql return %1$s', i);
  end loop;
end $$;
`;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const at = (values: readonly number[], share: number): number =>
	values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? NaN;

it.skipIf(KILLS === 0)(
	`${KILLS} killed workers cost 15 seconds at most, a back-off 2 more than it asked for`,
	{ timeout: 400_000 + KILLS * 40_000 },
	async () => {
		const pair = await freshPair();
		await runOn(pair.source.dbUrl, SCHEMA);
		const { source: cluster } = await cronPair();
		const twins = await prepareControl(cluster.dbUrl);

		/** What is being worked on, by process; undefined where it is ready to be called. */
		const children = new Map<ChildProcess, { step?: number; lease?: string } | undefined>();
		let isOver = false;
		const warmUp = (): void => {
			const task = {
				control: cluster.dbUrl,
				source: pair.source.dbUrl,
				target: pair.target.dbUrl,
				backOffs: BACK_OFFS,
			};
			const file = path.join(import.meta.dirname, 'invocation-worker.ts');
			const child = fork(file, [JSON.stringify(task)], {
				execArgv: ['--no-warnings'],
				stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
			});
			child.on('message', (said: 'ready' | { step: number; lease: string }) =>
				children.set(child, said === 'ready' ? undefined : said),
			);
			child.once('exit', () => {
				children.delete(child);
				if (!isOver) warmUp();
			});
		};
		// So many at once.
		for (let nth = 0; nth < 5; nth += 1) warmUp();
		const call = (): void => {
			const [ready] = [...children].find(([, work]) => work === undefined) ?? [];
			if (!ready) return;
			children.set(ready, {});
			ready.send('go');
		};
		const server = http.createServer((_, response) => {
			call();
			response.writeHead(202).end('{}');
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const address = server.address();
		if (address === null || typeof address === 'string') throw new Error('no port');
		await twins.sql`select vault.create_secret(${`http://127.0.0.1:${address.port}/`}, 'twins_worker_url')`;
		await twins.sql`select vault.create_secret('s', 'twins_worker_secret')`;
		const net = await startPgNet(cluster.adminUrl);
		atEnd(async () => {
			isOver = true;
			server.close();
			for (const child of children.keys()) child.kill('SIGKILL');
			await net.close();
		});
		// A control database is not a minute old for long.
		await expect
			.poll(
				() => twins.sql`
				select from cron.job_run_details join cron.job using (jobid)
				where jobname = 'twins-keep-moving' and job_run_details.status = 'running'`,
				{ timeout: 90_000 },
			)
			.toHaveLength(1);

		const isFinal = async (id: string): Promise<boolean> => {
			const [job] = await twins.sql`select finished_at from public.jobs where id = ${id}`;
			return job?.['finished_at'] !== null;
		};
		const options = {
			...only('tables', 'data', 'functions', 'views', 'policies'),
			confirm_target: twins.targetRef,
		};
		const clean = `do $$ declare s text; begin
			for s in select format('drop table if exists public.%I cascade', relname) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
			loop execute s; end loop; end $$; drop schema if exists _twins cascade`;

		// Back-offs, of which those beyond half a minute are cron's to look for.
		const limited = await twins.startClone({
			...only('edge_functions'),
			confirm_target: twins.targetRef,
		});
		await expect.poll(() => isFinal(limited), { timeout: 240_000 }).toBe(true);
		const waits = await twins.sql<{ asked: number; late: number }[]>`
			select (row_number() over (order by slice.id))::int as asked,
				extract(epoch from lead(slice.started_at) over (order by slice.id) - slice.finished_at)::float8 as late
			from public.job_slices as slice where slice.job_id = ${limited} and slice.stage = 'functions'`;
		const late = waits
			.slice(0, BACK_OFFS.length)
			.map((wait, nth) => wait.late - (BACK_OFFS[nth] ?? 0));
		console.log(JSON.stringify({ back_offs_late_by: late }));

		// Kills, each of one worker that is at work.
		const lost: number[] = [];
		let job = '';
		while (lost.length < KILLS) {
			if (job === '' || (await isFinal(job))) {
				await runOn(pair.target.dbUrl, clean);
				job = await twins.startClone(options);
			}
			await pause(300 + Math.random() * 2500);
			const running = await twins.sql<{ id: string; lease: string }[]>`
				select id::text, lease::text from private.steps where status = 'running'`;
			const victims = [...children].filter(([, work]) =>
				running.some((step) => step.lease === work?.lease),
			);
			const [child, { lease = '', step = 0 } = {}] =
				victims[Math.floor(Math.random() * victims.length)] ?? [];
			if (!child) continue;
			child.kill('SIGKILL');
			const begun = performance.now();
			const isTaken = async (): Promise<boolean> => {
				const [found] = await twins.sql`
					select status, lease::text from private.steps where id = ${step}`;
				return found?.['lease'] !== lease && found?.['status'] !== 'queued';
			};
			const wasHeld = !(await isTaken());
			while (!(await isTaken())) await pause(100);
			if (wasHeld) lost.push((performance.now() - begun) / 1000);
		}
		console.log(
			JSON.stringify({
				kills: lost.length,
				seconds_lost: { median: at(lost, 0.5), p95: at(lost, 0.95), most: Math.max(...lost) },
			}),
		);
		await expect.poll(() => isFinal(job), { timeout: 200_000 }).toBe(true);

		// Requests that no cron job makes are lost.
		await runOn(
			cluster.adminUrl,
			`create function net.lose() returns trigger language plpgsql as $$ begin
				return case when current_query() like '%private.rescue%' then new end; end $$;
			create trigger lose before insert on net.http_request_queue for each row execute function net.lose()`,
		);
		await runOn(pair.target.dbUrl, clean);
		const begun = performance.now();
		const alone = await twins.startClone(options);
		await expect.poll(() => isFinal(alone), { timeout: 240_000, interval: 200 }).toBe(true);
		const byCron = (performance.now() - begun) / 1000;

		console.log(JSON.stringify({ clone_by_cron_alone: byCron }));
		const [ended] = await twins.sql`select status, error from public.jobs where id = ${alone}`;
		expect(ended).toMatchObject({ status: 'completed', error: null });
		expect(at(lost, 0.95)).toBeLessThanOrEqual(15);
		expect(Math.max(...late)).toBeLessThanOrEqual(2);
		expect(byCron).toBeLessThan(120);
	},
);
