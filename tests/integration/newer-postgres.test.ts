// The corpus from Postgres 15 to 17: projects are moved to newer ones more often than not, and a newer server
// prints some of the same definitions in other words.
import { beforeAll, describe, expect, test } from 'vitest';
import type { Component } from '../../supabase/functions/_shared/components/component.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { hasNewerPostgres, newerTargets, type Pair } from '../helpers/clusters.ts';
import { corpusCases, runScript } from '../helpers/corpus.ts';

const components: readonly Component[] = [tables, functions, views, triggers, policies];

describe.skipIf(!hasNewerPostgres)('a clone into Postgres 17', () => {
	let newPair: () => Promise<Pair>;
	beforeAll(async () => {
		newPair = await newerTargets();
	});

	const cases = components.flatMap(({ key }) =>
		corpusCases(key)
			.filter(({ outcomes }) => !Object.values(outcomes).includes('failed'))
			.map((scenario) => ({ ...scenario, title: `${key}: ${scenario.name}` })),
	);

	test.each(cases)('$title', async (scenario) => {
		const pair = await newPair();
		runScript(pair.source.dbUrl, scenario.source);
		if (scenario.target !== undefined) runScript(pair.target.dbUrl, scenario.target);
		const ends = {
			source: { dbUrl: pair.source.dbUrl },
			target: { dbUrl: pair.target.dbUrl },
			options: { remove_extra: scenario.removeExtra },
		};
		const first = await cloneInProcess({ ...ends, components });
		expect(
			first.outcome('failed').map((id) => `${id}: ${first.items.get(id)?.detail ?? ''}`),
		).toEqual([]);

		const second = await cloneInProcess({ ...ends, components });
		expect(second.outcome('copied')).toEqual([]);
		for (const component of scenario.stillDiffers ? [] : components) {
			expect(await verifyInProcess(ends, component, 'structure'), component.key).toEqual([]);
		}
	});
});
