import { describe, expect, it } from 'vitest';
import { summarizePreview } from './preview.ts';

describe('the preview in the review', () => {
	it('counts in words, sizes as sizes, and leaves out what is not there', () => {
		const { lines } = summarizePreview({
			tables: { counts: { table: 12, index: 3, foreign_key: 1, domain: 0 }, objects: [] },
			storage: { counts: { buckets: 2, bytes: 5_200_000 }, objects: [], warnings: [] },
		});
		expect(lines.map((line) => [line.component.key, line.found])).toEqual([
			['tables', '12 tables · 3 indexes · 1 foreign key'],
			['storage', '2 buckets · 5.2 MB'],
		]);
	});

	it('tells what will happen to the target, the dangerous first', () => {
		const { lines } = summarizePreview({
			policies: { counts: { policy: 20, plan_create: 18, plan_remove: 2, plan_keep: 0 } },
		});
		expect(lines[0]?.found).toBe('20 policies');
		expect(lines[0]?.planned).toBe('2 removed · 18 created');
	});

	it('tells which component could not be read and why', () => {
		const { lines, problem } = summarizePreview({
			errors: [{ component: 'data', error: { code: 'x', message: 'No way in', fix: 'Open it' } }],
		});
		expect(problem).toBeNull();
		expect(lines[0]?.problem).toMatchObject({ message: 'No way in', fix: 'Open it' });
	});

	it('tells when nothing could be read at all', () => {
		const { problem } = summarizePreview({
			errors: [{ component: null, error: { message: 'Source is paused', fix: 'Restore it' } }],
		});
		expect(problem?.message).toBe('Source is paused');
	});

	it('survives a result it does not understand', () => {
		expect(summarizePreview(null).lines).toEqual([]);
		expect(summarizePreview({ tables: 'x' }).lines).toEqual([]);
	});
});
