import { expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { cloneInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { tablesOnly } from '../helpers/tables-only.ts';

const SOURCE = `create table t (id int primary key, n int);
insert into t select i, i from generate_series(1, 50) i;
create materialized view first as select n % 5 as k, count(*) as c from t group by 1;
create materialized view a_second as select sum(c) as total from first;
create materialized view stale as select count(*) as c from t;
insert into t values (51, 51);
refresh materialized view first;
refresh materialized view a_second;
create materialized view fails as select 1 / (count(*) - 51) as c from t with no data;`;

const clone = (pair: Pair, limits?: Parameters<typeof cloneInProcess>[0]['limits']) =>
	cloneInProcess({
		source: pair.source,
		target: pair.target,
		components: [tablesOnly, data, functions, views],
		...(limits ? { limits } : {}),
	});
const contents = (url: string) =>
	rowsOf(
		url,
		`select (select json_agg(f order by k) from first f) as first, (select total::int from a_second) as second, (select c::int from stale) as stale`,
	);

it('materialized views are filled in the order in which they read each other, slice by slice', async () => {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, SOURCE);
	const result = await clone(pair, { operations: 1 });
	expect(result.slices['views.refresh']).toBeGreaterThan(2);
	const [[source], [target]] = [
		await contents(pair.source.dbUrl),
		await contents(pair.target.dbUrl),
	];
	expect(target).toEqual({ ...source, stale: 51 });
	expect(source).toMatchObject({ stale: 50 });
	expect(result.outcome('failed')).toEqual([]);
	expect(result.outcome('adapted')).toEqual(['views public.stale']);
});

it('a stale view of the source does not make every clone refresh the copy', async () => {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, SOURCE);
	await clone(pair);
	const files = () =>
		rowsOf(
			pair.target.dbUrl,
			`select relname, relfilenode from pg_class where relkind = 'm' order by 1`,
		);
	const before = await files();
	const second = await clone(pair);
	expect(second.outcome('copied')).toEqual([]);
	expect(await files()).toEqual(before);
});

it('rows that changed are followed, and a refresh that fails names its view and leaves the others', async () => {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, SOURCE);
	await clone(pair);
	await runOn(
		pair.source.dbUrl,
		`insert into t values (100, 0); refresh materialized view fails; delete from t where id = 100;
		insert into t select i, i from generate_series(200, 210) i; delete from t where id > 200 and id <> 210;
		delete from t where id in (200, 210); update t set n = 7 where id = 51;
		refresh materialized view first; refresh materialized view a_second`,
	);
	const result = await clone(pair);
	expect(result.outcome('failed')).toEqual(['views public.fails']);
	expect(result.items.get('views public.fails')).toMatchObject({
		sqlstate: '22012',
		fix: 'Run on the target: refresh materialized view public.fails',
	});
	const [[source], [target]] = [
		await contents(pair.source.dbUrl),
		await contents(pair.target.dbUrl),
	];
	expect(target?.['first']).toEqual(source?.['first']);
});
