import { expect, test } from 'vitest';
import { KINDS } from './index.ts';

test('kinds whose rows say where they belong are marked, and no others', () => {
	const sayIt = KINDS.filter(({ read }) => /\bas (component|stage)\b/.test(read));
	expect(KINDS.filter(({ places }) => places)).toEqual(sayIt);
	expect(sayIt.length).toBeGreaterThan(0);
});
