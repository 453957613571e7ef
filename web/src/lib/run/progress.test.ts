import { describe, expect, it } from 'vitest';
import type { ComponentStatus } from '#shared/domain/status.ts';
import type { JobComponentRow } from '../data/rows.ts';
import {
	componentShare,
	countRun,
	describeCounts,
	describeItems,
	describePace,
	objectsAtWork,
	runComponents,
	runPercent,
	runShare,
	runTitle,
	shownPart,
	timeLeft,
} from './progress.ts';
import { jobLook } from './status.ts';

function row(component: string, status: ComponentStatus, done = 0, total: number | null = null) {
	return {
		job_id: 'job',
		component,
		position: 1,
		status,
		items_done: done,
		items_total: total,
		unit: 'tables',
		bytes_done: 0,
		rows_done: 0,
		at_work: null,
		started_at: status === 'pending' || status === 'skipped' ? null : '2026-11-21T09:00:00Z',
		finished_at: null,
		error: null,
	} satisfies JobComponentRow;
}

describe('progress of a run', () => {
	it('shows all 13 components and takes those without a row as skipped', () => {
		const components = runComponents([row('tables', 'completed')]);
		expect(components).toHaveLength(13);
		expect(components[0]?.status).toBe('completed');
		expect(components.slice(1).every((component) => component.status === 'skipped')).toBe(true);
	});

	it('does not call components failed that had no turn in a failed run', () => {
		const never = { ...row('data', 'failed'), started_at: null };
		const components = runComponents([row('tables', 'failed'), never]);
		expect(describeCounts(countRun(components))).toBe('1 failed · 1 not started · 11 skipped');
		const refused = { ...never, error: { message: 'The account has expired' } };
		expect(countRun(runComponents([refused])).failed).toBe(1);
	});

	it('says not started of what had no turn in a canceled run, canceled of what was stopped', () => {
		const never = { ...row('data', 'canceled'), started_at: null };
		const components = runComponents([row('tables', 'canceled'), never]);
		expect(describeCounts(countRun(components))).toBe('1 canceled · 1 not started · 11 skipped');
	});

	it('never says 100 percent before the run is over', () => {
		const all = runComponents([row('tables', 'completed'), row('data', 'completed')]);
		expect(runPercent(all, false)).toBe(99);
		expect(runPercent(all, true)).toBe(100);
		const keys = ['tables', 'data', 'views', 'functions', 'triggers', 'policies'];
		const last = [...keys.map((key) => row(key, 'completed')), row('storage', 'in_progress', 9, 9)];
		expect(runPercent(runComponents(last), true)).toBe(99);
	});

	it('says what moved, how fast, what is at work, and what is left', () => {
		const data = { ...row('data', 'in_progress', 1, 4), rows_done: 1200, bytes_done: 4_000_000 };
		const now = Date.parse('2026-11-21T09:00:04Z');
		expect(describePace(data, now)).toBe('1,200 rows · 4 MB · 300 rows/s · 1 MB/s');
		expect(describePace(row('data', 'in_progress'), now)).toBe('');
		const work = [{ object: 'public.orders', done: 3, total: 64 }];
		expect(objectsAtWork({ ...data, at_work: work })).toEqual(work);
		expect(objectsAtWork({ ...data, at_work: 'other' })).toEqual([]);
		expect(timeLeft('2026-11-21T09:00:00Z', 0.25, now + 16_000)).toBe(60_000);
		expect(timeLeft('2026-11-21T09:00:00Z', 0.05, now + 16_000)).toBeNull();
		expect(timeLeft('2026-11-21T09:00:00Z', 0.5, now)).toBeNull();
	});

	it('leaves skipped components out of the total', () => {
		const counts = countRun(
			runComponents([row('tables', 'completed'), row('data', 'failed'), row('views', 'pending')]),
		);
		expect(counts).toMatchObject({ total: 3, done: 2, completed: 1, failed: 1, pending: 1 });
	});

	it('moves within a component by its items', () => {
		const components = runComponents([
			row('tables', 'completed', 4, 4),
			row('data', 'in_progress', 1, 2),
		]);
		expect(runShare(components)).toBeCloseTo(0.75);
	});

	it('never reads as finished while something runs, even when the counts say so', () => {
		const [, data] = runComponents([row('data', 'in_progress', 9, 4)]);
		expect(data && componentShare(data)).toBe(0.98);
	});

	it('has no share without anything to do', () => {
		expect(runShare(runComponents([]))).toBe(0);
		const [tables] = runComponents([row('tables', 'in_progress', 0, 0)]);
		expect(tables && componentShare(tables)).toBe(0);
	});

	it('counts in words, leaving out what is not there', () => {
		const counts = countRun(
			runComponents([
				row('tables', 'completed'),
				row('data', 'in_progress'),
				row('views', 'failed'),
			]),
		);
		expect(describeCounts(counts)).toBe('1 completed · 1 failed · 1 to go · 10 skipped');
	});

	it('says "12 / 15 tables", and only the first number while the total is unknown', () => {
		const described = (one: JobComponentRow): string =>
			runComponents([one])
				.filter(({ row: known }) => known !== null)
				.map(describeItems)
				.join();
		expect(described(row('tables', 'in_progress', 12, 15))).toBe('12 / 15 tables');
		expect(described(row('tables', 'in_progress', 12))).toBe('12 tables');
		expect(described(row('tables', 'in_progress'))).toBe('');
		expect(described(row('tables', 'skipped', 0, 0))).toBe('');
	});

	it('shows the first failure unless the reader chose, and the report once it is over', () => {
		const components = runComponents([
			row('tables', 'completed'),
			row('data', 'in_progress'),
			row('views', 'failed'),
		]);
		expect(shownPart(components, null, false)).toBe('views');
		expect(shownPart(components, 'tables', false)).toBe('tables');
		expect(shownPart(components, 'nonsense', false)).toBe('views');
		expect(shownPart(components, 'report', false)).toBe('views');
		expect(shownPart(components, null, true)).toBe('report');
		expect(shownPart(components, 'data', true)).toBe('data');
	});

	it('puts the count into the title while running and the outcome afterwards', () => {
		const counts = countRun(runComponents([row('tables', 'completed'), row('data', 'pending')]));
		expect(runTitle({ status: 'in_progress' }, counts, 'In progress', 'a', 'b')).toBe(
			'1/2 · a → b · Clones',
		);
		expect(runTitle({ status: 'canceled' }, counts, 'Canceled', 'a', 'b')).toBe(
			'Canceled · a → b · Clones',
		);
	});

	it('never says a run with failures plainly completed', () => {
		expect(jobLook('completed', 0, false)).toMatchObject({ label: 'Completed', tone: 'success' });
		expect(jobLook('completed', 1, false)).toMatchObject({
			label: 'Completed with 1 failure',
			tone: 'warning',
		});
		expect(jobLook('completed', 0, false, 0).label).toBe('Nothing to do');
		expect(jobLook('completed', 1, false, 0).label).toBe('Completed with 1 failure');
		expect(jobLook('in_progress', 0, true).label).toBe('Canceling');
	});
});
