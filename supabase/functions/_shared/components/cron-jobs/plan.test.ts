import { describe, expect, it } from 'vitest';
import type { CronJob, CronSide } from './inspect.ts';
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
const side = (...own: readonly CronJob[]): CronSide => ({ installed: true, own, foreign: [] });
const plan = (source: CronSide, target: CronSide, activate = false, removeExtra = false) =>
	planJobs(wantedJobs(source, from, to), target, { activate, removeExtra });

describe('planning cron jobs', () => {
	it('creates what is missing inactive, and active only when asked and active on the source', () => {
		expect(plan(side(job({})), side())).toMatchObject([{ how: 'create', active: false }]);
		expect(plan(side(job({})), side(), true)).toMatchObject([{ how: 'create', active: true }]);
		expect(plan(side(job({ active: false })), side(), true)).toMatchObject([
			{ how: 'create', active: false },
		]);
	});

	it('leaves an equal job alone whether armed or not', () => {
		expect(plan(side(job({})), side(job({ active: false })))).toMatchObject([{ how: 'keep' }]);
		expect(plan(side(job({})), side(job({ active: true })))).toMatchObject([{ how: 'keep' }]);
	});

	it('changes schedule and command without touching the flag', () => {
		const [action] = plan(
			side(job({ schedule: '1 * * * *', command: 'select 2' })),
			side(job({ active: false })),
		);
		expect(action).toMatchObject({ how: 'change', schedule: '1 * * * *', command: 'select 2' });
		expect(action).not.toHaveProperty('active');
	});

	it('compares with the command as rewritten, so that a second clone changes nothing', () => {
		const source = side(job({ command: `select net.http_post('${from.url}/x')` }));
		const target = side(job({ command: `select net.http_post('${to.url}/x')` }));
		expect(plan(source, target)).toMatchObject([{ how: 'keep' }]);
	});

	it('finds jobs without a name by schedule and command, as often as they occur', () => {
		const unnamed = (command: string) => job({ name: null, command });
		const actions = plan(
			side(unnamed('select 1'), unnamed('select 1'), unnamed('select 2')),
			side(unnamed('select 1')),
		);
		expect(actions.map(({ how }) => how)).toEqual(['keep', 'create', 'create']);
		const objects = actions.flatMap((action) => ('job' in action ? [action.job.object] : []));
		expect(new Set(objects).size).toBe(3);
	});

	it('removes what only the target has when asked', () => {
		const target = side(job({ name: 'old' }));
		expect(plan(side(), target)).toEqual([]);
		expect(plan(side(), target, false, true)).toMatchObject([{ how: 'remove', object: 'old' }]);
	});
});
