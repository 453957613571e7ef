// A random walk over the kinds of things that a database holds. Short with a fixed seed in the suite; as long as wanted by
// `npm run test:walk -- --minutes 30 [--seed 7]`.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { stateDir } from '../../local/state-dir.ts';
import { freshPair, hasNewerPostgres, newerTargets, type Pair } from '../helpers/clusters.ts';
import { walk, type WalkResult } from './walk.ts';

const MINUTES = Number(process.env['TWINS_WALK_MINUTES'] ?? '0');
const SEED = Number(process.env['TWINS_WALK_SEED'] ?? '11');

/** In the suite rounds are counted, never minutes: it does the same on any machine. */
const IS_SHORT = MINUTES === 0;

interface Mode {
	readonly title: string;
	readonly removeExtra: boolean;
	readonly newer: boolean;
	readonly reversed: boolean;
}

const MODES: readonly Mode[] = [
	{ title: 'with remove_extra', removeExtra: true, newer: false, reversed: false },
	{ title: 'leaving extras', removeExtra: false, newer: false, reversed: false },
	{
		title: 'with remove_extra, from the older project',
		removeExtra: true,
		newer: false,
		reversed: true,
	},
	{ title: 'leaving extras, into Postgres 17', removeExtra: false, newer: true, reversed: false },
	{ title: 'with remove_extra, into Postgres 17', removeExtra: true, newer: true, reversed: false },
];

/** The walks of one mode: one short one in the suite, as many as fit into the time otherwise. */
async function walks(mode: Mode, newPair: () => Promise<Pair>): Promise<readonly WalkResult[]> {
	const endsAt = performance.now() + (MINUTES * 60_000) / MODES.length;
	const results: WalkResult[] = [];
	for (let seed = SEED; ; seed += 1) {
		const pair = await newPair();
		const [source, target] = mode.reversed
			? [pair.target, pair.source]
			: [pair.source, pair.target];
		const file = path.join(stateDir(), `walk-${mode.title.replaceAll(/\W+/g, '-')}-${seed}.sql`);
		fs.writeFileSync(file, '');
		console.log(`walk ${mode.title}, seed ${seed}: ${file}`);
		results.push(
			await walk({
				seed,
				source,
				target,
				removeExtra: mode.removeExtra,
				sameVersion: !mode.newer,
				rounds: IS_SHORT ? 2 : 6,
				statements: IS_SHORT ? 120 : 200,
				isOver: () => !IS_SHORT && performance.now() > endsAt,
				log: (line) => fs.appendFileSync(file, `${line}\n`),
			}),
		);
		if (IS_SHORT || performance.now() > endsAt) return results;
	}
}

for (const mode of IS_SHORT ? MODES.slice(0, 2) : MODES) {
	const run = mode.newer ? test.skipIf(!hasNewerPostgres) : test;
	run(
		`a random walk ${mode.title} ends equal, or says where not`,
		{ timeout: (MINUTES + 10) * 60_000 },
		async () => {
			const newPair = mode.newer ? await newerTargets() : freshPair;
			const results = await walks(mode, newPair);
			const reported = new Map<string, number>();
			for (const result of results)
				for (const [line, times] of result.reported)
					reported.set(line, (reported.get(line) ?? 0) + times);
			const sum = (of: (result: WalkResult) => number): number =>
				results.reduce((total, result) => total + of(result), 0);
			console.log(
				`${mode.title}: ${sum(({ rounds }) => rounds)} clones after ${sum(({ statements }) => statements)} statements; reported as failed:`,
				[...reported].sort(([, a], [, b]) => b - a).slice(0, 60),
			);
			expect(results.flatMap(({ faults }) => faults)).toEqual([]);
		},
	);
}
