// What a stage has still to do on the target: a list of steps, each a few statements that belong together.
// Pure: facts in, steps out. Nothing is run here and nothing is read.
import { readBackAsPrinted } from '../platform/printed-sql.ts';
import type { Fact } from './fact.ts';
import { sortByNeeds } from './order.ts';
import { namesakes } from './names.ts';
import { joinGroups, outline, type Group, type Regroup } from './regroup.ts';
import {
	childrenOf,
	comesAlong,
	createStatements,
	kindOf,
	lesserStatements,
	type LeftFact,
	type Plan,
	type Scope,
	type Sides,
	type Step,
	type StepAction,
} from './step.ts';
import { survey, type Work } from './survey.ts';

type Draft = Omit<Step, 'needs'> & {
	/** Ids of facts, not yet of steps. */
	readonly factsNeeded: readonly string[];
};

/** All steps the stage has still to take, in order. Pure. */
export function planStage(sides: Sides, scope: Scope): Plan {
	const work = survey(sides, scope);
	const { groups, refused, missing, covered } = settle(work, sides, scope);
	const drafts = [
		...dropDrafts(work, covered),
		...groups.map((group) => groupDraft(group, sides, scope)),
		...createDrafts(missing, sides, scope),
		...alterDrafts(work, covered, scope),
	].filter(({ statements }) => statements.length > 0);
	return { steps: linked(drafts), left: [...work.left, ...refused], partial: work.partial };
}

interface Settled {
	readonly groups: readonly Group[];
	readonly refused: readonly LeftFact[];
	readonly missing: ReadonlyMap<string, Fact>;
	/** Ids of what the groups see to. */
	readonly covered: ReadonlySet<string>;
}

/**
 * What is missing with all that it needs, and the groups. A missing fact whose name something else still has
 * makes a group, which may need further facts, whose names …
 */
function settle(work: Work, sides: Sides, scope: Scope): Settled {
	const taken = namesakes(sides, scope.kinds);
	const changes = [...work.groups];
	for (;;) {
		const { groups, refused: left } = joinGroups(changes, sides, scope);
		const refused = new Set(left.map(({ fact }) => fact.id));
		const covered = new Set([...groups.flatMap(({ covered }) => [...covered]), ...refused]);
		const wanted = [...work.missing, ...prerequisites(groups, work, sides)];
		const missing = collectMissing(wanted, sides, scope, covered, refused);
		const displacing = [...missing.values()].flatMap((fact): Regroup[] => {
			const seeds = taken.get(fact.id);
			return seeds ? [takingPlace(fact, seeds)] : [];
		});
		if (displacing.length === 0) return { groups, refused: left, missing, covered };
		changes.push(...displacing);
	}
}

/** What the source's versions of things made again or altered need. */
const prerequisites = (groups: readonly Group[], work: Work, { source }: Sides): Fact[] =>
	[
		...groups.flatMap((group) => group.recreated),
		...[...work.alters.values()].map(({ fact }) => fact),
	]
		.filter((fact) => source.byId.get(fact.id) === fact)
		.flatMap((fact) => fact.needs.flatMap((id) => source.byId.get(id) ?? []));

/** The fact is made where others have its name: they go, with all that rests on them. */
const takingPlace = (about: Fact, seeds: readonly string[]): Regroup => ({
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
	sides: Sides,
	scope: Scope,
	covered: ReadonlySet<string>,
	refused: ReadonlySet<string>,
) {
	const found = new Map<string, Fact>();
	const open = [...wanted];
	// What belongs to a thing that is refused is told with that.
	const hasNoHolder = ({ parent }: Fact): boolean =>
		parent !== null && refused.has(parent) && !sides.target.byId.has(parent);
	for (let fact = open.pop(); fact; fact = open.pop()) {
		if (found.has(fact.id) || sides.target.byId.has(fact.id) || covered.has(fact.id)) continue;
		if (scope.skip.has(fact.id) || hasNoHolder(fact)) continue;
		found.set(fact.id, fact);
		for (const id of fact.needs) {
			const need = sides.source.byId.get(id);
			if (need) open.push(need);
		}
		for (const child of childrenOf(sides.source, fact.id))
			if (comesAlong(child, scope)) open.push(child);
	}
	return found;
}

const simple = (
	fact: Fact,
	action: StepAction,
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
	factsNeeded: [],
});

const dropDrafts = (work: Work, covered: ReadonlySet<string>): Draft[] =>
	[...work.drops.values()].flatMap((fact) =>
		covered.has(fact.id) || fact.drop === null
			? []
			: [simple(fact, 'alter', [fact.drop], ['only on the target'])],
	);

function groupDraft(group: Group, sides: Sides, scope: Scope): Draft {
	const { facts, removed, statements, fallbacks, needs } = outline(group, sides, scope);
	return {
		id: group.id,
		action: group.removes ? 'remove' : 'replace',
		facts,
		removed,
		statements,
		fallbacks,
		alone: false,
		differs: group.differs,
		factsNeeded: needs,
	};
}

/** One step per missing object, with the parts and attributes that are made along with it. */
function createDrafts(missing: ReadonlyMap<string, Fact>, sides: Sides, scope: Scope): Draft[] {
	const rootOf = (fact: Fact): string => {
		const parent = fact.parent === null ? undefined : missing.get(fact.parent);
		return parent && comesAlong(fact, scope) ? rootOf(parent) : fact.id;
	};
	const members = new Map<string, Fact[]>();
	for (const fact of inOrder(missing.values(), sides)) {
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
		statements: createStatements(facts, missing, sides.target, scope),
		fallbacks: lesserStatements(facts, missing, sides.target, scope),
		alone: false,
		differs: [],
		factsNeeded: facts.flatMap((fact) => fact.needs),
	}));
}

const alterDrafts = (work: Work, covered: ReadonlySet<string>, scope: Scope): Draft[] =>
	[...work.alters.values()]
		.filter(({ fact }) => !covered.has(fact.id))
		.map(({ fact, statements, differs }) => ({
			...simple(fact, 'alter', statements, differs),
			alone: kindOf(fact, scope.kinds).alone === true,
			factsNeeded: fact.needs,
		}));

/** Facts in the order in which the source was read, so that equal inputs give equal plans. */
function inOrder(facts: Iterable<Fact>, { source }: Sides): Fact[] {
	const wanted = new Map([...facts].map((fact) => [fact.id, fact]));
	return [...source.byId.keys()].flatMap((id) => wanted.get(id) ?? []);
}

/** Steps in order, each with the ids of the steps that make what it needs. */
function linked(drafts: readonly Draft[]): Step[] {
	const stepOf = new Map<string, string>();
	for (const { id, facts } of drafts) for (const fact of facts) stepOf.set(fact.id, id);
	const steps = new Map(
		drafts.map(({ factsNeeded, ...step }): [string, Step] => {
			const needs = new Set(factsNeeded.flatMap((id) => stepOf.get(id) ?? []));
			needs.delete(step.id);
			const statements = step.statements.map(readBackAsPrinted);
			const fallbacks = step.fallbacks.map((fallback) => fallback.map(readBackAsPrinted));
			return [step.id, { ...step, statements, fallbacks, needs: [...needs] }];
		}),
	);
	return sortByNeeds(steps.keys(), (id) => steps.get(id)?.needs ?? []).flatMap(
		(id) => steps.get(id) ?? [],
	);
}
