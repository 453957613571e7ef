// Workers that die when all is written to the target and nothing of it is stored. What the job made is reported as if nobody
// had died: judged by the report of the same clone with nobody dying.
import { expect, it } from 'vitest';
import { authUsers } from '../../supabase/functions/_shared/components/auth-users/index.ts';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { realtime } from '../../supabase/functions/_shared/components/realtime/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import { claimStep, secondsToWait } from '../../supabase/functions/_shared/engine/queue.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { cloneInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { component, done, only, openTestEngine, stage } from '../helpers/engine.ts';
import { runOn } from '../helpers/run-sql.ts';

const components = [tables, data, authUsers, functions, views, triggers, policies, realtime];

const SOURCE = `
create type public.mood as enum ('sad', 'glad');
create table public.people (id serial primary key, name text check (name <> ''), mood public.mood);
create table public."odd ""name" (id int references public.people, v text);
create index on public.people (lower(name));
create view public.glad as select * from public.people where mood = 'glad';
create materialized view public.counted as select count(*) as n from public.people;
create function public.touch() returns trigger language plpgsql as 'begin return new; end';
create trigger touch before insert on public.people for each row execute function public.touch();
alter table public.people enable row level security;
create policy readers on public.people using (name <> 'x');
alter publication supabase_realtime add table public.people;
insert into public.people (name, mood) select 'p' || g, 'glad' from generate_series(1, 50) g;
insert into public."odd ""name" select g, 'v' from generate_series(1, 50) g;
refresh materialized view public.counted;
insert into auth.users (id, email) values ('33333333-3333-4333-8333-333333333333', 'a@example.com');
`;
/** What the source has not, or otherwise. */
const TARGET = `
create table public.people (id serial primary key, name text, extra int);
create view public.only_here as select 1 as one;
create function public.only_here() returns int language sql return 1;
insert into public.people (name) values ('other');
`;

it('are reported as copied, also what they removed', { timeout: 120_000 }, async () => {
	const engine = await openTestEngine();
	const quiet = await freshPair();
	for (const pair of [engine.endpoints, quiet]) {
		await runOn(pair.source.dbUrl, SOURCE);
		await runOn(pair.target.dbUrl, TARGET);
	}
	const expected = await cloneInProcess({ ...quiet, components, options: { remove_extra: true } });
	const options = {
		...only(...components.map(({ key }) => key)),
		remove_extra: true,
		confirm_target: engine.control.targetRef,
	};

	/** Clones; the first slice of every stage dies after its work, when asked to. */
	const clone = async (dying: boolean): Promise<string> => {
		const id = await engine.control.startClone(options);
		const beforeStoring = async (): Promise<void> => {
			const [step] = await engine.control.sql`
				select kind from private.steps where status = 'running' and attempts = 0`;
			if (dying && step?.['kind'] === 'stage') throw new Error('killed');
		};
		for (;;) {
			const slice = engine.workOnce(components, engine.session, { beforeStoring });
			if (!(await slice.catch(() => true))) return id;
			await engine.control.sql`
				update private.steps set lease_until = now() - interval '1 s' where status = 'running'`;
		}
	};
	const itemsOf = async (id: string) => {
		const rows = await engine.control.sql<{ item: string; outcome: string }[]>`
			select component || ' ' || object as item, outcome from public.job_items
			where job_id = ${id} and object <> 'moment of the rows'`;
		return Object.fromEntries(rows.map(({ item, outcome }) => [item, outcome]));
	};

	const first = await clone(true);
	expect((await engine.jobOf(first)).job).toMatchObject({ status: 'completed', error: null });
	expect(await itemsOf(first)).toEqual(
		Object.fromEntries([...expected.items].map(([id, { outcome }]) => [id, outcome])),
	);
	const lost = await engine.control
		.sql`select count(*)::int as n from public.job_slices where job_id = ${first} and outcome = 'lost'`;
	expect(lost[0]?.['n']).toBeGreaterThan(10);

	const second = await clone(false);
	expect(new Set(Object.values(await itemsOf(second)))).toEqual(new Set(['unchanged']));
	expect([...(await engine.control.sql`select * from private.announced_items`)]).toEqual([]);
	await engine.close();
});

it('are replaced by one that is there and waits for their step, as for one that failed', async () => {
	const engine = await openTestEngine();
	let failures = 0;
	const components = [
		component(
			'tables',
			stage('structure', () => {
				if (failures === 2) return Promise.resolve(done);
				failures += 1;
				const details = { passing: true, retryAfter: failures };
				return Promise.reject(new TwinsError('connection_lost', 'gone', 'Wait', details));
			}),
		),
		component(
			'views',
			stage('views', () => Promise.resolve(done)),
		),
	];
	const id = await engine.control.startClone(only('tables', 'views'));
	await engine.workOnce(components);
	const [dead, waits, comesLate] = await Promise.all(
		[1, 2, 3].map(() => connectUrl(engine.control.dbUrl)),
	);
	if (!dead || !waits || !comesLate) throw new Error('no sessions');
	const left = await claimStep(dead);
	await dead.close();
	await engine.control
		.sql`update private.steps set lease_until = now() + interval '2 seconds' where status = 'running'`;
	const working = engine.invoke(components, waits);
	await expect
		.poll(
			() => engine.control.sql`select from private.waiters where run_id = ${id} and until > now()`,
			{ timeout: 10_000 },
		)
		.toHaveLength(1);
	// One is enough to wait.
	expect(await secondsToWait(comesLate, id, crypto.randomUUID())).toBeNull();
	await working;
	expect(left).not.toBeNull();
	expect((await engine.jobOf(id)).job).toMatchObject({ status: 'completed', error: null });
	await Promise.all([waits.close(), comesLate.close(), engine.close()]);
}, 20_000);
