// npm run test:integration: real clusters, and a whole stack (`-- --stack FILE` takes a running one).
import { runCommand } from './run-command.ts';
import { runVitest } from './suites.ts';

await runCommand(async () => {
	const { failed } = await runVitest(['integration', 'stack'], process.argv.slice(2));
	return failed === 0 ? 0 : 1;
});
