// What a clone would do to the schema of the target: the changes that it would make now, by object. Writes nothing.
import type { EndpointRole } from '../domain/endpoint-role.ts';
import * as z from 'zod/mini';
import type { ReadContext, SlicedContext } from '../contract/context.ts';
import { COMPONENTS, type ComponentKey } from '../domain/component.ts';
import {
	makePreview,
	PLANNED_ACTIONS,
	previewObject,
	previewWarning,
	type Counted,
	type Preview,
	type PreviewObject,
	type PreviewWarning,
} from '../domain/preview.ts';
import type { Thing } from '../domain/thing.ts';
import { SCHEMA_STAGES, type Fact } from '../schema/fact.ts';
import { both } from '../platform/both.ts';
import { LOCK_FIX } from '../platform/locks.ts';
import { renamesSince } from './followed-names.ts';
import { foreseeRefusals } from './foresee.ts';
import { gaveWay, lostParts, reportedAs } from './items.ts';
import { fixForRows } from '../schema/kept-rows.ts';
import { KIND_BY_NAME } from '../schema/kinds/index.ts';
import { planStage } from '../schema/plan.ts';
import { readNames, type NamedObject } from '../schema/read.ts';
import { movedExtensions, moveWarnings, pathAsIfMoved } from './moved-extensions.ts';
import { kindsOf } from './difference.ts';
import { askedFor } from './stage.ts';
import { childrenOf, type Scope, type FactPair, type PlannedChange } from '../schema/planning.ts';
import { masked, readPart } from './verify.ts';

/** All changes that the given components would make now, over all stages in order. */
export function planChanges(
	pair: FactPair,
	components: readonly ComponentKey[],
	asked: Pick<Scope, 'removes' | 'made' | 'rows'>,
): PlannedChange[] {
	const planned = new Map<string, PlannedChange>();
	for (const stage of SCHEMA_STAGES) {
		const plan = (skip: ReadonlySet<string>) =>
			planStage(pair, { ...asked, stage, components, skip, kinds: KIND_BY_NAME });
		const { changes, partial } = plan(new Set());
		const more = partial ? plan(new Set(changes.map(({ id }) => id))).changes : [];
		for (const change of [...changes, ...more])
			if (!planned.has(change.id)) planned.set(change.id, change);
	}
	return [...planned.values()];
}

/** Whether the rows fit is not known before they are touched. */
const keptRows = ({ facts: [about], keeps }: PlannedChange): PreviewWarning[] =>
	about === undefined || keeps.length === 0
		? []
		: [
				{
					level: 'warning',
					object: about.object,
					message: `It is changed only if no value of ${keeps.join(', ')} changes with it`,
					fix: fixForRows(keeps),
				},
			];

/** What nobody can look at now. */
const unreadWarnings = (
	{ unread }: FactPair,
	components: readonly ComponentKey[],
): PreviewWarning[] =>
	[...(unread?.values() ?? [])].flatMap(({ fact, why }): PreviewWarning[] =>
		components.includes(fact.component)
			? [{ level: 'warning', object: fact.object, message: why, fix: LOCK_FIX }]
			: [],
	);

/** What of the target's own goes so that rows can come. */
const waysGiven = (change: PlannedChange, pair: FactPair): PreviewWarning[] =>
	change.facts.flatMap((fact): PreviewWarning[] => {
		const way = gaveWay(fact, change, pair);
		return way
			? [{ level: 'warning', object: fact.object, message: way.detail, fix: way.fix }]
			: [];
	});

/** What of the target's own goes because what holds it is made like the source's. */
const partsLost = (change: PlannedChange, pair: FactPair): PreviewWarning[] =>
	change.facts.flatMap((fact): PreviewWarning[] => {
		const lost = lostParts(fact, change, pair);
		if (lost.length === 0) return [];
		return [
			{
				level: 'warning',
				object: fact.object,
				message: `It loses ${lost.join(', ')}, which the source does not have`,
				fix: 'Keep what only the target needs under a name of its own: what both have is made like the source’s.',
			},
		];
	});

const keyOf = (kind: string, object: string): string => `${kind} ${object}`;

interface ObjectChange {
	readonly action: 'replace' | 'change' | 'rename';
	readonly statements: readonly string[];
}

/** What the changes do, by kind and name of the object that it is reported under. */
function changesByObject(
	changes: readonly PlannedChange[],
	pair: FactPair,
): Map<string, ObjectChange> {
	const planned = new Map<string, ObjectChange>();
	for (const change of changes) {
		const named = new Map<string, boolean>();
		for (const fact of [...change.facts, ...change.removed]) {
			const object = reportedAs(fact, pair);
			const key = keyOf(object.kind, object.object);
			// What rests on something that changes is dropped and recreated with it.
			const isReplaced = object === fact && (change.action === 'replace' || fact.id !== change.id);
			named.set(key, named.get(key) === true || isReplaced);
		}
		for (const [key, isReplaced] of named) {
			const before = planned.get(key);
			planned.set(key, {
				action: isReplaced || before?.action === 'replace' ? 'replace' : 'change',
				statements: [...(before?.statements ?? []), ...change.statements],
			});
		}
	}
	return planned;
}

export interface PreviewParts {
	readonly counts: readonly Counted[];
	readonly objects: readonly PreviewObject[];
	readonly warnings: readonly PreviewWarning[];
}

const actionSchema = z.object({
	action: z.enum(PLANNED_ACTIONS),
	sql: z.optional(z.array(z.string())),
});

/** What is known of the parts so far. */
const cursorSchema = z.object({
	/** The last table that was looked at. */
	after: z.optional(z.string()),
	/** By kind and name: what would be done to what the source has. */
	planned: z.array(z.tuple([z.string(), actionSchema])),
	/** What only the target has. */
	extras: z.array(previewObject),
	warnings: z.array(previewWarning),
});
type Known = z.infer<typeof cursorSchema>;

/**
 * Counts and lists what both endpoints have of the given components, and what would be done to the target.
 * `warn` adds a component's own warnings. Undefined when it asked for another slice.
 */
export async function readSchemaParts(
	context: SlicedContext,
	components: readonly ComponentKey[],
	warn: (pair: FactPair) => readonly PreviewWarning[] = () => [],
): Promise<PreviewParts | undefined> {
	const known: Known =
		context.cursor === null
			? { planned: [], extras: [], warnings: [] }
			: cursorSchema.parse(context.cursor);
	const moves = await movedExtensions(context);
	const path = pathAsIfMoved(moves);
	const part = await readPart(
		path === undefined ? context : { ...context, path },
		components,
		known.after,
	);
	const { pair } = part;
	const found = await previewPart(context, components, pair, known);
	const warnings = distinct([...known.warnings, ...found.warnings, ...warn(pair)], (warning) =>
		JSON.stringify(warning),
	);
	if (part.upTo !== undefined) {
		context.continueFrom({ ...found, warnings, after: part.upTo });
		return undefined;
	}
	const namesOn = async (role: EndpointRole): Promise<NamedObject[]> => {
		const names = await readNames(await context[role].database(), kindsOf({ components }), path);
		return names.filter(({ component }) => components.includes(component));
	};
	const [names, namesOnTarget] = await both(namesOn('source'), namesOn('target'));
	const planned = new Map(found.planned);
	return {
		counts: countKinds(names, namesOnTarget, components),
		objects: [
			...names.map(({ kind, object }): PreviewObject => ({
				kind,
				object,
				...(planned.get(keyOf(kind, object)) ?? { action: 'keep' }),
			})),
			...found.extras,
		],
		warnings: [...(components.includes('tables') ? moveWarnings(moves) : []), ...warnings],
	};
}

function distinct<T>(all: readonly T[], keyFor: (one: T) => string): T[] {
	return [...new Map(all.map((one) => [keyFor(one), one])).values()];
}

/** What is known once the part is looked at, too; of the warnings only those of the part. */
async function previewPart(
	context: ReadContext,
	components: readonly ComponentKey[],
	pair: FactPair,
	known: Known,
): Promise<Pick<Known, 'planned' | 'extras' | 'warnings'>> {
	const changes = planChanges(pair, components, await askedFor(context, pair));
	const ofPart = changesByObject(changes, pair);
	const removals = new Map(
		changes.flatMap((change) =>
			change.removed.map((fact) => [fact.id, change.statements] as const),
		),
	);
	const existing = new Set(
		[...pair.target.byId.values()].map((fact) => keyOf(fact.kind, fact.object)),
	);
	const gone = new Set<string>();
	for (const { change, was } of await renamesSince(context, components)) {
		for (const fact of change.facts) {
			gone.add(was.get(fact.id) ?? '');
			const key = keyOf(fact.kind, fact.object);
			existing.add(key);
			ofPart.set(key, { action: 'rename', statements: change.statements });
			// Its keys and indexes come along.
			for (const part of childrenOf(pair.source, fact.id))
				ofPart.delete(keyOf(part.kind, part.object));
		}
	}
	const planned = new Map(known.planned);
	for (const [key, { action, statements }] of ofPart) {
		const sql = statements.map(masked);
		planned.set(key, { action: existing.has(key) ? action : 'create', sql });
	}
	const extras = new Map(known.extras.map((one) => [keyOf(one.kind, one.object), one]));
	for (const fact of pair.target.byId.values()) {
		if (!components.includes(fact.component) || !isExtra(fact, pair)) continue;
		if (gone.has(fact.id) || gone.has(fact.parent ?? '')) continue;
		const key = keyOf(fact.kind, fact.object);
		// A part that goes is in the statements of what holds it: its own name tells what is lost.
		const sql = ofPart.get(key)?.statements ?? removals.get(fact.id);
		extras.set(key, {
			kind: fact.kind,
			object: fact.object,
			...(sql ? { action: 'remove', sql: sql.map(masked) } : { action: 'leave' }),
		});
	}
	const made = changes
		.flatMap((change) => change.facts)
		.filter(({ id }) => pair.source.byId.has(id));
	const refused = await foreseeRefusals(await context.target.database(), made, pair.source);
	return {
		planned: [...planned],
		extras: [...extras.values()],
		warnings: [
			...unreadWarnings(pair, components),
			...changes.flatMap((change) => waysGiven(change, pair)),
			...changes.flatMap((change) => partsLost(change, pair)),
			...changes.flatMap(keptRows),
			...refused,
		],
	};
}

/** True for an object that only the target has; what goes or stays with its holder is reported with the holder. */
const isExtra = ({ id, kind, parent }: Fact, { source, target }: FactPair): boolean =>
	KIND_BY_NAME.get(kind)?.attribute === undefined &&
	!source.byId.has(id) &&
	(parent === null || !target.byId.has(parent) || source.byId.has(parent));

/** What the component counts in first, then the larger numbers. */
function countKinds(
	source: readonly NamedObject[],
	target: readonly NamedObject[],
	components: readonly ComponentKey[],
): Counted[] {
	const counts = new Map<Thing, { source: number; target: number }>();
	for (const [role, names] of [
		['source', source],
		['target', target],
	] as const) {
		for (const { kind } of names) {
			const count = counts.get(kind) ?? { source: 0, target: 0 };
			count[role] += 1;
			counts.set(kind, count);
		}
	}
	const units = COMPONENTS.filter(({ key }) => components.includes(key)).map(({ unit }) => unit);
	const weight = ({ unit, source: count }: Counted): number =>
		units.includes(unit) ? Infinity : (count ?? 0);
	return [...counts]
		.map(([unit, count]): Counted => ({ unit, ...count }))
		.toSorted((one, other) => (weight(one) > weight(other) ? -1 : 1));
}

export async function schemaPreview(
	...given: Parameters<typeof readSchemaParts>
): Promise<Preview | undefined> {
	const parts = await readSchemaParts(...given);
	return parts && makePreview(parts);
}
