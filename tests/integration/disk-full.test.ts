// What stops a load does not pass by waiting, or stops all of them: every table is named, and advice is by what happened.
// A full disk is what an index of the target says, with the SQLSTATE of Postgres, as soon as a row comes.
import { expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { cloneInProcess } from '../helpers/clone.ts';
import { type ClusterUrls, freshPair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowSums } from '../helpers/row-sums.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { maySmallDisk, openSmallDisk, type SmallDisk } from '../helpers/small-disk.ts';

const SCHEMA = `
create table public.parent (id int primary key, v text);
create table public.child (id int primary key, parent int references public.parent);
create table public.other (id int primary key);
insert into public.parent values (1, 'a'); insert into public.child values (1, 1); insert into public.other values (1)`;

/** An index of the target that meets every row of the table with a statement. */
const meeting = (table: string, statement: string): string => `
create table public.${table} (id int primary key, v text);
create function public.meet(int) returns int language plpgsql immutable as $$ begin ${statement}; return 1; end $$;
create index met on public.${table} (public.meet(id))`;

it('a full disk: each table by name, tried once, and keys as their consequence', async () => {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, SCHEMA);
	await runOn(
		pair.target.dbUrl,
		meeting(
			'parent',
			`raise 'could not extend file: No space left on device' using errcode = '53100'`,
		),
	);
	const result = await cloneInProcess({ ...pair, components: [tables, data] });
	expect(result.items.get('data public.parent')).toMatchObject({
		outcome: 'failed',
		sqlstate: '53100',
	});
	expect(result.items.get('data public.other')?.outcome).toBe('copied');
	expect(result.items.get('data public.child')?.outcome).toBe('copied');
	const keys = [...result.items.values()].filter(({ sqlstate }) => sqlstate === '23503');
	expect(keys.map(({ object, fix }) => [object, fix])).toEqual([
		[
			'public.child.child_parent_fkey',
			'Rows of public.parent could not be copied: see what the report says of public.parent, then clone again.',
		],
	]);
	expect(result.slices['data.rows']).toBeLessThan(3);
});

it('a target that breaks off every load: the tables that were not reached are named', async () => {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, SCHEMA);
	await runOn(
		pair.target.dbUrl,
		meeting('parent', 'perform pg_terminate_backend(pg_backend_pid())'),
	);
	const items = new Map<string, string>();
	const clone = { ...pair, components: [tables, data] };
	const failure = await cloneInProcess({
		...clone,
		onItem: ({ object, outcome, detail }) => items.set(object, `${outcome}: ${detail ?? ''}`),
	}).catch((error: unknown) => error);
	expect(failure).toMatchObject({ code: 'connection_lost' });
	for (const table of ['public.parent', 'public.child', 'public.other'])
		expect(items.get(table)).toMatch(/^(failed: not reached: |copied)/i);
	expect(items.get('public.parent')).toMatch(/^failed/);
	expect(await rowsOf(pair.target.dbUrl, 'select count(*)::int as n from public.parent')).toEqual([
		{ n: 0 },
	]);
});

/** Tables of some 2.4 MB each, of which a small disk takes only some. */
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const LARGE = `
${NAMES.map(
	(name) => `create table public.${name} (id int primary key, v text);
insert into public.${name} select g, repeat(md5(g::text), 3) from generate_series(1, 16000) g;
create index on public.${name} (v);`,
).join('\n')}
create table public.of_all (id int primary key, ${NAMES.map((name) => `${name} int references public.${name}`).join(', ')});
insert into public.of_all select g, g, g, g, g, g, g, g, g from generate_series(1, 100) g;`;

/** Where nothing can be mounted: a target that says so of the last tables, in the words of Postgres. */
async function pretendFullDisk(target: ClusterUrls): Promise<SmallDisk> {
	console.warn('This machine mounts nothing for us: an index stands for the full disk.');
	const full = `raise 'could not extend file: No space left on device' using errcode = '53100'`;
	await runOn(
		target.dbUrl,
		`create function public.meet(int) returns int language plpgsql immutable as $$ begin ${full}; return 1; end $$;
		${NAMES.slice(-3)
			.map(
				(name) => `create table public.${name} (id int primary key, v text);
			create index met_${name} on public.${name} (public.meet(id));`,
			)
			.join('\n')}`,
	);
	return { target, grow: () => runOn(target.dbUrl, 'drop function public.meet(int) cascade') };
}

it('a disk that is really full: what was not reached is named, and comes when there is space', async () => {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, LARGE);
	const disk = maySmallDisk()
		? await openSmallDisk(pair.target, 18)
		: await pretendFullDisk(pair.target);
	const clone = { source: pair.source, target: disk.target, components: [tables, data] };
	const result = await cloneInProcess(clone);
	const failed = [...result.items.values()].filter(({ outcome }) => outcome === 'failed');
	const isData = ({ component }: { component: string }): boolean => component === 'data';
	// Every table is an item, and those without their rows say why; what follows from that names the table.
	const empty = failed.filter(isData);
	expect(empty.length).toBeGreaterThan(1);
	for (const name of [...NAMES, 'of_all'])
		expect(result.items.get(`data public.${name}`)?.outcome).toMatch(/^(copied|failed)$/);
	for (const { sqlstate, fix } of empty)
		expect([sqlstate, fix]).toEqual(['53100', expect.stringMatching(/^The disk is full: give/)]);
	for (const { object, sqlstate, fix } of failed.filter((item) => !isData(item))) {
		const [, table = ''] = /^public\.of_all\.of_all_(\w)_fkey$/.exec(object) ?? [];
		const isFull = sqlstate === '53100' && fix?.startsWith('The disk is full: give') === true;
		const isConsequence =
			sqlstate === '23503' &&
			fix?.startsWith(`Rows of public.${table} could not be copied`) === true;
		expect([object, isFull || isConsequence]).toEqual([object, true]);
	}
	expect(result.slices['data.rows']).toBeLessThan(3);
	expect(result.slices['tables.relations']).toBeLessThan(3);

	await disk.grow();
	expect((await cloneInProcess(clone)).outcome('failed')).toEqual([]);
	expect(await rowSums(disk.target)).toEqual(await rowSums(pair.source));
	const dump = (url: string) => dumpedStatements(url, ['--schema=public']);
	expect(dump(disk.target.dbUrl)).toEqual(dump(pair.source.dbUrl));
});
