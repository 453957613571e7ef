// npm run test:faults -- --faults 500 [--seed 7]: clones while everything that may break is broken at random.
// npm run test:faults -- --kills 20: what killed workers and back-offs cost, and a clone by cron alone.
import { parseArgs } from 'node:util';
import { StackError } from '../supabase/stack-error.ts';
import { runCommand } from './run-command.ts';
import { runVitest } from './suites.ts';

await runCommand(async () => {
	const { values } = parseArgs({
		options: {
			faults: { type: 'string', default: '500' },
			seed: { type: 'string', default: '' },
			kills: { type: 'string', default: '' },
		},
	});
	if (values.kills !== '') {
		process.env['TWINS_FAULTS_KILLS'] = String(positive('--kills', values.kills));
		const { failed } = await runVitest(['integration'], ['tests/integration/dead-workers.test.ts']);
		return failed === 0 ? 0 : 1;
	}
	const seed = values.seed === '' ? Date.now() % 1_000_000 : positive('--seed', values.seed);
	const faults = positive('--faults', values.faults);
	process.env['TWINS_FAULTS'] = String(faults);
	process.env['TWINS_FAULTS_SEED'] = String(seed);
	console.log(`${faults} faults from seed ${seed}.`);
	const { failed } = await runVitest(['integration'], ['tests/integration/faults.test.ts']);
	return failed === 0 ? 0 : 1;
});

function positive(name: string, text: string): number {
	const number = Number(text);
	if (Number.isInteger(number) && number > 0) return number;
	throw new StackError(
		`${name} takes a whole number above 0.`,
		'Example: npm run test:faults -- --faults 500 --seed 7, or npm run test:faults -- --kills 20',
	);
}
