// npm run test:walk -- --minutes 30 [--seed 7]: random walks over schemas and rows, each clone judged by plain SQL.
import { parseArgs } from 'node:util';
import { StackError } from '../supabase/stack-error.ts';
import { runCommand } from './run-command.ts';
import { runVitest } from './suites.ts';

await runCommand(async () => {
	const { values, positionals } = parseArgs({
		options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string', default: '' } },
		allowPositionals: true,
	});
	const minutes = Number(values.minutes);
	const seed = Number(values.seed === '' ? Date.now() % 1_000_000 : values.seed);
	if (!(minutes > 0) || !Number.isInteger(seed)) {
		throw new StackError(
			'--minutes takes a number above 0, --seed a whole number.',
			'Example: npm run test:walk -- --minutes 30 --seed 7',
		);
	}
	process.env['TWINS_WALK_MINUTES'] = String(minutes);
	process.env['TWINS_WALK_SEED'] = String(seed);
	console.log(`Walking for ${minutes} minutes from seed ${seed}.`);
	const { failed } = await runVitest(['walk'], positionals);
	return failed === 0 ? 0 : 1;
});
