// npm run bench: measurements, tests/bench/*.bench.ts, each a program that prints its figures. A name runs only one.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { ROOT_DIR } from '../state-dir.ts';
import { runCommand } from './run-command.ts';
import { runProgram } from './suites.ts';

await runCommand(async () => {
	const dir = path.join(ROOT_DIR, 'tests/bench');
	const wanted = process.argv[2] ?? '';
	const files = (fs.existsSync(dir) ? fs.readdirSync(dir) : []).filter(
		(name) => name.endsWith('.bench.ts') && name.includes(wanted),
	);
	let worst = 0;
	for (const name of files) {
		console.log(`\n${name}`);
		const code = await runProgram(process.execPath, [
			path.join(dir, name),
			...process.argv.slice(3),
		]);
		worst = Math.max(worst, code);
	}
	if (files.length === 0) console.log('There is nothing to measure.');
	return worst;
});
