// Calls of routines that share their name: printed by Postgres they fit others as well, which came later.
import { expect, test } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { cloneInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const BEFORE = `
create schema "Amb.x";
create function "Amb.x"."Ten ant"() returns int language sql immutable as 'select 1';
create function "Amb.x".wide(bigint) returns text language sql immutable as 'select ''wide''';
create domain "Amb.x".checked as int default "Amb.x"."Ten ant"() check (value >= "Amb.x"."Ten ant"());
create table "Amb.x".t (
	id int primary key, tenant int default "Amb.x"."Ten ant"() check (tenant >= "Amb.x"."Ten ant"()),
	made text generated always as ("Amb.x".wide(id) || "Amb.x"."Ten ant"()) stored, c "Amb.x".checked
);
create index by_call on "Amb.x".t (("Amb.x".wide(id))) where tenant > "Amb.x"."Ten ant"();
alter table "Amb.x".t enable row level security;
create policy by_tenant on "Amb.x".t using (tenant = "Amb.x"."Ten ant"());
create view "Amb.x".v as select "Amb.x"."Ten ant"() as tenant, "Amb.x".wide(id) as wide from "Amb.x".t;
create materialized view "Amb.x".mv as select "Amb.x"."Ten ant"() as tenant;
create function "Amb.x".atomic() returns int begin atomic select "Amb.x"."Ten ant"(); end;
create function "Amb.x".fires() returns trigger language plpgsql as 'begin return new; end';
create trigger fires before update on "Amb.x".t for each row when (new.tenant = "Amb.x"."Ten ant"())
	execute function "Amb.x".fires();
create rule ruled as on delete to "Amb.x".t where old.tenant = "Amb.x"."Ten ant"() do instead nothing;
insert into "Amb.x".t (id, c) values (1, 1), (2, 7);`;

const AFTER = `
create function "Amb.x"."Ten ant"(u int default 5) returns int language sql immutable as 'select u';
create function "Amb.x"."Ten ant"(variadic many text[]) returns int language sql immutable as 'select 9';
create function "Amb.x".wide(int) returns text language sql immutable as 'select ''narrow''';
grant execute on function "Amb.x"."Ten ant"(int) to anon;`;

/** What calls which routine, as Postgres has bound it. */
const CALLS = `
select distinct pg_describe_object(d.classid, d.objid, d.objsubid) as what, d.refobjid::regprocedure::text as called
from pg_depend d join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
where p.pronamespace = '"Amb.x"'::regnamespace order by 1, 2`;

test('mean the same routine on the target, at first and after changes', async () => {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, BEFORE + AFTER);
	const components = [tables, data, functions, views, triggers, policies];
	const clone = async (): Promise<void> => {
		const result = await cloneInProcess({ ...pair, components });
		const failed = result.outcome('failed');
		expect(failed.map((id) => `${id}: ${result.items.get(id)?.detail ?? ''}`)).toEqual([]);
		expect(dumpedStatements(pair.target.dbUrl)).toEqual(dumpedStatements(pair.source.dbUrl));
		expect(await rowsOf(pair.target.dbUrl, CALLS)).toEqual(await rowsOf(pair.source.dbUrl, CALLS));
		const rows = 'select to_jsonb(t)::text as row from "Amb.x".t order by 1';
		expect(await rowsOf(pair.target.dbUrl, rows)).toEqual(await rowsOf(pair.source.dbUrl, rows));
	};
	await clone();
	const again = await cloneInProcess({ ...pair, components });
	expect([...again.outcome('copied'), ...again.outcome('failed')]).toEqual([]);
	// Everything that rests on the type of a column, or on a function, is created again.
	await runOn(
		pair.target.dbUrl,
		`drop trigger fires on "Amb.x".t; drop policy by_tenant on "Amb.x".t; drop view "Amb.x".v;
		drop index "Amb.x".by_call; alter domain "Amb.x".checked drop default;
		alter table "Amb.x".t alter tenant drop default; drop function "Amb.x".atomic();
		alter table "Amb.x".t drop constraint t_tenant_check; drop rule ruled on "Amb.x".t`,
	);
	await clone();
}, 120_000);
