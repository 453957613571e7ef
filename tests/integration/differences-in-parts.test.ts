// Previews and verifications of more than one slice can hold: tables come in parts, and the sum is as if they had not.
import { beforeAll, expect, it } from 'vitest';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { previewInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { runOn } from '../helpers/run-sql.ts';

/** Together more than MAX_FACTS columns. */
const [TABLES, COLUMNS] = [15, 1400];
const names = Array.from({ length: TABLES }, (_, n) => `wide.t${String(n).padStart(2, '0')}`);

let pair: Pair;
beforeAll(async () => {
	pair = await freshPair();
	await runOn(
		pair.source.dbUrl,
		`create schema wide;
		do $$ begin for n in 0..${TABLES - 1} loop execute (
			select format('create table wide.t%s (%s)', to_char(n, 'FM00'), string_agg('c' || c || ' int', ', '))
			from generate_series(1, ${COLUMNS}) c); end loop; end $$;
		create view wide.of_first as select c1 from wide.t00; create view wide.of_last as select c1 from wide.t14;
		create view wide.rows_of_last as select count(*) from wide.t14;
		create table public.small (id int primary key, added text);`,
	);
	await runOn(
		pair.target.dbUrl,
		'create table public.small (id int primary key); create table public.own (id int); create view public.of_small as select id from public.small',
	);
}, 60_000);

it('a preview lists each object once, with what would be done', async () => {
	const preview = await previewInProcess(pair, tables);
	const listed = preview.objects.map(({ object, action }) => `${String(action)} ${object}`);
	expect(listed.filter((line) => line.includes('wide.t'))).toEqual(
		names.map((name) => `create ${name}`),
	);
	expect(listed.filter((line) => line.includes('public.own'))).toEqual(['leave public.own']);
	expect(listed.filter((line) => line.includes('public.small'))).toEqual([
		'change public.small',
		'keep public.small.small_pkey',
	]);
	for (const { object, sql } of preview.objects.filter(({ action }) => action === 'create'))
		expect(sql?.[0], object).toMatch(/^create /);
	const ofViews = await previewInProcess(pair, views);
	expect(ofViews.objects.map(({ object, action }) => `${String(action)} ${object}`)).toEqual([
		'create wide.of_first',
		'create wide.of_last',
		'create wide.rows_of_last',
		'leave public.of_small',
	]);
});

it('a verification finds each difference once', async () => {
	const failed = async (component: typeof tables): Promise<string[]> =>
		(await verifyInProcess(pair, component, 'structure'))
			.filter(({ severity, object }) => severity === 'failed' && /wide|added/.test(object))
			.map(({ object }) => object);
	// Tables of a schema that the target lacks are told with it, in whichever part they are.
	expect(await failed(tables)).toEqual(['wide', 'public.small (column public.small.added)']);
	await runOn(pair.target.dbUrl, 'create schema wide');
	expect((await failed(tables)).filter((object) => object.startsWith('wide.'))).toEqual(names);
	expect(await failed(views)).toEqual(['wide.of_first', 'wide.of_last', 'wide.rows_of_last']);
});
