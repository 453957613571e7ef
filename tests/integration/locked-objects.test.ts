// Somebody holds exclusive locks for as long as a clone runs. Everything that need not wait for them is cloned, and what
// must wait is named with the relation and whoever holds it. Judged by pg_dump and by the process numbers of the holders.
import postgres from 'postgres';
import { expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { realtime } from '../../supabase/functions/_shared/components/realtime/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const COMPONENTS = [tables, data, functions, views, triggers, policies, realtime];

/** So many tables more, of which the first are locked. */
const MANY = 40;
const LOCKED = 30;
const each = (text: string, count = MANY): string =>
	Array.from({ length: count }, (_, nth) => text.replaceAll('%', String(nth + 1))).join('\n');

const SCHEMA = `
create table public.held (id int primary key, v text check (v <> 'x'), w int default 3);
create index held_lower on public.held (lower(v));
create view public.of_held as select id, v from public.held where w > 2;
create function public.count_held() returns bigint language sql begin atomic select count(*) from public.held; end;
create function public.touch() returns trigger language plpgsql as 'begin return new; end';
create trigger touch before update on public.held for each row when (old.v is distinct from new.v) execute function public.touch();
alter table public.held enable row level security;
create policy p on public.held using (w = 3);
create table public.free (id int primary key, other int, u text);
create view public.of_free as select id, u from public.free;
create table public.indexed (id int, v text);
create index of_indexed on public.indexed (lower(v));
create table public.shape (id int, v text check (v <> 'x'));
create table public.typed (id int primary key, h public.shape);
create table public.parts (id int, v text generated always as ('v' || id::text) stored) partition by range ((id + 1));
create table public.parts_1 partition of public.parts for values from (1) to (100);
create sequence public.counter;
create table public.here (id int primary key, v text check (v <> 'x'));
create view public.of_here as select id from public.here;
insert into public.held select g, g::text from generate_series(1, 20) g;
insert into public.free select g, g, g::text from generate_series(1, 20) g;
insert into public.here values (1, 'a');
create schema many;
${each(`create table many.t% (id int primary key, v text); create view many.v% as select id from many.t%;
create function many.f%() returns trigger language plpgsql as 'begin return new; end';
insert into many.t% values (1, 'a');`)}
`;

/** What the source has more. */
const NEWS = `
create index held_w on public.held (w);
create policy q on public.held using (id > 0);
alter table public.free add column news int, add foreign key (other) references public.free;
create index free_u on public.free (u);
create view public.new_view as select id, news from public.free;
create function public.new_function() returns int language sql return 1;
alter table public.free enable row level security;
create policy r on public.free using (id > 0);
insert into public.typed values (1, row(1, 'a'));
insert into public.parts values (5);
update public.free set u = 'changed';
update public.held set v = 'changed';
update public.here set v = 'changed';
select setval('public.counter', 70);
${each(`alter table many.t% add column n int default 1; create index on many.t% (lower(v));
create view many.w% as select id, n from many.t%; create policy p on many.t% using (n > 0);
create trigger tr before insert on many.t% for each row execute function many.f%();
alter publication supabase_realtime add table many.t%; update many.t% set v = 'b';`)}
`;

/** Seconds that sessions of the product wait for locks from now on, as another session sees it every few hundredths. */
function watchWaiting(url: string) {
	const sql = postgres(url, { max: 1 });
	let isOver = false;
	let seconds = 0;
	const watching = (async () => {
		let last = performance.now();
		while (!isOver) {
			const [row] = await sql`select count(*)::int as n from pg_stat_activity
				where datname = current_database() and wait_event_type = 'Lock' and wait_event <> 'advisory'`;
			const now = performance.now();
			seconds += (Number(row?.['n']) * (now - last)) / 1000;
			last = now;
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		await sql.end();
	})();
	return async () => {
		isOver = true;
		await watching;
		return seconds;
	};
}

/** Takes locks and keeps them; returns what lets them go and the process that has them. */
async function hold(url: string, statements: string) {
	const holder = postgres(url, {
		max: 1,
		onnotice: () => undefined,
		connection: { application_name: 'holder' },
	});
	await holder.unsafe(`begin; ${statements}`);
	const [row] = await holder.unsafe<{ pid: number }[]>('select pg_backend_pid() as pid');
	return { pid: row?.pid ?? 0, end: () => holder.end({ timeout: 0 }) };
}

it('names what is locked and by whom, and clones the rest', { timeout: 300_000 }, async () => {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, SCHEMA);
	await runOn(pair.target.dbUrl, SCHEMA);
	await runOn(pair.source.dbUrl, NEWS);
	for (const { adminUrl } of [pair.source, pair.target])
		await runOn(
			adminUrl,
			`do $$ begin execute format('alter database %I set twins.lasting_lock = ''2 s''', current_database()); end $$`,
		);
	const there = await hold(
		pair.target.dbUrl,
		`lock table public.held, public.shape, public.parts_1 in access exclusive mode; drop index public.of_indexed;
		alter view public.of_free rename to away; alter sequence public.counter rename to gone;
		${each('lock table many.t% in access exclusive mode;', LOCKED)}`,
	);
	const here = await hold(pair.source.dbUrl, 'lock table public.here in access exclusive mode');
	const clone = { ...pair, components: COMPONENTS };
	const waited = watchWaiting(pair.target.adminUrl);
	const result = await cloneInProcess(clone);
	expect(await waited()).toBeLessThan(60);

	const failed = [...result.items].flatMap(([id, { outcome, detail = '' }]) =>
		outcome === 'failed' ? [[id, detail] as const] : [],
	);
	const named = failed.map(([id, detail]) => {
		const [, relation = '?', pid = ''] = /(\S+) is locked by process (\d+)/.exec(detail) ?? [];
		const who = { [there.pid]: 'target', [here.pid]: 'source' }[pid] ?? `?: ${detail}`;
		return `${id}: ${relation} on the ${who}`;
	});
	const ofMany = named.filter((text) => text.includes('many.'));
	expect(
		ofMany.filter((text) => !/: many\.t\d+ on the target$|lacks the column n$/.test(text)),
	).toEqual([]);
	for (let nth = 1; nth <= MANY; nth += 1) {
		const about = ofMany.filter((text) => text.includes(`many.t${nth} on the target`));
		const failed = new Set(about.map((text) => text.replace(/ .*/, '')));
		const expected = ['policies', 'realtime', 'tables', 'triggers', 'views'];
		expect([nth, [...failed].toSorted()]).toEqual([nth, nth <= LOCKED ? expected : []]);
	}
	expect(named.filter((text) => !ofMany.includes(text)).toSorted()).toMatchInlineSnapshot(`
		[
		  "data public.counter: public.counter on the target",
		  "data public.held: public.held on the target",
		  "data public.here: public.here on the source",
		  "data public.indexed: public.indexed on the target",
		  "data public.parts_1: public.parts_1 on the target",
		  "data public.shape: public.shape on the target",
		  "data public.typed: public.shape on the target",
		  "functions public.count_held(): public.held on the target",
		  "policies p on public.held: public.held on the target",
		  "policies q on public.held: public.held on the target",
		  "tables public.held.held_v_check (check): public.held on the target",
		  "tables public.held: public.held on the target",
		  "tables public.held_lower: public.held on the target",
		  "tables public.held_w: public.held on the target",
		  "tables public.here.here_v_check (check): public.here on the source",
		  "tables public.here: public.here on the source",
		  "tables public.of_indexed: public.indexed on the target",
		  "tables public.parts_1.v (column): public.parts_1 on the target",
		  "tables public.parts_1: public.parts_1 on the target",
		  "tables public.shape.shape_v_check (check): public.shape on the target",
		  "tables public.shape: public.shape on the target",
		  "tables sequence public.counter (privileges): public.counter on the target",
		  "triggers touch on public.held: public.held on the target",
		  "views public.of_free: public.of_free on the target",
		  "views public.of_held: public.held on the target",
		  "views public.of_here: public.here on the source",
		  "views table public.of_free (privileges): public.of_free on the target",
		]
	`);
	const found = await verifyInProcess(clone, views, 'structure');
	const warned = found.flatMap(({ object, severity }) => (severity === 'warning' ? [object] : []));
	expect(warned.filter((name) => name.startsWith('many.'))).toHaveLength(LOCKED);
	const others = warned.filter((name) => !name.startsWith('many.'));
	expect(others.toSorted()).toEqual(['public.of_free', 'public.of_held', 'public.of_here']);

	// Nothing that is free was left undone.
	expect(await rowsOf(pair.target.dbUrl, 'select distinct u from public.free')).toEqual([
		{ u: 'changed' },
	]);
	const objects = ['public.new_view', 'public.free_u', 'public.new_function()'];
	for (const object of objects) expect([...result.items.keys()].join()).toContain(object);
	await there.end();
	await here.end();
	expect((await cloneInProcess(clone)).outcome('failed')).toEqual([]);
	expect(dumpedStatements(pair.target.dbUrl, ['--schema=public', '--schema=many'])).toEqual(
		dumpedStatements(pair.source.dbUrl, ['--schema=public', '--schema=many']),
	);
});
