// What `remove_extra` does to extensions that only the target has: those that hold something stay, and what the others
// take along is in the preview by name.
import { expect, it } from 'vitest';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { cloneInProcess, previewInProcess } from '../helpers/clone.ts';
import { cronPair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const options = { remove_extra: true };
const EXTENSIONS = 'select extname::text as name from pg_extension order by 1';

it('keeps extensions that hold something, and names what the others take along', async () => {
	const pair = await cronPair();
	await runOn(pair.source.dbUrl, `create table public.shared (id int primary key)`);
	await runOn(
		pair.target.dbUrl,
		`create extension pg_cron; select cron.schedule('theirs', '0 1 * * *', 'select 1');
		create extension citext with schema public;
		create table public.shared (id int primary key, name public.citext);
		create table public.own (id int primary key, "Odd ""Name""" public.citext);
		create function public.own_f(public.citext) returns int language sql as 'select 1';`,
	);
	const endpoints = { source: pair.source, target: pair.target };
	const { objects } = await previewInProcess({ ...endpoints, options }, tables);
	const planned = new Map(objects.map(({ object, action }) => [object, action]));
	expect(planned.get('extension citext')).toBe('remove');
	expect(planned.get('extension pg_cron')).toBe('leave');
	expect(planned.get('public.own')).toBe('remove');
	expect(planned.get('public.shared.name')).toBe('remove');
	const ofFunctions = await previewInProcess({ ...endpoints, options }, functions);
	expect(JSON.stringify(ofFunctions.objects)).toContain('public.own_f(public.citext)');

	const result = await cloneInProcess({ ...endpoints, components: [tables, functions], options });
	expect(result.outcome('failed')).toEqual([]);
	expect(result.items.get('tables extension pg_cron')).toMatchObject({
		outcome: 'skipped',
		fix: expect.stringContaining('by hand'),
	});
	const left = (await rowsOf(pair.target.dbUrl, EXTENSIONS)).map(({ name }) => name);
	expect(left).toContain('pg_cron');
	expect(left).toContain('supabase_vault');
	expect(left).not.toContain('citext');
	expect(await rowsOf(pair.target.adminUrl, 'select jobname from cron.job')).toHaveLength(1);
});
