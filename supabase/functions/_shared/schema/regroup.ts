// Replacing what others rest on: drop the dependents, make the change, make the dependents again, all
// in one transaction. Changes whose dependents overlap become one group. Pure, like the plan.
import { sameDefinition } from './compare.ts';
import type { Fact } from './fact.ts';
import { closure, sortByNeeds } from './order.ts';
import {
	childrenOf,
	comesAlong,
	createStatements,
	kindOf,
	type LeftFact,
	type Scope,
	type Sides,
} from './step.ts';

/** One change that needs things out of its way. */
export interface Regroup {
	readonly about: Fact;
	/** Ids of target facts to drop first, with all that rests on them. */
	readonly seeds: readonly string[];
	readonly statements: readonly string[];
	/** Tried in this order when `statements` fail. */
	readonly otherwise?: readonly (readonly string[])[];
	/** The seeds are not made again. */
	readonly removes: boolean;
	/** Nor here, because what it is about is made in their place. */
	readonly makes: boolean;
	readonly differs: readonly string[];
}

export interface Group {
	readonly id: string;
	readonly abouts: readonly Fact[];
	/** Ids of the target's facts that are dropped. */
	readonly members: ReadonlySet<string>;
	/** What is made again, the source's version where it has one. */
	readonly recreated: readonly Fact[];
	/** The changes, as wanted first and then what may be tried instead. */
	readonly variants: readonly (readonly string[])[];
	/** Members that are not made again. */
	readonly gone: readonly Fact[];
	readonly removes: boolean;
	readonly differs: readonly string[];
	/** Ids of all it sees to: members, what is made, what it is about. */
	readonly covered: ReadonlySet<string>;
}

interface Draft {
	readonly parts: Regroup[];
	readonly members: Set<string>;
	readonly gone: Set<string>;
}

/** The groups of the given changes, and those refused because rows would be lost. */
export function joinGroups(
	changes: readonly Regroup[],
	sides: Sides,
	scope: Scope,
): { groups: Group[]; refused: LeftFact[] } {
	const refused: LeftFact[] = [];
	let drafts: Draft[] = [];
	for (const change of changes) {
		const members = closure(change.seeds, sides.target.dependents);
		const obstacle = firstObstacle(change, members, sides, scope);
		if (obstacle) {
			refused.push({ fact: change.about, ...obstacle });
			continue;
		}
		const draft: Draft = {
			parts: [change],
			members,
			gone: new Set([...members].filter((id) => goes(id, change, sides, scope))),
		};
		const touching = drafts.filter((other) => overlaps(other, draft));
		drafts = drafts.filter((other) => !touching.includes(other));
		drafts.push(
			touching.reduce(
				(all, other) => ({
					parts: [...other.parts, ...all.parts],
					members: new Set([...other.members, ...all.members]),
					gone: new Set([...other.gone, ...all.gone]),
				}),
				draft,
			),
		);
	}
	return { groups: drafts.map((draft) => finish(draft, sides, scope)), refused };
}

function overlaps(a: Draft, b: Draft): boolean {
	const [small, large] = a.members.size < b.members.size ? [a, b] : [b, a];
	for (const id of small.members) if (large.members.has(id)) return true;
	return false;
}

/** Whatever the source lacks goes with what it rests on, if that goes for good or extras go anyhow. */
function goes(id: string, change: Regroup, { source, target }: Sides, scope: Scope): boolean {
	if (source.byId.has(id)) return false;
	const fact = target.byId.get(id);
	return (
		change.removes ||
		(change.makes && change.seeds.includes(id)) ||
		(fact !== undefined && scope.removes.includes(fact.component))
	);
}

function firstObstacle(
	change: Regroup,
	members: ReadonlySet<string>,
	sides: Sides,
	scope: Scope,
): { why: string; fix: string } | undefined {
	for (const id of members) {
		const fact = sides.target.byId.get(id);
		const mayGo = change.removes || (fact && scope.removes.includes(fact.component));
		if (!fact || (mayGo && !sides.source.byId.has(id))) continue;
		const holds = kindOf(fact, scope.kinds).holdsRows;
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

function finish(draft: Draft, sides: Sides, scope: Scope): Group {
	const abouts = draft.parts.map((part) => part.about);
	const recreated = new Map<string, Fact>();
	const add = (fact: Fact): void => {
		if (recreated.has(fact.id)) return;
		recreated.set(fact.id, fact);
		for (const child of childrenOf(sides.source, fact.id)) if (comesAlong(child, scope)) add(child);
	};
	for (const part of draft.parts) if (part.makes) add(part.about);
	const isLater = (id: string | null): boolean => {
		if (id === null || !draft.members.has(id)) return false;
		const source = sides.source.byId.get(id);
		const target = sides.target.byId.get(id);
		if (!source || !target) return false;
		if (comesLater(source, target, scope)) return true;
		return kindOf(target, scope.kinds).attribute === true && isLater(target.parent);
	};
	for (const id of draft.members) {
		if (draft.gone.has(id) || isLater(id)) continue;
		const source = sides.source.byId.get(id);
		const target = sides.target.byId.get(id);
		if (source) add(source);
		else if (target && !takenAway(target, draft, sides, scope)) recreated.set(id, target);
	}
	const [first] = abouts;
	if (!first) throw new Error('a group without a change');
	const covered = new Set([
		...draft.members,
		...recreated.keys(),
		...abouts.map((fact) => fact.id),
	]);
	return {
		id: first.id,
		abouts,
		members: draft.members,
		recreated: [...recreated.values()],
		gone: [...draft.members].flatMap((id) =>
			recreated.has(id) ? [] : (sides.target.byId.get(id) ?? []),
		),
		variants: variantsOf(draft.parts),
		removes: draft.parts.every((part) => part.removes),
		differs: [...new Set(draft.parts.flatMap((part) => part.differs))],
		covered,
	};
}

/** The statements of all parts at their first try, at their second, and so on. */
function variantsOf(parts: readonly Regroup[]): string[][] {
	const tries = parts.map(({ statements, otherwise }) => [statements, ...(otherwise ?? [])]);
	const most = Math.max(...tries.map((list) => list.length));
	return Array.from({ length: most }, (_, at) =>
		tries.flatMap((list) => list[Math.min(at, list.length - 1)] ?? []),
	);
}

/** What differs and is made after the rows anyhow may need what cannot be there before the group is done. */
const comesLater = (source: Fact, target: Fact, scope: Scope): boolean =>
	scope.stage === 'structure' &&
	source.stage === 'relations' &&
	scope.components.includes(source.component) &&
	!sameDefinition(source, target);

/** An attribute only the target has, of something both have, is not made again: the source has none. */
function takenAway(fact: Fact, draft: Draft, sides: Sides, scope: Scope): boolean {
	return (
		kindOf(fact, scope.kinds).attribute === true &&
		fact.parent !== null &&
		(sides.source.byId.has(fact.parent) || draft.gone.has(fact.parent))
	);
}

export interface Outline {
	readonly facts: readonly Fact[];
	readonly removed: readonly Fact[];
	readonly statements: readonly string[];
	readonly fallbacks: readonly (readonly string[])[];
	readonly needs: readonly string[];
}

/** The statements of a group: drops, changes, creations; and the same with the target's own versions. */
export function outline(group: Group, sides: Sides, scope: Scope): Outline {
	const drops = dropStatements(group, sides, scope);
	const made = sorted(group.recreated);
	const abouts = new Set(group.abouts.map((fact) => fact.id));
	const own = sorted(
		group.recreated.flatMap((fact) =>
			abouts.has(fact.id) ? fact : (sides.target.byId.get(fact.id) ?? []),
		),
	);
	const run = (changes: readonly string[], facts: readonly Fact[]): string[] => [
		...drops,
		...changes,
		...createStatements(facts, new Map(facts.map((fact) => [fact.id, fact])), sides.target, scope),
	];
	const variants = new Map(
		[made, own]
			.flatMap((facts) => group.variants.map((changes) => run(changes, facts)))
			.map((statements) => [statements.join('\n'), statements]),
	);
	const [statements = [], ...fallbacks] = variants.values();
	// What only described or was part of something that stays is told with that.
	const removed = group.gone.filter(
		(fact) => abouts.has(fact.id) || !kindOf(fact, scope.kinds).attribute,
	);
	return {
		facts: [
			...group.abouts.filter((fact) => !removed.includes(fact)),
			...made.filter((fact) => !abouts.has(fact.id)),
		],
		removed,
		statements,
		fallbacks,
		needs: [
			...group.abouts.filter((fact) => sides.source.byId.has(fact.id)),
			...made.filter((fact) => sides.source.byId.get(fact.id) === fact),
		].flatMap((fact) => fact.needs),
	};
}

function sorted(facts: readonly Fact[]): Fact[] {
	const byId = new Map(facts.map((fact) => [fact.id, fact]));
	return sortByNeeds(byId.keys(), (id) => byId.get(id)?.needs ?? []).flatMap(
		(id) => byId.get(id) ?? [],
	);
}

/**
 * Last made, first dropped. What goes with its parent is not dropped by itself, and what a part needs its parent
 * then needs; but an attribute that ties its parent to others of the group is undone first: a serial column and its
 * sequence each hold on to the other.
 */
function dropStatements(group: Group, sides: Sides, scope: Scope): string[] {
	const facts = new Map(
		[...group.members].flatMap((id) => {
			const fact = sides.target.byId.get(id);
			return fact ? [[id, fact] as const] : [];
		}),
	);
	// A column of a partition goes with the one it is inherited from.
	const parentOf = (fact: Fact): Fact | undefined =>
		(fact.parent === null ? undefined : facts.get(fact.parent)) ??
		(fact.drop === null
			? fact.needs.map((id) => facts.get(id)).find((other) => other?.kind === fact.kind)
			: undefined);
	const isAbove = (id: string, fact: Fact): boolean => {
		const parent = parentOf(fact);
		return parent !== undefined && (parent.id === id || isAbove(id, parent));
	};
	const goesAlong = (fact: Fact): boolean => {
		const parent = parentOf(fact);
		if (!parent || (parent.drop === null && !goesAlong(parent))) return false;
		return kindOf(fact, scope.kinds).attribute
			? fact.drop === null || fact.needs.every((id) => !facts.has(id) || isAbove(id, fact))
			: fact.folded;
	};
	const holderOf = (fact: Fact): Fact => {
		const parent = goesAlong(fact) ? parentOf(fact) : undefined;
		return parent ? holderOf(parent) : fact;
	};
	const needs = new Map<string, string[]>();
	for (const fact of facts.values()) {
		const { id } = kindOf(fact, scope.kinds).attribute ? fact : holderOf(fact);
		if (id !== fact.id) needs.set(fact.id, [id]);
		needs.set(id, [...(needs.get(id) ?? []), ...fact.needs]);
	}
	return sortByNeeds(facts.keys(), (id) => needs.get(id) ?? [])
		.reverse()
		.flatMap((id) => {
			const fact = facts.get(id);
			return !fact || fact.drop === null || goesAlong(fact) ? [] : [fact.drop];
		});
}
