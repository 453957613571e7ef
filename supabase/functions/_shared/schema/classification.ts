// The first half of planning: every fact of the stage is compared and sorted into what is missing, what is
// altered in place, what needs others to be dropped first, what goes and what is left.
import { changeOf } from './change.ts';
import { differences, sameDefinition } from './compare.ts';
import type { Change, Fact } from './fact.ts';
import type { Replacement } from './replacement.ts';
import { renamedColumns } from './renames.ts';
import { inScope, kindOf, type LeftFact, type Scope, type FactPair } from './planning.ts';

const isEarly = (fact: Fact, scope: Scope): boolean =>
	scope.stage === 'structure' &&
	fact.stage !== 'structure' &&
	kindOf(fact, scope.kinds).rows?.block === true &&
	scope.components.includes(fact.component);

export interface Altered {
	readonly fact: Fact;
	readonly statements: readonly string[];
	readonly differs: readonly string[];
	readonly keepsRows?: boolean;
}

export interface ClassifiedChanges {
	readonly alters: Map<string, Altered>;
	readonly drops: Map<string, Fact>;
	readonly groups: Replacement[];
	readonly left: LeftFact[];
	readonly missing: Fact[];
	/** More shows once this is done: everything that rests on a renamed column names it. */
	readonly partial: boolean;
}

const replacing = (
	about: Fact,
	seeds: readonly string[],
	differs: readonly string[],
): Replacement => ({
	about,
	seeds,
	statements: [],
	removes: false,
	makes: false,
	differs,
});

function sortChange(
	classified: ClassifiedChanges,
	source: Fact,
	target: Fact,
	change: Change,
): void {
	const differs = differences(source, target);
	if (change.how === 'alter') {
		if (change.statements.length > 0)
			classified.alters.set(source.id, {
				fact: source,
				statements: change.statements,
				differs,
				keepsRows: change.keepsRows ?? false,
			});
	} else if (change.how === 'replace') {
		const { empties } = change;
		classified.groups.push({
			...replacing(source, [source.id], differs),
			...(empties ? { empties } : {}),
		});
	} else if (change.how === 'recreate_dependents') {
		const { statements, dropFirst, otherwise } = change;
		const more = otherwise ? { otherwise } : {};
		classified.groups.push({ ...replacing(source, dropFirst, differs), statements, ...more });
	} else {
		const { why, fix, outcome } = change;
		classified.left.push({ fact: source, why, fix, ...(outcome ? { outcome } : {}) });
	}
}

/** Compares the facts of the stage: what is missing, what differs, what goes. */
export function classifyChanges(pair: FactPair, scope: Scope): ClassifiedChanges {
	const asked = { ...pair, removeExtra: scope.removes.length > 0, rows: scope.rows };
	const guessed = scope.removes.includes('tables') ? renamedColumns(pair) : [];
	const renames = guessed.filter(({ fact }) => inScope(fact, scope) && !scope.skip.has(fact.id));
	const classified: ClassifiedChanges = {
		alters: new Map(renames.map((rename) => [rename.fact.id, rename])),
		drops: new Map(),
		groups: [],
		left: [],
		missing: [],
		partial: renames.length > 0,
	};
	if (classified.partial) return classified;
	const kept = new Set(guessed.map(({ copy }) => copy.id));
	for (const fact of pair.source.byId.values()) {
		if (scope.skip.has(fact.id)) continue;
		const found = pair.target.byId.get(fact.id);
		if (inScope(fact, scope)) {
			if (!found) {
				if (!goneWithHolder(fact, pair, scope)) classified.missing.push(fact);
			} else if (!sameDefinition(fact, found))
				sortChange(
					classified,
					fact,
					found,
					changeOf(kindOf(fact, scope.kinds), fact, found, asked),
				);
		} else if (found && isEarly(fact, scope) && !sameDefinition(fact, found)) {
			const change = changeOf(kindOf(fact, scope.kinds), fact, found, asked);
			if (change.how === 'replace' && canGoEarly(found, pair, scope))
				classified.drops.set(found.id, found);
		}
	}
	for (const fact of pair.target.byId.values()) {
		if (pair.source.byId.has(fact.id) || scope.skip.has(fact.id) || kept.has(fact.id)) continue;
		if (!inScope(fact, scope) && !isEarly(fact, scope)) continue;
		if (kindOf(fact, scope.kinds).attribute) {
			if (fact.drop === null || isTieToExtra(fact, pair, scope)) continue;
			if (holderStays(fact, pair) || blocksHolder(fact, pair, scope))
				classified.drops.set(fact.id, fact);
		} else if (
			scope.removes.includes(fact.component) &&
			fact.drop !== null &&
			(inScope(fact, scope) || canGoEarly(fact, pair, scope))
		)
			classified.groups.push({ ...replacing(fact, [fact.id], []), removes: true });
		else if (scope.removes.includes(fact.component) && fact.drop === null) {
			const kept = kindOf(fact, scope.kinds).report?.kept;
			if (kept) classified.left.push({ fact, ...kept, outcome: 'skipped' });
		}
	}
	return classified;
}

/** What describes a thing that could not be made is reported with that thing. */
function goneWithHolder(fact: Fact, { target }: FactPair, scope: Scope): boolean {
	return (
		kindOf(fact, scope.kinds).attribute !== undefined &&
		fact.parent !== null &&
		scope.skip.has(fact.parent) &&
		!target.byId.has(fact.parent)
	);
}

/** An attribute the source lacks is taken away only where the source has what it describes. */
export const holderStays = (fact: Fact, { source, equal }: FactPair): boolean =>
	fact.parent === null || source.byId.has(fact.parent) || (equal?.has(fact.parent) ?? false);

/** What it is tied to, only the target has, and keeps. */
export const isTieToExtra = (
	fact: Fact,
	{ source, target, equal }: FactPair,
	{ kinds, removes }: Pick<Scope, 'kinds' | 'removes'>,
): boolean =>
	kindOf(fact, kinds).attribute?.ties === true &&
	fact.needs.some((id) => {
		const other = id === fact.parent ? undefined : target.byId.get(id);
		return (
			other !== undefined &&
			!removes.includes(other.component) &&
			!source.byId.has(id) &&
			equal?.has(id) !== true
		);
	});

/** Of a part that only the target has, of something both have. */
function blocksHolder(fact: Fact, { source, target }: FactPair, scope: Scope): boolean {
	const part = target.byId.get(fact.parent ?? '');
	const isKept = part !== undefined && !scope.removes.includes(part.component);
	const holder = part?.parent ?? null;
	return (
		isKept &&
		holder !== null &&
		source.byId.has(holder) &&
		kindOf(fact, scope.kinds).attribute?.givesWay?.when(fact, target) === true
	);
}

/** What rests on it must come back later by itself or go as well, or the drop would lose it. */
function canGoEarly(fact: Fact, pair: FactPair, scope: Scope): boolean {
	return (pair.target.dependents.get(fact.id) ?? []).every((id) => {
		const other = pair.target.byId.get(id);
		if (other === undefined) return false;
		const goes = !pair.source.byId.has(id) && scope.removes.includes(other.component);
		return goes || kindOf(other, scope.kinds).attribute !== undefined;
	});
}
