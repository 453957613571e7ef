// What a stage has still to do on the target: a list of changes, each a few statements that run in one transaction.
// Pure: facts in, changes out. Nothing is run here and nothing is read.
import { readBackAsPrinted } from '../platform/postgres/index.ts';
import { circles } from './circles.ts';
import type { Fact } from './fact.ts';
import { keeping, keptColumns, type KeptColumn } from './kept-rows.ts';
import { sortByNeeds } from './order.ts';
import { namesakes, namesOf } from './names.ts';
import { othersAside } from './overloads.ts';
import { joinGroups, outline, type ReplacementGroup } from './replacement-groups.ts';
import type { Replacement } from './replacement.ts';
import {
	childrenOf,
	comesAlong,
	createStatements,
	kindOf,
	lesserStatements,
	mayGiveWay,
	type LeftFact,
	type Plan,
	type Scope,
	type FactPair,
	type PlannedChange,
	type ChangeAction,
} from './planning.ts';
import { asLeft, leftUnread } from './unread.ts';
import { classifyChanges, type ClassifiedChanges } from './classification.ts';

type Draft = Omit<PlannedChange, 'needs' | 'keeps'> & {
	/** Columns whose values must outlast it. */
	readonly kept: readonly KeptColumn[];
	/** Ids of facts, not yet of changes. */
	readonly factsNeeded: readonly string[];
};

/** All changes the stage has still to make, in order. Pure. */
export function planStage(pair: FactPair, scope: Scope): Plan {
	const classified = classifyChanges(pair, scope);
	const { groups, refused, missing, covered } = resolveGroups(classified, pair, scope);
	const drafts = [
		...dropDrafts(classified, covered),
		...groups.map((group) => groupDraft(group, pair, scope)),
		...createDrafts(missing, pair, scope),
		...alterDrafts(classified, covered, pair, scope),
	].filter(({ statements }) => statements.length > 0);
	const unread = leftUnread(pair, scope);
	// What cannot be read on the source is lacking; what the target has is there, whatever it is.
	const lacking = unread.filter(({ onTarget }) => !onTarget).map(asLeft);
	const { free, held } = heldBack(drafts, [...refused, ...lacking], pair, scope);
	const left = [...classified.left, ...refused, ...held, ...unread.map(asLeft)];
	return { changes: linked(free, pair, scope), left, partial: classified.partial };
}

/**
 * Drafts without those that need what is refused and missing: what has its name on the target would be used in its
 * place, and nobody would notice.
 */
function heldBack(
	drafts: readonly Draft[],
	refused: readonly LeftFact[],
	{ source, target }: FactPair,
	scope: Scope,
): { free: readonly Draft[]; held: readonly LeftFact[] } {
	const lacking = new Map(
		refused.flatMap(({ fact }) => (target.byId.has(fact.id) ? [] : [[fact.id, fact.object]])),
	);
	// Columns are refused with what holds them.
	const lackedAs = (id: string): string | undefined => {
		const parent = target.byId.has(id) ? null : (source.byId.get(id)?.parent ?? null);
		return lacking.get(id) ?? (parent === null ? undefined : lackedAs(parent));
	};
	const lackedBy = ({ factsNeeded }: Draft): string | undefined =>
		factsNeeded.map(lackedAs).find((object) => object !== undefined);
	const held = drafts.flatMap((draft) => {
		const object = lackedBy(draft);
		if (object === undefined) return [];
		const why = `it needs ${object}, which could not be made`;
		return draft.facts
			.filter((fact) => fact.id === draft.id || !comesAlong(fact, scope))
			.map((fact) => ({ fact, why, fix: `See what is said of ${object}, then clone again.` }));
	});
	return { free: drafts.filter((draft) => lackedBy(draft) === undefined), held };
}

interface ResolvedGroups {
	readonly groups: readonly ReplacementGroup[];
	readonly refused: readonly LeftFact[];
	readonly missing: ReadonlyMap<string, Fact>;
	/** Ids of what the groups see to. */
	readonly covered: ReadonlySet<string>;
}

/**
 * What is missing with all that it needs, and the groups. A missing fact whose name something else still has
 * makes a group, which may need further facts, whose names …
 */
function resolveGroups(
	classified: ClassifiedChanges,
	pair: FactPair,
	scope: Scope,
): ResolvedGroups {
	const taken = namesakes(pair, scope.kinds, (fact) => mayGiveWay(fact, pair, scope));
	const changes = [...classified.groups];
	for (;;) {
		const { groups, refused: left } = joinGroups(changes, pair, scope);
		const refused = new Set(left.map(({ fact }) => fact.id));
		const covered = new Set([...groups.flatMap(({ covered }) => [...covered]), ...refused]);
		const wanted = [...classified.missing, ...prerequisites(groups, classified, pair)];
		const missing = collectMissing(wanted, pair, scope, covered, refused);
		const displacing = [...missing.values()].flatMap((fact): Replacement[] => {
			const displaced = kindOf(fact, scope.kinds).making?.displaces?.(fact, pair.target) ?? [];
			const seeds = taken.get(fact.id) ?? displaced;
			return seeds.length > 0 ? [takingPlace(fact, seeds)] : [];
		});
		if (displacing.length === 0) return { groups, refused: left, missing, covered };
		changes.push(...displacing);
	}
}

/** What the source's versions of things recreated or altered need. */
const prerequisites = (
	groups: readonly ReplacementGroup[],
	classified: ClassifiedChanges,
	{ source }: FactPair,
): Fact[] =>
	[
		...groups.flatMap((group) => group.recreated),
		...[...classified.alters.values()].map(({ fact }) => fact),
	]
		.filter((fact) => source.byId.get(fact.id) === fact)
		.flatMap((fact) => fact.needs.flatMap((id) => source.byId.get(id) ?? []));

/** The fact is made where others have its name: they go, with all that rests on them. */
const takingPlace = (about: Fact, seeds: readonly string[]): Replacement => ({
	about,
	seeds,
	statements: [],
	removes: false,
	makes: true,
	differs: ['kind or arguments'],
});

/** Missing facts with all they need and all that is made along with them. */
function collectMissing(
	wanted: Iterable<Fact>,
	pair: FactPair,
	scope: Scope,
	covered: ReadonlySet<string>,
	refused: ReadonlySet<string>,
) {
	const found = new Map<string, Fact>();
	const open = [...wanted];
	// What belongs to a thing that is refused is reported with that.
	const hasNoHolder = ({ parent }: Fact): boolean =>
		parent !== null && refused.has(parent) && !pair.target.byId.has(parent);
	for (let fact = open.pop(); fact; fact = open.pop()) {
		if (found.has(fact.id) || pair.target.byId.has(fact.id) || covered.has(fact.id)) continue;
		if (scope.skip.has(fact.id) || hasNoHolder(fact)) continue;
		found.set(fact.id, fact);
		for (const id of fact.needs) {
			const need = pair.source.byId.get(id);
			if (need) open.push(need);
		}
		for (const child of childrenOf(pair.source, fact.id))
			if (comesAlong(child, scope)) open.push(child);
	}
	return found;
}

const simple = (
	fact: Fact,
	action: ChangeAction,
	statements: readonly string[],
	differs: readonly string[],
): Draft => ({
	id: fact.id,
	action,
	facts: [fact],
	removed: [],
	statements,
	fallbacks: [],
	alone: false,
	differs,
	kept: [],
	factsNeeded: [],
});

const dropDrafts = (classified: ClassifiedChanges, covered: ReadonlySet<string>): Draft[] =>
	[...classified.drops.values()].flatMap((fact) =>
		covered.has(fact.id) || fact.drop === null
			? []
			: [simple(fact, 'alter', [fact.drop], ['only on the target'])],
	);

function groupDraft(group: ReplacementGroup, pair: FactPair, scope: Scope): Draft {
	const { facts, removed, statements, fallbacks, needs } = outline(group, pair, scope);
	return {
		id: group.id,
		action: group.removes ? 'remove' : 'replace',
		facts,
		removed,
		statements,
		fallbacks,
		alone: false,
		differs: group.differs,
		kept: keptColumns([...group.abouts, ...group.gone], pair, scope),
		factsNeeded: needs,
	};
}

/** One change per missing object, with the parts and attributes that are made along with it. */
function createDrafts(missing: ReadonlyMap<string, Fact>, pair: FactPair, scope: Scope): Draft[] {
	const rootOf = (fact: Fact): string => {
		const parent = fact.parent === null ? undefined : missing.get(fact.parent);
		return parent && comesAlong(fact, scope) ? rootOf(parent) : fact.id;
	};
	const members = new Map<string, Fact[]>();
	for (const fact of inOrder(missing.values(), pair)) {
		const root = rootOf(fact);
		const known = members.get(root);
		if (known) known.push(fact);
		else members.set(root, [fact]);
	}
	return [...members].map(([root, facts]) => ({
		id: root,
		action: 'create',
		facts,
		removed: [],
		statements: createStatements(facts, missing, pair.target, scope),
		fallbacks: lesserStatements(facts, missing, pair.target, scope),
		alone: false,
		differs: [],
		kept: [],
		factsNeeded: facts.flatMap((fact) => fact.needs),
	}));
}

const alterDrafts = (
	classified: ClassifiedChanges,
	covered: ReadonlySet<string>,
	pair: FactPair,
	scope: Scope,
): Draft[] =>
	[...classified.alters.values()]
		.filter(({ fact }) => !covered.has(fact.id))
		.map(({ fact, statements, differs, keepsRows }) => ({
			...simple(fact, 'alter', statements, differs),
			kept: keepsRows === true ? [] : keptColumns([fact], pair, scope),
			alone: kindOf(fact, scope.kinds).making?.alone === true,
			factsNeeded: fact.needs,
		}));

/** Facts in the order in which the source was read, so that equal inputs give equal plans. */
function inOrder(facts: Iterable<Fact>, { source }: FactPair): Fact[] {
	const wanted = new Map([...facts].map((fact) => [fact.id, fact]));
	return [...source.byId.keys()].flatMap((id) => wanted.get(id) ?? []);
}

/** Changes in order, each with the ids of the changes that make what it needs. */
function linked(all: readonly Draft[], { overloaded }: FactPair, scope: Scope): PlannedChange[] {
	const drafts = withoutCircles(all, scope);
	const needsOf = neededDrafts(drafts);
	const changes = new Map(
		drafts.map((draft): [string, PlannedChange] => {
			const { factsNeeded: _, kept, ...change } = draft;
			const safely = (statements: readonly string[]): string[] =>
				keeping(kept, statements.map(readBackAsPrinted));
			const aside = othersAside(change, overloaded ?? new Set());
			const [statements = [], ...fallbacks] = [change.statements, ...change.fallbacks]
				.flatMap((one) => (aside ? [aside(one), one] : [one]))
				.map(safely);
			const keeps = [...new Set(kept.map(({ table }) => table))];
			return [change.id, { ...change, statements, fallbacks, keeps, needs: needsOf(draft) }];
		}),
	);
	return sortByNeeds(changes.keys(), (id) => changes.get(id)?.needs ?? []).flatMap(
		(id) => changes.get(id) ?? [],
	);
}

/** Which other drafts make what a draft needs. */
function neededDrafts(drafts: readonly Draft[]): (draft: Draft) => string[] {
	const makers = new Map<string, string>();
	for (const { id, facts } of drafts) for (const fact of facts) makers.set(fact.id, id);
	return ({ id, factsNeeded }) =>
		[...new Set(factsNeeded.flatMap((fact) => makers.get(fact) ?? []))].filter(
			(other) => other !== id,
		);
}

/** Drafts that need each other become one, in which something stands in for what the others wait for. */
function withoutCircles(drafts: readonly Draft[], scope: Scope): readonly Draft[] {
	const needsOf = neededDrafts(drafts);
	const byId = new Map(drafts.map((draft) => [draft.id, draft]));
	const needs = (id: string): string[] => {
		const draft = byId.get(id);
		return draft ? needsOf(draft) : [];
	};
	const joined = circles([...byId.keys()], needs).flatMap((circle): Draft[] => {
		// Views first: functions give their rows.
		const givesRows = ({ id }: Draft): boolean => namesOf(id, scope.kinds).length > 1;
		const parts = [...circle]
			.flatMap((id) => byId.get(id) ?? [])
			.toSorted((one, other) => Number(givesRows(other)) - Number(givesRows(one)));
		const standIns = new Map(
			parts.flatMap(({ id, facts }) => {
				const fact = facts.find((other) => other.id === id);
				const statement = fact && kindOf(fact, scope.kinds).making?.standIn?.(fact);
				return statement === undefined ? [] : [[id, statement] as const];
			}),
		);
		if (standIns.size === 0) return [];
		const ordered = sortByNeeds(circle, (id) =>
			needs(id).filter((need) => !standIns.has(need)),
		).flatMap((id) => byId.get(id) ?? []);
		for (const id of circle) byId.delete(id);
		return [joinedDraft(ordered, [...standIns.values()])];
	});
	return [...byId.values(), ...joined];
}

function joinedDraft(parts: readonly Draft[], before: readonly string[]): Draft {
	const [first] = parts;
	if (!first) throw new Error('a circle of nothing');
	return {
		id: first.id,
		action: parts.every(({ action }) => action === 'create') ? 'create' : 'replace',
		facts: parts.flatMap(({ facts }) => facts),
		removed: parts.flatMap(({ removed }) => removed),
		statements: [...before, ...parts.flatMap(({ statements }) => statements)],
		fallbacks: [],
		alone: false,
		differs: [...new Set(parts.flatMap(({ differs }) => differs))],
		kept: parts.flatMap(({ kept }) => kept),
		factsNeeded: parts.flatMap(({ factsNeeded }) => factsNeeded),
	};
}
