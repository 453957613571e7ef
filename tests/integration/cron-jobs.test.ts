import { beforeAll, describe, expect, it } from 'vitest';
import { cronJobs } from '../../supabase/functions/_shared/components/cron-jobs/index.ts';
import type { CloneOptions } from '../../supabase/functions/_shared/domain/clone.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { cronPair, freshPair, type Pair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const S = 'abcdefghijklmnopqrst';
const T = 'tsrqponmlkjihgfedcba';
const sourceKey = `sb_secret_${'s'.repeat(24)}`;
const targetKey = `sb_secret_${'t'.repeat(24)}`;

const endpointsOf = (pair: Pair) => ({
	source: { ...pair.source, ref: S, keys: [{ name: 'default', value: sourceKey }] },
	target: { ...pair.target, ref: T, keys: [{ name: 'default', value: targetKey }] },
});
const clone = (pair: Pair, options: Partial<CloneOptions> = {}) =>
	cloneInProcess({ ...endpointsOf(pair), components: [cronJobs], options });
const jobsOf = (pair: Pair, role: keyof Pair) =>
	rowsOf(
		pair[role].dbUrl,
		`select jobname, schedule, command, active from cron.job where username = 'postgres' order by jobname nulls last, schedule`,
	);

describe('cron jobs', () => {
	let pair: Pair;
	beforeAll(async () => {
		pair = await cronPair();
		await runOn(pair.source.adminUrl, 'create extension pg_cron');
		await runOn(
			pair.source.dbUrl,
			`select cron.schedule('nightly "tidy" ☃', '0 3 * * *', $$delete from log where note = 'it''s \\ old'$$);
			select cron.schedule('call home', '*/5 * * * *',
				$$select net.http_post('https://${S}.supabase.co/functions/v1/x', headers := '{"apikey": "${sourceKey}"}')$$);
			select cron.schedule('*/10 * * * *', 'select 1');
			select cron.alter_job(cron.schedule('resting', '1 1 * * *', 'select 2'), active := false);`,
		);
		await runOn(
			pair.source.adminUrl,
			`select cron.schedule_in_database('of another', '* * * * *', 'select 1', 'postgres', 'supabase_admin')`,
		);
	}, 120_000);

	it('arrive inactive, pointing at the target, with pg_cron enabled for them', async () => {
		const result = await clone(pair);
		expect(await jobsOf(pair, 'target')).toEqual([
			expect.objectContaining({
				jobname: 'call home',
				active: false,
				command: `select net.http_post('https://${T}.supabase.co/functions/v1/x', headers := '{"apikey": "${targetKey}"}')`,
			}),
			{
				jobname: 'nightly "tidy" ☃',
				schedule: '0 3 * * *',
				command: "delete from log where note = 'it''s \\ old'",
				active: false,
			},
			expect.objectContaining({ jobname: 'resting', active: false }),
			expect.objectContaining({ jobname: null, schedule: '*/10 * * * *', active: false }),
		]);
		expect(result.outcome('adapted')).toEqual([
			'cron_jobs call home',
			'cron_jobs nightly "tidy" ☃',
			'cron_jobs unnamed job (*/10 * * * *)',
		]);
		expect(result.outcome('skipped')).toEqual(['cron_jobs of another']);
		expect(result.outcome('failed')).toEqual([]);
		expect(JSON.stringify([...result.items])).not.toMatch(/sb_secret_/);
		// What runs on the source and rests here is looked at again by each verification; it is no difference that failed.
		const findings = await verifyInProcess(endpointsOf(pair), cronJobs, 'structure');
		expect(
			findings.map(({ object, severity, fix }) => [object, severity, fix.slice(0, 28)]),
		).toEqual(
			result.outcome('adapted').map((id) => [id.slice(10), 'note', 'To arm it, run on the target']),
		);
	});

	it('stay as the user set them, and a second clone changes nothing', async () => {
		await runOn(
			pair.target.dbUrl,
			`select cron.alter_job(jobid, active := true) from cron.job where jobname = 'call home'`,
		);
		const before = await jobsOf(pair, 'target');
		const result = await clone(pair);
		expect(result.outcome('copied')).toEqual([]);
		expect(result.outcome('adapted')).toEqual([]);
		expect(await jobsOf(pair, 'target')).toEqual(before);
	});

	it('follow the source in schedule and command without being armed or disarmed', async () => {
		await runOn(
			pair.source.dbUrl,
			`select cron.alter_job(jobid, schedule := '*/7 * * * *') from cron.job where jobname = 'call home'`,
		);
		const findings = await verifyInProcess(endpointsOf(pair), cronJobs, 'structure');
		expect(findings.filter(({ severity }) => severity !== 'note')).toHaveLength(1);
		await clone(pair);
		expect(await jobsOf(pair, 'target')).toContainEqual(
			expect.objectContaining({ jobname: 'call home', schedule: '*/7 * * * *', active: true }),
		);
	});

	it('take the flag of the source when the clone activates, and extras go when asked', async () => {
		await runOn(pair.target.dbUrl, `select cron.schedule('mine', '* * * * *', 'select 1')`);
		await clone(pair);
		expect(await jobsOf(pair, 'target')).toContainEqual(
			expect.objectContaining({ jobname: 'mine' }),
		);
		await clone(pair, { activate: true, remove_extra: true });
		expect(await jobsOf(pair, 'target')).toEqual([
			expect.objectContaining({ jobname: 'call home', active: true }),
			expect.objectContaining({ jobname: 'nightly "tidy" ☃', active: true }),
			expect.objectContaining({ jobname: 'resting', active: false }),
			expect.objectContaining({ jobname: null, active: true }),
		]);
	});
});

it('says so when the source has no pg_cron, and leaves the target alone', async () => {
	const result = await clone(await freshPair());
	expect(result.outcome('skipped')).toEqual(['cron_jobs pg_cron']);
});
