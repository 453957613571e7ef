// The corpus from Postgres 15 to 17: projects are moved to newer ones more often than not, and a newer server
// prints some of the same definitions in other words.
import { beforeAll, describe, test } from 'vitest';
import { hasNewerPostgres, newerTargets, type Pair } from '../helpers/clusters.ts';
import { corpusCases, runCase } from '../helpers/corpus.ts';

/** Cases whose outcome is of one version, such as a language that the newer server lacks. */
const cases = corpusCases().filter(
	({ expected, files }) => !expected.differs && files.admin === '',
);

describe.skipIf(!hasNewerPostgres)('a clone into Postgres 17', () => {
	let newPair: () => Promise<Pair>;
	beforeAll(async () => {
		newPair = await newerTargets();
	});

	test.each(cases)('$name', async (one) => {
		await runCase(one, await newPair(), { sameVersion: false });
	});
});
