// npm run test:faults -- --faults 500 [--seed 7]: clones while everything that may break is broken at random.
import { parseArgs } from 'node:util';
import { StackError } from '../supabase/stack-error.ts';
import { runCommand } from './run-command.ts';
import { runVitest } from './suites.ts';

await runCommand(async () => {
	const { values } = parseArgs({
		options: { faults: { type: 'string', default: '500' }, seed: { type: 'string', default: '' } },
	});
	const faults = Number(values.faults);
	const seed = Number(values.seed === '' ? Date.now() % 1_000_000 : values.seed);
	if (!(Number.isInteger(faults) && faults > 0) || !Number.isInteger(seed)) {
		throw new StackError(
			'--faults takes a whole number above 0, --seed a whole number.',
			'Example: npm run test:faults -- --faults 500 --seed 7',
		);
	}
	process.env['TWINS_FAULTS'] = String(faults);
	process.env['TWINS_FAULTS_SEED'] = String(seed);
	console.log(`${faults} faults from seed ${seed}.`);
	const { failed } = await runVitest(['integration'], ['tests/integration/faults.test.ts']);
	return failed === 0 ? 0 : 1;
});
