// A backup that takes several slices, and the restore of a table from it, within the limits of edge functions:
// whoever goes beyond them is ended, and its slice is lost.
import postgres from 'postgres';
import { expect, inject, onTestFinished, test } from 'vitest';
import { signIn } from '../../local/demo/session.ts';
import { requestsBeyondLimits } from '../helpers/limits.ts';

const stack = inject('stack');
const [source, target] = stack.projects;

const open = (url = ''): postgres.Sql => {
	const sql = postgres(url, { max: 1, onnotice: () => undefined });
	onTestFinished(() => sql.end());
	return sql;
};

test(
	'a table of several slices is kept and restored within the limits',
	{ timeout: 320_000 },
	async () => {
		const before = requestsBeyondLimits();
		const [from, to, control] = [source?.db_url, target?.db_url, stack.control.db_url].map(open);
		if (!from || !to || !control) throw new Error('the stack has two projects');
		const remove = async (): Promise<void> => {
			for (const sql of [from, to]) await sql`drop table if exists public.kept_large`;
			await from`drop schema if exists kept_many cascade`;
		};
		await remove();
		await from.unsafe(`create table public.kept_large as
		select i as id, md5(i::text) || md5((i * 7)::text) as a, repeat('word ' || i % 97 || ' ', 8) as b
		from generate_series(1, 400000) as i;
		alter table public.kept_large add primary key (id);
		analyze public.kept_large`);
		// Objects cost CPU however small they are.
		await from.unsafe(`create schema kept_many;
		do $do$ begin for i in 1..300 loop
			execute format('create table kept_many.t%1$s as select %1$s as n', i);
		end loop; end $do$`);
		await to.unsafe('create table public.kept_large (id int primary key, a text, b text)');
		onTestFinished(remove);
		const { supabase, close } = await signIn(stack);
		onTestFinished(close);
		const [project] =
			(await supabase.from('projects').select('account_id').eq('ref', source?.ref)).data ?? [];
		const account = project?.account_id as string;

		const started = await supabase.rpc('start_backup', { account_id: account, ref: source?.ref });
		expect(started.error).toBeNull();
		const id = (started.data as { id: string }).id;
		onTestFinished(async () => {
			await supabase.rpc('delete_backup', { backup_id: id });
		});
		const stateOf = async (table: string, of: string): Promise<string> =>
			((await supabase.from(table).select('status').eq('id', of)).data?.[0]?.status as string) ??
			'';
		await expect
			.poll(() => stateOf('backups', id), { timeout: 150_000, interval: 500 })
			.not.toBe('in_progress');
		const [backup] = (await supabase.from('backups').select('*').eq('id', id)).data ?? [];
		expect(backup).toMatchObject({ status: 'complete', problems: 0, error: null });
		// Each worker has taken over the snapshot of the one before.
		expect(backup?.moments).toBe(1);
		const [written] = await control`
		select slices from private.steps where backup_id = ${id} and kind = 'backup'`;
		expect(written?.['slices']).toBeGreaterThan(1);

		const restored = await supabase.rpc('start_restore', {
			backup_id: id,
			target_account_id: account,
			target_ref: target?.ref,
			options: { tables: ['public.kept_large'], confirm_target: target?.ref },
		});
		expect(restored.error).toBeNull();
		const job = (restored.data as { id: string }).id;
		await expect
			.poll(() => stateOf('jobs', job), { timeout: 150_000, interval: 500 })
			.toMatch(/completed|failed/);
		const sums = `select count(*)::int, sum(hashtext(t::text)::int8)::text as sum from public.kept_large as t`;
		expect(await to.unsafe(sums)).toEqual(await from.unsafe(sums));
		expect(
			await control`select kind, attempts from private.steps
			where (backup_id = ${id} or job_id = ${job}) and (attempts > 0 or error is not null)`,
		).toEqual([]);
		expect(requestsBeyondLimits()).toEqual(before);
	},
);
