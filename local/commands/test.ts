// npm test: all checks and all suites, each run even when another failed, and one line at the end.
import { runChecks } from './checks.ts';
import { runCommand } from './run-command.ts';
import type { Outcome } from './outcome.ts';
import { runDatabaseTests, runVitest } from './suites.ts';

const SUITES: Readonly<Record<string, () => Promise<Outcome>>> = {
	check: runChecks,
	unit: () => runVitest(['unit']),
	integration: () => runVitest(['integration']),
	walk: () => runVitest(['walk']),
	stack: () => runVitest(['stack']),
	db: runDatabaseTests,
	browser: () => runVitest(['browser']),
};

await runCommand(async () => {
	const lines: string[] = [];
	const failures: string[] = [];
	let passed = 0;
	let failed = 0;
	for (const [name, run] of Object.entries(SUITES)) {
		console.log(`\n── ${name} ──`);
		const start = performance.now();
		const outcome = await run().catch((error: unknown): Outcome => {
			console.error(error);
			return { passed: 0, failed: 1, failures: [String(error)] };
		});
		passed += outcome.passed;
		failed += outcome.failed;
		failures.push(...outcome.failures.map((failure) => `✘ ${name}: ${failure}`));
		const seconds = Math.round((performance.now() - start) / 1000);
		lines.push(
			`${name.padEnd(12)} ${outcome.passed} passed, ${outcome.failed} failed (${seconds} s)`,
		);
	}
	console.log(`\n${[...failures, ...lines].join('\n')}\n${passed} passed, ${failed} failed`);
	return failed === 0 ? 0 : 1;
});
