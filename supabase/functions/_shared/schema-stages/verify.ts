// Compares the facts of both endpoints, for verification. Changes nothing.
import * as z from 'zod/mini';
import type { Finding } from '../contract/report.ts';
import type { ReadContext, SlicedContext } from '../contract/context.ts';
import type { ComponentKey } from '../domain/component.ts';
import { nameOfOne } from '../domain/thing.ts';
import { mayHoldKeys, replaceKeyLike } from '../platform/supabase/key-like.ts';
import { changeOf } from '../schema/change.ts';
import { differences, sameDefinition } from '../schema/compare.ts';
import { NO_ROWS_BROUGHT, type Fact } from '../schema/fact.ts';
import { isSuperusersOnly } from './foresee.ts';
import { kindOf, type FactPair } from '../schema/planning.ts';
import { holderStays, isTieToExtra } from '../schema/classification.ts';
import { indexFacts, type PrintedPath } from '../schema/read.ts';
import {
	differingCells,
	isTable,
	kindsOf,
	MAX_FACTS,
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

/**
 * The next tables of a preview or verification; with the first all that is no table. Where a `path` is given, everything
 * is printed without the names of its schemas.
 */
export async function readPart(
	context: ReadContext & { readonly path?: PrintedPath },
	components: readonly ComponentKey[],
	after: string | undefined,
): Promise<{ pair: FactPair; upTo?: string; digests: Digests }> {
	const interest = { components };
	const short = await readDigests(context, kindsOf(interest));
	if (differingCells(short, interest).cells.size === 0) {
		const nothing = indexFacts([]);
		return { pair: { source: nothing, target: nothing }, digests: short };
	}
	const reading = shared.get(context) ?? readDigests(context);
	shared.set(context, reading);
	const part = { after, maxFacts: MAX_FACTS };
	const digests = await reading;
	const { pair, ...more } = await readDifference(context, digests, interest, part);
	const safe = await withoutSourceKeys(pair, context);
	return { pair: await withEquivalentDefinitions(safe, context), ...more, digests };
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
	isMissing: PartOf['isMissing'],
): boolean {
	if (parent === null || pair.target.byId.has(parent)) return false;
	const holder = pair.source.byId.get(parent);
	if (holder === undefined && !isMissing(parent)) return false;
	const kind = KIND_BY_NAME.get(parent.slice(0, parent.indexOf(':')));
	const component = holder?.component ?? kind?.component;
	return create.length === 0 || components.some((key) => key === component);
}

const cursorSchema = z.nullable(z.object({ after: z.string() }));

/**
 * Everything of the given components that the source has and the target lacks or has otherwise, as far as one slice looks
 * at it; then another is asked for. `last` adds what the last slice finds beside.
 */
export async function schemaVerify(
	context: SlicedContext,
	components: readonly ComponentKey[],
	last: () => Promise<readonly Finding[]> = () => Promise.resolve([]),
): Promise<readonly Finding[]> {
	const after = cursorSchema.parse(context.cursor)?.after;
	const { pair, upTo, digests } = await readPart(context, components, after);
	const findings = findingsOf(pair, components, context.options.remove_extra, {
		isOfPart: (fact) => after === undefined || isOfTable(fact, pair, digests),
		isMissing: (root) => digests.source.has(root) && !digests.target.has(root),
	});
	if (upTo === undefined) return [...findings, ...(await last())];
	context.continueFrom({ after: upTo });
	return findings;
}

interface PartOf {
	/** What is no table was looked at with the first part, also where it rests on a table of a later one. */
	isOfPart(fact: Fact): boolean;
	/** The target lacks the root, which may have been in another part. */
	isMissing(root: string): boolean;
}

function isOfTable(fact: Fact, pair: FactPair, digests: Digests): boolean {
	if (isTable(fact.id)) return true;
	if (fact.parent === null) return false;
	const holder = pair.source.byId.get(fact.parent) ?? pair.target.byId.get(fact.parent);
	if (holder) return isOfTable(holder, pair, digests);
	const isRoot = digests.source.has(fact.parent) || digests.target.has(fact.parent);
	return isRoot ? isTable(fact.parent) : true;
}

function findingsOf(
	pair: FactPair,
	components: readonly ComponentKey[],
	removeExtra: boolean,
	{ isOfPart, isMissing }: PartOf,
): Finding[] {
	const findings: Finding[] = [];
	for (const source of pair.source.byId.values()) {
		if (!components.includes(source.component) || !isOfPart(source)) continue;
		const target = pair.target.byId.get(source.id);
		if (target) {
			if (!sameDefinition(source, target))
				findings.push(differing(source, target, pair, removeExtra));
		} else if (!isReportedWithParent(source, components, pair, isMissing)) {
			const refusal = kindOf(source, KIND_BY_NAME).report?.refusal;
			const refused = refusal && isSuperusersOnly(source, pair.source) ? refusal : undefined;
			const of = holderOf(source, pair);
			findings.push({
				severity: refused ? 'note' : 'failed',
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
	for (const { fact, why, onSource } of pair.unread?.values() ?? []) {
		if (!onSource || !components.includes(fact.component)) continue;
		findings.push({
			severity: 'warning',
			object: nameOf(fact, pair),
			expected: nameOfOne(fact.kind),
			found: `not compared: ${why}`,
			fix: 'Verify again when that session has ended.',
		});
	}
	for (const target of pair.target.byId.values()) {
		const kind = kindOf(target, KIND_BY_NAME);
		if (!components.includes(target.component) || pair.source.byId.has(target.id)) continue;
		if (!isOfPart(target)) continue;
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
