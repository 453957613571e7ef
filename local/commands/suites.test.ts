import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT_DIR } from '../state-dir.ts';
import { countProve, countVitest } from './suites.ts';

describe('counting vitest', () => {
	const passing = { status: 'passed', fullName: 'a holds', failureMessages: [] };
	const failing = {
		status: 'failed',
		fullName: ' a breaks',
		failureMessages: ['AssertionError: expected 1\n    at line 3'],
	};
	const skipped = { ...passing, status: 'skipped' };
	const file = (
		status: string,
		tests: readonly (typeof passing | typeof failing)[],
		message = '',
	) => ({
		name: path.join(ROOT_DIR, 'tests/a.test.ts'),
		status,
		message,
		assertionResults: tests,
	});

	test('names each failed test with why', () => {
		const report = { numPassedTests: 1, testResults: [file('failed', [passing, failing])] };
		expect(countVitest(report, 1)).toEqual({
			passed: 1,
			failed: 1,
			failures: ['tests/a.test.ts › a breaks: AssertionError: expected 1'],
		});
	});

	test('counts a file that could not be loaded, or whose hook threw, as a failure', () => {
		for (const tests of [[], [skipped, skipped]]) {
			const report = { numPassedTests: 3, testResults: [file('failed', tests, 'Error: no\nat')] };
			expect(countVitest(report, 1)).toEqual({
				passed: 3,
				failed: 1,
				failures: ['tests/a.test.ts: Error: no'],
			});
		}
	});

	test('never calls a run good that ended badly', () => {
		const report = { numPassedTests: 1, testResults: [file('passed', [passing])] };
		expect(countVitest(report, 1).failed).toBe(1);
		expect(countVitest(report, 0)).toEqual({ passed: 1, failed: 0, failures: [] });
	});
});

describe('counting pg_prove', () => {
	test('adds failed tests and files that died', () => {
		const output = [
			'tests/db/10-a.sql .. ok',
			'# Failed test 3: "keeps it"',
			'tests/db/20-b.sql (Wstat: 0 Tests: 5 Failed: 2)',
			'tests/db/30-c.sql (Wstat: 768 (exited 3) Tests: 1 Failed: 0)',
			'Files=3, Tests=13,  0 wallclock secs',
			'Result: FAIL',
		].join('\n');
		expect(countProve(output, 1)).toEqual({
			passed: 10,
			failed: 3,
			failures: [
				'Failed test 3: "keeps it"',
				'tests/db/20-b.sql (Wstat: 0 Tests: 5 Failed: 2)',
				'tests/db/30-c.sql (Wstat: 768 (exited 3) Tests: 1 Failed: 0)',
			],
		});
	});

	test('never calls a run good that ended badly', () => {
		expect(countProve('Files=1, Tests=0, 0 wallclock secs\nResult: FAIL', 1)).toEqual({
			passed: 0,
			failed: 1,
			failures: [],
		});
	});
});
