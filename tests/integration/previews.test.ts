// What previews say before a clone: of the objects of a schema, and of the rows of tables.
import { expect, test } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { planText } from '../../supabase/functions/_shared/domain/preview-words.ts';
import { cloneInProcess, previewInProcess, type TestClone } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { runScript } from '../helpers/corpus.ts';
import { normalizedDump } from '../helpers/dump.ts';

test('the preview lists the objects with what would be done, and changes nothing', async () => {
	const pair = await freshPair();
	runScript(
		pair.source.dbUrl,
		'create table same (id int primary key); create table different (id bigint); create table new_one (id int);',
	);
	runScript(
		pair.target.dbUrl,
		'create table same (id int primary key); create table different (id int); create table own (id int);',
	);
	const before = normalizedDump(pair.target.dbUrl);
	const seen = await previewInProcess(pair, tables);
	expect(seen).toMatchObject({
		counts: expect.arrayContaining([
			{ unit: 'table', source: 3, target: 3 },
			{ unit: 'column', source: 3, target: 3 },
		]),
		plan: expect.arrayContaining([
			{ kind: 'table', action: 'create', count: 1 },
			{ kind: 'table', action: 'leave', count: 1 },
		]),
		objects: expect.arrayContaining([
			expect.objectContaining({
				object: 'public.new_one',
				action: 'create',
				counts: expect.arrayContaining([{ unit: 'column', source: 1, target: 0 }]),
			}),
			expect.objectContaining({
				object: 'public.different',
				action: 'change',
				sql: expect.arrayContaining([expect.stringContaining('type bigint')]),
			}),
		]),
	});
	expect(normalizedDump(pair.target.dbUrl)).toBe(before);
	// What was renamed since the last clone is told as that.
	await cloneInProcess({ ...pair, components: [tables] });
	runScript(pair.source.dbUrl, `alter table same rename to "other one";`);
	const renamed = await previewInProcess(pair, tables);
	expect(renamed).toMatchObject({
		objects: expect.arrayContaining([
			expect.objectContaining({
				object: 'public."other one"',
				action: 'rename',
				sql: ['alter table public.same rename to "other one"'],
			}),
			expect.objectContaining({ object: 'public."other one".same_pkey', action: 'keep' }),
		]),
	});
	expect(JSON.stringify(renamed)).not.toContain('"public.same"');
});

test('rows are previewed per table with estimates and warnings, also where the target has no tables yet', async () => {
	const pair = await freshPair();
	runScript(
		pair.source.dbUrl,
		`create table public.large as select generate_series(1, 100001) as id; create table public.none (id int);
		create table public.left_out (id int); create table public.both as select 1 as id; analyze`,
	);
	runScript(
		pair.target.dbUrl,
		`create table public.both as select n as id, 'kept' as only_here from generate_series(2, 3) n;
		create table public.own as select 3 as id; analyze`,
	);
	const preview = await previewInProcess({ ...pair, ignoreRules: ['*.left_out'] }, data);
	expect(preview.counts.slice(0, 2)).toEqual([
		{ unit: 'table', source: 3, target: 2 },
		{ unit: 'row', source: 100_002, target: 3, is_estimate: true },
	]);
	const warned = (object: string) =>
		preview.warnings.filter((warning) => warning.object === object).map(({ message }) => message);
	expect(warned('public.large')).toEqual([expect.stringContaining('100,001 rows')]);
	expect(warned('public.none')).toEqual([expect.stringContaining('empty')]);
	expect(warned('public.both')).toEqual([
		expect.stringContaining('The target has rows'),
		'Only the target has the column only_here',
	]);
	expect(
		preview.objects.map(({ object, action, plan = [] }) => [object, action, planText(plan)]),
	).toEqual([
		[
			'public.both',
			'overwrite',
			'at least ≈ 1 row removed · different rows overwritten · missing rows added',
		],
		['public.large', 'fill', '≈ 100,000 rows added'],
		['public.left_out', 'leave', ''],
		['public.own', 'leave', ''],
		['public.none', 'keep', ''],
	]);
	expect(preview.objects[2]).toMatchObject({ detail: 'ignore rule *.left_out' });
	expect(preview.objects[3]).toMatchObject({ is_extra: true });
});

test('counts rows exactly where that is asked for, slice by slice', async () => {
	const pair = await freshPair();
	runScript(
		pair.source.dbUrl,
		`create table many (id int primary key); insert into many select generate_series(1, 1234);
		create table few (id int primary key); insert into few values (1), (2);
		create table one (id int primary key); insert into one values (1);`,
	);
	runScript(
		pair.target.dbUrl,
		'create table many (id int primary key); insert into many select generate_series(1, 1000);',
	);
	const rowsOf = async (clone: Partial<TestClone>) =>
		(await previewInProcess({ ...pair, ...clone }, data)).objects.map(({ object, counts = [] }) => [
			object,
			counts.find(({ unit }) => unit === 'row'),
		]);
	const unit = 'row';
	const counted = [
		['public.few', { unit, source: 2, target: 0 }],
		['public.many', { unit, source: 1234, target: 1000 }],
		['public.one', { unit, source: 1, target: 0 }],
	];
	expect((await rowsOf({})).flat()).toContainEqual(expect.objectContaining({ is_estimate: true }));
	expect((await rowsOf({ countRows: true })).toSorted()).toEqual(counted);
	// One table per slice.
	const limits = { seconds: 0 };
	expect((await rowsOf({ countRows: true, limits })).toSorted()).toEqual(counted);
	const total = (await previewInProcess({ ...pair, countRows: true }, data)).counts;
	expect(total).toContainEqual({ unit, source: 1237, target: 1000, is_estimate: false });
});
