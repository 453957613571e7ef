import { expect, it } from 'vitest';
import { classes } from './classes.ts';

it('keeps a colour beside a size of our own, and lets the last of a kind win', () => {
	expect(classes('text-white h-8', 'text-13')).toBe('text-white h-8 text-13');
	expect(classes('text-sm h-8', 'text-13 h-9')).toBe('text-13 h-9');
});
