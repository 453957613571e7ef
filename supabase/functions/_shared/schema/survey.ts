// The first half of planning: every fact of the stage is compared and sorted into what is missing, what is
// altered in place, what needs others out of its way, what goes and what is left.
import { differences, sameDefinition } from './compare.ts';
import type { Change, Fact } from './fact.ts';
import type { Regroup } from './regroup.ts';
import { renamedColumns } from './renames.ts';
import { inScope, kindOf, type LeftFact, type Scope, type Sides } from './step.ts';

const isEarly = (fact: Fact, scope: Scope): boolean =>
	scope.stage === 'structure' &&
	fact.stage !== 'structure' &&
	kindOf(fact, scope.kinds).early === true &&
	scope.components.includes(fact.component);

export interface Altered {
	readonly fact: Fact;
	readonly statements: readonly string[];
	readonly differs: readonly string[];
}

export interface Work {
	readonly alters: Map<string, Altered>;
	readonly drops: Map<string, Fact>;
	readonly groups: Regroup[];
	readonly left: LeftFact[];
	readonly missing: Fact[];
	/** More shows once this is done: everything that rests on a renamed column names it. */
	readonly partial: boolean;
}

const replacing = (about: Fact, seeds: readonly string[], differs: readonly string[]): Regroup => ({
	about,
	seeds,
	statements: [],
	removes: false,
	makes: false,
	differs,
});

function sortChange(work: Work, source: Fact, target: Fact, change: Change): void {
	const differs = differences(source, target);
	if (change.how === 'alter') {
		if (change.statements.length > 0)
			work.alters.set(source.id, { fact: source, statements: change.statements, differs });
	} else if (change.how === 'replace') {
		work.groups.push(replacing(source, [source.id], differs));
	} else if (change.how === 'around') {
		const { statements, apart, otherwise } = change;
		const more = otherwise ? { otherwise } : {};
		work.groups.push({ ...replacing(source, apart, differs), statements, ...more });
	} else {
		const { why, fix, outcome } = change;
		work.left.push({ fact: source, why, fix, ...(outcome ? { outcome } : {}) });
	}
}

/** Compares the facts of the stage: what is missing, what differs, what goes. */
export function survey(sides: Sides, scope: Scope): Work {
	const asked = { ...sides, removeExtra: scope.removes.length > 0, mirrored: scope.mirrored };
	const guessed = scope.removes.includes('tables') ? renamedColumns(sides) : [];
	const known = scope.renames ?? [];
	const renames = (known.length > 0 ? known : guessed).filter(
		({ fact }) => inScope(fact, scope) && !scope.skip.has(fact.id),
	);
	const work: Work = {
		alters: new Map(renames.map((rename) => [rename.fact.id, rename])),
		drops: new Map(),
		groups: [],
		left: [],
		missing: [],
		partial: renames.length > 0,
	};
	if (work.partial) return work;
	const kept = new Set(guessed.map(({ copy }) => copy.id));
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
		if (sides.source.byId.has(fact.id) || scope.skip.has(fact.id) || kept.has(fact.id)) continue;
		if (!inScope(fact, scope) && !isEarly(fact, scope)) continue;
		if (kindOf(fact, scope.kinds).attribute) {
			if (fact.drop !== null && (holderStays(fact, sides) || isInTheWay(fact, sides, scope)))
				work.drops.set(fact.id, fact);
		} else if (
			scope.removes.includes(fact.component) &&
			fact.drop !== null &&
			(inScope(fact, scope) || canGoEarly(fact, sides, scope))
		)
			work.groups.push({ ...replacing(fact, [fact.id], []), removes: true });
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

/** Of a part that only the target has, of something both have. */
function isInTheWay(fact: Fact, { source, target }: Sides, scope: Scope): boolean {
	const part = target.byId.get(fact.parent ?? '');
	const isKept = part !== undefined && !scope.removes.includes(part.component);
	const holder = part?.parent ?? null;
	return (
		isKept &&
		holder !== null &&
		source.byId.has(holder) &&
		kindOf(fact, scope.kinds).givesWay?.(fact, target) === true
	);
}

/** What rests on it must come back later by itself or go as well, or the drop would lose it. */
function canGoEarly(fact: Fact, sides: Sides, scope: Scope): boolean {
	return (sides.target.dependents.get(fact.id) ?? []).every((id) => {
		const other = sides.target.byId.get(id);
		if (other === undefined) return false;
		const goes = !sides.source.byId.has(id) && scope.removes.includes(other.component);
		return goes || kindOf(other, scope.kinds).attribute === true;
	});
}
