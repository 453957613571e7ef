import { describe, expect, it } from 'vitest';
import { groupWarnings, summarizePreview } from './preview.ts';

describe('the preview in the review', () => {
	it('counts in words, sizes as sizes, and leaves out what is not there', () => {
		const { lines } = summarizePreview({
			tables: { counts: { index: 30, domain: 0, table: 12, foreign_key: 1 }, objects: [] },
			data: { counts: { rows: 3_006_477, tables: 90 }, objects: [] },
			storage: { counts: { bytes: 5_200_000, buckets: 2, files: 1 }, objects: [], warnings: [] },
		});
		expect(lines.map((line) => [line.component.key, line.found])).toEqual([
			['tables', '12 tables · 30 indexes · 1 foreign key'],
			['data', '90 tables · about 3,010,000 rows'],
			['storage', '1 file · 2 buckets · 5.2 MB'],
		]);
	});

	it('tells what will happen to the target, the dangerous first', () => {
		const { lines } = summarizePreview({
			policies: { counts: { policy: 20, plan_create: 18, plan_remove: 2, plan_keep: 0 } },
		});
		expect(lines[0]?.found).toBe('20 policies');
		expect(lines[0]?.planned).toBe('2 removed · 18 created');
	});

	it('says when the target holds tables that no clone of the pair made', () => {
		expect(summarizePreview({ target: { counts: { tables: 1 } } }).targetIsTaken).toBe(true);
		expect(summarizePreview({}).targetIsTaken).toBe(false);
	});

	it('tells the same warning about several objects once', () => {
		const warning = (object: string, message: string) => ({ object, message, fix: 'Look.' });
		const { lines } = summarizePreview({
			data: {
				warnings: [warning('a', 'Has rows'), warning('b', 'Is empty'), warning('c', 'Has rows')],
			},
		});
		expect(groupWarnings(lines).map(({ message, objects }) => [message, objects])).toEqual([
			['Has rows', ['a', 'c']],
			['Is empty', ['b']],
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
