// The schema engine where things go wrong or stop half way: failing objects, rows that break constraints,
// slices that end at once, and what only the target has.
import { expect, test } from 'vitest';
import type { Component } from '../../supabase/functions/_shared/contract/component.ts';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import type { CloneOptions } from '../../supabase/functions/_shared/domain/clone.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { NO_ROWS_BROUGHT } from '../../supabase/functions/_shared/schema/fact.ts';
import { readFacts } from '../../supabase/functions/_shared/schema/read.ts';
import { planChanges } from '../../supabase/functions/_shared/schema-stages/preview.ts';
import { cloneInProcess, verifyInProcess, type TestClone } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { runScript } from '../helpers/corpus.ts';
import { normalizedDump } from '../helpers/dump.ts';

const components: readonly Component[] = [tables, functions, views, triggers, policies];

const endpointsOf = ({ source, target }: Pair): Pair => ({ source, target });

const clone = (
	pair: Pair,
	options: Partial<CloneOptions> = {},
	more: Partial<Pick<TestClone, 'limits' | 'components'>> = {},
) => cloneInProcess({ ...endpointsOf(pair), components, options, ...more });

async function prepared(source: string, target = ''): Promise<Pair> {
	const pair = await freshPair();
	runScript(pair.source.dbUrl, source);
	runScript(pair.target.dbUrl, target);
	return pair;
}

async function ask(url: string, query: string): Promise<unknown[]> {
	const session = await connectUrl(url);
	try {
		return (await session.query(query)).map((row) => Object.values(row)[0]);
	} finally {
		await session.close();
	}
}

test('an object that fails is reported by name and the others are made', async () => {
	const pair = await prepared(
		`create table taken (id int primary key, name text);
		create table uses_taken (id int references taken);
		create table fine (id int primary key); create index on fine (id);
		create function f() returns int language sql as 'select 1';`,
		'create table other (id int); create index taken on other (id);',
	);
	const result = await clone(pair);
	const failed = result.items.get('tables public.taken');
	expect(failed).toMatchObject({ outcome: 'failed', sqlstate: '42P07' });
	expect(failed?.fix).toBeTruthy();
	expect(result.items.get('tables public.uses_taken')).toMatchObject({ outcome: 'copied' });
	expect(result.items.get('tables public.uses_taken.uses_taken_id_fkey')?.outcome).toBe('failed');
	expect(result.items.get('tables public.fine')?.outcome).toBe('copied');
	expect(result.items.get('functions public.f()')?.outcome).toBe('copied');
	expect(
		await ask(pair.target.dbUrl, `select relkind from pg_class where relname = 'taken'`),
	).toEqual(['i']);
});

test('a table that got another name or schema on the source is renamed on the target', async () => {
	const pair = await prepared(
		`create table posts (id bigint generated always as identity primary key, title text unique);
		create table comments (id serial primary key, post_id bigint references posts, body text);
		create table parent (id int); create table child (own int) inherits (parent);
		create view titles as select title from posts;`,
	);
	await clone(pair);
	const oids = (...names: string[]): Promise<unknown[]> =>
		ask(
			pair.target.dbUrl,
			`select to_regclass(n)::oid from unnest(array['${names.join("','")}']) n`,
		);
	const before = await oids('posts', 'comments', 'parent', 'child');
	runScript(
		pair.source.dbUrl,
		`alter table posts rename to "Ärticles"; alter table "Ärticles" add column body text;
		create schema "old ones"; alter table comments set schema "old ones";
		alter table parent rename to ancestor;
		alter table child rename to heir; create table child (id bigint generated always as identity primary key);`,
	);
	const second = await clone(pair);
	expect(second.outcome('failed')).toEqual([]);
	expect(second.items.get('tables public."Ärticles"')?.outcome).toBe('copied');
	expect(await oids('public."Ärticles"', '"old ones".comments', 'ancestor', 'heir')).toEqual(
		before,
	);
	expect(normalizedDump(pair.target.dbUrl)).toEqual(normalizedDump(pair.source.dbUrl));
	expect((await clone(pair)).outcome('copied')).toEqual([]);
});

test('a name that something else has on the target is free before a table gets it', async () => {
	const pair = await prepared('create table plain (id int primary key); create sequence counter;');
	await clone(pair);
	runScript(
		pair.source.dbUrl,
		'alter sequence counter rename to old_counter; alter table plain rename to counter;',
	);
	expect((await clone(pair, { remove_extra: true })).outcome('failed')).toEqual([]);
	expect(normalizedDump(pair.target.dbUrl)).toEqual(normalizedDump(pair.source.dbUrl));
});

test('a column that got another name on the source is renamed on the target', async () => {
	const pair = await prepared(
		`create table people (id int primary key, "Name" text not null unique, born date not null);
		create view names as select "Name" from people;
		create policy own on people using ("Name" = current_user);
		create table parts (id int not null, kind text not null) partition by list (id);
		create table parts_1 partition of parts for values in (1);
		insert into people values (1, 'Ada', '1815-12-10'); insert into parts values (1, 'a');`,
	);
	const withRows = { components: [...components, data] };
	await clone(pair, {}, withRows);
	runScript(
		pair.source.dbUrl,
		`alter table people rename column "Name" to "full ""name"; alter table people rename to persons;
		alter table persons rename column id to "Name"; alter table parts rename column kind to sort;
		insert into persons values (2, 'Bo', '1900-01-01'); insert into parts values (1, 'b');`,
	);
	runScript(pair.target.dbUrl, 'alter table people add column theirs text;');
	expect((await clone(pair, {}, withRows)).outcome('failed')).toEqual([]);
	expect(normalizedDump(pair.target.dbUrl).replace(/,\n.*theirs text/, '')).toEqual(
		normalizedDump(pair.source.dbUrl),
	);
	expect(await ask(pair.target.dbUrl, 'select "full ""name" from persons order by 1')).toEqual([
		'Ada',
		'Bo',
	]);
	expect((await clone(pair, {}, withRows)).outcome('copied')).toEqual([]);
});

test('columns and checks that the source has no more hold no rows and no partitions back', async () => {
	const pair = await prepared(
		`create function positive(int) returns boolean language sql immutable as 'select $1 > 0';
		create table logs (id int check (positive(id)), n int, old text not null, kept text default 'k' not null, primary key (id, n)) partition by list (id);
		create table logs_1 partition of logs for values in (1);
		create table flat (id int primary key, old text not null);
		create table keyed (id int primary key, code text);
		insert into logs values (1, 1, 'x'); insert into flat values (1, 'x'); insert into keyed values (1, 'x');`,
	);
	const withRows = { components: [...components, data] };
	await clone(pair, {}, withRows);
	runScript(
		pair.source.dbUrl,
		`alter table logs drop column old, drop column kept; alter table flat drop column old;
		alter table keyed drop column id, add primary key (code);
		create table logs_2 partition of logs for values in (2);
		insert into logs values (1, 2), (2, 1); insert into flat values (2); insert into keyed values ('y');`,
	);
	runScript(pair.target.dbUrl, 'alter table logs add constraint theirs check (id < 9);');
	expect((await clone(pair, {}, withRows)).outcome('failed')).toEqual([]);
	expect(await ask(pair.target.dbUrl, 'select id from logs order by id')).toEqual([1, 1, 2]);
	expect(await ask(pair.target.dbUrl, 'select kept from logs')).toEqual(['k', 'k', 'k']);
	expect(await ask(pair.target.dbUrl, 'select id from flat order by id')).toEqual([1, 2]);
	expect(await ask(pair.target.dbUrl, 'select code from keyed order by 1')).toEqual(['x', 'y']);
	expect((await clone(pair, {}, withRows)).outcome('copied')).toEqual([]);
});

test('a table that was renamed on the target alone is kept there', async () => {
	const pair = await prepared('create table posts (id int);');
	await clone(pair);
	runScript(pair.target.dbUrl, 'alter table posts rename to kept; insert into kept values (1);');
	expect((await clone(pair)).items.get('tables public.posts')?.outcome).toBe('copied');
	expect(await ask(pair.target.dbUrl, 'select id from kept')).toEqual([1]);
});

test('a step waits for a stage that is still at work, whose worker may be long gone', async () => {
	const pair = await prepared('create table late (id int primary key);');
	const orphan = await connectUrl(pair.target.dbUrl);
	await orphan.script('begin; select pg_advisory_xact_lock(7311, 1)');
	const cloning = clone(pair, {}, { components: [tables], limits: { seconds: 1 } });
	await orphan.query('select pg_sleep(7)');
	await orphan.query('commit');
	await orphan.close();
	const result = await cloning;
	expect(result.outcome('failed')).toEqual([]);
	expect(result.items.get('tables public.late')?.outcome).toBe('copied');
	expect(result.slices['tables.structure']).toBeGreaterThan(1);
});

test('a step is put off while somebody locks its table', async () => {
	const pair = await prepared(
		'create table busy (id int primary key, note text);',
		'create table busy (id int primary key);',
	);
	const user = await connectUrl(pair.target.dbUrl);
	await user.script('begin; lock table busy in access share mode');
	const cloning = clone(pair, {}, { components: [tables] });
	await user.query('select pg_sleep(7)');
	await user.query('commit');
	await user.close();
	const result = await cloning;
	expect(result.outcome('failed')).toEqual([]);
	expect(result.items.get('tables public.busy')?.outcome).toBe('copied');
});

test('a foreign key that rows break stays, unchecked, and is reported as failed', async () => {
	const schema = `create table parents (id int primary key);
		create table children (id int primary key, parent int);`;
	const pair = await prepared(
		`${schema} alter table children add constraint to_parent foreign key (parent) references parents;`,
		`${schema} insert into children values (1, 5);`,
	);
	const result = await clone(pair);
	expect(result.items.get('tables public.children.to_parent')).toMatchObject({
		outcome: 'failed',
		sqlstate: '23503',
	});
	expect(
		await ask(
			pair.target.dbUrl,
			`select convalidated from pg_constraint where conname = 'to_parent'`,
		),
	).toEqual([false]);
});

test('slices that end after each step come to the same end', async () => {
	const pair = await prepared(`
		create type mood as enum ('a', 'b');
		create function next(mood) returns int language sql as 'select 1';
		create table one (id int primary key, m mood default 'a', n int default next('a'));
		create table two (id serial primary key, one int references one);
		create index on two (one);
		create view both_of as select one.id, two.one from one join two on two.one = one.id;
		alter table one enable row level security;
		create policy p on one using (id > 0);`);
	const result = await clone(pair, {}, { limits: { seconds: 0 } });
	expect(result.outcome('failed')).toEqual([]);
	expect(normalizedDump(pair.target.dbUrl)).toBe(normalizedDump(pair.source.dbUrl));
});

const EXTRA = `
	create schema left_over;
	create table left_over.things (id int primary key);
	create type left_over.kind as enum ('x');
	create table extra (id int primary key, kind left_over.kind);
	create view extra_view as select * from extra;
	alter table kept add column extra_column int, add constraint extra_check check (id > 0);
	create index extra_index on kept (extra_column);
	create table kept_child (id int references kept);
	create function extra_function() returns int language sql as 'select 1';
	create view shared as select id, extra_column from kept;
	insert into kept (id) values (7);`;

test('what only the target has stays, and nothing is reported of it', async () => {
	const pair = await prepared(
		'create table kept (id int primary key);',
		`create table kept (id int primary key); ${EXTRA}`,
	);
	const before = normalizedDump(pair.target.dbUrl);
	const result = await clone(pair);
	expect(result.outcome('failed')).toEqual([]);
	const withoutRights = (text: string) =>
		text.split('\n').filter((line) => line !== '' && !/GRANT|REVOKE|ACL;/.test(line));
	expect(withoutRights(normalizedDump(pair.target.dbUrl))).toEqual(withoutRights(before));
});

test('with remove_extra what only the target has goes, but what the source has stays', async () => {
	const pair = await prepared(
		'create table kept (id int primary key); create view shared as select id from kept;',
		`create table kept (id int primary key); ${EXTRA}`,
	);
	const result = await clone(pair, { remove_extra: true });
	expect(result.outcome('failed')).toEqual([]);
	expect(normalizedDump(pair.target.dbUrl)).toBe(normalizedDump(pair.source.dbUrl));
	expect(await ask(pair.target.dbUrl, 'select id from kept')).toEqual([7]);
	const again = await clone(pair, { remove_extra: true });
	expect(again.outcome('copied')).toEqual([]);
});

test('views of the target alone survive a change of what they rest on', async () => {
	const pair = await prepared(
		'create table t (id bigint primary key, label text);',
		`create table t (id int primary key, label varchar(5));
		create view own as select id, label from t where label <> '';
		grant select on own to anon; comment on view own is 'ours';
		create view over_own as select id from own;`,
	);
	const result = await clone(pair);
	expect(result.outcome('failed')).toEqual([]);
	expect(
		await ask(
			pair.target.dbUrl,
			`select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 't'::regclass and attnum > 0 order by attnum`,
		),
	).toEqual(['bigint', 'text']);
	expect(await ask(pair.target.dbUrl, `select obj_description('own'::regclass)`)).toEqual(['ours']);
	expect(
		await ask(pair.target.dbUrl, `select has_table_privilege('anon', 'own', 'select')`),
	).toEqual([true]);
	expect(await ask(pair.target.dbUrl, 'select count(*)::int from over_own')).toEqual([0]);
});

test('a change whose dependents cannot be created again is rolled back whole', async () => {
	const pair = await prepared(
		'create table t (id int primary key, label int);',
		`create table t (id int primary key, label text); insert into t values (1, '5');
		create view own as select id from t where label like '%5%';`,
	);
	const result = await clone(pair);
	const failed = result.items.get('tables public.t.label (column)');
	expect(failed?.outcome).toBe('failed');
	expect(failed?.fix).toContain('Only the target has public.own');
	expect(await ask(pair.target.dbUrl, 'select id from own')).toEqual([1]);
	expect(await ask(pair.target.dbUrl, 'select label from t')).toEqual(['5']);
});

test('a new table and its privileges are made in one step, so that no one reads it in between', async () => {
	const pair = await prepared(
		'create table secrets (id int primary key); revoke all on secrets from anon, authenticated; alter table secrets enable row level security;',
	);
	const [source, target] = await Promise.all([
		connectUrl(pair.source.dbUrl),
		connectUrl(pair.target.dbUrl),
	]);
	try {
		const facts = { source: await readFacts(source), target: await readFacts(target) };
		const change = planChanges(facts, ['tables'], { removes: [], rows: NO_ROWS_BROUGHT }).find(
			({ id }) => id === 'table:public.secrets',
		);
		const text = change?.statements.join('\n') ?? '';
		expect(text).toContain('create table public.secrets');
		expect(text).toMatch(/revoke all on table public.secrets from .*anon/);
		expect(text).toContain('enable row level security');
	} finally {
		await Promise.all([source.close(), target.close()]);
	}
});

test('verification names what is missing, different and too open', async () => {
	const pair = await prepared(`create table a (id int primary key, n int not null default 1);
		create table b (id int); create index b_id on b (id);`);
	await clone(pair);
	runScript(
		pair.target.dbUrl,
		`alter table a alter n type bigint, alter n drop default; grant select on a to anon; drop index b_id;`,
	);
	const findings = await verifyInProcess(endpointsOf(pair), tables, 'structure');
	expect(findings.map(({ object, severity }) => [object, severity])).toEqual([
		['public.a (column public.a.n)', 'failed'],
		['public.a (default public.a.n)', 'failed'],
		['public.b_id', 'failed'],
		['public.a (privileges table public.a)', 'failed'],
	]);
	expect(findings[0]).toMatchObject({ expected: 'type integer', found: 'type bigint' });
});
