// Generated values that are older than the function that computes them, on either endpoint.
import { expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { tablesOnly } from '../helpers/tables-only.ts';

const price = (factor: number): string =>
	`create or replace function public.gross(net int) returns int language sql immutable as 'select net * ${factor}'`;

it(
	'are told on the source, computed again on the target, and copied nowhere',
	{ timeout: 120_000 },
	async () => {
		const pair = await freshPair();
		await runOn(
			pair.source.dbUrl,
			`${price(2)};
create table public."Old.ones" (id int primary key, net int, gross int generated always as (public.gross(net)) stored,
	half numeric(8,1) generated always as (net / 2.0) stored);
create table public.no_key (net int, gross int generated always as (public.gross(net)) stored);
create table public.cut (id int, gross int generated always as (public.gross(id)) stored) partition by list (id);
create table public.cut_1 partition of public.cut for values in (1);
insert into public."Old.ones" (id, net) select i, i from generate_series(1, 10) i;
insert into public.no_key values (1), (1); insert into public.cut values (1);`,
		);
		const clone = { ...pair, components: [tablesOnly, functions, data] };
		expect((await cloneInProcess(clone)).outcome('adapted')).toEqual([]);
		expect(await verifyInProcess(pair, data, 'checksums')).toEqual([]);

		// Both endpoints keep what the older function gave; then the source computes some rows anew.
		await runOn(
			pair.source.dbUrl,
			`${price(3)}; update public."Old.ones" set net = net where id > 7; update public.no_key set net = net`,
		);
		const found = 'of the source hold values that its expression does not give today';
		for (const _ of [1, 2]) {
			const result = await cloneInProcess(clone);
			expect(result.outcome('failed')).toEqual([]);
			expect(result.outcome('adapted')).toEqual(['data public.Old.ones.gross']);
			expect(result.items.get('data public.Old.ones.gross')?.detail).toContain(`7 rows ${found}`);
			expect(result.outcome('copied').filter((id) => id.startsWith('data'))).toEqual([]);
		}
		expect(await rowsOf(pair.target.dbUrl, 'select distinct gross from public.no_key')).toEqual([
			{ gross: 3 },
		]);
		expect(
			await rowsOf(pair.target.dbUrl, 'select sum(gross)::int as sum from public."Old.ones"'),
		).toEqual([{ sum: 165 }]);
		expect(
			(await verifyInProcess(pair, data, 'checksums')).map(({ severity, object }) => [
				severity,
				object,
			]),
		).toEqual([['warning', 'public.Old.ones.gross']]);
	},
);
