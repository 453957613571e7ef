// What stops a load does not pass by waiting, or stops all of them: every table is named, and advice is by what happened.
// A full disk is what an index of the target says, with the SQLSTATE of Postgres, as soon as a row comes.
import { expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { cloneInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

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
