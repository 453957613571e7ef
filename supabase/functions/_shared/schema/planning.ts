// What planning works with: both endpoints, the scope of a stage, planned changes; and the statements that make facts.
import type { ComponentKey } from '../domain/component.ts';
import type { Fact, Facts, Kind, RowsBrought, SchemaStage } from './fact.ts';

/** A fact of which only the name is known, because somebody locks what it is printed from. */
export interface UnreadFact {
	readonly fact: Fact;
	/** Who locks what. */
	readonly why: string;
	readonly onSource: boolean;
	readonly onTarget: boolean;
	/** The lock is held for so long that waiting for it is no use. */
	readonly lasting: boolean;
}

export interface FactPair {
	readonly source: Facts;
	readonly target: Facts;
	/** Ids of facts that both endpoints have alike, where these were not read in full. */
	readonly equal?: ReadonlySet<string>;
	/** What an endpoint could not read, by id; neither endpoint has it then. */
	readonly unread?: ReadonlyMap<string, UnreadFact>;
	/** Ids of routines of either endpoint that share their name with another. */
	readonly overloaded?: ReadonlySet<string>;
	/** What was rewritten in facts of the source, by id; `missing`: what a placeholder took the place of. */
	readonly rewritten?: ReadonlyMap<
		string,
		{ readonly changes: readonly string[]; readonly missing: readonly string[] }
	>;
}

export interface Scope {
	readonly stage: SchemaStage;
	readonly components: readonly ComponentKey[];
	/** Components of which goes what only the target has; none without `remove_extra`. */
	readonly removes: readonly ComponentKey[];
	/** Ids of what former clones made on the target: it gives way to what the source has in its place now. */
	readonly made?: ReadonlySet<string>;
	/** Which tables the clone fills again. */
	readonly rows: RowsBrought;
	/** A later stage of the clone fills materialized views that the source has, too. */
	readonly fillsViews?: boolean;
	/** Ids of changes not to plan again: they failed for good. */
	readonly skip: ReadonlySet<string>;
	readonly kinds: ReadonlyMap<string, Kind>;
}

export type ChangeAction = 'create' | 'alter' | 'replace' | 'remove' | 'rename';

/** Statements that run in one transaction, with the facts that are right afterwards. */
export interface PlannedChange {
	/** Id of the fact it is about. */
	readonly id: string;
	readonly action: ChangeAction;
	readonly facts: readonly Fact[];
	/** What is gone afterwards. */
	readonly removed: readonly Fact[];
	readonly statements: readonly string[];
	/** What to try instead, in this order, when they fail. */
	readonly fallbacks: readonly (readonly string[])[];
	/** Commits before anything else runs. */
	readonly alone: boolean;
	/** Ids of changes that must have succeeded before. */
	readonly needs: readonly string[];
	/** What differed, for the report. */
	readonly differs: readonly string[];
	/** Tables whose rows must outlast it, because the clone does not bring them again. */
	readonly keeps: readonly string[];
}

export interface LeftFact {
	readonly fact: Fact;
	readonly why: string;
	readonly fix: string;
	readonly outcome?: 'skipped' | 'adapted';
}

export interface Plan {
	readonly changes: readonly PlannedChange[];
	readonly left: readonly LeftFact[];
	/** More shows once these changes are made. */
	readonly partial: boolean;
}

export function kindOf(fact: Fact, kinds: ReadonlyMap<string, Kind>): Kind {
	const kind = kinds.get(fact.kind);
	if (!kind) throw new Error(`unknown kind of fact: ${fact.kind}`);
	return kind;
}

/** True when the stage makes this fact. */
export function inScope(fact: Fact, scope: Pick<Scope, 'stage' | 'components'>): boolean {
	return fact.stage === scope.stage && scope.components.includes(fact.component);
}

/**
 * True for a fact of the target that may go where the source has something else of its name. What something of both
 * endpoints rests on is no thing of the target's own: it is the same in another form, as an enum that became a domain.
 */
export const mayGiveWay = (
	{ id, component }: Fact,
	{ source, target }: FactPair,
	{ removes, made }: Scope,
): boolean =>
	removes.includes(component) ||
	made?.has(id) === true ||
	(target.dependents.get(id) ?? []).some(
		(user) => source.byId.has(user) && target.byId.get(user)?.parent !== id,
	);

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
	return kind.attribute !== undefined && kind.attribute.later !== true;
}

/**
 * Statements of facts made together: what is folded into a parent made here has none of its own, and those of `aside`
 * only come back. Texts among the facts are statements already.
 */
export function createStatements(
	facts: readonly (Fact | string)[],
	made: ReadonlyMap<string, Fact>,
	target: Facts,
	{ kinds }: Pick<Scope, 'kinds'>,
	aside: ReadonlySet<string> = new Set(),
): string[] {
	return facts.flatMap((fact) => {
		if (typeof fact === 'string') return [fact];
		if (aside.has(fact.id)) return kindOf(fact, kinds).rows?.stepAside?.(fact)?.back || [];
		if (fact.folded && fact.parent !== null && made.has(fact.parent)) return [];
		return kindOf(fact, kinds).create?.(fact, target) ?? fact.create;
	});
}

/** The same with `otherwise` of the kinds that have one; empty when none has. */
export function lesserStatements(
	facts: readonly Fact[],
	made: ReadonlyMap<string, Fact>,
	target: Facts,
	scope: Pick<Scope, 'kinds' | 'rows'>,
): string[][] {
	const lesser = (fact: Fact): readonly string[] =>
		fact.folded && fact.parent !== null && made.has(fact.parent)
			? []
			: (kindOf(fact, scope.kinds).otherwise?.(fact, scope) ?? []);
	if (!facts.some((fact) => lesser(fact).length > 0)) return [];
	return [
		facts.flatMap((fact) => {
			const own = lesser(fact);
			return own.length > 0 ? own : createStatements([fact], made, target, scope);
		}),
	];
}
