// From the ways of the attributes that differ to one change of the fact.
import { differences } from './compare.ts';
import type { Change, ChangeContext, Fact, Kind, Way } from './fact.ts';

/** How the target's fact is made like the source's, whose definition differs. */
export function changeOf(
	kind: Pick<Kind, 'name' | 'ways'>,
	source: Fact,
	target: Fact,
	pair: ChangeContext,
): Change {
	const differing = new Set(differences(source, target));
	const unknown = [...differing].find((attribute) => !(attribute in kind.ways));
	if (unknown !== undefined) throw new Error(`${kind.name} has no way to change its ${unknown}`);
	const ways = new Set(
		Object.entries(kind.ways).flatMap(([attribute, way]) => (differing.has(attribute) ? way : [])),
	);
	if (ways.has('replace')) return { how: 'replace' };
	const alters = [...ways].flatMap((way) => alterBy(way, source, target, pair));
	const decision = [...ways].find((way) => typeof way === 'object' && 'decide' in way);
	return withAlters(decision?.decide(source, target, pair), alters);
}

type Alter = Extract<Change, { readonly how: 'alter' }>;

function alterBy(way: Way, source: Fact, target: Fact, pair: ChangeContext): readonly Alter[] {
	if (way === 'create') return [{ how: 'alter', statements: source.create }];
	if (typeof way !== 'object' || !('alter' in way)) return [];
	const { alter, keepsRows = false } = way;
	return [{ how: 'alter', statements: alter(source, target, pair), keepsRows }];
}

/** What is decided, and what is altered beside. Of what is left as it is, no alteration may be missed. */
function withAlters(decided: Change | undefined, alters: readonly Alter[]): Change {
	const altered = alters.flatMap(({ statements }) => statements);
	if (decided?.how === 'replace') return decided;
	if (decided?.how === 'leave' && altered.length === 0) return decided;
	const after = (statements: readonly string[]): string[] => [
		...statements,
		...new Set(altered.filter((statement) => !statements.includes(statement))),
	];
	if (decided?.how === 'recreate_dependents') {
		const { statements, otherwise = [] } = decided;
		return { ...decided, statements: after(statements), otherwise: otherwise.map(after) };
	}
	const all = decided?.how === 'alter' ? [decided, ...alters] : alters;
	return {
		how: 'alter',
		statements: after(decided?.how === 'alter' ? decided.statements : []),
		keepsRows: all.every(({ keepsRows }) => keepsRows === true),
	};
}
