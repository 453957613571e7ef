// npm start: the local stack with the built web app, until Ctrl-C.
import { runCommand } from './run-command.ts';
import { runStack } from './run-stack.ts';

await runCommand(() =>
	runStack({ web: 'build', arguments: process.argv.slice(2) }, () => Promise.resolve('stay')),
);
