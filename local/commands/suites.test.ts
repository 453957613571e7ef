import { describe, expect, test } from 'vitest';
import { countProve, countVitest } from './suites.ts';

describe('counting vitest', () => {
	const file = (status: string, tests: number) => ({
		status,
		assertionResults: Array.from({ length: tests }),
	});

	test('takes its own numbers when every file was loaded', () => {
		const report = { numPassedTests: 8, numFailedTests: 2, testResults: [file('failed', 10)] };
		expect(countVitest(report, 1)).toEqual({ passed: 8, failed: 2 });
	});

	test('counts a file that could not be loaded as a failure', () => {
		const report = { numPassedTests: 3, numFailedTests: 0, testResults: [file('failed', 0)] };
		expect(countVitest(report, 1)).toEqual({ passed: 3, failed: 1 });
	});

	test('never calls a run good that ended badly', () => {
		const report = { numPassedTests: 3, numFailedTests: 0, testResults: [file('passed', 3)] };
		expect(countVitest(report, 1)).toEqual({ passed: 3, failed: 1 });
		expect(countVitest(report, 0)).toEqual({ passed: 3, failed: 0 });
	});
});

describe('counting pg_prove', () => {
	test('adds failed tests and files that died', () => {
		const output = [
			'tests/db/10-a.sql .. ok',
			'tests/db/20-b.sql (Wstat: 0 Tests: 5 Failed: 2)',
			'tests/db/30-c.sql (Wstat: 768 (exited 3) Tests: 1 Failed: 0)',
			'Files=3, Tests=13,  0 wallclock secs',
			'Result: FAIL',
		].join('\n');
		expect(countProve(output, 1)).toEqual({ passed: 10, failed: 3 });
	});

	test('never calls a run good that ended badly', () => {
		expect(countProve('Files=1, Tests=0, 0 wallclock secs\nResult: FAIL', 1)).toEqual({
			passed: 0,
			failed: 1,
		});
	});
});
