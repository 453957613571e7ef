// npm run check: everything but the tests. Seconds, before every commit.
import { runChecks } from './checks.ts';
import { runCommand } from './run-command.ts';

await runCommand(async () => ((await runChecks()).failed === 0 ? 0 : 1));
