// What planning speaks of: both sides, the scope of a stage, the steps; and the statements that make facts.
import type { ComponentKey } from '../domain/component.ts';
import type { Fact, Facts, Kind, SchemaStage } from './fact.ts';
import type { Rename } from './renames.ts';

export interface Sides {
	readonly source: Facts;
	readonly target: Facts;
	/** Ids of facts that both sides have alike, where these were not read in full. */
	readonly equal?: ReadonlySet<string>;
}

export interface Scope {
	readonly stage: SchemaStage;
	readonly components: readonly ComponentKey[];
	/** Components of which goes what only the target has; none without `remove_extra`. */
	readonly removes: readonly ComponentKey[];
	/** Every row of the target will be made like the source's. */
	readonly mirrored: boolean;
	/** Renames that are known and come before all else; left out where none are. */
	readonly renames?: readonly Rename[];
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
	/** What is gone afterwards. */
	readonly removed: readonly Fact[];
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
	/** More shows once these steps are taken. */
	readonly partial: boolean;
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

/** The facts that this one holds: columns and keys of a table, comments, privileges. */
export const childrenOf = ({ byId, dependents }: Facts, id: string): Fact[] =>
	(dependents.get(id) ?? []).flatMap((dependent) => {
		const fact = byId.get(dependent);
		return fact?.parent === id ? [fact] : [];
	});

/** True for what is made in one go with its parent: folded parts and attributes. */
export function comesAlong(fact: Fact, { kinds }: Pick<Scope, 'kinds'>): boolean {
	if (fact.folded) return true;
	const kind = kindOf(fact, kinds);
	return kind.attribute === true && kind.apart !== true;
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
export function lesserStatements(
	facts: readonly Fact[],
	made: ReadonlyMap<string, Fact>,
	target: Facts,
	scope: Pick<Scope, 'kinds'>,
): string[][] {
	const lesser = (fact: Fact): readonly string[] =>
		fact.folded && fact.parent !== null && made.has(fact.parent)
			? []
			: (kindOf(fact, scope.kinds).otherwise?.(fact) ?? []);
	if (!facts.some((fact) => lesser(fact).length > 0)) return [];
	return [
		facts.flatMap((fact) => {
			const own = lesser(fact);
			return own.length > 0 ? own : createStatements([fact], made, target, scope);
		}),
	];
}
