// Owners who may not use what they own: rows, positions, keys and triggers come, and the rights stay gone.
import { expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { cronPair, freshPair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { tablesOnly } from '../helpers/tables-only.ts';

const SOURCE = `
create schema locked;
create table locked."A.b" (id int primary key, v text);
create table locked.child (id serial primary key, a int references locked."A.b");
create table locked.cut (id int) partition by list (id);
create table locked.cut_1 partition of locked.cut for values in (1);
create sequence locked.counter;
insert into locked."A.b" select i, 'v' || i from generate_series(1, 50) i;
insert into locked.child (a) select i from generate_series(1, 20) i;
insert into locked.cut values (1);
select setval('locked.counter', 42);
create function locked.touch() returns trigger language plpgsql as 'begin return new; end';
create trigger touched before insert on locked.child for each row execute function locked.touch();
create table locked.partly (id int, v text); insert into locked.partly values (1, 'x');
revoke insert on locked.partly from postgres; grant insert (id), update (v) on locked.partly to postgres;
create role "Owner r" nologin; grant "Owner r" to postgres; grant create, usage on schema locked to "Owner r";
create table locked.theirs (id int); insert into locked.theirs values (3);
alter table locked.theirs owner to "Owner r"; revoke all on locked.theirs from "Owner r";
revoke all on locked."A.b", locked.child, locked.cut, locked.cut_1 from postgres;
revoke all on sequence locked.counter, locked.child_id_seq from postgres;`;

const HELD = `select (select md5(string_agg(t::text, ',' order by id)) from locked."A.b" t) as a,
	(select count(*)::int from locked.child) as child, (select count(*)::int from locked.cut) as cut,
	(select count(*)::int from locked.theirs) as theirs, (select count(*)::int from locked.partly) as partly,
	(select last_value::int from locked.counter) as counter, (select last_value::int from locked.child_id_seq) as serial`;

it('rows of tables whose owner may not read or write them', { timeout: 180_000 }, async () => {
	const pair = await cronPair();
	await runOn(pair.source.dbUrl, SOURCE);
	const clone = { ...pair, components: [tablesOnly, functions, data, triggers] };
	const expectEqual = async (): Promise<void> => {
		const [source, target] = [pair.source.adminUrl, pair.target.adminUrl];
		expect(await rowsOf(target, HELD)).toEqual(await rowsOf(source, HELD));
		expect(dumpedStatements(target, ['--schema=locked'])).toEqual(
			dumpedStatements(source, ['--schema=locked']),
		);
	};
	expect((await cloneInProcess(clone)).outcome('failed')).toEqual([]);
	await expectEqual();

	await runOn(
		pair.source.adminUrl,
		`update locked."A.b" set v = 'new' where id = 7; select setval('locked.counter', 50)`,
	);
	const second = await cloneInProcess(clone);
	expect(second.outcome('failed')).toEqual([]);
	expect(second.outcome('copied')).toEqual(['data locked.A.b', 'data locked.counter']);
	await expectEqual();
	expect(await verifyInProcess(pair, data, 'checksums')).toEqual([]);
});

it('schemas in which their owner may make nothing', { timeout: 180_000 }, async () => {
	const pair = await freshPair();
	const clone = { ...pair, components: [tablesOnly, functions, data] };
	const expectEqual = async (): Promise<void> => {
		const result = await cloneInProcess(clone);
		expect(result.outcome('failed')).toEqual([]);
		const [source, target] = [pair.source.adminUrl, pair.target.adminUrl];
		const pattern = ['--schema="Clo.sed"'];
		expect(dumpedStatements(target, pattern)).toEqual(dumpedStatements(source, pattern));
		const rows = 'select * from "Clo.sed".t order by 1';
		expect(await rowsOf(target, rows)).toEqual(await rowsOf(source, rows));
	};
	const shut = 'revoke all on schema "Clo.sed" from postgres';
	await runOn(
		pair.source.dbUrl,
		`create schema "Clo.sed"; create table "Clo.sed".t (id int primary key, v text); insert into "Clo.sed".t values (1, 'a');
		create function "Clo.sed".f() returns int language sql as 'select 1'; grant usage on schema "Clo.sed" to anon; ${shut}`,
	);
	await expectEqual();
	await runOn(
		pair.source.adminUrl,
		`set role postgres; grant all on schema "Clo.sed" to postgres; alter table "Clo.sed".t add w int check (w > 0);
		create index on "Clo.sed".t (w); create type "Clo.sed".e as enum ('a'); update "Clo.sed".t set w = 3; ${shut}`,
	);
	await expectEqual();
});
