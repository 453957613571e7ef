import { describe, expect, it } from 'vitest';
import { patternProblem } from './ignore-pattern.ts';

describe('an ignore rule', () => {
	it('names schema and table, with stars where wanted', () => {
		for (const good of [
			'public.events',
			'public.tmp_*',
			'*.audit',
			'public.a.b',
			'Größe.Täbelle',
		]) {
			expect(patternProblem(good), good).toBeNull();
		}
	});

	it('is refused with what to write instead', () => {
		for (const bad of [
			'',
			'events',
			'.events',
			'public.',
			'public..x',
			`public.${'x'.repeat(200)}`,
		]) {
			expect(patternProblem(bad), bad).not.toBeNull();
		}
	});
});
