// Compares the facts of both sides for verification and preview. Changes nothing.
import type { Finding, Preview, PreviewWarning, ReadContext } from '../components/component.ts';
import type { ComponentKey } from '../domain/component.ts';
import { differences, sameDefinition } from './compare.ts';
import { SCHEMA_STAGES, type Fact } from './fact.ts';
import { planStage } from './plan.ts';
import { childrenOf, kindOf, type Scope, type Sides, type Step } from './step.ts';
import { holderStays } from './survey.ts';
import { indexFacts, readNames } from './read.ts';
import { differingCells, kindsOf, readDifference, readDigests, type Digests } from './sides.ts';
import { KIND_BY_NAME } from './kinds/index.ts';
import { inSameWords } from './wording.ts';
import { renamesSince } from './followed-names.ts';
import { askedFor, reportedAs } from './stage.ts';

const MAX_TEXT = 400;
const MAX_OBJECTS = 500;

/** Components verified in one go share one read of both sides' checksums, if any of them needs it. */
const shared = new WeakMap<ReadContext, Promise<Digests>>();

async function sidesOf(context: ReadContext, components: readonly ComponentKey[]): Promise<Sides> {
	const interest = { components };
	const short = await readDigests(context, kindsOf(interest));
	if (differingCells(short, interest).size === 0) {
		const nothing = indexFacts([]);
		return { source: nothing, target: nothing };
	}
	const reading = shared.get(context) ?? readDigests(context);
	shared.set(context, reading);
	return inSameWords(await readDifference(context, await reading, interest), context);
}

function textOf(value: unknown): string {
	const text =
		value === null || value === undefined
			? 'none'
			: typeof value === 'string'
				? value
				: JSON.stringify(value);
	return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

function differing(source: Fact, target: Fact, sides: Sides, removeExtra: boolean): Finding {
	const keys = differences(source, target);
	const change = kindOf(source, KIND_BY_NAME).change(source, target, { ...sides, removeExtra });
	// A clone with these options leaves it, and says so.
	const isLeft = change.how === 'leave' && change.outcome === 'skipped';
	const tell = (fact: Fact) =>
		keys.map((key) => `${key} ${textOf(fact.definition[key])}`).join(', ');
	return {
		severity: isLeft ? 'warning' : 'failed',
		object: nameOf(source, sides),
		expected: textOf(tell(source)),
		found: textOf(tell(target)),
		fix: isLeft
			? change.fix
			: 'Clone this component again. If it stays, the report of that run says why.',
	};
}

function nameOf(fact: Fact, sides: Sides): string {
	const named = reportedAs(fact, sides);
	return fact === named
		? fact.object
		: `${named.object} (${fact.kind.replaceAll('_', ' ')} ${fact.object})`;
}

/** Everything of the given components that the source has and the target lacks or has otherwise. */
export async function schemaVerify(
	context: ReadContext,
	components: readonly ComponentKey[],
): Promise<Finding[]> {
	const sides = await sidesOf(context, components);
	const findings: Finding[] = [];
	for (const source of sides.source.byId.values()) {
		if (!components.includes(source.component)) continue;
		const target = sides.target.byId.get(source.id);
		if (target) {
			if (!sameDefinition(source, target))
				findings.push(differing(source, target, sides, context.options.remove_extra));
		} else if (
			source.parent === null ||
			sides.target.byId.has(source.parent) ||
			!sides.source.byId.has(source.parent)
		) {
			// What is missing with its parent is told once, with the parent.
			findings.push({
				severity: 'failed',
				object: nameOf(source, sides),
				expected: source.kind.replaceAll('_', ' '),
				found: 'missing',
				fix: 'Clone this component again. If it stays, the report of that run says why.',
			});
		}
	}
	for (const target of sides.target.byId.values()) {
		const kind = kindOf(target, KIND_BY_NAME);
		if (!components.includes(target.component) || sides.source.byId.has(target.id)) continue;
		if (!kind.attribute || target.parent === null || !holderStays(target, sides)) continue;
		findings.push({
			severity: 'failed',
			object: nameOf(target, sides),
			expected: 'none',
			found: textOf(
				Object.values(target.definition).map(textOf).join(', ') || target.kind.replaceAll('_', ' '),
			),
			fix: 'Clone this component again. If it stays, the report of that run says why.',
		});
	}
	return findings;
}

/** All steps that the given components would take now, over all stages in order. */
export function planSteps(
	sides: Sides,
	components: readonly ComponentKey[],
	asked: Pick<Scope, 'removes' | 'mirrored'>,
): Step[] {
	const planned = new Map<string, Step>();
	for (const stage of SCHEMA_STAGES) {
		const plan = (skip: ReadonlySet<string>) =>
			planStage(sides, { ...asked, stage, components, skip, kinds: KIND_BY_NAME });
		const { steps, partial } = plan(new Set());
		const more = partial ? plan(new Set(steps.map(({ id }) => id))).steps : [];
		for (const step of [...steps, ...more]) if (!planned.has(step.id)) planned.set(step.id, step);
	}
	return [...planned.values()];
}

/** The statements that a clone of the given components would run now, in order, as text. */
export function planSql(
	sides: Sides,
	components: readonly ComponentKey[],
	asked: Pick<Scope, 'removes' | 'mirrored'>,
): string[] {
	return planSteps(sides, components, asked).flatMap((step) => [...step.statements]);
}

/** In the order that matters to the owner of the target. */
const PLANNED_ACTIONS = ['remove', 'change', 'create', 'leave', 'keep'] as const;
type PlannedAction = (typeof PLANNED_ACTIONS)[number];

interface PlannedObject extends Readonly<Record<string, unknown>> {
	readonly object: string;
	readonly action: PlannedAction;
}

/** The first `most` of a plan: what is lost on the target is never cut off by what is only added. */
export function foremost<Listed extends Pick<PlannedObject, 'action'>>(
	objects: readonly Listed[],
	most: number,
): Listed[] {
	const rank = ({ action }: Listed): number => PLANNED_ACTIONS.indexOf(action);
	return objects.toSorted((one, other) => rank(one) - rank(other)).slice(0, most);
}

/**
 * Counts and lists what the source has of the given components, and what would be done to the target.
 * `warn` adds a component's own warnings.
 */
export async function schemaPreview(
	context: ReadContext,
	components: readonly ComponentKey[],
	warn: (sides: Sides) => readonly PreviewWarning[] = () => [],
): Promise<Preview> {
	const sides = await sidesOf(context, components);
	const key = (kind: string, object: string): string => `${kind} ${object}`;
	const planned = new Map<string, string[]>();
	for (const step of planSteps(sides, components, askedFor(context))) {
		const names = new Set(
			[...step.facts, ...step.removed].map((fact) => {
				const named = reportedAs(fact, sides);
				return key(named.kind, named.object);
			}),
		);
		for (const name of names) planned.set(name, [...(planned.get(name) ?? []), ...step.statements]);
	}
	const existing = new Set(
		[...sides.target.byId.values()].map((fact) => key(fact.kind, fact.object)),
	);
	const gone = new Set<string>();
	for (const { fact, copy, statements } of await renamesSince(sides, context)) {
		if (fact.kind !== 'table' || !components.includes(fact.component)) continue;
		gone.add(copy.id);
		existing.add(key(fact.kind, fact.object));
		planned.set(key(fact.kind, fact.object), [...statements]);
		// Its keys and indexes come along.
		for (const part of childrenOf(sides.source, fact.id))
			planned.delete(key(part.kind, part.object));
	}
	const counts: Record<string, number> = {};
	const objects: PlannedObject[] = [];
	const list = (
		kind: string,
		object: string,
		action: PlannedAction,
		sql?: readonly string[],
	): void => {
		counts[`plan_${action}`] = (counts[`plan_${action}`] ?? 0) + 1;
		objects.push({ kind, object, action, ...(sql ? { sql } : {}) });
	};
	for (const { kind, component, object } of await readNames(
		await context.source.database(),
		kindsOf({ components }),
	)) {
		if (!components.includes(component)) continue;
		counts[kind] = (counts[kind] ?? 0) + 1;
		const sql = planned.get(key(kind, object));
		const action = sql ? (existing.has(key(kind, object)) ? 'change' : 'create') : 'keep';
		list(kind, object, action, sql);
	}
	for (const fact of sides.target.byId.values()) {
		const isAttribute = kindOf(fact, KIND_BY_NAME).attribute ?? false;
		if (!components.includes(fact.component) || isAttribute || sides.source.byId.has(fact.id))
			continue;
		if (gone.has(fact.id) || gone.has(fact.parent ?? '')) continue;
		// What goes or stays with its holder is told by the holder.
		if (
			fact.parent !== null &&
			sides.target.byId.has(fact.parent) &&
			!sides.source.byId.has(fact.parent)
		)
			continue;
		const sql = planned.get(key(fact.kind, fact.object));
		list(fact.kind, fact.object, sql ? 'remove' : 'leave', sql);
	}
	return { counts, objects: foremost(objects, MAX_OBJECTS), warnings: [...warn(sides)] };
}
