// Replacing what others rest on in one transaction; replacements whose dependents overlap become one group. Pure.
import { sameDefinition } from './compare.ts';
import type { Fact, Facts } from './fact.ts';
import { inOrderOfMaking, standInsFor } from './circles.ts';
import { firstObstacle, type Replacement } from './replacement.ts';
import { emptied } from './kinds/rebuild-type.ts';
import { closure, sortByNeeds } from './order.ts';
import {
	childrenOf,
	comesAlong,
	createStatements,
	kindOf,
	type LeftFact,
	type Scope,
	type FactPair,
} from './planning.ts';

export interface ReplacementGroup {
	readonly id: string;
	readonly abouts: readonly Fact[];
	/** Ids of the target's facts that are dropped. */
	readonly members: ReadonlySet<string>;
	/** What is recreated, the source's version where it has one. */
	readonly recreated: readonly Fact[];
	/** The changes, as wanted first and then what may be tried instead. */
	readonly variants: readonly (readonly string[])[];
	/** Members that are not recreated. */
	readonly gone: readonly Fact[];
	readonly removes: boolean;
	readonly differs: readonly string[];
	/** Ids of all it sees to: members, what is made, what it is about. */
	readonly covered: ReadonlySet<string>;
}

interface Draft {
	readonly parts: Replacement[];
	readonly members: Set<string>;
	readonly gone: Set<string>;
}

/** The groups of the given changes, and those refused because rows would be lost. */
export function joinGroups(
	changes: readonly Replacement[],
	pair: FactPair,
	scope: Scope,
): { groups: ReplacementGroup[]; refused: LeftFact[] } {
	const refused: LeftFact[] = [];
	let drafts: Draft[] = [];
	for (const change of changes) {
		const members = closure(
			change.seeds,
			change.empties ? besidePartitions(pair.target) : pair.target.dependents,
		);
		const obstacle = firstObstacle(change, members, pair, scope);
		if (obstacle) {
			refused.push({ fact: change.about, ...obstacle });
			continue;
		}
		const draft: Draft = {
			parts: [change],
			members,
			gone: new Set([...members].filter((id) => goes(id, change, pair, scope))),
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
	// A partition that is to be attached otherwise is made so with its table.
	const isSeenTo = ({ parts, members }: Draft): boolean =>
		members.size === 0 &&
		drafts.some(
			(other) =>
				other.parts.some(({ empties }) => empties) &&
				parts.every(({ about }) => other.members.has(about.id)),
		);
	const groups = drafts.filter((draft) => !isSeenTo(draft));
	return { groups: groups.map((draft) => finish(draft, pair, scope)), refused };
}

/** Who needs whom, but that partitions need their table: they are detached from it, not dropped with it. */
const besidePartitions = ({ byId, dependents }: Facts): ReadonlyMap<string, readonly string[]> =>
	new Map(
		[...dependents].map(([id, users]) => [
			id,
			users.filter((user) => {
				const fact = byId.get(user);
				const isTable = fact?.kind === 'table' || fact?.kind === 'foreign_table';
				return !isTable || !byId.has(`partition:${fact.identity}`);
			}),
		]),
	);

function overlaps(a: Draft, b: Draft): boolean {
	const [small, large] = a.members.size < b.members.size ? [a, b] : [b, a];
	for (const id of small.members) if (large.members.has(id)) return true;
	return false;
}

/** Whatever the source lacks goes with what it rests on, if that goes for good or extras go anyhow. */
function goes(
	id: string,
	change: Replacement,
	{ source, target }: FactPair,
	scope: Scope,
): boolean {
	if (source.byId.has(id)) return false;
	const fact = target.byId.get(id);
	const isPart = fact !== undefined && kindOf(fact, scope.kinds).within === true;
	return (
		change.removes ||
		(change.makes && change.seeds.includes((isPart ? fact.parent : null) ?? id)) ||
		(fact !== undefined && scope.removes.includes(fact.component))
	);
}

function finish(draft: Draft, pair: FactPair, scope: Scope): ReplacementGroup {
	const abouts = draft.parts.map((part) => part.about);
	const recreated = new Map<string, Fact>();
	const add = (fact: Fact): void => {
		if (recreated.has(fact.id)) return;
		recreated.set(fact.id, fact);
		for (const child of childrenOf(pair.source, fact.id)) if (comesAlong(child, scope)) add(child);
	};
	for (const part of draft.parts) if (part.makes) add(part.about);
	const isEmptied = draft.parts.some((part) => part.empties);
	const isLater = (id: string | null): boolean => {
		if (id === null || !draft.members.has(id)) return false;
		const source = pair.source.byId.get(id);
		const target = pair.target.byId.get(id);
		if (!source || !target) return false;
		if (comesLater(source, target, scope, isEmptied)) return true;
		return kindOf(target, scope.kinds).attribute !== undefined && isLater(target.parent);
	};
	for (const id of draft.members) {
		if (draft.gone.has(id) || isLater(id)) continue;
		const source = pair.source.byId.get(id);
		const target = pair.target.byId.get(id);
		if (source) add(source);
		else if (target && !takenAway(target, draft, pair, scope) && !isCutOff(target, isEmptied))
			recreated.set(id, target);
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
			recreated.has(id) ? [] : (pair.target.byId.get(id) ?? []),
		),
		variants: variantsOf(draft.parts),
		removes: draft.parts.every((part) => part.removes),
		differs: [...new Set(draft.parts.flatMap((part) => part.differs))],
		covered,
	};
}

/** The statements of all parts at their first try, at their second, and so on. */
function variantsOf(parts: readonly Replacement[]): string[][] {
	const tries = parts.map(({ statements, otherwise }) => [statements, ...(otherwise ?? [])]);
	const most = Math.max(...tries.map((list) => list.length));
	return Array.from({ length: most }, (_, at) =>
		tries.flatMap((list) => list[Math.min(at, list.length - 1)] ?? []),
	);
}

/**
 * What differs and is made after the rows anyhow may need what cannot be there before the group is done; and rows that
 * are to come first are missed by foreign keys.
 */
const comesLater = (source: Fact, target: Fact, scope: Scope, isEmptied: boolean): boolean =>
	scope.stage === 'structure' &&
	source.stage === 'relations' &&
	scope.components.includes(source.component) &&
	(isEmptied || !sameDefinition(source, target));

/** An attribute only the target has, of something both have, is not recreated: the source has none. */
function takenAway(fact: Fact, draft: Draft, pair: FactPair, scope: Scope): boolean {
	return (
		kindOf(fact, scope.kinds).attribute !== undefined &&
		fact.parent !== null &&
		(pair.source.byId.has(fact.parent) || draft.gone.has(fact.parent))
	);
}

/** A partition that only the target has, and its indexes, of a table that is made otherwise. */
const isCutOff = ({ kind }: Fact, isEmptied: boolean): boolean =>
	isEmptied && (kind === 'partition' || kind === 'index_partition');

export interface Outline {
	readonly facts: readonly Fact[];
	readonly removed: readonly Fact[];
	readonly statements: readonly string[];
	readonly fallbacks: readonly (readonly string[])[];
	readonly needs: readonly string[];
}

/** The statements of a group: drops, changes, creations; and the same with the target's own versions. */
export function outline(group: ReplacementGroup, pair: FactPair, scope: Scope): Outline {
	const aside = steppingAside(group, pair, scope);
	const drops = dropStatements(group, pair, scope, aside);
	const made = group.recreated;
	const abouts = new Set(group.abouts.map((fact) => fact.id));
	const own = made.flatMap((fact) =>
		abouts.has(fact.id) ? fact : (pair.target.byId.get(fact.id) ?? []),
	);
	const refills = inOrderOfMaking(group.recreated, scope)
		.filter((fact) => typeof fact !== 'string')
		.filter((fact) => group.members.has(fact.id))
		.filter((fact) => !pair.source.byId.has(fact.id) || scope.fillsViews !== true)
		.flatMap((fact) => kindOf(fact, scope.kinds).rows?.refill?.(fact) ?? []);
	const run = (changes: readonly string[], facts: readonly Fact[]): string[] => [
		...refills.map(({ before }) => before),
		...drops,
		...changes,
		...createStatements(
			inOrderOfMaking(facts, scope),
			new Map(facts.flatMap((fact) => (aside.has(fact.id) ? [] : [[fact.id, fact]]))),
			pair.target,
			scope,
			aside,
		),
		...refills.map(({ after }) => after),
	];
	const variants = new Map(
		[made, own]
			.flatMap((facts) => changesOf(group, aside, pair, scope).map((one) => run(one, facts)))
			.map((statements) => [statements.join('\n'), statements]),
	);
	const [statements = [], ...fallbacks] = variants.values();
	// What only described or was part of something that stays is reported with that.
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
			...group.abouts.filter((fact) => pair.source.byId.has(fact.id)),
			...made.filter((fact) => pair.source.byId.get(fact.id) === fact),
		].flatMap((fact) => fact.needs),
	};
}

/** The changes to try: last without the rows that wait as text, which a type of another kind may not take back. */
function changesOf(
	{ variants }: ReplacementGroup,
	aside: ReadonlySet<string>,
	{ target }: FactPair,
	{ rows }: Scope,
): readonly (readonly string[])[] {
	const tables = [...aside].map((id) => String(target.byId.get(id)?.definition['table']));
	const empty = emptied(tables, rows);
	if (empty.length === 0) return variants;
	return [...variants, ...variants.map((changes) => [...empty, ...changes])];
}

/** Ids of the members that are not dropped but come back. */
const steppingAside = (
	group: ReplacementGroup,
	pair: FactPair,
	scope: Scope,
): ReadonlySet<string> =>
	new Set(
		group.recreated.flatMap(({ id }) => {
			const existing = group.members.has(id) ? pair.target.byId.get(id) : undefined;
			if (!existing || group.members.has(existing.parent ?? '')) return [];
			return kindOf(existing, scope.kinds).rows?.stepAside?.(existing) ? [id] : [];
		}),
	);

/**
 * Last made, first dropped. What goes with its parent is not dropped by itself, and what a part needs its parent
 * then needs; but an attribute that ties its parent to others of the group is undone first: a serial column and its
 * sequence each hold on to the other.
 */
function dropStatements(
	group: ReplacementGroup,
	pair: FactPair,
	scope: Scope,
	aside: ReadonlySet<string>,
): string[] {
	const facts = new Map(
		[...group.members].flatMap((id) => {
			const fact = pair.target.byId.get(id);
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
		// Of a column that waits as text, only the default would block the change.
		if (aside.has(parent.id) && fact.kind === 'default') return false;
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
	// What stands in for a view needs nothing of the circle any more, but others still need the view.
	const standIns = standInsFor(facts, scope);
	const inOrder = sortByNeeds(facts.keys(), (id) => {
		const circle = standIns.get(id)?.circle;
		return (needs.get(id) ?? []).filter((need) => !circle?.has(need));
	});
	const emptied = [...standIns.values()].map(({ statement }) => statement);
	return emptied.concat(
		inOrder.reverse().flatMap((id) => {
			const fact = facts.get(id);
			if (fact && aside.has(id))
				return kindOf(fact, scope.kinds).rows?.stepAside?.(fact)?.away || [];
			return !fact || fact.drop === null || goesAlong(fact) ? [] : [fact.drop];
		}),
	);
}
