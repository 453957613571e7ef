// Every case of the corpus, between two projects of one version.
import { test } from 'vitest';
import { freshPair } from '../helpers/clusters.ts';
import { corpusCases, runCase } from '../helpers/corpus.ts';

test.each(corpusCases())(
	'$name: arrives equal, and a second clone changes nothing',
	async (one) => {
		await runCase(one, await freshPair());
	},
);
