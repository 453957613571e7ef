// Clones while the schema is being changed all the time. Postgres prints definitions from the newest catalog, not
// from the snapshot of the query, so what is dropped during a read fails it or comes back as null. Judged by pg_dump
// of the schemas that are quiet.
import postgres from 'postgres';
import { afterEach, expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { realtime } from '../../supabase/functions/_shared/components/realtime/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { cloneInProcess, previewInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const COMPONENTS = [tables, data, functions, views, triggers, policies, realtime];

const QUIET = `
create schema quiet;
create type quiet.mood as enum ('sad', 'glad');
create function quiet.touch() returns trigger language plpgsql as 'begin return new; end';
do $$ begin
  for i in 1..12 loop
    execute format('create table quiet.t%1$s (id int primary key, v text check (v <> ''x''), m quiet.mood default ''sad'', w int default 3 references quiet.t%2$s)', i, greatest(1, i - 1));
    execute format('insert into quiet.t%s select g, g::text from generate_series(1, 20) g', i);
    execute format('create index on quiet.t%s (lower(v))', i);
    execute format('create view quiet.v%1$s as select id, v from quiet.t%1$s where w > 2', i);
    execute format('create function quiet.f%1$s(a int default 1) returns bigint language sql as ''select count(*) + a from quiet.t%1$s''', i);
    execute format('create trigger touch before update on quiet.t%s for each row execute function quiet.touch()', i);
    execute format('alter table quiet.t%s enable row level security', i);
    execute format('create policy p on quiet.t%1$s using (exists (select from quiet.v%1$s v where v.id = t%1$s.id))', i);
  end loop;
end $$;`.replace('references quiet.t%2$s)', ')');

/** What a busy application does to its schema, each as what comes and what goes. */
const CHANGES: readonly (readonly [come: string, go: string])[] = [
	[
		'create table noise.w (id int primary key, v text check (v is not null), w int default noise.f()); create index on noise.w (lower(v)); insert into noise.w values (1, 2)',
		'drop table noise.w',
	],
	['create index stay_i on noise.stay (lower(v))', 'drop index noise.stay_i'],
	['create view noise.x as select v, count(*) from noise.stay group by 1', 'drop view noise.x'],
	[
		'create materialized view noise.m as select * from noise.stay',
		'drop materialized view noise.m',
	],
	[
		`create function noise.g(a noise.e default 'a') returns noise.e language sql return a`,
		'drop function noise.g',
	],
	['create policy p on noise.stay using (noise.f() = id)', 'drop policy p on noise.stay'],
	[
		'create type noise.c as (a int, b noise.e); create table noise.uses (c noise.c)',
		'drop type noise.c cascade; drop table noise.uses',
	],
	[
		'create trigger t before insert on noise.stay for each row execute function noise.t()',
		'drop trigger t on noise.stay',
	],
	[
		'create table noise.p1 partition of noise.p for values from (1) to (2)',
		'alter table noise.p detach partition noise.p1; drop table noise.p1',
	],
	['alter table noise.stay rename to stayed', 'alter table noise.stayed rename to stay'],
	['alter table noise.stay add column n numeric default 1', 'alter table noise.stay drop column n'],
	[
		'alter table noise.stay add constraint c check (id > 0)',
		'alter table noise.stay drop constraint c',
	],
	['create rule r as on delete to noise.stay do instead nothing', 'drop rule r on noise.stay'],
	['create statistics noise.s on id, v from noise.stay', 'drop statistics noise.s'],
	['create publication other for table noise.stay (id) where (id > 1)', 'drop publication other'],
	['create sequence noise.q; grant select on noise.stay to anon', 'drop sequence noise.q'],
	[
		'create or replace function noise.f() returns int language sql return 2',
		'create or replace function noise.f() returns int language sql return 1',
	],
];

const NOISE = `
create schema noise;
create type noise.e as enum ('a', 'b');
create function noise.f() returns int language sql return 1;
create function noise.t() returns trigger language plpgsql as 'begin return new; end';
create table noise.stay (id int primary key, v text);
create table noise.p (id int) partition by range (id);`;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const stop of stops.splice(0)) await stop();
});

/** Changes the schema at random until the test ends. Returns how often it did so far. */
function changeAllTheTime(url: string, seed: number, pauseMs: number): () => number {
	const sql = postgres(url, { max: 1, onnotice: () => undefined });
	let state = seed;
	const random = (below: number): number => {
		state = (state * 1103515245 + 12345) % 2147483648;
		return Math.floor((state / 2147483648) * below);
	};
	let isOver = false;
	let changes = 0;
	const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMs));
	const working = (async () => {
		while (!isOver) {
			const [come, go] = CHANGES[random(CHANGES.length)] ?? ['', ''];
			for (const statement of [come, go]) {
				await sql.unsafe(statement);
				changes += 1;
				await pause();
			}
		}
	})();
	stops.push(async () => {
		isOver = true;
		await working;
		await sql.end();
	});
	return () => changes;
}

const quietly = (url: string): string[] => dumpedStatements(url, ['--schema=quiet']);

/** Every read is raced, and each is slowed down by what runs beside it. */
const TIMEOUT_MS = 240_000;

for (const [seed, pauseMs] of [
	[1, 5],
	[2, 100],
] as const) {
	it(
		`clones a source whose schema changes every ${pauseMs} ms as if it were quiet`,
		async () => {
			const pair = await freshPair();
			await runOn(pair.source.dbUrl, QUIET + NOISE);
			const changes = changeAllTheTime(pair.source.dbUrl, seed, pauseMs);
			const clone = { ...pair, options: { remove_extra: true } };
			const result = await cloneInProcess({ ...clone, components: COMPONENTS });
			const failed = [...result.items]
				.filter(([, { outcome }]) => outcome === 'failed')
				.map(([id, { detail }]) => `${id}: ${detail ?? ''}`)
				// A name that came after the tables were made: that is so, and said.
				.filter((told) => !/^data noise\.\S+: The target has no such table$/.test(told));
			expect(failed).toEqual([]);
			expect(quietly(pair.target.dbUrl)).toEqual(quietly(pair.source.dbUrl));
			const rows = 'select count(*) from quiet.t1 join quiet.t12 using (id, v)';
			expect(await rowsOf(pair.target.dbUrl, rows)).toEqual([{ count: '20' }]);
			for (const component of COMPONENTS) {
				await previewInProcess(clone, component);
				const findings = await verifyInProcess(clone, component, 'checksums');
				const ofQuiet = findings.filter(({ object }) => !/noise|other/.test(object));
				expect(ofQuiet, component.key).toEqual([]);
			}
			expect(changes()).toBeGreaterThan(10);
		},
		TIMEOUT_MS,
	);
}

it(
	'clones into a target whose schema changes all the time as if it were quiet',
	async () => {
		const pair = await freshPair();
		await runOn(pair.source.dbUrl, QUIET);
		await runOn(pair.target.dbUrl, NOISE);
		changeAllTheTime(pair.target.dbUrl, 4, 30);
		const result = await cloneInProcess({ ...pair, components: COMPONENTS });
		expect(result.outcome('failed')).toEqual([]);
		expect(quietly(pair.target.dbUrl)).toEqual(quietly(pair.source.dbUrl));
	},
	TIMEOUT_MS,
);
