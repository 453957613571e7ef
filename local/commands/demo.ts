// npm run demo: the stack, then a clone of the sample into the empty target by the real path, its report, a
// comparison of both projects, and a second clone that has nothing to do. The web app stays up; `--exit` ends.

import { compareProjects } from '../demo/compare.ts';
import { progressView } from '../demo/progress.ts';
import { printReport, readReport } from '../demo/report.ts';
import { runClone, runVerification } from '../demo/run.ts';
import { signIn, type DemoSession } from '../demo/session.ts';
import type { StackFile } from '../demo/stack-file.ts';
import { runCommand } from './run-command.ts';
import { runStack } from './run-stack.ts';

const options = process.argv.slice(2);
const MOST_LINES = 15;

await runCommand(() =>
	runStack({ web: 'build', arguments: options }, async ({ file }, signal) => {
		const session = await signIn(file);
		try {
			const isGood = await demonstrate(session, file, signal);
			console.log(isGood ? '\nThe demo succeeded.' : '\nThe demo found faults, listed above.');
			if (options.includes('--exit')) return isGood ? 0 : 1;
			console.log(`The web app: ${file.web_url}  (${file.user.email}, ${file.user.password})`);
			return 'stay';
		} finally {
			await session.close();
		}
	}),
);

async function demonstrate(
	session: DemoSession,
	stack: StackFile,
	signal: AbortSignal,
): Promise<boolean> {
	console.log('\nCloning the sample into the target project:');
	const first = await clone(session, stack, signal);
	if (!first.isGood) return false;

	console.log('\nComparing the two projects:');
	const verification = await runVerification(session, first.jobId, signal);
	console.log(`  Twins’ verification, rows by checksum: ${verification.status}`);
	for (const { severity, component, object, expected, found } of verification.findings) {
		console.log(`    ${severity} ${component} ${object}: expected ${expected}, found ${found}`);
	}
	const comparison = await compareProjects(stack);
	const { differences } = comparison;
	console.log(`  Plain SQL on both sides: ${comparison.tables} tables, ${comparison.rows} rows`);
	for (const { what, source, target } of differences) {
		console.log(`    differs: ${what}: source ${source}, target ${target}`);
	}

	console.log('\nCloning again, which must change nothing:');
	const second = await clone(session, stack, signal);
	const isUnchanged = second.isGood && second.copied.length === 0;
	console.log(isUnchanged ? '  Nothing was changed.' : '  The second clone changed something:');
	for (const { component, object, detail } of second.copied.slice(0, MOST_LINES)) {
		console.log(`    ${component} ${object}: ${detail ?? ''}`);
	}
	return verification.status !== 'failed' && differences.length === 0 && isUnchanged;
}

async function clone(session: DemoSession, stack: StackFile, signal: AbortSignal) {
	const start = performance.now();
	const view = progressView(process.stdout);
	const job = await runClone(session, stack, signal, (_job, components) => view.update(components));
	const seconds = ((performance.now() - start) / 1000).toFixed(1);
	console.log(`  ${job.status} in ${seconds} s`);
	if (job.error?.message) console.log(`  ${job.error.message} ${job.error.fix ?? ''}`);
	const report = await readReport(session, job.id);
	printReport(report);
	return {
		jobId: job.id,
		isGood: job.status === 'completed' && report.counts.failed === 0,
		copied: report.items.filter((item) => item.outcome === 'copied'),
	};
}
