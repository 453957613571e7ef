// What failed stays in the report, whatever else has the same name and succeeds.
import { expect, test } from 'vitest';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { cloneInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { runOn } from '../helpers/run-sql.ts';

test('not null that rows forbid, of a column that a constraint made later is named after', async () => {
	const { source, target } = await freshPair();
	await runOn(
		source.dbUrl,
		'create table public.orders (id int primary key, total int not null, constraint total unique (total))',
	);
	await runOn(
		target.dbUrl,
		'create table public.orders (id int primary key, total int); insert into public.orders values (1)',
	);
	const result = await cloneInProcess({
		source: { dbUrl: source.dbUrl },
		target: { dbUrl: target.dbUrl },
		components: [tables],
	});
	expect(result.outcome('failed')).toEqual(['tables public.orders.total (not null)']);
	expect(result.items.get('tables public.orders.total')?.outcome).toBe('copied');
	expect(result.items.get('tables public.orders.total (not null)')?.sqlstate).toBe('23502');
});
