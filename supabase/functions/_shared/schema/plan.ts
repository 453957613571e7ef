// What a stage has still to do on the target: a list of steps, each a few statements that belong together.
// Pure: facts in, steps out. Nothing is run here and nothing is read.
import type { ComponentKey } from '../domain/component.ts';
import { differences, sameDefinition } from './compare.ts';
import type { Change, Fact, Facts, Kind, SchemaStage } from './fact.ts';
import { joinGroups, outline, type Regroup } from './regroup.ts';
import { sortByNeeds } from './order.ts';

export interface Sides {
	readonly source: Facts;
	readonly target: Facts;
	/** Ids of facts that both sides have alike, where these were not read in full. */
	readonly equal?: ReadonlySet<string>;
}

export interface Scope {
	readonly stage: SchemaStage;
	readonly components: readonly ComponentKey[];
	readonly removeExtra: boolean;
	/** Ids of steps not to plan again: they failed for good. */
	readonly skip: ReadonlySet<string>;
	readonly kinds: ReadonlyMap<string, Kind>;
}

export type StepAction = 'create' | 'alter' | 'replace' | 'remove';

/** Statements that run in one transaction, with the facts that are right afterwards. */
export interface Step {
	/** Id of the fact it is about. */
	readonly id: string;
	readonly action: StepAction;
	readonly facts: readonly Fact[];
	readonly statements: readonly string[];
	/** What to try instead, in this order, when they fail. */
	readonly fallbacks: readonly (readonly string[])[];
	/** Commits before anything else runs. */
	readonly alone: boolean;
	/** Ids of steps that must have succeeded before. */
	readonly needs: readonly string[];
	/** What differed, for the report. */
	readonly differs: readonly string[];
}

export interface LeftFact {
	readonly fact: Fact;
	readonly why: string;
	readonly fix: string;
	readonly outcome?: 'skipped';
}

export interface Plan {
	readonly steps: readonly Step[];
	readonly left: readonly LeftFact[];
}

export function kindOf(fact: Fact, kinds: ReadonlyMap<string, Kind>): Kind {
	const kind = kinds.get(fact.kind);
	if (!kind) throw new Error(`unknown kind of fact: ${fact.kind}`);
	return kind;
}

/** True when the stage makes this fact. */
export function inScope(fact: Fact, scope: Scope): boolean {
	return fact.stage === scope.stage && scope.components.includes(fact.component);
}

const isEarly = (fact: Fact, scope: Scope): boolean =>
	scope.stage === 'structure' &&
	fact.stage !== 'structure' &&
	kindOf(fact, scope.kinds).early === true &&
	scope.components.includes(fact.component);

interface Altered {
	readonly fact: Fact;
	readonly statements: readonly string[];
	readonly differs: readonly string[];
}

interface Work {
	readonly alters: Map<string, Altered>;
	readonly drops: Map<string, Fact>;
	readonly groups: Regroup[];
	readonly left: LeftFact[];
	readonly missing: Fact[];
}

function sortChange(work: Work, source: Fact, target: Fact, change: Change): void {
	const differs = differences(source, target);
	if (change.how === 'alter') {
		if (change.statements.length > 0)
			work.alters.set(source.id, { fact: source, statements: change.statements, differs });
	} else if (change.how === 'replace') {
		work.groups.push({
			about: source,
			seeds: [source.id],
			statements: [],
			removes: false,
			differs,
		});
	} else if (change.how === 'around') {
		const { statements, apart, otherwise } = change;
		const more = otherwise ? { otherwise } : {};
		work.groups.push({ about: source, seeds: apart, statements, ...more, removes: false, differs });
	} else {
		const { why, fix, outcome } = change;
		work.left.push({ fact: source, why, fix, ...(outcome ? { outcome } : {}) });
	}
}

/** Compares the facts of the stage: what is missing, what differs, what goes. */
function survey(sides: Sides, scope: Scope): Work {
	const asked = { ...sides, removeExtra: scope.removeExtra };
	const work: Work = {
		alters: new Map(),
		drops: new Map(),
		groups: [],
		left: [],
		missing: [],
	};
	for (const fact of sides.source.byId.values()) {
		if (scope.skip.has(fact.id)) continue;
		const found = sides.target.byId.get(fact.id);
		if (inScope(fact, scope)) {
			if (!found) {
				if (!goneWithHolder(fact, sides, scope)) work.missing.push(fact);
			} else if (!sameDefinition(fact, found))
				sortChange(work, fact, found, kindOf(fact, scope.kinds).change(fact, found, asked));
		} else if (found && isEarly(fact, scope) && !sameDefinition(fact, found)) {
			const change = kindOf(fact, scope.kinds).change(fact, found, asked);
			if (change.how === 'replace' && canGoEarly(found, sides, scope))
				work.drops.set(found.id, found);
		}
	}
	for (const fact of sides.target.byId.values()) {
		if (sides.source.byId.has(fact.id) || scope.skip.has(fact.id)) continue;
		if (!inScope(fact, scope) && !isEarly(fact, scope)) continue;
		if (kindOf(fact, scope.kinds).attribute) {
			if (fact.drop !== null && holderStays(fact, sides)) work.drops.set(fact.id, fact);
		} else if (scope.removeExtra && inScope(fact, scope) && fact.drop !== null) {
			work.groups.push({
				about: fact,
				seeds: [fact.id],
				statements: [],
				removes: true,
				differs: [],
			});
		}
	}
	return work;
}

/** What describes a thing that could not be made is told with that thing. */
function goneWithHolder(fact: Fact, { target }: Sides, scope: Scope): boolean {
	return (
		kindOf(fact, scope.kinds).attribute === true &&
		fact.parent !== null &&
		scope.skip.has(fact.parent) &&
		!target.byId.has(fact.parent)
	);
}

/** An attribute the source lacks is taken away only where the source has what it describes. */
export const holderStays = (fact: Fact, { source, equal }: Sides): boolean =>
	fact.parent === null || source.byId.has(fact.parent) || (equal?.has(fact.parent) ?? false);

/** What rests on it must come back later by itself, or the drop would lose it. */
function canGoEarly(fact: Fact, sides: Sides, scope: Scope): boolean {
	return (sides.target.dependents.get(fact.id) ?? []).every((id) => {
		const other = sides.target.byId.get(id);
		return other !== undefined && kindOf(other, scope.kinds).attribute === true;
	});
}

/** Missing facts with all they need and all that is made along with them. */
function collectMissing(wanted: Iterable<Fact>, sides: Sides, scope: Scope, covered: Set<string>) {
	const found = new Map<string, Fact>();
	const open = [...wanted];
	for (let fact = open.pop(); fact; fact = open.pop()) {
		if (found.has(fact.id) || sides.target.byId.has(fact.id) || covered.has(fact.id)) continue;
		if (scope.skip.has(fact.id)) continue;
		found.set(fact.id, fact);
		for (const id of fact.needs) {
			const need = sides.source.byId.get(id);
			if (need) open.push(need);
		}
		for (const id of sides.source.dependents.get(fact.id) ?? []) {
			const child = sides.source.byId.get(id);
			if (child?.parent === fact.id && comesAlong(child, scope)) open.push(child);
		}
	}
	return found;
}

/** True for what is made in one go with its parent: folded parts and attributes. */
export function comesAlong(fact: Fact, { kinds }: Pick<Scope, 'kinds'>): boolean {
	if (fact.folded) return true;
	const kind = kindOf(fact, kinds);
	return kind.attribute === true && kind.apart !== true;
}

interface Unit {
	readonly id: string;
	readonly step: Omit<Step, 'needs'>;
	readonly needs: Set<string>;
}

/** All steps the stage has still to take, in order. Pure. */
export function planStage(sides: Sides, scope: Scope): Plan {
	const work = survey(sides, scope);
	const { groups, refused } = joinGroups(work.groups, sides, scope);
	const covered = new Set(groups.flatMap((group) => [...group.members]));
	for (const group of groups) for (const about of group.abouts) covered.add(about.id);
	const fromSource = groups.flatMap((group) =>
		group.recreated.filter((fact) => sides.source.byId.get(fact.id) === fact),
	);
	const prerequisites = fromSource.flatMap((fact) =>
		fact.needs.flatMap((id) => sides.source.byId.get(id) ?? []),
	);
	const missing = collectMissing([...work.missing, ...prerequisites], sides, scope, covered);

	const unitOf = new Map<string, string>();
	const rootOf = (fact: Fact): string => {
		const parent = fact.parent === null ? undefined : missing.get(fact.parent);
		return parent && comesAlong(fact, scope) ? rootOf(parent) : fact.id;
	};
	const members = new Map<string, Fact[]>();
	for (const fact of inOrder(missing.values(), sides)) {
		const root = rootOf(fact);
		unitOf.set(fact.id, root);
		members.set(root, [...(members.get(root) ?? []), fact]);
	}
	for (const id of work.alters.keys()) if (!covered.has(id)) unitOf.set(id, id);
	for (const group of groups)
		for (const id of covered) if (group.covers(id)) unitOf.set(id, group.id);

	const units: Unit[] = [];
	const unit = (step: Omit<Step, 'needs'>, needed: Iterable<string>): void => {
		const needs = new Set<string>();
		for (const id of needed) {
			const other = unitOf.get(id);
			if (other !== undefined && other !== step.id) needs.add(other);
		}
		units.push({ id: step.id, step, needs });
	};

	for (const [id, fact] of work.drops) {
		if (!covered.has(id) && fact.drop !== null)
			unit(simple(fact, 'alter', [fact.drop], ['only on the target']), []);
	}
	for (const group of groups) {
		const plan = outline(group, sides, scope);
		unit(
			{
				id: group.id,
				action: group.removes ? 'remove' : 'replace',
				facts: plan.facts,
				statements: plan.statements,
				fallbacks: plan.fallbacks,
				alone: false,
				differs: group.differs,
			},
			plan.needs,
		);
	}
	for (const [root, facts] of members) {
		const first = facts.find((fact) => fact.id === root);
		if (!first) continue;
		const step: Omit<Step, 'needs'> = {
			id: root,
			action: 'create',
			facts,
			statements: createStatements(facts, missing, sides.target, scope),
			fallbacks: lesserStatements(facts, missing, sides.target, scope),
			alone: false,
			differs: [],
		};
		unit(
			step,
			facts.flatMap((fact) => fact.needs),
		);
	}
	for (const [id, { fact, statements, differs }] of work.alters) {
		if (covered.has(id)) continue;
		unit(
			{
				...simple(fact, 'alter', statements, differs),
				alone: kindOf(fact, scope.kinds).alone === true,
			},
			fact.needs,
		);
	}

	const byId = new Map(units.map((entry) => [entry.id, entry]));
	const steps = sortByNeeds(byId.keys(), (id) => byId.get(id)?.needs ?? []).flatMap((id) => {
		const entry = byId.get(id);
		return entry && entry.step.statements.length > 0
			? [{ ...entry.step, needs: [...entry.needs] }]
			: [];
	});
	return { steps, left: [...work.left, ...refused] };
}

const simple = (
	fact: Fact,
	action: StepAction,
	statements: readonly string[],
	differs: readonly string[],
): Omit<Step, 'needs'> => ({
	id: fact.id,
	action,
	facts: [fact],
	statements,
	fallbacks: [],
	alone: false,
	differs,
});

/** Facts in the order in which the source was read, so that equal inputs give equal plans. */
function inOrder(facts: Iterable<Fact>, { source }: Sides): Fact[] {
	const wanted = new Map([...facts].map((fact) => [fact.id, fact]));
	return [...source.byId.keys()].flatMap((id) => wanted.get(id) ?? []);
}

/** Statements of facts made together: what is folded into a parent made here has none of its own. */
export function createStatements(
	facts: readonly Fact[],
	made: ReadonlyMap<string, Fact>,
	target: Facts,
	{ kinds }: Pick<Scope, 'kinds'>,
): string[] {
	return facts.flatMap((fact) => {
		if (fact.folded && fact.parent !== null && made.has(fact.parent)) return [];
		return kindOf(fact, kinds).create?.(fact, target) ?? fact.create;
	});
}

/** The same with `otherwise` of the kinds that have one; empty when none has. */
function lesserStatements(
	facts: readonly Fact[],
	made: ReadonlyMap<string, Fact>,
	target: Facts,
	scope: Pick<Scope, 'kinds'>,
): string[][] {
	const lesser = (fact: Fact): readonly string[] =>
		kindOf(fact, scope.kinds).otherwise?.(fact) ?? [];
	if (!facts.some((fact) => lesser(fact).length > 0)) return [];
	return [
		facts.flatMap((fact) => {
			const own = lesser(fact);
			return own.length > 0 ? own : createStatements([fact], made, target, scope);
		}),
	];
}
