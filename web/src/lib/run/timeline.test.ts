import { expect, it } from 'vitest';
import type { JobSliceRow } from '../data/rows.ts';
import { stepLabel, timelineOf } from './timeline.ts';

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

function slice(
	id: number,
	step: readonly [id: number, component: string, stage: string],
	[from, to]: readonly [number, number | null],
	more: Partial<JobSliceRow> = {},
): JobSliceRow {
	return {
		id,
		job_id: 'job',
		step_id: step[0],
		kind: 'stage',
		component: step[1],
		stage: step[2],
		waits_for: [],
		queued_at: at(0),
		started_at: at(from),
		finished_at: to === null ? null : at(to),
		outcome: to === null ? null : 'done',
		items: 0,
		items_done: 0,
		items_total: null,
		rows_done: 0,
		bytes_done: 0,
		error: null,
		...more,
	};
}

const tables = [1, 'tables', 'structure'] as const;
const data = [2, 'data', 'rows'] as const;

it('draws what ran beside what, what waited for what, slices and retries', () => {
	const { steps, span } = timelineOf(
		[
			slice(1, tables, [0, 4]),
			slice(2, [3, 'storage', 'files'], [0, 8]),
			slice(3, data, [4, 6], {
				waits_for: ['tables.structure'],
				outcome: 'retry',
				error: { message: 'busy' },
			}),
			slice(4, data, [7, null], { waits_for: ['tables.structure'] }),
		],
		10_000,
	);
	expect(span).toBe(10_000);
	expect(steps.map(({ label }) => label)).toEqual([
		'Tables: schemas, types, tables',
		'Storage',
		'Data: rows',
	]);
	const [, storage, rows] = steps;
	expect(storage?.bars).toEqual([{ id: 2, outcome: 'done', from: 0, width: 0.8 }]);
	expect(rows).toMatchObject({
		waitedFor: 'Tables: schemas, types, tables',
		startedAfter: 4_000,
		took: 6_000,
		slices: 2,
		retries: 1,
		isRunning: true,
		problem: 'busy',
		waiting: { from: 0, width: 0.4 },
	});
	expect(rows?.bars.map(({ from }) => from)).toEqual([0.4, 0.7]);
});

it('has nothing to draw before the first slice, and names steps without a component', () => {
	expect(timelineOf([], 0)).toEqual({ steps: [], span: 0 });
	expect(stepLabel({ kind: 'prepare', component: null, stage: null })).toBe('Preparing');
	expect(stepLabel({ kind: 'cleanup', component: 'data', stage: null })).toBe('Data: cleaning up');
});
