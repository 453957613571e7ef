// A schema far beyond one slice, by the real path and under the hosted limits: a worker that used more than 2 s of
// CPU or 256 MB would have its request failed by the function runner.
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { readReport } from '../../local/demo/report.ts';
import { runClone } from '../../local/demo/run.ts';
import { type DemoSession, signIn } from '../../local/demo/session.ts';
import { requestsBeyondLimits } from '../helpers/limits.ts';
import { runPreview } from '../helpers/preview.ts';

const stack = inject('stack');
const never = new AbortController().signal;
// More than are read at once. TWINS_LARGE_TABLES=2000 TWINS_WIDE_TABLES=30 asks for more than the suite has time for.
const TABLES = Number(process.env['TWINS_LARGE_TABLES'] ?? 500);
const WIDE_TABLES = Number(process.env['TWINS_WIDE_TABLES'] ?? 3);
/** Postgres allows 1,600 at most. */
const WIDE_COLUMNS = 1400;
let session: DemoSession;

// A statement of its own, so that it may commit as it goes.
const MAKE = `
do $make$
begin
  for number in 1..${TABLES} loop
    execute format(
      'create table large.t%1$s (
        id bigserial primary key,
        name text not null default ''x'',
        amount int check (amount > 0),
        previous bigint %2$s
      )',
      number,
      case when number > 1 then format('references large.t%s', number - 1) else '' end
    );
    execute format('create index on large.t%s (name, amount)', number);
    execute format('alter table large.t%s enable row level security', number);
    execute format(
      'create policy reading on large.t%s for select to authenticated using (name = ''x'')', number
    );
    execute format(
      'create policy adding on large.t%s for insert to authenticated with check (amount > 1)', number
    );
    if number % 2 = 0 then
      execute format(
        'create function large.f%1$s(x int) returns int language sql return x + %1$s', number
      );
    end if;
    execute format('insert into large.t%s (name, amount) select n, n from generate_series(1, 5) n',
      number
    );
    if number % 100 = 0 then commit; end if;
  end loop;
end
$make$`;

const MAKE_WIDE = `
do $make$
begin
  for number in 1..${WIDE_TABLES} loop
    execute (
      select format('create table large.wide%s (%s)', number, string_agg('c' || n || ' int default ' || n, ', '))
      from generate_series(1, ${WIDE_COLUMNS}) n
    );
    commit;
  end loop;
end
$make$`;

const COUNTS = `
select
  (select count(*)::int from pg_class where relnamespace = 'large'::regnamespace and relkind = 'r') as tables,
  (select count(*)::int from pg_class where relnamespace = 'large'::regnamespace and relkind = 'i') as indexes,
  (select count(*)::int from pg_constraint where connamespace = 'large'::regnamespace) as constraints,
  (select count(*)::int from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'large'::regnamespace and relname like 'wide%' and attnum > 0 and atthasdef) as wide_columns,
  (select count(*)::int from pg_proc where pronamespace = 'large'::regnamespace) as functions,
  (select count(*)::int from pg_policies where schemaname = 'large') as policies,
  (select count(*)::int from pg_class
    where relnamespace = 'large'::regnamespace and relkind = 'r' and not relrowsecurity and relname not like 'wide%') as open_tables`;

/** One statement on one of the sample projects, as its user. */
async function ask(project: number, statement: string): Promise<readonly object[]> {
	const sql = postgres(stack.projects[project]?.db_url ?? '', {
		max: 1,
		onnotice: () => undefined,
	});
	try {
		return [...(await sql.unsafe(statement))];
	} finally {
		await sql.end();
	}
}

beforeAll(async () => {
	session = await signIn(stack);
	await ask(0, 'create schema large');
	await ask(0, MAKE);
	await ask(0, MAKE_WIDE);
}, 240_000);
afterAll(() => session.close());

describe(`a schema of ${TABLES} tables, half as many functions, twice as many policies, and tables of ${WIDE_COLUMNS} columns`, () => {
	test('is previewed within the limits of an edge function', { timeout: 240_000 }, async () => {
		const preview = await runPreview(session, stack);
		expect(requestsBeyondLimits()).toEqual([]);
		expect(preview).toMatchObject({ status: 'completed', result: { errors: [] } });
	});

	test('is copied within the limits of an edge function', { timeout: 420_000 }, async () => {
		const job = await runClone(session, stack, never, () => undefined);
		const failed = (await readReport(session, job.id)).items.filter(
			({ outcome }) => outcome === 'failed',
		);
		expect(failed).toEqual([]);
		expect(job.status).toBe('completed');
		expect(requestsBeyondLimits()).toEqual([]);
		expect(await ask(1, COUNTS)).toEqual(await ask(0, COUNTS));
		expect(await ask(1, COUNTS)).toMatchObject([
			{
				tables: TABLES + WIDE_TABLES,
				wide_columns: WIDE_TABLES * WIDE_COLUMNS,
				functions: TABLES / 2,
				policies: TABLES * 2,
				open_tables: 0,
			},
		]);
	});

	test('is left alone by the second clone', { timeout: 420_000 }, async () => {
		const job = await runClone(session, stack, never, () => undefined);
		const changed = (await readReport(session, job.id)).items.filter(
			({ outcome }) => outcome === 'copied' || outcome === 'failed',
		);
		expect(changed).toEqual([]);
	});
});
