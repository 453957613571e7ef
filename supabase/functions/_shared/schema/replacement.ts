// A change for which things of the target are dropped and recreated, and what prevents it.
import type { Fact } from './fact.ts';
import { kindOf, mayGiveWay, type Scope, type FactPair } from './planning.ts';

/** One change for which other things have to be dropped first. */
export interface Replacement {
	readonly about: Fact;
	/** Ids of target facts to drop first, with all that rests on them. */
	readonly seeds: readonly string[];
	readonly statements: readonly string[];
	/** Tried in this order when `statements` fail. */
	readonly otherwise?: readonly (readonly string[])[];
	/** The rows of what it is about may go. */
	readonly empties?: true;
	/** The seeds are not recreated. */
	readonly removes: boolean;
	/** Nor here, because what it is about is made in their place. */
	readonly makes: boolean;
	readonly differs: readonly string[];
}

/** Why a change cannot be made: the first of its members that must not be dropped, and what to do. */
export function firstObstacle(
	change: Replacement,
	members: ReadonlySet<string>,
	pair: FactPair,
	scope: Scope,
): { why: string; fix: string } | undefined {
	for (const id of members) {
		const fact = pair.target.byId.get(id);
		const mayGo = change.removes || (fact && scope.removes.includes(fact.component));
		if (!fact || (mayGo && !pair.source.byId.has(id))) continue;
		if (change.empties && (id === change.about.id || fact.parent === change.about.id)) continue;
		if (kindOf(fact, scope.kinds).rows?.stepAside?.(fact)) continue;
		if (change.makes && change.seeds.includes(id) && !mayGiveWay(fact, pair, scope)) {
			return {
				why: `${fact.object}, which only the target has, has its name`,
				fix: `Rename or drop ${fact.object} on the target, or clone with remove_extra.`,
			};
		}
		const holds = kindOf(fact, scope.kinds).rows?.held;
		if (typeof holds === 'function' ? holds(fact) : holds) {
			return change.removes
				? {
						why: `${fact.object} of the source rests on it`,
						fix: `Remove it by hand once ${fact.object} no longer uses it.`,
					}
				: change.makes
					? {
							why: `${fact.object} of the target ${change.seeds.includes(id) ? 'has its name' : 'rests on what has its name'}, and its rows would be lost`,
							fix: `Rename or drop ${fact.object} on the target, then clone again.`,
						}
					: {
							why: `it cannot be altered in place (${change.differs.join(', ')}), and making it anew would lose the rows of ${fact.object}`,
							fix: `Drop ${fact.object} on the target, then clone again.`,
						};
		}
	}
	return undefined;
}
