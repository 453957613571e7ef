import { describe, expect, it } from 'vitest';
import { summarizePreview } from './preview.ts';

describe('the preview in the review', () => {
	it('counts in words, sizes as sizes, and leaves out what is not there', () => {
		const { lines } = summarizePreview({
			tables: { counts: { tables: 12, foreign_keys: 1, views: 0 }, objects: [], warnings: [] },
			storage: { counts: { buckets: 2, bytes: 5_200_000 }, objects: [], warnings: [] },
		});
		expect(lines.map((line) => [line.component.key, line.found])).toEqual([
			['tables', '12 tables · 1 foreign key'],
			['storage', '2 buckets · 5.2 MB'],
		]);
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
