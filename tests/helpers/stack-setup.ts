// vitest globalSetup of the tests that need a whole stack: one of their own, seeded, gone with the run; or the one
// that the file named by TWINS_STACK_FILE describes (`npm run test:integration -- --stack FILE`).

import * as path from 'node:path';
import type { TestProject } from 'vitest/node';
import { readStackFile, type StackFile } from '../../local/demo/stack-file.ts';
import { openStack } from '../../local/demo/stack.ts';
import { databasesDir } from '../../local/state-dir.ts';
import { openTestRun } from '../../local/supabase/test-runs.ts';

declare module 'vitest' {
	export interface ProvidedContext {
		stack: StackFile;
		/** Process id of the local stack's supervisor; null for a stack that was given. */
		supervisor: number | null;
		/** Folder of the local stack's logs; null for a stack that was given. */
		logs: string | null;
	}
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | void> {
	const given = process.env['TWINS_STACK_FILE'];
	if (given) {
		project.provide('stack', readStackFile(given));
		project.provide('supervisor', null);
		project.provide('logs', null);
		return;
	}
	const run = await openTestRun(databasesDir(), 'stack');
	const stack = await openStack({
		home: run.dir,
		databases: run.dir,
		templates: databasesDir(),
		reset: false,
		web: project.name === 'browser' ? 'build' : 'none',
		durable: false,
		report: (line) => console.log(line),
	});
	project.provide('stack', stack.file);
	project.provide('supervisor', process.pid);
	project.provide('logs', path.join(run.dir, 'logs'));
	return async () => {
		await stack.stop();
		run.remove();
	};
}
