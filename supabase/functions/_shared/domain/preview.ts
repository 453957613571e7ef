// What is read before a clone: per component the things counted on both endpoints, what would be done to the target,
// the objects by name, and warnings. One definition for the engine that writes it, the table that stores it as JSON,
// and the web app and command line that show it.
import * as z from 'zod/mini';
import { DATA_STRATEGIES } from './clone.ts';
import { COMPONENT_KEYS } from './component.ts';
import { isThing, type Thing } from './thing.ts';

/** What a clone does to something on the target, in the order that matters to its owner. */
export const PLANNED_ACTIONS = [
	'remove',
	'replace', // dropped and created again
	'overwrite', // contents made equal to the source's
	'change',
	'rename',
	'merge', // contents added and overwritten, none removed
	'compare', // only the clone finds out whether it differs
	'create',
	'add',
	'fill', // contents put where there are none
	'leave',
	'keep',
] as const;
export type PlannedAction = (typeof PLANNED_ACTIONS)[number];

/**
 * How bad it is. `blocker`: the clone is refused, or this object is certain to fail. `warning`: something is lost, left
 * out or weakened, or will need you. `note`: good to know.
 */
export const WARNING_LEVELS = ['blocker', 'warning', 'note'] as const;
export type WarningLevel = (typeof WARNING_LEVELS)[number];

const thing = z.custom<Thing>(isThing);

const counted = z.strictObject({
	unit: thing,
	/** Null where only counting would tell. */
	source: z.nullable(z.number()),
	/** Left out where the target was not looked at. */
	target: z.optional(z.nullable(z.number())),
	is_estimate: z.optional(z.boolean()),
});
/** Something counted on both endpoints. */
export type Counted = z.infer<typeof counted>;

const planned = z.strictObject({
	kind: thing,
	action: z.enum(PLANNED_ACTIONS),
	/** Null where only the clone itself finds out. */
	count: z.nullable(z.number()),
	is_estimate: z.optional(z.boolean()),
	is_minimum: z.optional(z.boolean()),
});
/** How many things of a kind something is done to. */
export type Planned = z.infer<typeof planned>;

export const previewObject = z.strictObject({
	object: z.string(),
	kind: thing,
	/** Left out where it is only counted. */
	action: z.optional(z.enum(PLANNED_ACTIONS)),
	/** Statements that do it; keys in them are masked. */
	sql: z.optional(z.array(z.string())),
	/** What is in it, on both endpoints. */
	counts: z.optional(z.array(counted)),
	/** What would be done to its contents. */
	plan: z.optional(z.array(planned)),
	/** Only the target has it. */
	is_extra: z.optional(z.boolean()),
	/** How the rows of a table are made. */
	strategy: z.optional(z.enum(DATA_STRATEGIES)),
	/** The partitioned table that it belongs to. */
	partition_of: z.optional(z.string()),
	/** What else is known of it, as a remark. */
	detail: z.optional(z.string()),
});
export type PreviewObject = z.infer<typeof previewObject>;

export const previewWarning = z.strictObject({
	level: z.enum(WARNING_LEVELS),
	object: z.string(),
	message: z.string(),
	fix: z.string(),
});
export type PreviewWarning = z.infer<typeof previewWarning>;

export const previewSchema = z.strictObject({
	/** The most telling first. */
	counts: z.array(counted),
	plan: z.array(planned),
	/** What is lost first; the first of `objects_total`. */
	objects: z.array(previewObject),
	objects_total: z.number(),
	/** The worst first. */
	warnings: z.array(previewWarning),
});
export type Preview = z.infer<typeof previewSchema>;

/** What a preview may be of: a component, or the target as a whole, where a clone would ask about it. */
export const PREVIEW_PARTS = [...COMPONENT_KEYS, 'target'] as const;
export type PreviewPart = (typeof PREVIEW_PARTS)[number];

/** Objects of a component that are listed by name; the rest is only counted. */
const LISTED = 500;

/** A preview of the parts that are known, put into order. `plan`: what is planned beyond the listed objects. */
export function makePreview(
	{
		counts,
		plan = [],
		objects,
		warnings,
	}: {
		readonly counts: readonly Counted[];
		readonly plan?: readonly Planned[];
		readonly objects: readonly PreviewObject[];
		readonly warnings: readonly PreviewWarning[];
	},
	listed = LISTED,
): Preview {
	return {
		counts: [...counts],
		plan: [...tally(objects), ...plan].toSorted(
			(one, other) => rankOf(one.action) - rankOf(other.action),
		),
		// What is lost on the target is never cut off by what is only added.
		objects: objects
			.toSorted((one, other) => rankOf(one.action) - rankOf(other.action))
			.slice(0, listed),
		objects_total: objects.length,
		warnings: warnings.toSorted(
			(one, other) => WARNING_LEVELS.indexOf(one.level) - WARNING_LEVELS.indexOf(other.level),
		),
	};
}

const rankOf = (action: PlannedAction | undefined): number =>
	action === undefined ? PLANNED_ACTIONS.length : PLANNED_ACTIONS.indexOf(action);

/** How many objects of each kind each action is planned for. */
function tally(objects: readonly PreviewObject[]): Planned[] {
	const found = new Map<string, Planned & { count: number }>();
	for (const { kind, action } of objects) {
		if (action === undefined) continue;
		const key = `${action} ${kind}`;
		found.set(key, { kind, action, count: (found.get(key)?.count ?? 0) + 1 });
	}
	return [...found.values()];
}

/**
 * What happens to contents (rows, files, users) of which only numbers are known: `mirror` removes what only the target
 * has. Which of those on both endpoints differ, only the clone finds out.
 */
export function plannedContents(
	{ unit: kind, source, target, is_estimate }: Counted,
	strategy: 'mirror' | 'upsert',
): Planned[] {
	const estimate = is_estimate === true ? { is_estimate } : {};
	const some = (action: PlannedAction, count: number | null): Planned => ({
		kind,
		action,
		count,
		...(count === null ? {} : estimate),
	});
	const removes = strategy === 'mirror';
	if (target === 0) return source === 0 ? [] : [some('add', source)];
	if (source === 0) return removes ? [some('remove', target ?? null)] : [];
	const difference = typeof source === 'number' && typeof target === 'number' ? source - target : 0;
	const atLeast = (action: PlannedAction, count: number): Planned =>
		count > 0 ? { ...some(action, count), is_minimum: true } : some(action, null);
	return [
		...(removes ? [atLeast('remove', -difference)] : []),
		some('overwrite', null),
		atLeast('add', difference),
	];
}
