// Every case of the corpus: cloned in process, both sides' dumps equal, and nothing left to do for a second
// clone. The target's cluster grants the API roles everything in public by default; the source's does not.
import { describe, expect, test } from 'vitest';
import type { Component } from '../../supabase/functions/_shared/components/component.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { readFacts } from '../../supabase/functions/_shared/schema/read.ts';
import { planSql } from '../../supabase/functions/_shared/schema/verify.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/wire.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { corpusCases, runScript, type CorpusCase } from '../helpers/corpus.ts';
import { normalizedDump } from '../helpers/dump.ts';

const components: readonly Component[] = [tables, functions, views, triggers, policies];
const keys = components.map(({ key }) => key);

async function remaining(pair: Pair, { removeExtra }: CorpusCase): Promise<string[]> {
	const [source, target] = await Promise.all([
		connectUrl(pair.source.dbUrl),
		connectUrl(pair.target.dbUrl),
	]);
	try {
		return planSql({ source: await readFacts(source), target: await readFacts(target) }, keys, {
			removes: removeExtra ? keys : [],
			mirrored: false,
		});
	} finally {
		await Promise.all([source.close(), target.close()]);
	}
}

const clone = (pair: Pair, { removeExtra }: CorpusCase) =>
	cloneInProcess({
		source: { dbUrl: pair.source.dbUrl },
		target: { dbUrl: pair.target.dbUrl },
		components,
		options: { remove_extra: removeExtra },
	});

function dumps(pair: Pair, { allowed, onlyTarget }: CorpusCase): [source: string, target: string] {
	const dump = (url: string): string =>
		normalizedDump(url)
			.split('\n\n')
			.filter((block) => !onlyTarget.some((word) => block.includes(word)))
			.join('\n\n')
			.split('\n')
			.filter((line) => !allowed.some((rule) => new RegExp(rule.line).test(line)))
			.join('\n');
	return [dump(pair.source.dbUrl), dump(pair.target.dbUrl)];
}

describe.each(corpusCases('tables'))('$name', (scenario) => {
	test('is cloned exactly, and a second clone finds nothing to do', async () => {
		const pair = await freshPair();
		runScript(pair.source.dbUrl, scenario.source);
		if (scenario.target !== undefined) runScript(pair.target.dbUrl, scenario.target);

		const first = await clone(pair, scenario);
		const unusual = [...first.items]
			.filter(([, item]) => item.outcome !== 'copied' && item.outcome !== 'unchanged')
			.map(
				([id, item]) => [id, scenario.outcomes[id] === item.outcome ? item.outcome : item] as const,
			);
		expect(Object.fromEntries(unusual)).toEqual(scenario.outcomes);
		const [source, target] = dumps(pair, scenario);
		expect(target).toBe(source);

		expect(await remaining(pair, scenario)).toEqual([]);
		const second = await clone(pair, scenario);
		expect(second.outcome('copied')).toEqual([]);
		for (const component of components) {
			const ends = { source: { dbUrl: pair.source.dbUrl }, target: { dbUrl: pair.target.dbUrl } };
			expect(await verifyInProcess(ends, component, 'structure')).toEqual([]);
		}
	});
});
