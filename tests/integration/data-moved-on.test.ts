// A verification tells a source that has moved on from a target that is wrong. What was written is known to the test.
import { beforeAll, expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { runOn } from '../helpers/run-sql.ts';

const TABLES = ['grown', 'changed', 'emptied', 'lost', 'both', 'quiet'];
let pair: Pair;

beforeAll(async () => {
	pair = await freshPair();
	const schema = TABLES.map((name) => `create table public.${name} (id int primary key, v text)`);
	for (const { dbUrl } of [pair.source, pair.target]) await runOn(dbUrl, schema.join(';'));
	const rows = TABLES.map(
		(name) => `insert into public.${name} select g, 'a' from generate_series(1, 9) g`,
	);
	await runOn(pair.source.dbUrl, rows.join(';'));
	await cloneInProcess({ ...pair, components: [data] });
});

it.each(['counts', 'checksums'] as const)(
	'finds nothing while nothing is written, by %s',
	async (mode) => {
		expect(await verifyInProcess(pair, data, mode)).toEqual([]);
	},
);

it('is a warning where only the source was written, and says what was', async () => {
	await runOn(
		pair.source.dbUrl,
		`insert into public.grown values (10), (11); update public.changed set v = 'b' where id < 4; truncate public.emptied;
		insert into public.both values (10)`,
	);
	await runOn(
		pair.target.dbUrl,
		'delete from public.lost where id = 1; delete from public.both where id = 1',
	);
	const found = await verifyInProcess(pair, data, 'checksums');
	const told = found.map(({ object, severity, found }) => [
		object,
		severity,
		found.replace(/^.*?; /, ''),
	]);
	expect(told.toSorted()).toEqual([
		['public.both', 'failed', '8 rows'],
		[
			'public.changed',
			'warning',
			'since the clone the source was written (rows 3 updated), the target was not',
		],
		[
			'public.emptied',
			'warning',
			'since the clone the source was written (rows emptied or written anew), the target was not',
		],
		[
			'public.grown',
			'warning',
			'since the clone the source was written (rows 2 inserted or deleted), the target was not',
		],
		['public.lost', 'failed', '8 rows'],
	]);
});

it('is a failure again where the difference is more than what was written', async () => {
	await cloneInProcess({ ...pair, components: [data] });
	// Nobody counts what a superuser does to the catalog of the target's files, as a fault would.
	await runOn(
		pair.target.adminUrl,
		`set session_replication_role = replica; truncate public.quiet`,
	);
	await runOn(pair.source.dbUrl, 'insert into public.quiet values (10)');
	const [found] = await verifyInProcess(pair, data, 'counts');
	expect(found).toMatchObject({ object: 'public.quiet', severity: 'failed' });
});
