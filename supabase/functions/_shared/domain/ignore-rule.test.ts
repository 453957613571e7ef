import { describe, expect, it } from 'vitest';
import { patternProblem, ruleMatches } from './ignore-rule.ts';

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

	it('takes * for anything and everything else as it is', () => {
		expect(ruleMatches('public.*', 'public.orders')).toBe(true);
		expect(ruleMatches('*.audit_*', 'app.audit_log')).toBe(true);
		expect(ruleMatches('public.a.b', 'public.a.b')).toBe(true);
		expect(ruleMatches('public.a.b', 'public.aXb')).toBe(false);
		expect(ruleMatches('public.(x|y)', 'public.x')).toBe(false);
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
