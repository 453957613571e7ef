// Runs without anyone there stop before they remove or overwrite far more than the last one: what is measured, and a
// whole schedule from its slot to the answer of its owner.
import { describe, expect, it } from 'vitest';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import type { StageContext } from '../../supabase/functions/_shared/contract/context.ts';
import { components as all } from '../../supabase/functions/_shared/components/index.ts';
import { only, openTestEngine } from '../helpers/engine.ts';
import { freshPair } from '../helpers/clusters.ts';
import { testOptions } from '../helpers/clone.ts';
import { withContext } from './data-context.ts';
import { sql } from './data-fingerprints.ts';

const data = createData();

/** Rows 1 to `count` of a table that both endpoints have. */
const filled = (name: string, count: number, key = 'id int primary key'): string =>
	`create table public.${name} (${key}, v text); insert into public.${name} select n, 'value ' || n from generate_series(1, ${count}) n`;

const KINDS = `
${filled('equal_rows', 100)};
${filled('changed', 100)};
${filled('removed', 100)};
${filled('replaced', 100)};
${filled('added', 100)};
${filled('kept_by_upsert', 100)};
${filled('changed_by_upsert', 100)};
${filled('ignored', 100)};
${filled('tiny', 5)};
${filled('without_key', 100, 'id int')};
${filled('grows', 100)};
${filled('narrowed', 100, 'id bigint primary key')};
create table public."Odd ""name" (a text collate "C", "B" uuid, c timestamptz, v float8, primary key (a, "B", c));
insert into public."Odd ""name" select 'it''s \\ ' || n, md5(n::text)::uuid, '2026-01-01'::timestamptz + n * interval '1 day', n
from generate_series(1, 100) n;
create table public.parted (id int primary key, v text) partition by range (id);
create table public.parted_1 partition of public.parted for values from (0) to (1000);
insert into public.parted select n, 'value' from generate_series(1, 100) n;
${filled('large', 30_000)};
analyze`;

const CHANGES = `
update public.changed set v = 'other' where id <= 40;
delete from public.removed where id <= 70;
update public.replaced set id = id + 1000;
insert into public.added select n, 'new' from generate_series(101, 1000) n;
delete from public.kept_by_upsert;
update public.changed_by_upsert set v = 'other' where id <= 80;
delete from public.ignored;
delete from public.tiny;
delete from public.without_key where id <= 75;
alter table public.grows add w int;
alter table public.narrowed alter id type int;
update public.narrowed set v = 'other' where id <= 25;
update public."Odd ""name" set v = -v where v <= 10;
delete from public.parted where id <= 90;
update public.large set v = 'other' where id % 10 < 3`;

describe('what would be lost', () => {
	it('is measured table by table, the same in one slice and in many', async () => {
		const { source, target } = await freshPair();
		await Promise.all([sql(source, KINDS), sql(target, KINDS)]);
		await sql(source, CHANGES);
		await sql(target, `${filled('dropped', 100)}; analyze public.dropped`);
		const options = {
			...testOptions({
				remove_extra: true,
				strategies: { 'public.kept_by_upsert': 'upsert', 'public.changed_by_upsert': 'upsert' },
			}),
		};
		const measure = async (isSliced: boolean): Promise<Map<string, number>> => {
			const found = new Map<string, number>();
			let cursor: unknown = null;
			do {
				const left: unknown = cursor;
				cursor = null;
				await withContext(
					{ jobId: 'x', source, target, ignoreRules: ['public.ignored'] },
					async (context) => {
						const given: StageContext & { continueFrom(next: unknown): void } = {
							...context,
							options,
							cursor: left,
							...(isSliced && { spent: () => true }),
							continueFrom: (next) => (cursor = JSON.parse(JSON.stringify(next))),
						};
						for (const { object, share } of (await data.measureLosses?.(given)) ?? [])
							found.set(object, share);
					},
				);
			} while (cursor !== null);
			return found;
		};
		const whole = await measure(false);
		const large = whole.get('public.large') ?? 0;
		expect(large).toBeGreaterThan(0.2);
		expect(large).toBeLessThan(0.4);
		expect(Object.fromEntries([...whole].filter(([object]) => object !== 'public.large'))).toEqual({
			'public.equal_rows': 0,
			'public.changed': 0.4,
			'public.removed': 0.7,
			'public.replaced': 1,
			'public.added': 0,
			'public.kept_by_upsert': 0,
			'public.changed_by_upsert': 0.8,
			'public.tiny': 0,
			'public.without_key': 0.75,
			'public.grows': 0,
			'public.narrowed': 0.25,
			'public.Odd "name': 0.1,
			'public.parted_1': 0.9,
			'public.dropped': 1,
		});
		const sliced = await measure(true);
		sliced.delete('public.large');
		whole.delete('public.large');
		expect(Object.fromEntries(sliced)).toEqual(Object.fromEntries(whole));
	});
});

describe('a schedule', () => {
	it('stops before it writes, asks, and goes on once its owner has said so', async () => {
		const engine = await openTestEngine();
		const { control, endpoints } = engine;
		try {
			const table = filled('orders', 200);
			await sql(endpoints.source, table);
			await sql(endpoints.target, 'create table public.orders (id int primary key, v text)');
			const options = only('data');
			const first = await control.startClone({ ...options, confirm_target: control.targetRef });
			await engine.workAll([data]);
			expect((await engine.jobOf(first)).job).toMatchObject({ status: 'completed', error: null });
			const [twin] = await control.sql`select id, options from public.twins`;
			const [schedule] = await control.asUser<{ id: string }[]>(
				'select id from public.save_schedule($1, $2, 6, options => $3::jsonb)',
				[
					twin?.['id'],
					'Nightly',
					{ ...options, verify: 'counts', confirm_target: control.targetRef },
				],
			);
			const comeDue = async () => {
				await control.sql`update public.schedules set next_run_at = now() - interval '1 minute'`;
				await control.sql`select private.start_due_schedules()`;
				await engine.workAll([data]);
				const [job] = await control.sql`select * from public.jobs order by created_at desc limit 1`;
				return job;
			};
			const written = () =>
				sql(endpoints.target, 'select xmin::text, v from public.orders order by id');

			// A small change passes.
			await sql(endpoints.source, `update public.orders set v = 'other' where id <= 20`);
			expect(await comeDue()).toMatchObject({ status: 'completed', error: null, loss_limit: 50 });

			// The source lost most of its rows: somebody truncated it, or restored an empty one.
			await sql(endpoints.source, 'delete from public.orders where id > 30');
			const before = await written();
			const stopped = await comeDue();
			expect(stopped).toMatchObject({
				status: 'failed',
				error: {
					code: 'limit_exceeded',
					message: expect.stringContaining('About 85 % of the rows of public.orders'),
				},
			});
			expect(await written()).toEqual(before);
			expect(
				await sql(endpoints.target, `select from pg_catalog.pg_namespace where nspname = '_twins'`),
			).toHaveLength(0);
			expect(await control.sql`select is_asking, is_active from public.schedules`).toMatchObject([
				{ is_asking: true, is_active: false },
			]);
			expect((await control.sql`select options from public.twins`)[0]).toEqual({
				options: twin?.['options'],
			});

			await control.asUser('select public.run_schedule($1)', [schedule?.id]);
			await engine.workAll([data]);
			expect(await written()).toHaveLength(30);
			expect(await control.sql`select is_asking, is_active from public.schedules`).toMatchObject([
				{ is_asking: false, is_active: true },
			]);

			// What was accepted once may come again.
			await sql(endpoints.source, `update public.orders set v = 'third' where id <= 24`);
			expect(await comeDue()).toMatchObject({ status: 'completed', error: null });
		} finally {
			await engine.close();
		}
	});

	it('does nothing to the protection of the target that nobody agreed to by name', async () => {
		const engine = await openTestEngine();
		const { control, endpoints } = engine;
		const shop = all.filter(({ key }) => key === 'policies');
		try {
			const table = 'create table public.orders (id int primary key)';
			await Promise.all([sql(endpoints.source, table), sql(endpoints.target, table)]);
			const options = { ...only('policies'), confirm_target: control.targetRef };
			await control.startClone(options);
			await engine.workAll(shop);
			const [twin] = await control.sql`select id from public.twins`;
			const [schedule] = await control.asUser<{ id: string }[]>(
				'select id from public.save_schedule($1, $2, 6, options => $3::jsonb)',
				[twin?.['id'], 'Nightly', options],
			);
			const comeDue = async () => {
				await control.sql`update public.schedules set next_run_at = now() - interval '1 minute'`;
				await control.sql`select private.start_due_schedules()`;
				await engine.workAll(shop);
				const [job] = await control.sql`select * from public.jobs order by created_at desc limit 1`;
				return job;
			};
			const policies = () => sql(endpoints.target, 'select policyname from pg_catalog.pg_policies');

			await sql(endpoints.source, 'create policy open on public.orders using (true)');
			const stopped = await comeDue();
			expect(stopped).toMatchObject({
				status: 'failed',
				error: {
					code: 'limit_exceeded',
					message: expect.stringContaining('Policies may let more through: open on public.orders'),
					risks: ['policies open on public.orders'],
				},
			});
			expect(await policies()).toHaveLength(0);
			expect(await control.sql`select is_asking, asked from public.schedules`).toMatchObject([
				{ is_asking: true, asked: ['policies open on public.orders'] },
			]);

			// A further attempt of that run asks in the same way.
			await control.asUser('select public.run_again($1)', [stopped?.['id']]);
			await engine.workAll(shop);
			expect(await policies()).toHaveLength(0);

			await control.asUser('select public.run_schedule($1)', [schedule?.id]);
			await engine.workAll(shop);
			expect(await policies()).toHaveLength(1);
			// What was agreed to may come again.
			await sql(endpoints.target, 'drop policy open on public.orders');
			expect(await comeDue()).toMatchObject({ status: 'completed', error: null });
			expect(await policies()).toHaveLength(1);
		} finally {
			await engine.close();
		}
	});
});
