// npm run test:browser: journeys in Chromium on a stack of their own. Arguments go to vitest.
import { runCommand } from './run-command.ts';
import { runVitest } from './suites.ts';

await runCommand(async () => {
	const { failed } = await runVitest(['browser'], process.argv.slice(2));
	return failed === 0 ? 0 : 1;
});
