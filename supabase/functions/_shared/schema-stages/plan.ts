// The plan of all schema stages of a clone, in their order: each is planned by the code that plans it in the clone, on the
// target as the stages before it leave it. Writes nothing: what a planned change makes is put into the facts that were read.
import * as z from 'zod/mini';
import type { PlanContext, Planner } from '../contract/component.ts';
import type { ComponentKey } from '../domain/component.ts';
import type { PlannedWork } from '../domain/plan.ts';
import { SCHEMA_STAGES, type Fact, type Facts, type SchemaStage } from '../schema/fact.ts';
import { KIND_BY_NAME } from '../schema/kinds/index.ts';
import { planStage } from '../schema/plan.ts';
import type { FactPair, PlannedChange } from '../schema/planning.ts';
import { indexFacts } from '../schema/read.ts';
import { renamesSince } from './followed-names.ts';
import { reportedAs } from './items.ts';
import { differingCells, MAX_FACTS, readDifference, readDigests } from './difference.ts';
import { withEquivalentDefinitions } from './equivalent-definitions.ts';
import { movedExtensions, pathAsIfMoved } from './moved-extensions.ts';
import { risksOf } from './risks.ts';
import { withoutSourceKeys } from './source-keys.ts';
import { NOTHING, type StageScope } from './stage-reading.ts';
import { askedFor } from './stage.ts';
import { masked } from './verify.ts';

/** A stage may show more to do once its changes are made; as the clone itself, that ends soon. */
const MAX_ROUNDS = 5;

interface PlannedStage extends StageScope {
	readonly name: string;
}

const cursorSchema = z.nullable(z.object({ after: z.string() }));

export const schemaPlanner: Planner = { name: 'schema', plan: planSchema };

async function planSchema(context: PlanContext): Promise<readonly PlannedWork[]> {
	const stages = schemaStagesOf(context);
	const [first] = stages;
	if (first === undefined) return [];
	const components = [...new Set(stages.flatMap((stage) => stage.components))];
	const after = cursorSchema.parse(context.cursor)?.after;
	const moves = await movedExtensions(context);
	const path = pathAsIfMoved(moves);
	const printing = path === undefined ? context : { ...context, path };
	const digests = await readDigests(printing);
	const { upTo } = differingCells(digests, { components }, { after, maxFacts: MAX_FACTS });
	const ahead =
		after === undefined ? await aheadOfAll(context, moves, first, components) : NONE_AHEAD;
	const work = [...ahead.work];
	if (after === undefined && upTo !== undefined) work.push(inParts(first));
	const done: Done = { made: new Set(), gone: new Set() };
	for (const stage of stages) {
		if (differingCells(digests, stage).cells.size === 0) continue;
		context.signal.throwIfAborted();
		const part = { after, until: upTo, maxFacts: Infinity, waits: true };
		const { pair: found } = await readDifference(printing, digests, stage, part);
		const safe = await withoutSourceKeys(found, context);
		const read = await withEquivalentDefinitions(safe, context);
		const asked = await askedFor(context, read);
		const seen = new Set<string>();
		for (let round = 0; round < MAX_ROUNDS; round += 1) {
			const pair = { ...read, target: afterwards(read, done) };
			const { changes } = planStage(pair, { ...asked, ...stage, skip: seen, kinds: KIND_BY_NAME });
			for (const change of changes) {
				seen.add(change.id);
				if (isRenamed(change, ahead.renamed, pair))
					work.push(...comparedAgain(change, stage, ahead.renamed, pair));
				else work.push(workOf(change, stage, pair, read));
				note(change, done, read);
			}
			if (changes.length === 0) break;
		}
	}
	if (upTo !== undefined) context.continueFrom({ after: upTo });
	return work;
}

/** Said of plans of which not all is planned at once. */
const inParts = (first: PlannedStage): PlannedWork => ({
	component: first.components[0] ?? 'tables',
	stage: first.name,
	object: 'order of this plan',
	action: 'compare',
	detail:
		'More is to be changed than is planned at once: tables are planned in parts, by their names. Within a stage the clone may take them in another order',
});

interface Ahead {
	readonly work: readonly PlannedWork[];
	/** Ids, old and new, of what gets another name. */
	readonly renamed: ReadonlySet<string>;
}
const NONE_AHEAD: Ahead = { work: [], renamed: new Set() };

/** What the first stage does before it compares anything: names are followed, extensions moved. */
async function aheadOfAll(
	context: PlanContext,
	moves: Awaited<ReturnType<typeof movedExtensions>>,
	first: PlannedStage,
	components: readonly ComponentKey[],
): Promise<Ahead> {
	const renames = await renamesSince(context, components);
	const work = [...renames, ...moves].map(({ change }) => workOf(change, first, NOTHING));
	if (renames.length > 0)
		work.push({
			component: first.components[0] ?? 'tables',
			stage: first.name,
			object: 'what was renamed',
			action: 'compare',
			detail:
				'It is compared again under its new name, and changed where it differs in more than that',
		});
	return { work, renamed: new Set(renames.flatMap(({ was }) => [...was.entries()].flat())) };
}

/** What the stages so far have done to the target, by ids of facts. */
interface Done {
	readonly made: Set<string>;
	readonly gone: Set<string>;
}

function note(change: PlannedChange, { made, gone }: Done, { source }: FactPair): void {
	const set = (id: string, isMade: boolean): void => {
		(isMade ? made : gone).add(id);
		(isMade ? gone : made).delete(id);
	};
	for (const { id } of change.removed) set(id, false);
	for (const { id } of change.facts) {
		// What only the target has, and is no more than recreated, stays as it is.
		if (source.byId.has(id)) set(id, true);
		else if (change.action === 'alter') set(id, false);
	}
}

/** The target as it is then. */
function afterwards({ source, target }: FactPair, { made, gone }: Done): Facts {
	if (made.size === 0 && gone.size === 0) return target;
	const facts = new Map([...target.byId].filter(([id]) => !gone.has(id)));
	for (const id of made) {
		const fact = source.byId.get(id);
		if (fact) facts.set(id, fact);
	}
	return indexFacts([...facts.values()]);
}

const isSchemaStage = (text: string): text is SchemaStage =>
	SCHEMA_STAGES.some((stage) => stage === text);

const schemaStagesOf = ({ stages }: PlanContext): PlannedStage[] =>
	stages.flatMap(({ stage: { name, makes } }) =>
		makes !== undefined && isSchemaStage(makes.stage)
			? [{ name, stage: makes.stage, components: makes.components }]
			: [],
	);

/** What is about something that gets another name first: in the clone it is found under that. */
function isRenamed(
	{ facts, removed }: PlannedChange,
	renamed: ReadonlySet<string>,
	{ source, target }: FactPair,
): boolean {
	const isWithin = (id: string | null): boolean =>
		id !== null &&
		(renamed.has(id) || isWithin((source.byId.get(id) ?? target.byId.get(id))?.parent ?? null));
	const about = [...facts, ...removed];
	return renamed.size > 0 && about.length > 0 && about.every(({ id }) => isWithin(id));
}

/** What is not known of it before it has its new name, told where it stands. */
function comparedAgain(
	change: PlannedChange,
	stage: PlannedStage,
	renamed: ReadonlySet<string>,
	now: FactPair,
): PlannedWork[] {
	return change.facts
		.filter(({ id }) => renamed.has(id) && now.source.byId.has(id))
		.map((fact) => reportedAs(fact, now))
		.map(({ object, kind }) => ({
			component: stage.components[0] ?? 'tables',
			stage: stage.name,
			object,
			kind,
			action: 'compare',
			detail:
				'Gets this name first. It is compared again under it, and changed where it differs in more',
		}));
}

/** `now`: as the stages before leave it; `read`: as it is now. */
function workOf(
	change: PlannedChange,
	stage: PlannedStage,
	now: FactPair,
	read: FactPair = now,
): PlannedWork {
	const about =
		change.facts.find(({ id }) => id === change.id) ?? change.facts[0] ?? change.removed[0];
	const named = about && reportedAs(about, now);
	const risks = risksOf(change, read);
	return {
		component: stage.components[0] ?? 'tables',
		stage: stage.name,
		object: named?.object ?? change.id,
		...(named ? { kind: named.kind } : {}),
		action: actionOf(change, now),
		statements: change.statements.map(masked),
		...definitions(change, now),
		...(risks.length > 0 ? { risks } : {}),
	};
}

function actionOf({ action, facts }: PlannedChange, { source }: FactPair): PlannedWork['action'] {
	if (action !== 'alter') return action;
	return facts.some(({ id }) => source.byId.has(id)) ? 'change' : 'remove';
}

/** What is defined otherwise afterwards, on the target and on the source. */
function definitions(
	{ facts, removed, action }: PlannedChange,
	{ source, target }: FactPair,
): Pick<PlannedWork, 'before' | 'after'> {
	if (action === 'create') return {};
	const ids = [...new Set([...facts, ...removed].map(({ id }) => id))];
	const found = ids.flatMap((id) => target.byId.get(id) ?? []);
	const wanted = ids.flatMap((id) => source.byId.get(id) ?? []);
	const [before, after] = [textOf(found), textOf(wanted)];
	if (before === after) {
		const [left, right] = [found, wanted].map((all) => all.map(definitionOf).join('\n'));
		return left === right ? {} : { before: masked(left ?? ''), after: masked(right ?? '') };
	}
	return { before: masked(before), after: masked(after) };
}

const textOf = (facts: readonly Fact[]): string =>
	facts.flatMap(({ create }) => create.map((statement) => `${statement};`)).join('\n');

const definitionOf = ({ object, definition }: Fact): string =>
	`${object}\n${JSON.stringify(definition, undefined, 2)}`;
