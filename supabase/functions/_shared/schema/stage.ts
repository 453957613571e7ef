// A stage of a clone that makes schema objects: reads both sides, plans what is left, runs it, until nothing
// is left or nothing moves. The cursor only keeps what the report needs; what is left is always read.
import * as z from 'zod/mini';
import type {
	Capability,
	Item,
	ReadContext,
	Stage,
	StageContext,
} from '../components/component.ts';
import { mirrorsAllRows } from '../domain/clone.ts';
import { COMPONENT_KEYS, type ComponentKey } from '../domain/component.ts';
import { applySteps, type Applied, type Failure } from './apply.ts';
import type { Fact, SchemaStage } from './fact.ts';
import { fixFor, fixForExtras } from './fix.ts';
import { rememberNames, renamesSince } from './followed-names.ts';
import { KIND_BY_NAME } from './kinds/index.ts';
import { planStage } from './plan.ts';
import { kindOf, type Plan, type Scope, type Sides, type Step } from './step.ts';
import { indexFacts, readNames, type Digest } from './read.ts';
import { countObjects, differingCells, kindsOf, readDifference, readDigests } from './sides.ts';
import { inSameWords } from './wording.ts';

export interface SchemaStageOptions {
	readonly name: string;
	readonly stage: SchemaStage;
	readonly components: readonly ComponentKey[];
	readonly needs: readonly Capability[];
	readonly provides: readonly Capability[];
	/** Kinds that the component's progress counts; all that are objects of their own when left out. */
	readonly counted?: readonly string[];
}

/**
 * Tables read in full at a time: 1 000 are some 15 MB and 0.3 s of CPU. More only when none of these can be
 * made without others.
 */
const MAX_TABLES = 1000;

/** How often a step may run without error and yet not make the sides equal. */
const MAX_RUNS = 2;

/** How often a step is put off because somebody holds a lock on the target: about a minute in all. */
const MAX_LOCKED = 12;

const failureSchema = z.object({
	id: z.string(),
	message: z.string(),
	sqlstate: z.optional(z.string()),
	hint: z.optional(z.string()),
	fix: z.optional(z.string()),
});
const cursorSchema = z.object({
	/** Ids of steps that failed for good. */
	gone: z.array(failureSchema),
	/** Component and object of what was made or changed so far, for the report. */
	touched: z.array(z.tuple([z.string(), z.string()])),
	/** How often steps ran, where more than once is possible. */
	runs: z.record(z.string(), z.number()),
	/** How often steps were put off. */
	locked: z.record(z.string(), z.number()),
});
type Cursor = z.infer<typeof cursorSchema>;

/** The fact whose name is reported for this one: attributes and parts are told with what holds them. */
export function reportedAs(fact: Fact, sides: Sides): Fact {
	const kind = kindOf(fact, KIND_BY_NAME);
	if ((!kind.attribute && !kind.within) || fact.parent === null) return fact;
	const parent = sides.source.byId.get(fact.parent) ?? sides.target.byId.get(fact.parent);
	// What belongs to another component is that one's to tell: row level security of a table.
	return parent && parent.component === fact.component ? reportedAs(parent, sides) : fact;
}

function itemOf(step: Step, sides: Sides): Item[] {
	const items = new Map<string, Item>();
	for (const fact of [...step.facts, ...step.removed]) {
		// Nothing was done for it: a table without row level security.
		if (fact.id !== step.id && fact.create.length === 0) continue;
		const named = reportedAs(fact, sides);
		const key = `${named.component} ${named.object}`;
		if (items.has(key)) continue;
		const remark =
			step.action === 'create' ? kindOf(named, KIND_BY_NAME).remark?.(named) : undefined;
		items.set(key, {
			component: named.component,
			object: named.object,
			outcome: remark ? 'adapted' : 'copied',
			detail: remark?.detail ?? describe(step, fact, named),
			...(remark ? { fix: remark.fix } : {}),
		});
	}
	return [...items.values()];
}

function describe(step: Step, fact: Fact, named: Fact): string | undefined {
	const part = fact === named ? '' : `${fact.kind.replaceAll('_', ' ')} ${fact.object}: `;
	if (step.removed.includes(fact)) return `${part}removed: the source does not have it`;
	if (step.action === 'create') return part === '' ? 'created' : `${part}added`;
	if (fact.id !== step.id) return 'made again after what it rests on changed';
	return `${part}${step.action === 'replace' ? 'replaced' : 'changed'} (${step.differs.join(', ')})`;
}

function failedItem(
	fact: Fact,
	failure: Failure & { readonly fix?: string | undefined },
	sides: Sides,
): Item[] {
	const named = reportedAs(fact, sides);
	const refusal = kindOf(fact, KIND_BY_NAME).refusal;
	const part = fact === named ? '' : `${fact.kind.replaceAll('_', ' ')}: `;
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
			// By its own name: a later success of its holder must not take its place in the report.
			object: fact.object,
			outcome: 'failed',
			detail: `${part}${failure.message}`,
			fix: failure.fix ?? fixFor(fact, failure),
			sqlstate: failure.sqlstate,
		},
	];
}

/** Progress in counted objects: those that no step is about any more. */
function showProgress(
	context: StageContext,
	digest: Digest,
	sides: Sides,
	plan: Plan,
	options: SchemaStageOptions,
): void {
	const open = new Set(
		plan.steps.flatMap((step) => step.facts.map((fact) => reportedAs(fact, sides))),
	);
	const counts = (fact: Fact): boolean =>
		options.counted
			? options.counted.includes(fact.kind)
			: fact.stage === options.stage && options.components.includes(fact.component);
	const total = options.counted
		? [...digest.keys()].filter((root) =>
				options.counted?.includes(root.slice(0, root.indexOf(':'))),
			).length
		: countObjects(digest, options);
	const left = [...open].filter(counts).length;
	context.progress({ done: Math.max(0, total - left), total });
}

/** Everything of the stage that was neither made, changed, left nor failed. */
async function unchangedItems(
	context: StageContext,
	options: SchemaStageOptions,
	digest: Digest,
	told: ReadonlySet<string>,
): Promise<Item[]> {
	if (countObjects(digest, options) === 0) return [];
	const names = await readNames(await context.source.database(), kindsOf(options));
	return names
		.filter(
			({ stage, component }) => stage === options.stage && options.components.includes(component),
		)
		.filter(({ component, object }) => !told.has(`${component} ${object}`))
		.map(({ component, object }) => ({ component, object, outcome: 'unchanged' }));
}

async function finish(
	context: StageContext,
	options: SchemaStageOptions,
	cursor: Cursor,
	plan: Plan,
	sides: Sides,
	digest: Digest,
): Promise<void> {
	const told = new Set(cursor.touched.map(([component, object]) => `${component} ${object}`));
	const say = (...items: readonly Item[]): void => {
		for (const item of items) told.add(`${item.component ?? ''} ${item.object}`);
		context.report(...items);
	};
	for (const { fact, why, fix, outcome } of plan.left) {
		const named = reportedAs(fact, sides);
		say({
			component: named.component,
			object: fact.object,
			outcome: outcome ?? 'failed',
			detail: why,
			fix,
		});
	}
	for (const { id, ...failure } of cursor.gone) {
		const fact = sides.source.byId.get(id) ?? sides.target.byId.get(id);
		if (fact) say(...failedItem(fact, { sqlstate: undefined, hint: undefined, ...failure }, sides));
	}
	context.report(...(await unchangedItems(context, options, digest, told)));
}

/** Objects that only the target has and that the step makes again. */
const extrasOf = (step: Step, sides: Sides): string[] =>
	step.facts
		.filter((fact) => !sides.source.byId.has(fact.id) && reportedAs(fact, sides) === fact)
		.map(({ object }) => object);

function remember(cursor: Cursor, applied: Applied, sides: Sides): Cursor {
	const touched = new Map(cursor.touched.map((entry) => [entry.join(' '), entry]));
	const runs = { ...cursor.runs };
	const locked = { ...cursor.locked };
	const gone = [...cursor.gone];
	for (const step of applied.done) {
		for (const item of itemOf(step, sides)) {
			const entry: [string, string] = [item.component ?? '', item.object];
			touched.set(entry.join(' '), entry);
		}
		runs[step.id] = (runs[step.id] ?? 0) + 1;
		if ((runs[step.id] ?? 0) > MAX_RUNS)
			gone.push({
				id: step.id,
				message: `the change ran without error, but ${step.differs.join(', ') || 'the definition'} still differs`,
			});
	}
	if (applied.done.length === 0) {
		for (const [id, { step, failure }] of applied.failed) {
			locked[id] = (locked[id] ?? 0) + 1;
			if (failure.locked && locked[id] <= MAX_LOCKED) continue;
			const extras = extrasOf(step, sides);
			gone.push({ id, ...failure, ...(extras.length > 0 ? { fix: fixForExtras(extras) } : {}) });
		}
	}
	return { gone, touched: [...touched.values()], runs, locked };
}

/** Reads both sides as far as they differ; nothing in full when the stage's own kinds are equal. */
async function readStage(
	context: StageContext,
	options: SchemaStageOptions,
	known: { short?: Digest; full?: Digest },
	maxTables: number,
): Promise<{ digest: Digest; sides: Sides }> {
	const short = await readDigests(context, kindsOf(options, options.counted), known.short);
	known.short = short.source;
	if (differingCells(short, options).size === 0) {
		const nothing = indexFacts([]);
		return { digest: short.source, sides: { source: nothing, target: nothing } };
	}
	const full = await readDigests(context, undefined, known.full);
	known.full = full.source;
	return {
		digest: short.source,
		sides: await readDifference(context, full, options, maxTables),
	};
}

/** What the options of the clone let a plan do. */
export function askedFor({
	options,
	ignoreRules,
}: Pick<ReadContext, 'options' | 'ignoreRules'>): Pick<Scope, 'removes' | 'mirrored'> {
	const { components, remove_extra } = options;
	return {
		removes: remove_extra ? COMPONENT_KEYS.filter((key) => components[key]) : [],
		mirrored: mirrorsAllRows(options, ignoreRules),
	};
}

/** Builds a stage of the given components from the facts they share. */
export function schemaStage(options: SchemaStageOptions): Stage {
	const followsNames = options.stage === 'structure' && options.components.includes('tables');
	return {
		name: options.name,
		needs: options.needs,
		provides: options.provides,
		async run(context) {
			let cursor: Cursor =
				context.cursor === null
					? { gone: [], touched: [], runs: {}, locked: {} }
					: cursorSchema.parse(context.cursor);
			let maxTables = MAX_TABLES;
			const known = {};
			for (;;) {
				if (context.signal.aborted) return { state: 'more', cursor };
				const { digest, sides: read } = await readStage(context, options, known, maxTables);
				const { runs } = cursor;
				const sides = await inSameWords(read, context, (id) => (runs[id] ?? 0) > 0);
				const skip = new Set(cursor.gone.map(({ id }) => id));
				const scope: Scope = {
					stage: options.stage,
					components: options.components,
					...askedFor(context),
					...(followsNames ? { renames: await renamesSince(sides, context, skip) } : {}),
					skip,
					kinds: KIND_BY_NAME,
				};
				const plan = planStage(sides, scope);
				showProgress(context, digest, sides, plan, options);
				if (plan.steps.length === 0 && sides.source.byId.size > 0 && maxTables < digest.size) {
					maxTables *= 4;
					continue;
				}
				if (plan.steps.length === 0) {
					await finish(context, options, cursor, plan, sides, digest);
					if (followsNames) await rememberNames(context);
					return { state: 'done' };
				}
				const applied = await applySteps(await context.target.database(), plan.steps, context);
				context.spend({ operations: plan.steps.length - applied.untried });
				context.report(...applied.done.flatMap((step) => itemOf(step, sides)));
				cursor = remember(cursor, applied, sides);
				if (context.spent()) return { state: 'more', cursor };
			}
		},
	};
}
