import { expect, test } from 'vitest';
import { foremost } from './verify.ts';

test('a long plan is cut at what is only added, never at what is removed', () => {
	const created = Array.from({ length: 600 }, (_, index) => ({
		object: `public.t${index}`,
		action: 'create' as const,
	}));
	const listed = foremost(
		[
			{ object: 'public.same', action: 'keep' },
			...created,
			{ object: 'public.theirs', action: 'remove' },
			{ object: 'public.other', action: 'change' },
		],
		500,
	);
	expect(listed).toHaveLength(500);
	expect(listed.slice(0, 3).map(({ object }) => object)).toEqual([
		'public.theirs',
		'public.other',
		'public.t0',
	]);
});
