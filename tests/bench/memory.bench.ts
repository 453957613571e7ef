// Memory of the local stack's supervisor over many clones, one after the other: `npm run bench memory --clones 30`. What was used
// once is not given back to the system, so what counts is whether it rises on.
import { parseArgs } from 'node:util';
import * as v8 from 'node:v8';
import * as vm from 'node:vm';
import { openBenchStack } from './bench-stack.ts';
import { line } from './figures.ts';

const { values: flags } = parseArgs({ options: { clones: { type: 'string', default: '30' } } });
const CLONES = Number(flags.clones);
const COMPONENTS = ['tables', 'data', 'views', 'functions', 'triggers', 'policies', 'storage'];

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;
const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);

function figures(): string[] {
	collect();
	const { heapUsed, external, rss } = process.memoryUsage();
	return [heapUsed, external, rss].map(megabytes);
}

const stack = await openBenchStack();
try {
	console.log(line(['clones', 'heap in use, MB', 'buffers, MB', 'resident, MB']));
	console.log(line(['---', '---', '---', '---']));
	console.log(line(['0', ...figures()]));
	for (let clone = 1; clone <= CLONES; clone += 1) {
		await stack.clone(COMPONENTS);
		if (clone === 1 || clone % 5 === 0) console.log(line([String(clone), ...figures()]));
	}
} finally {
	await stack.close();
}
