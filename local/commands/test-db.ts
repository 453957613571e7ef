// npm run test:db: pgTAP on a control database of its own.
import { runCommand } from './run-command.ts';
import { runDatabaseTests } from './suites.ts';

await runCommand(async () => ((await runDatabaseTests()).failed === 0 ? 0 : 1));
