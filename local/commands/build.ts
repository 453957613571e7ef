// npm run build: the web app, unless nothing changed since the last build.
import { buildWebApp } from '../demo/web-app.ts';
import { runCommand } from './run-command.ts';

await runCommand(async () => {
	await buildWebApp();
	return 0;
});
