// Somebody has dropped the schema public of the source and created it anew, as many a "reset" does: it has another owner,
// other privileges and no comment. Judged by pg_dump.
import { expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { cloneInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { runOn } from '../helpers/run-sql.ts';

it.each(['source', 'target'] as const)('a schema public created anew on the %s', async (role) => {
	const pair = await freshPair();
	await runOn(pair[role].dbUrl, 'drop schema public cascade; create schema public');
	await runOn(
		pair.source.dbUrl,
		'create table public.t (id int primary key); insert into public.t values (1)',
	);
	const clone = { ...pair, components: [tables, data] };
	expect((await cloneInProcess(clone)).outcome('failed')).toEqual([]);
	const again = await cloneInProcess(clone);
	expect([...again.outcome('copied'), ...again.outcome('failed')]).toEqual([]);
	const dump = (url: string) => dumpedStatements(url, ['--schema=public']);
	expect(dump(pair.target.dbUrl)).toEqual(dump(pair.source.dbUrl));
});
