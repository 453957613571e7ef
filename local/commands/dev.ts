// npm run dev: the local stack with Vite's development server; edge functions reload when their code changes.
import { runCommand } from './run-command.ts';
import { runStack } from './run-stack.ts';

await runCommand(() =>
	runStack({ web: 'dev', arguments: process.argv.slice(2) }, () => Promise.resolve('stay')),
);
