// npm run test:db: pgTAP on a control database of its own. `-- --update` writes what the checkout keeps of its schema.
import { runCommand } from './run-command.ts';
import { runDatabaseTests } from './suites.ts';

const isUpdate = process.argv.includes('--update');

await runCommand(async () => ((await runDatabaseTests(isUpdate)).failed === 0 ? 0 : 1));
