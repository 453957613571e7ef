import { expect, it } from 'vitest';
import { lineDiff } from './line-diff.ts';

it('sets lines that changed beside each other, and loses none', () => {
	const before = 'create view v\nas select 1;\nend';
	const after = 'create view v\nwith (x)\nas select 2;\nend';
	const rows = lineDiff(before, after);
	expect(rows[0]).toEqual({ before: 'create view v', after: 'create view v', isEqual: true });
	expect(rows.flatMap((row) => row.before ?? []).join('\n')).toBe(before);
	expect(rows.flatMap((row) => row.after ?? []).join('\n')).toBe(after);
	expect(rows.filter(({ isEqual }) => !isEqual)).toEqual([
		{ before: 'as select 1;', after: 'with (x)', isEqual: false },
		{ before: null, after: 'as select 2;', isEqual: false },
	]);
});
