import { expect, test } from 'vitest';
import { nameWith } from './thing.ts';

test('an object is called by its kind once', () => {
	expect(nameWith('extension', 'extension pg_trgm')).toBe('extension pg_trgm');
	expect(nameWith('table', 'public.tables')).toBe('table public.tables');
});
