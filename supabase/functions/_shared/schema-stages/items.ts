// What became of facts, as items of the report: under whose name, in which words.
import type { Item } from '../contract/report.ts';
import { nameOfOne } from '../domain/thing.ts';
import type { Failure } from '../schema/apply.ts';
import type { Fact } from '../schema/fact.ts';
import { adviceFor } from '../schema/advice.ts';
import { KIND_BY_NAME } from '../schema/kinds/index.ts';
import { rewritingDetail, rewritingFix } from './source-keys.ts';
import { kindOf, type FactPair, type PlannedChange } from '../schema/planning.ts';
import { holderStays } from '../schema/classification.ts';

/** Attributes and parts are reported with what holds them. */
function isPart(fact: Fact): boolean {
	const kind = kindOf(fact, KIND_BY_NAME);
	return (kind.attribute !== undefined || kind.within === true) && fact.parent !== null;
}

/** The fact whose name is reported for this one. */
export function reportedAs(fact: Fact, pair: FactPair): Fact {
	if (!isPart(fact) || fact.parent === null) return fact;
	const parent = pair.source.byId.get(fact.parent) ?? pair.target.byId.get(fact.parent);
	// What belongs to another component is that one's to tell: row level security of a table.
	return parent && parent.component === fact.component ? reportedAs(parent, pair) : fact;
}

/**
 * The name of this fact alone. What fails is reported under it: a later success of its holder, or of what is called
 * alike (a constraint of a column with the same name), must not take its place in the report.
 */
export function ownName(fact: Fact): string {
	const what = nameOfOne(fact.kind);
	return !isPart(fact) || fact.object.startsWith(`${what} `)
		? fact.object
		: `${fact.object} (${what})`;
}

export function itemOf(change: PlannedChange, pair: FactPair): Item[] {
	const items = new Map<string, Item>();
	for (const fact of [...change.facts, ...change.removed]) {
		// Nothing was done for it: a table without row level security.
		if (fact.id !== change.id && fact.create.length === 0) continue;
		const named = reportedAs(fact, pair);
		const key = `${named.component} ${named.object}`;
		if (items.has(key)) continue;
		const way = gaveWay(fact, change, pair);
		const remark =
			way ??
			(change.action === 'create'
				? kindOf(named, KIND_BY_NAME).report?.remark?.(named)
				: undefined);
		const rewriting = pair.rewritten?.get(fact.id);
		const detail = [
			remark?.detail ?? describe(change, fact, named, pair),
			rewriting && rewritingDetail(rewriting),
		];
		const fixes = [remark?.fix, rewriting && rewritingFix(rewriting)];
		items.set(key, {
			component: named.component,
			object: named.object,
			outcome: remark || rewriting ? 'adapted' : 'copied',
			detail: detail.filter((part) => part !== undefined).join(', ') || undefined,
			fix: fixes.filter((part) => part !== undefined).join(' ') || undefined,
		});
		const lost = lostParts(named, change, pair);
		// Under a name of its own: what comes later of its holder must not take its place in the report.
		if (lost.length > 0)
			items.set(`${key} lost`, {
				component: named.component,
				object: `columns of ${named.object}`,
				outcome: 'copied',
				detail: `without ${lost.join(', ')}, which only the target had`,
			});
	}
	return [...items.values()];
}

function describe(
	change: PlannedChange,
	fact: Fact,
	named: Fact,
	{ source }: FactPair,
): string | undefined {
	const part = fact === named ? '' : `${nameOfOne(fact.kind)} ${fact.object}: `;
	const isTakenAway = change.action === 'alter' && !source.byId.has(fact.id);
	if (isTakenAway || change.removed.includes(fact))
		return `${part}removed: the source does not have it`;
	if (change.action === 'rename') return `${part}renamed (${change.differs.join(', ')})`;
	if (change.action === 'create') return part === '' ? 'created' : `${part}added`;
	if (fact.id !== change.id) return 'recreated: something that it rests on changed';
	return `${part}${change.action === 'replace' ? 'replaced' : 'changed'} (${change.differs.join(', ')})`;
}

/** Parts of the target's own that go because their holder is made like the source's. */
export function lostParts(
	fact: Fact,
	{ facts }: PlannedChange,
	{ source, target }: FactPair,
): readonly string[] {
	const [wanted, existing] = [source.byId.get(fact.id), target.byId.get(fact.id)];
	if (!wanted || !existing || !facts.includes(wanted)) return [];
	return kindOf(wanted, KIND_BY_NAME).report?.loses?.(wanted, existing) ?? [];
}

/** What to say of an attribute of the target's own that goes because rows could not come. */
export function gaveWay(
	fact: Fact,
	{ action }: PlannedChange,
	pair: FactPair,
): { readonly detail: string; readonly fix: string } | undefined {
	const givesWay = kindOf(fact, KIND_BY_NAME).attribute?.givesWay;
	if (givesWay === undefined || action !== 'alter' || holderStays(fact, pair)) return undefined;
	return { detail: `${fact.object}: ${givesWay.why}`, fix: givesWay.fix };
}

export function failedItem(
	fact: Fact,
	failure: Failure & { readonly fix?: string | undefined },
	pair: FactPair,
): Item[] {
	const named = reportedAs(fact, pair);
	const refusal = kindOf(fact, KIND_BY_NAME).report?.refusal;
	if (refusal && failure.sqlstate === '42501') {
		return [
			{
				component: named.component,
				object: fact.object,
				outcome: refusal.outcome,
				detail: refusal.why,
				fix: refusal.fix,
				sqlstate: failure.sqlstate,
			},
		];
	}
	return [
		{
			component: named.component,
			object: ownName(fact),
			outcome: 'failed',
			detail: failure.message,
			fix: failure.fix ?? adviceFor(fact, failure, pair),
			sqlstate: failure.sqlstate,
		},
	];
}

/** Objects that only the target has and that the change recreates. */
export const extrasOf = ({ action, facts }: PlannedChange, pair: FactPair): string[] =>
	action === 'replace' || action === 'remove'
		? facts
				.filter((fact) => !pair.source.byId.has(fact.id) && reportedAs(fact, pair) === fact)
				.map(({ object }) => object)
		: [];
