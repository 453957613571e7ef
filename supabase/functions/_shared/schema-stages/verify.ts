// Compares the facts of both endpoints, for verification. Changes nothing.
import type { Finding } from '../contract/report.ts';
import type { ReadContext } from '../contract/context.ts';
import type { ComponentKey } from '../domain/component.ts';
import { nameOfOne } from '../domain/thing.ts';
import { mayHoldKeys, replaceKeyLike } from '../platform/supabase/key-like.ts';
import { changeOf } from '../schema/change.ts';
import { differences, sameDefinition } from '../schema/compare.ts';
import { NO_ROWS_BROUGHT, type Fact } from '../schema/fact.ts';
import { isSuperusersOnly } from './foresee.ts';
import { kindOf, type FactPair } from '../schema/planning.ts';
import { holderStays, isTieToExtra } from '../schema/classification.ts';
import { indexFacts } from '../schema/read.ts';
import {
	differingCells,
	kindsOf,
	readDifference,
	readDigests,
	type Digests,
} from './difference.ts';
import { KIND_BY_NAME } from '../schema/kinds/index.ts';
import { withoutSourceKeys } from './source-keys.ts';
import { withEquivalentDefinitions } from './equivalent-definitions.ts';
import { reportedAs } from './items.ts';

const MAX_TEXT = 400;

/** Components verified in one go share one read of both endpoints' checksums, if any of them needs it. */
const shared = new WeakMap<ReadContext, Promise<Digests>>();

export async function readPair(
	context: ReadContext,
	components: readonly ComponentKey[],
): Promise<FactPair> {
	const interest = { components };
	const short = await readDigests(context, kindsOf(interest));
	if (differingCells(short, interest).size === 0) {
		const nothing = indexFacts([]);
		return { source: nothing, target: nothing };
	}
	const reading = shared.get(context) ?? readDigests(context);
	shared.set(context, reading);
	const read = await readDifference(context, await reading, interest);
	return withEquivalentDefinitions(await withoutSourceKeys(read, context), context);
}

/** Texts that people see: keys are not for them. */
export const masked = (text: string): string =>
	mayHoldKeys(text) ? replaceKeyLike(text, () => '‹key›') : text;

function textOf(value: unknown): string {
	const text = masked(
		value === null || value === undefined
			? 'none'
			: typeof value === 'string'
				? value
				: JSON.stringify(value),
	);
	return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

function differing(source: Fact, target: Fact, pair: FactPair, removeExtra: boolean): Finding {
	const keys = differences(source, target);
	const change = changeOf(kindOf(source, KIND_BY_NAME), source, target, {
		...pair,
		removeExtra,
		rows: NO_ROWS_BROUGHT,
	});
	// A clone with these options leaves it, and says so.
	const isLeft = change.how === 'leave' && change.outcome !== undefined;
	const tell = (fact: Fact) =>
		keys.map((key) => `${key} ${textOf(fact.definition[key])}`).join(', ');
	return {
		severity: isLeft ? 'warning' : 'failed',
		object: nameOf(source, pair),
		expected: textOf(tell(source)),
		found: textOf(tell(target)),
		fix: isLeft
			? change.fix
			: 'Clone this component again. If it stays, the report of that run says why.',
	};
}

function nameOf(fact: Fact, pair: FactPair): string {
	const named = reportedAs(fact, pair);
	return fact === named ? fact.object : `${named.object} (${nameOfOne(fact.kind)} ${fact.object})`;
}

/** The table (or other object) that holds the fact; undefined for what only a schema holds, or nothing. */
function holderOf({ parent }: Fact, pair: FactPair): string | undefined {
	if (parent === null || parent.startsWith('schema:')) return undefined;
	const fact = pair.source.byId.get(parent) ?? pair.target.byId.get(parent);
	return (fact && holderOf(fact, pair)) ?? parent.slice(parent.indexOf(':') + 1);
}

/**
 * What is missing with its parent is reported once, with it: where that is not for another component to report, or
 * there is nothing to make beside it (a table without row level security).
 */
function isReportedWithParent(
	{ parent, create }: Fact,
	components: readonly ComponentKey[],
	pair: FactPair,
): boolean {
	const holder = parent === null ? undefined : pair.source.byId.get(parent);
	return (
		holder !== undefined &&
		(components.includes(holder.component) || create.length === 0) &&
		!pair.target.byId.has(holder.id)
	);
}

/** Everything of the given components that the source has and the target lacks or has otherwise. */
export async function schemaVerify(
	context: ReadContext,
	components: readonly ComponentKey[],
): Promise<Finding[]> {
	const pair = await readPair(context, components);
	const findings: Finding[] = [];
	for (const source of pair.source.byId.values()) {
		if (!components.includes(source.component)) continue;
		const target = pair.target.byId.get(source.id);
		if (target) {
			if (!sameDefinition(source, target))
				findings.push(differing(source, target, pair, context.options.remove_extra));
		} else if (!isReportedWithParent(source, components, pair)) {
			const refusal = kindOf(source, KIND_BY_NAME).report?.refusal;
			const refused = refusal && isSuperusersOnly(source, pair.source) ? refusal : undefined;
			const of = holderOf(source, pair);
			findings.push({
				severity: refused ? 'warning' : 'failed',
				object: nameOf(source, pair),
				expected: nameOfOne(source.kind),
				found: refused ? `missing: ${refused.why}` : 'missing',
				fix:
					refused?.fix ??
					'Clone this component again. If it stays, the report of that run says why.',
				...(of === undefined ? { missing: true } : { of }),
			});
		}
	}
	for (const target of pair.target.byId.values()) {
		const kind = kindOf(target, KIND_BY_NAME);
		if (!components.includes(target.component) || pair.source.byId.has(target.id)) continue;
		if (!kind.attribute || target.parent === null || !holderStays(target, pair)) continue;
		if (isTieToExtra(target, pair, { kinds: KIND_BY_NAME, removes: [] })) continue;
		findings.push({
			severity: 'failed',
			object: nameOf(target, pair),
			expected: 'none',
			found: textOf(
				Object.values(target.definition).map(textOf).join(', ') || nameOfOne(target.kind),
			),
			fix: 'Clone this component again. If it stays, the report of that run says why.',
		});
	}
	return findings;
}
