// npm run test:unit: tests beside the code, without a database. Arguments go to vitest.
import { writeWebTypes } from '../demo/web-app.ts';
import { runCommand } from './run-command.ts';
import { runVitest } from './suites.ts';

await runCommand(async () => {
	await writeWebTypes();
	const { failed } = await runVitest(['unit'], process.argv.slice(2));
	return failed === 0 ? 0 : 1;
});
