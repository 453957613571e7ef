// A verification of 1,200 missing tables, through the queue: all are counted, and what belongs to a missing table is
// told with it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { component, only, openTestEngine, type TestEngine } from '../helpers/engine.ts';
import { runOn } from '../helpers/run-sql.ts';

let engine: TestEngine;
beforeAll(async () => {
	engine = await openTestEngine();
	await runOn(
		engine.endpoints.source.dbUrl,
		`do $$ begin for n in 1..1200 loop
			execute format('create table public.%I (id int primary key)', 'T ' || n);
			if n % 4 = 0 then execute format('insert into public.%I values (1)', 'T ' || n); end if;
			if n % 6 = 0 then execute format('create policy readers on public.%I using (true)', 'T ' || n); end if;
		end loop; end $$;
		create schema "Only there"; create table "Only there".t (id int); create policy p on "Only there".t using (true);`,
	);
});
afterAll(() => engine.close());

it('counts every missing table, and tells its rows and policies with it', async () => {
	const { control } = engine;
	const id = await control.startClone(only('tables', 'data', 'policies'));
	await engine.workAll([component('tables'), component('data'), component('policies')]);
	await control.asUser('select public.start_verification($1, $2)', [id, 'counts']);
	await engine.workAll([tables, data, policies]);

	const [verification] =
		await control.sql`select status, summary from public.verifications where job_id = ${id}`;
	expect(verification?.['status']).toBe('failed');
	expect(verification?.['summary']).toMatchObject({
		// With three default privileges in which the two clusters differ by themselves.
		failed: 1204,
		warnings: 0,
		groups: {
			tables: { failed: 1204, reported_with: 0 },
			data: { failed: 0, reported_with: 1201 },
			policies: { failed: 0, reported_with: 201 },
		},
		components: { tables: 'failed', data: 'failed', policies: 'failed' },
		errors: [],
	});
	const told = await control.sql`
		select object, covers from public.verification_findings
		where object in ('public."T 1"', 'public."T 12"', '"Only there"') order by object`;
	expect(told.map((row) => ({ ...row }))).toEqual([
		{ object: '"Only there"', covers: { data: 1, policies: 1 } },
		{ object: 'public."T 1"', covers: { data: 1 } },
		{ object: 'public."T 12"', covers: { data: 1, policies: 1 } },
	]);
});
