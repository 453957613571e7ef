// Stages of one job that run at the same time, in workers of their own, while the schema of the source is changed:
// each reads both endpoints and changes the target, and none may take away or overlook what another makes. Judged by
// pg_dump.
import postgres from 'postgres';
import { expect, it } from 'vitest';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { only, openTestEngine } from '../helpers/engine.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { runOn } from '../helpers/run-sql.ts';

const components = [tables, functions, views, triggers, policies];

const QUIET = `
create schema quiet;
create function quiet.touch() returns trigger language plpgsql as 'begin return new; end';
create function quiet.half(int) returns int language sql immutable return $1 / 2;
do $$ begin
  for i in 1..20 loop
    execute format('create table quiet.t%s (id int primary key, v text unique check (v <> ''x''), h int generated always as (quiet.half(id)) stored)', i);
    if i > 1 then execute format('alter table quiet.t%s add foreign key (id) references quiet.t%s', i, i - 1); end if;
    execute format('create index on quiet.t%s (lower(v))', i);
    execute format('create statistics quiet.s%1$s on id, v from quiet.t%1$s', i);
    execute format('create view quiet.v%1$s as select id, quiet.half(h) from quiet.t%1$s', i);
    execute format('create function quiet.f%1$s() returns setof quiet.v%1$s language sql begin atomic select * from quiet.v%1$s; end', i);
    execute format('create trigger touch before update on quiet.t%s for each row execute function quiet.touch()', i);
    execute format('alter table quiet.t%s enable row level security', i);
    execute format('create policy p on quiet.t%1$s using (exists (select from quiet.f%1$s()))', i);
  end loop;
end $$;
create schema noise; create table noise.stay (id int primary key, v text)`;

const NOISE = [
	'create table noise.w (id int primary key, v text unique); create index on noise.w (lower(v))',
	'create view noise.x as select * from noise.w; create policy p on noise.stay using (true)',
	'drop table noise.w cascade; drop policy p on noise.stay',
];

it('lose nothing', async () => {
	const engine = await openTestEngine();
	const { source, target } = engine.endpoints;
	await runOn(source.dbUrl, QUIET);
	const noise = postgres(source.dbUrl, { max: 1, onnotice: () => undefined });
	let isOver = false;
	const changing = (async () => {
		while (!isOver) {
			for (const change of NOISE) await noise.unsafe(change);
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	})();
	const id = await engine.control.startClone(only(...components.map(({ key }) => key)));
	const slices: (readonly [start: number, end: number])[] = [];
	const worker = async (): Promise<void> => {
		const session = await connectUrl(engine.control.dbUrl);
		for (;;) {
			const { job } = await engine.jobOf(id);
			if (job?.['finished_at'] != null) break;
			await engine.control.sql`update private.steps set run_after = now() where run_after > now()`;
			const start = performance.now();
			if (await engine.workOnce(components, session)) slices.push([start, performance.now()]);
			else await new Promise((resolve) => setTimeout(resolve, 100));
		}
		await session.close();
	};
	await Promise.all([worker(), worker(), worker()]);
	isOver = true;
	await changing;
	await noise.end();

	const failed = await engine.control.sql`
		select component, object, detail from public.job_items
		where job_id = ${id} and outcome = 'failed' and object !~ 'noise'`;
	expect([...failed]).toEqual([]);
	const overlapping = slices.some(([start], at) =>
		slices.some(([from, to], other) => at !== other && from < start && start < to),
	);
	expect(overlapping).toBe(true);
	const quiet = ['--schema=quiet'];
	expect(dumpedStatements(target.dbUrl, quiet)).toEqual(dumpedStatements(source.dbUrl, quiet));
	await engine.close();
}, 240_000);
