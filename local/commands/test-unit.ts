// npm run test:unit: tests beside the code, without a database. Arguments go to vitest.
import { runCommand } from './run-command.ts';
import { runVitest } from './suites.ts';

await runCommand(async () =>
	(await runVitest(['unit'], process.argv.slice(2))).failed === 0 ? 0 : 1,
);
