// npm run fix: what formatter and linter can mend by themselves.
import * as path from 'node:path';
import { ROOT_DIR } from '../state-dir.ts';
import { runCommand } from './run-command.ts';
import { runProgram } from './suites.ts';

const tool = (name: string) => path.join(ROOT_DIR, 'node_modules/.bin', name);

await runCommand(async () => {
	const lint = await runProgram(tool('eslint'), ['--fix', '.']);
	const format = await runProgram(tool('prettier'), ['--write', '--log-level=warn', '.']);
	return Math.max(lint, format);
});
