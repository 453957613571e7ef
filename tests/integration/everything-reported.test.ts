// Nothing is left out in silence: of everything that users added to a source, catalog row by catalog row, each is
// on the target after a clone, or an item of the run names it.
import { beforeAll, expect, it } from 'vitest';
import { cronJobs } from '../../supabase/functions/_shared/components/cron-jobs/index.ts';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { projectConfig } from '../../supabase/functions/_shared/components/project-config/index.ts';
import { realtime } from '../../supabase/functions/_shared/components/realtime/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { catalogRows } from '../helpers/catalog-rows.ts';
import {
	cloneInProcess,
	previewInProcess,
	verifyInProcess,
	type TestCloneResult,
} from '../helpers/clone.ts';
import { cronPair, type Pair } from '../helpers/clusters.ts';
import { openPlatform, type Platform } from '../helpers/management-api.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const components = [
	tables,
	data,
	views,
	functions,
	triggers,
	policies,
	realtime,
	cronJobs,
	projectConfig,
];

const SOURCE = `
create table extensions.zz_user_table (id int primary key, note text); insert into extensions.zz_user_table values (1);
comment on table extensions.zz_user_table is 'zz';
create function extensions.zz_user_fn() returns int language sql as 'select 1';
create type extensions.zz_kind as enum ('a'); create view extensions.zz_view as select 1 as a;
create domain extensions.zz_dom as text; create sequence extensions.zz_seq;
create schema net; create table net.zz_own (id int primary key);
create role zz_team nologin; create role zz_login login; grant zz_team to zz_login; grant zz_team to authenticator;
create role zz_reader nologin; grant usage on schema extensions to zz_reader;
alter role zz_login set statement_timeout = '7s';
create schema zz; grant usage on schema zz to zz_reader;
create table zz.t (id int primary key, a text, b int generated always as (id * 2) stored);
alter table zz.t enable row level security; create policy zz_p on zz.t to zz_team using (true);
create index zz_i on zz.t (a); create statistics zz.zz_s on id, a from zz.t; comment on column zz.t.a is 'zz a';
create function zz.f() returns trigger language plpgsql as 'begin return new; end';
create trigger zz_files after insert on storage.objects for each row execute function zz.f();
create trigger zz_t before insert on zz.t for each row execute function zz.f();
create rule zz_r as on delete to zz.t do instead nothing;
create policy zz_obj on storage.objects for select to anon using (bucket_id = 'zz');
create materialized view zz.m as select 1 as one; create unlogged table zz.u (id int);
create aggregate zz.agg (int) (sfunc = int4pl, stype = int);
create operator zz.=== (leftarg = int, rightarg = int, function = int4eq);
create type zz.pair as (x int, y int); create type zz.span as range (subtype = int);
create function zz.pair_text(zz.pair) returns text language sql immutable as 'select $1::text';
create cast (zz.pair as text) with function zz.pair_text(zz.pair) as assignment;
create collation zz.de (provider = icu, locale = 'de');
create text search dictionary zz.d (template = simple); create text search configuration zz.c (copy = simple);
create publication zz_pub for table zz.t; alter publication supabase_realtime add table zz.t;
create table zz.parted (id int, k int) partition by list (k); create table zz.part_one partition of zz.parted for values in (1);
create table zz.child () inherits (zz.u);
create function zz.calls() returns void language plpgsql as $$ begin perform net.http_post('https://example.org'); end $$;
create function zz.notify() returns trigger language plpgsql as $$ begin perform extensions.http_get('https://example.org/x'); return new; end $$;
create trigger zz_notify after insert on zz.t for each row execute function zz.notify();
alter default privileges in schema zz grant select on tables to zz_reader;
select lo_create(0);
`;
const ADMIN = `
create table auth.zz_table (id int primary key); alter table auth.zz_table owner to postgres;
create function auth.zz_helper() returns int language sql as 'select 1'; alter function auth.zz_helper() owner to postgres;
create type storage.zz_mood as enum ('x'); alter type storage.zz_mood owner to postgres;
create view graphql_public.zz_seen as select 1 as a; alter view graphql_public.zz_seen owner to postgres;
create domain realtime.zz_word as text; alter domain realtime.zz_word owner to zz_team;
create index zz_objects on storage.objects (created_at);
alter table auth.users add column zz_extra text; alter table auth.users add constraint zz_check check (zz_extra <> '');
alter table storage.buckets disable row level security;
create rule zz_rule as on update to storage.migrations do instead nothing;
create function zz.event() returns event_trigger language plpgsql as 'begin end';
create event trigger zz_ddl on ddl_command_end execute function zz.event();
grant select on auth.users to zz_reader; grant usage on schema auth to zz_reader; revoke execute on function auth.uid() from public;
grant select (id) on auth.identities to zz_reader;
revoke execute on function pg_catalog.pg_sleep(double precision) from public;
grant set on parameter log_duration to zz_reader; grant anon to authenticated;
comment on database postgres is 'zz database'; comment on table auth.users is 'zz users';
grant connect on database postgres to zz_reader; alter default privileges for role supabase_storage_admin grant select on tables to zz_reader;
create access method zz_am type table handler heap_tableam_handler;
create language zz_lang handler plpgsql_call_handler;
create foreign data wrapper zz_fdw; create server zz_server foreign data wrapper zz_fdw; create foreign table zz.ft (id int) server zz_server;
create user mapping for zz_login server zz_server options (password 'x');
select pg_create_physical_replication_slot('zz_slot');
create subscription zz_sub connection 'dbname=nowhere' publication p with (connect = false);
create function zz.leak(int) returns bool language sql immutable leakproof as 'select true';
`;

/** Of things that have no name of their own here: the item that tells of them. */
const TOLD_AS: readonly (readonly [row: RegExp, item: string])[] = [
	[/auth\.users is zz users/, 'tables comment on table auth.users'],
	[/postgres is zz database/, 'tables comment on the database'],
	[
		/for role supabase_storage_admin on tables/,
		'tables default privileges of supabase_storage_admin on tables',
	],
	[/anon to authenticated/, 'project_config role anon to authenticated'],
	[/log_duration/, 'tables privileges on parameter log_duration'],
	[/privilege auth\.users: zz_reader/, 'tables privileges on auth.users'],
	[/privilege auth: zz_reader/, 'tables privileges on schema auth'],
	[/privilege extensions: zz_reader/, 'tables privileges on schema extensions'],
	[/identities\.id/, 'tables privileges on auth.identities.id'],
	[/privilege postgres: zz_reader/, 'tables privileges on the database'],
	[/large object/, 'data large objects'],
];
/** What is taken away is no row: these must be there as well. */
const TOLD_TOO = [
	'tables privileges on auth.uid()',
	'tables privileges on pg_catalog.pg_sleep(double precision)',
	'policies row level security on storage.buckets',
	'functions calls of zz.calls()',
	'functions calls of zz.notify()',
	'triggers calls of zz_notify on zz.t',
	'data zz.ft',
];

let pair: Pair;
let platform: Platform;
let pristine: Set<string>;
let foreseen: string[];
let result: TestCloneResult;

const endpoints = () => ({ source: platform.end('source'), target: platform.end('target') });

beforeAll(async () => {
	pair = await cronPair();
	platform = await openPlatform({}, pair);
	pristine = await catalogRows(pair.source.adminUrl);
	await runOn(pair.source.dbUrl, SOURCE);
	await runOn(pair.source.adminUrl, ADMIN);
	const previews = [];
	for (const component of components) previews.push(await previewInProcess(endpoints(), component));
	foreseen = previews.flatMap(({ warnings }) => warnings.map(({ object }) => object));
	result = await cloneInProcess({ ...endpoints(), components });
}, 300_000);

/** Rows that are neither on the target nor named by an item that names the thing, or what holds it. */
async function unreported(): Promise<string[]> {
	const source = await catalogRows(pair.source.adminUrl);
	const target = await catalogRows(pair.target.adminUrl);
	const named = [...result.items]
		.filter(([, { outcome }]) => outcome !== 'copied' && outcome !== 'unchanged')
		.map(([id]) => id);
	return [...source]
		.filter((row) => !pristine.has(row) && !target.has(row))
		.filter((row) => {
			const known = TOLD_AS.find(([pattern]) => pattern.test(row));
			if (known) return !named.includes(known[1]);
			const names = row.match(/\bzz_[a-z_]+?(?=_pkey\b|\b)|\bzz\.\w+/g) ?? [];
			return !names.some((name) => named.some((id) => id.includes(name)));
		});
}

it('copies or names everything that a user added, catalog row by catalog row', async () => {
	expect(await unreported()).toEqual([]);
	for (const id of TOLD_TOO) expect(result.items.get(id)?.outcome, id).toBe('skipped');
	for (const [id, { outcome, fix }] of result.items)
		if (outcome === 'skipped' && !id.startsWith('project_config'))
			expect(fix ?? id, id).not.toBe('');
	// A wrapper that no extension brought takes along what needs it.
	expect(result.outcome('failed').filter((id) => !/zz_server|zz\.ft/.test(id))).toEqual([]);
	expect(await rowsOf(pair.target.dbUrl, 'select id from extensions.zz_user_table')).toHaveLength(
		1,
	);
});

it('foresees in the preview what it then leaves out', () => {
	const left = [...result.items]
		.filter(
			([id, { outcome }]) =>
				outcome === 'skipped' && /^(tables|functions|triggers|policies|views) /.test(id),
		)
		.map(([, { object }]) => object);
	expect(
		left.filter((object) => !foreseen.includes(object) && !object.startsWith('calls of ')),
	).toEqual([]);
});

it('changes nothing the second time, and passes verification but for what it named', async () => {
	const before = await catalogRows(pair.target.adminUrl);
	const second = await cloneInProcess({ ...endpoints(), components });
	expect(second.outcome('copied')).toEqual([]);
	expect(second.outcome('skipped')).toEqual(result.outcome('skipped'));
	expect(await catalogRows(pair.target.adminUrl)).toEqual(before);
	const named = [...second.items.values()]
		.filter(({ outcome }) => outcome !== 'unchanged')
		.map(({ object }) => object);
	for (const component of components) {
		const findings = await verifyInProcess(endpoints(), component, 'checksums');
		const wrong = findings.filter(
			({ severity, object }) => severity === 'failed' && !named.includes(object),
		);
		expect(wrong, component.key).toEqual([]);
	}
}, 300_000);
