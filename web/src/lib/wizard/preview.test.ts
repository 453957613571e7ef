import { describe, expect, it } from 'vitest';
import { makePreview, type PreviewWarning } from '#shared/domain/preview.ts';
import { summarizePreview } from './preview.ts';

const warning = (level: PreviewWarning['level'], object: string, message: string) => ({
	level,
	object,
	message,
	fix: 'Look.',
});
const preview = (...warnings: PreviewWarning[]) =>
	makePreview({ counts: [{ unit: 'table', source: 1 }], objects: [], warnings });

describe('the preview in the review', () => {
	it('says when the target holds tables that no clone of the pair made', () => {
		expect(summarizePreview({ target: preview() }).targetIsTaken).toBe(true);
		expect(summarizePreview({}).targetIsTaken).toBe(false);
	});

	it('tells the same warning about several objects once, the worst of all components first', () => {
		const { warnings } = summarizePreview({
			tables: preview(warning('note', 'd', 'Is new')),
			data: preview(
				warning('warning', 'a', 'Has rows'),
				warning('note', 'b', 'Is empty'),
				warning('warning', 'c', 'Has rows'),
			),
			storage: preview(warning('blocker', 'e', 'Is too large')),
		});
		expect(warnings.map(({ part, level, objects }) => [part, level, objects])).toEqual([
			['storage', 'blocker', ['e']],
			['data', 'warning', ['a', 'c']],
			['tables', 'note', ['d']],
			['data', 'note', ['b']],
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

	it('survives a result it does not understand, and says so', () => {
		expect(summarizePreview(null).lines).toEqual([]);
		const { lines } = summarizePreview({ tables: { counts: { tables: 1 } } });
		expect(lines[0]).toMatchObject({ preview: null, problem: { fix: 'Read again.' } });
	});
});
