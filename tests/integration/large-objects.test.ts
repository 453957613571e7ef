// Tables as wide as Postgres allows, rows and functions of unusual size: nothing may take time that grows with
// the square of their number.
import { expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { columnKinds } from '../../supabase/functions/_shared/schema/kinds/column.ts';
import { tableKinds } from '../../supabase/functions/_shared/schema/kinds/table.ts';
import { readFacts } from '../../supabase/functions/_shared/schema/read.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, freshProject } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { tablesOnly } from '../helpers/tables-only.ts';

const wide = (columns: number): string => `do $$ begin
  execute 'create table wide.t${columns} (' || (
    select string_agg('c' || g || ' int default ' || g, ',') from generate_series(1, ${columns}) g) || ')';
end $$;`;

it('the time to read a table grows with its columns, not with their square', async () => {
	const { dbUrl } = await freshProject();
	const timeOf = async (columns: number): Promise<number> => {
		await runOn(dbUrl, `drop schema if exists wide cascade; create schema wide; ${wide(columns)}`);
		const session = await connectUrl(dbUrl);
		const times: number[] = [];
		for (let run = 0; run < 3; run += 1) {
			const begun = performance.now();
			await readFacts(session, [...tableKinds, ...columnKinds]);
			times.push(performance.now() - begun);
		}
		await session.close();
		return Math.min(...times);
	};
	const few = await timeOf(300);
	// Four times as many; with the square of them it was beyond all limits, after two minutes.
	expect((await timeOf(1200)) / few).toBeLessThan(16);
});

it('1,600 columns, rows of megabytes and a function of 50 kB arrive, and are verified', async () => {
	const pair = await freshPair();
	await runOn(
		pair.source.dbUrl,
		`create schema wide; ${wide(1600)}
		insert into wide.t1600 (c1) select generate_series(1, 30);
		create table wide.long (id int primary key, v text, b bytea);
		insert into wide.long select g, repeat(md5(g::text), 50000), decode(repeat('ab', 500000), 'hex') from generate_series(1, 6) g;
		do $$ begin execute format('create function wide.f() returns text language plpgsql as %L', 'begin -- ' || repeat('x', 50000) || e'\\n return 1; end'); end $$`,
	);
	const components = [tablesOnly, data, functions];
	const result = await cloneInProcess({ ...pair, components });
	expect(result.outcome('failed')).toEqual([]);
	// Not pg_dump: it takes a minute for this table.
	const columns = `select string_agg(concat_ws(' ', attname, atttypid::regtype, pg_get_expr(adbin, 0)), ',' order by attnum) as columns,
		(select md5(prosrc) from pg_proc where proname = 'f' and pronamespace = 'wide'::regnamespace) as body
		from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
		where attrelid = 'wide.t1600'::regclass and attnum > 0`;
	expect(await rowsOf(pair.target.dbUrl, columns)).toEqual(
		await rowsOf(pair.source.dbUrl, columns),
	);
	const sums = `select (select md5(string_agg(t::text, ' ' order by c1)) from wide.t1600 t) as wide,
		(select md5(string_agg(l::text, ' ' order by id)) from wide.long l) as long`;
	expect(await rowsOf(pair.target.dbUrl, sums)).toEqual(await rowsOf(pair.source.dbUrl, sums));
	expect(await verifyInProcess(pair, data, 'checksums')).toEqual([]);
	expect((await cloneInProcess({ ...pair, components })).outcome('copied')).toEqual([]);
});
