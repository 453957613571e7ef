import { describe, expect, it } from 'vitest';
import type { CronJob, EndpointCronJobs } from './inspect.ts';
import { planJobs, wantedJobs } from './plan.ts';

const from = { ref: 'a'.repeat(20), url: `https://${'a'.repeat(20)}.supabase.co`, keys: [] };
const to = { ref: 'b'.repeat(20), url: `https://${'b'.repeat(20)}.supabase.co`, keys: [] };

let nextId = 1;
const job = (given: Partial<CronJob>): CronJob => ({
	id: String(nextId++),
	name: 'tidy',
	schedule: '0 3 * * *',
	command: 'select 1',
	database: 'postgres',
	username: 'postgres',
	active: true,
	...given,
});
const having = (...own: readonly CronJob[]): EndpointCronJobs => ({
	installed: true,
	own,
	foreign: [],
});
const plan = (
	source: EndpointCronJobs,
	target: EndpointCronJobs,
	activate = false,
	removeExtra = false,
) => planJobs(wantedJobs(source, from, to), target, { activate, removeExtra });

describe('planning cron jobs', () => {
	it('creates what is missing inactive, and active only when asked and active on the source', () => {
		expect(plan(having(job({})), having())).toMatchObject([{ how: 'create', active: false }]);
		expect(plan(having(job({})), having(), true)).toMatchObject([{ how: 'create', active: true }]);
		expect(plan(having(job({ active: false })), having(), true)).toMatchObject([
			{ how: 'create', active: false },
		]);
	});

	it('leaves an equal job alone whether armed or not', () => {
		expect(plan(having(job({})), having(job({ active: false })))).toMatchObject([{ how: 'keep' }]);
		expect(plan(having(job({})), having(job({ active: true })))).toMatchObject([{ how: 'keep' }]);
	});

	it('leaves alone a command whose placeholder somebody has filled in, and never lets a key of the source stay', () => {
		const key = `sb_secret_${'k'.repeat(20)}`;
		const known = { ...from, keys: [{ name: 'default', value: key }] };
		const wanted = wantedJobs(having(job({ command: `select '${key}'` })), known, to);
		const planned = (command: string) =>
			planJobs(wanted, having(job({ command })), { activate: false, removeExtra: false });
		expect(planned("select 'mine'")).toMatchObject([
			{ how: 'keep', job: { rewritten: { missing: [] } } },
		]);
		expect(planned(`select '${key}'`)).toMatchObject([
			{ how: 'change', command: "select 'REPLACE_WITH_SECRET_KEY_DEFAULT'" },
		]);
	});

	it('changes schedule and command without touching the flag', () => {
		const [action] = plan(
			having(job({ schedule: '1 * * * *', command: 'select 2' })),
			having(job({ active: false })),
		);
		expect(action).toMatchObject({ how: 'change', schedule: '1 * * * *', command: 'select 2' });
		expect(action).not.toHaveProperty('active');
	});

	it('compares with the command as rewritten, so that a second clone changes nothing', () => {
		const source = having(job({ command: `select net.http_post('${from.url}/x')` }));
		const target = having(job({ command: `select net.http_post('${to.url}/x')` }));
		expect(plan(source, target)).toMatchObject([{ how: 'keep' }]);
	});

	it('finds jobs without a name by schedule and command, as often as they occur', () => {
		const unnamed = (command: string) => job({ name: null, command });
		const actions = plan(
			having(unnamed('select 1'), unnamed('select 1'), unnamed('select 2')),
			having(unnamed('select 1')),
		);
		expect(actions.map(({ how }) => how)).toEqual(['keep', 'create', 'create']);
		const objects = actions.flatMap((action) => ('job' in action ? [action.job.object] : []));
		expect(new Set(objects).size).toBe(3);
	});

	it('removes what only the target has when asked', () => {
		const target = having(job({ name: 'old' }));
		expect(plan(having(), target)).toEqual([]);
		expect(plan(having(), target, false, true)).toMatchObject([{ how: 'remove', object: 'old' }]);
	});
});
