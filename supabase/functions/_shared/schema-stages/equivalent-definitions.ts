// Definitions that mean the same, though the two servers print them differently (deparse them): since version 16 a
// query of one table names its columns without the table. Such definitions never look equal, so what the target made
// of the text of the source is remembered: as long as neither text changes, both mean the same.
import type { ReadContext, StageContext } from '../contract/context.ts';
import { both } from '../platform/both.ts';
import { majorOf } from '../platform/postgres/index.ts';
import { sha256 } from '../platform/sha256.ts';
import { differences } from '../schema/compare.ts';
import type { Fact } from '../schema/fact.ts';
import type { FactPair } from '../schema/planning.ts';

/** Parts of definitions that are printed from a parsed query. */
const QUERIES: ReadonlySet<string> = new Set(['query', 'rule', 'sql_body']);

type Context = Pick<ReadContext, 'source' | 'target' | 'memory'> &
	Partial<Pick<StageContext, 'remember'>>;

/**
 * The pair with the source's definition on both, where servers of different major versions only print it differently:
 * for facts that `wasMade` names, which are remembered, and for those remembered before.
 */
export async function withEquivalentDefinitions(
	pair: FactPair,
	context: Context,
	wasMade: (id: string) => boolean = () => false,
): Promise<FactPair> {
	if (pair.target.byId.size === 0 || !(await areOfDifferentVersions(context))) return pair;
	const target = new Map(pair.target.byId);
	for (const [id, found] of pair.target.byId) {
		const wanted = pair.source.byId.get(id);
		if (!wanted || !mayBeEquivalent(wanted, found)) continue;
		const texts = await fingerprint([wanted.definition, found.definition]);
		const key = `words of ${id}`;
		if (wasMade(id)) context.remember?.({ [key]: texts });
		else if (context.memory[key] !== texts) continue;
		target.set(id, { ...found, definition: wanted.definition });
	}
	return { ...pair, target: { ...pair.target, byId: target } };
}

async function areOfDifferentVersions({ source, target }: Context): Promise<boolean> {
	const [from, to] = await both(source.database(), target.database());
	return majorOf(from.serverVersion) !== majorOf(to.serverVersion);
}

function mayBeEquivalent(wanted: Fact, found: Fact): boolean {
	const parts = differences(wanted, found);
	return parts.length > 0 && parts.every((part) => QUERIES.has(part));
}

const fingerprint = async (value: unknown): Promise<string> =>
	(await sha256(new TextEncoder().encode(JSON.stringify(value)))).slice(0, 24);
