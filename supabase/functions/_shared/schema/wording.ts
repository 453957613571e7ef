// Queries that the two servers print in different words: since version 16 a query of one table names its columns
// without the table. Such definitions never look equal, so what the target made of the source's words is
// remembered: as long as neither side's words change, both mean the same.
import type { ReadContext, StageContext } from '../components/component.ts';
import { majorOf } from '../platform/session.ts';
import { sha256 } from '../platform/sha256.ts';
import { differences } from './compare.ts';
import type { Fact } from './fact.ts';
import type { Sides } from './step.ts';

/** Parts of definitions that are printed from a parsed query. */
const QUERIES: ReadonlySet<string> = new Set(['query', 'rule', 'sql_body']);

type Context = Pick<ReadContext, 'source' | 'target' | 'memory'> &
	Partial<Pick<StageContext, 'remember'>>;

/**
 * The sides with the source's words on both, where servers of different major versions only word it differently:
 * for facts that `wasMade` names, which are remembered, and for those remembered before.
 */
export async function inSameWords(
	sides: Sides,
	context: Context,
	wasMade: (id: string) => boolean = () => false,
): Promise<Sides> {
	if (sides.target.byId.size === 0 || !(await areOfDifferentVersions(context))) return sides;
	const target = new Map(sides.target.byId);
	for (const [id, found] of sides.target.byId) {
		const wanted = sides.source.byId.get(id);
		if (!wanted || !differInWords(wanted, found)) continue;
		const words = await fingerprint([wanted.definition, found.definition]);
		const key = `words of ${id}`;
		if (wasMade(id)) context.remember?.({ [key]: words });
		else if (context.memory[key] !== words) continue;
		target.set(id, { ...found, definition: wanted.definition });
	}
	return { ...sides, target: { ...sides.target, byId: target } };
}

async function areOfDifferentVersions({ source, target }: Context): Promise<boolean> {
	const [from, to] = await Promise.all([source.database(), target.database()]);
	return majorOf(from.serverVersion) !== majorOf(to.serverVersion);
}

function differInWords(wanted: Fact, found: Fact): boolean {
	const parts = differences(wanted, found);
	return parts.length > 0 && parts.every((part) => QUERIES.has(part));
}

const fingerprint = async (value: unknown): Promise<string> =>
	(await sha256(new TextEncoder().encode(JSON.stringify(value)))).slice(0, 24);
