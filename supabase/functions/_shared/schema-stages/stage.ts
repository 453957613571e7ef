// A stage of a clone that makes schema objects: reads both endpoints, plans what is left, runs it, until nothing
// is left or nothing moves. The cursor only keeps what the report needs; what is left is always read.
import type { Capability, Stage } from '../contract/component.ts';
import type { Item } from '../contract/report.ts';
import type { ReadContext, StageContext } from '../contract/context.ts';
import { COMPONENT_KEYS, type ComponentKey } from '../domain/component.ts';
import { type Applied, applyChanges, turnOf, type Turn } from '../schema/apply.ts';
import { NO_ROWS_BROUGHT, type Fact } from '../schema/fact.ts';
import { madeByClones, rememberNames, renamesSince, type Renaming } from './followed-names.ts';
import { adviceForLackingRows } from '../schema/advice.ts';
import { failedItem, itemOf, ownName, reportedAs } from './items.ts';
import { KIND_BY_NAME } from '../schema/kinds/index.ts';
import { namesakes } from '../schema/names.ts';
import { isNotFound } from '../schema/own-path.ts';
import type { Session } from '../platform/postgres/index.ts';
import { planStage } from '../schema/plan.ts';
import { shareKinds } from '../schema/present-kinds.ts';
import { readsSoon } from '../schema/unread.ts';
import {
	kindOf,
	type Plan,
	type Scope,
	type FactPair,
	type PlannedChange,
} from '../schema/planning.ts';
import type { Digest, NamedObject } from '../schema/read.ts';
import { movedExtensions } from './moved-extensions.ts';
import { readRowsBrought } from './rows-brought.ts';
import { countObjects, MAX_FACTS } from './difference.ts';
import { rewritingFix, withoutSourceKeys } from './source-keys.ts';
import {
	cursorSchema,
	FIRST,
	MAX_CLEAN_ROUNDS,
	remember,
	withoutOutdated,
	type Cursor,
} from './stage-cursor.ts';
import {
	type Known,
	mayHaveNewNames,
	NOTHING,
	readStage,
	type ReadStage,
	type StageScope,
} from './stage-reading.ts';
import { withEquivalentDefinitions } from './equivalent-definitions.ts';

export interface SchemaStageOptions extends StageScope {
	readonly name: string;
	readonly needs: readonly Capability[];
	readonly provides: readonly Capability[];
}

/** Progress in counted objects: those that no change is about any more. */
function showProgress(
	context: StageContext,
	digest: Digest,
	pair: FactPair,
	plan: Plan,
	options: SchemaStageOptions,
): void {
	const open = new Set(
		plan.changes.flatMap((change) => change.facts.map((fact) => reportedAs(fact, pair))),
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
function unchangedItems(
	options: SchemaStageOptions,
	names: readonly NamedObject[],
	reported: ReadonlySet<string>,
): Item[] {
	return names
		.filter(
			({ stage, component }) => stage === options.stage && options.components.includes(component),
		)
		.filter(({ component, object }) => !reported.has(`${component} ${object}`))
		.map(({ component, object }) => ({ component, object, outcome: 'unchanged' }));
}

function finish(
	context: StageContext,
	options: SchemaStageOptions,
	cursor: Cursor,
	{ plan, pair, names }: Ready,
): void {
	const reported = new Set(cursor.touched.map(([component, object]) => `${component} ${object}`));
	const say = (...items: readonly Item[]): void => {
		for (const item of items) reported.add(`${item.component ?? ''} ${item.object}`);
		context.report(...items);
	};
	for (const { fact, why, fix, outcome } of plan.left) {
		const named = reportedAs(fact, pair);
		say({
			component: named.component,
			object: ownName(fact),
			outcome: outcome ?? 'failed',
			detail: why,
			fix,
		});
	}
	for (const { id, ...failure } of cursor.gone) {
		const fact = pair.source.byId.get(id) ?? pair.target.byId.get(id);
		if (!fact) continue;
		const known = { sqlstate: undefined, hint: undefined, ...failure };
		const fix = failure.fix ?? adviceForLackingRows(fact, failure.sqlstate, context.failures);
		say(...failedItem(fact, { ...known, fix }, pair));
	}
	for (const [id, rewriting] of pair.rewritten ?? []) {
		const fact = pair.source.byId.get(id);
		const fix = rewritingFix(rewriting);
		if (!fact || !fix || fact.stage !== options.stage) continue;
		const { component, object } = reportedAs(fact, pair);
		if (!options.components.includes(component) || reported.has(`${component} ${object}`)) continue;
		say({ component, object, outcome: 'unchanged', fix });
	}
	for (const { facts, removed } of plan.changes) {
		for (const fact of [...facts, ...removed]) {
			const { component, object } = reportedAs(fact, pair);
			if (reported.has(`${component} ${object}`)) continue;
			say({
				component,
				object,
				outcome: 'skipped',
				detail: 'it was changed on the source faster than it could be copied',
				fix: 'Clone again while nobody changes the schema of the source.',
			});
		}
	}
	context.report(...unchangedItems(options, names, reported));
}

/** What the options of the clone let a plan do to what is on the target. */
export async function askedFor(
	context: Pick<ReadContext, 'source' | 'target' | 'options' | 'ignoreRules' | 'memory'>,
	pair: FactPair,
): Promise<Pick<Scope, 'removes' | 'made' | 'rows' | 'fillsViews'>> {
	const { source, target } = pair;
	const { components, remove_extra } = context.options;
	const isNameTaken = !remove_extra && namesakes(pair, KIND_BY_NAME, () => true).size > 0;
	const mayRewrite = [...source.byId.values()].some((fact) => {
		const { shaped = false, moved } = kindOf(fact, KIND_BY_NAME).rows ?? {};
		return moved === true || (shaped !== false && target.byId.has(fact.id));
	});
	return {
		removes: remove_extra ? COMPONENT_KEYS.filter((key) => components[key]) : [],
		...(isNameTaken ? { made: await madeByClones(context) } : {}),
		fillsViews: components.views,
		rows: mayRewrite ? await readRowsBrought(context) : NO_ROWS_BROUGHT,
	};
}

const idsOf = ({ gone }: Cursor): ReadonlySet<string> => new Set(gone.map(({ id }) => id));

/** What a stage is given, with a second session on the target that sees what the first one waits for. */
type WatchedContext = StageContext & { watcher(): Promise<Session> };

function watchedContext(context: StageContext): WatchedContext {
	let opened: Promise<Session> | undefined;
	return { ...context, watcher: () => (opened ??= context.target.connect()) };
}

/** Before what is locked is looked at again. */
const LOCKED_PAUSE_MS = 2000;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOCKED_PAUSE_MS));

/** Runs the changes and reports them. */
async function run(
	changes: readonly PlannedChange[],
	context: WatchedContext,
	pair: FactPair,
): Promise<Applied> {
	await context.announce(...changes.flatMap((change) => itemOf(change, pair)));
	const applied = await applyChanges(await context.target.database(), changes, context);
	context.spend({ operations: changes.length - applied.untried });
	context.report(...applied.done.flatMap((change) => itemOf(change, pair)));
	return applied;
}

/** Components whose renames the stage follows: before the tables, those of all, because tables name them. */
export const componentsNamed = (
	{ stage, components }: Pick<SchemaStageOptions, 'stage' | 'components'>,
	{ options }: Pick<StageContext, 'options'>,
): readonly ComponentKey[] =>
	stage === 'structure' || stage === 'relations'
		? COMPONENT_KEYS.filter((key) => options.components[key])
		: components;

/** What a stage has read, and what follows from it. */
interface Ready extends ReadStage {
	readonly plan: Plan;
	readonly cursor: Cursor;
}

/** What is left to do for a stage, and what it is known from; undefined when it is not its turn. */
async function prepare(
	context: StageContext,
	options: StageScope,
	known: Cursor,
	digests: Known,
	maxFacts: number,
	turn: Turn,
): Promise<Ready | undefined> {
	const read = await readStage(context, options, digests, maxFacts, turn);
	if (read === undefined) return undefined;
	const safe = await withoutSourceKeys(read.pair, context);
	const pair = await withEquivalentDefinitions(safe, context, (id) => (known.runs[id] ?? 0) > 0);
	const cursor = withoutOutdated(known, pair);
	const plan = planStage(pair, {
		stage: options.stage,
		components: options.components,
		...(await askedFor(context, pair)),
		skip: idsOf(cursor),
		kinds: KIND_BY_NAME,
	});
	return { ...read, pair, plan, cursor };
}

/**
 * Makes what can be made of the functions, before tables are tried again. The body of a function may call others, which
 * nothing records, and Postgres looks into it as soon as a table is made that uses the function. The turn is the caller's.
 */
async function makeRoutines(context: WatchedContext, cursor: Cursor): Promise<void> {
	const routines = { stage: 'functions', components: ['functions'] } as const;
	const held: Turn = { take: () => Promise.resolve(true), end: () => Promise.resolve() };
	const ready = await prepare(context, routines, cursor, {}, MAX_FACTS, held);
	if (ready === undefined) return;
	const changes = ready.plan.changes.filter(({ action }) => action !== 'remove');
	await run(changes, context, ready.pair);
}

/** The stages of tables remember the names of everything: after others only if they made or changed anything. */
const mayChangeNames = (
	{ options: { components } }: StageContext,
	{ stage }: StageScope,
	{ touched }: Cursor,
): boolean =>
	stage === 'structure' || stage === 'relations' || !components.tables || touched.length > 0;

const isSoonFree = ({ failed }: Applied): boolean =>
	[...failed.values()].some(({ failure }) => failure.locked && !failure.lasting);

const lacksNames = ({ failed }: Applied): boolean =>
	[...failed.values()].some(({ failure }) => isNotFound(failure.sqlstate));

/** Builds a stage of the given components from the facts they share. */
export function schemaStage(options: SchemaStageOptions): Stage {
	return {
		name: options.name,
		needs: options.needs,
		provides: options.provides,
		makes: { stage: options.stage, components: options.components },
		async run(given) {
			const context = watchedContext(given);
			let cursor: Cursor = context.cursor === null ? FIRST : cursorSchema.parse(context.cursor);
			let maxFacts = MAX_FACTS;
			const namedHere = componentsNamed(options, context);
			let mayRename: boolean | undefined;
			let mayMove = options.stage === 'structure';
			const known: Known = {};
			const target = await context.target.database();
			await shareKinds(await context.source.database(), target);
			const turn = turnOf(target);
			for (;;) {
				if (context.signal.aborted) return { state: 'more', cursor };
				try {
					mayRename ??= await mayHaveNewNames(context, options, known);
					const renames: readonly Renaming[] = mayRename
						? await renamesSince(context, namedHere, idsOf(cursor))
						: [];
					mayRename = renames.length > 0;
					const first = [
						...renames,
						...(mayMove && !mayRename ? await movedExtensions(context, idsOf(cursor)) : []),
					];
					mayMove &&= mayRename || first.length > 0;
					if (first.length > 0) {
						known.target = undefined;
						const done = await run(
							first.map(({ change }) => change),
							context,
							NOTHING,
						);
						cursor = remember(cursor, done, NOTHING);
						if (context.spent()) return { state: 'more', cursor };
						continue;
					}
					const ready = await prepare(context, options, cursor, known, maxFacts, turn);
					if (ready === undefined) {
						if (context.spent()) return { state: 'more', cursor };
						continue;
					}
					const { digest, pair, upTo, plan } = ready;
					cursor = ready.cursor;
					showProgress(context, digest, pair, plan, options);
					if (plan.changes.length === 0 && upTo !== undefined) {
						// None of these can be made without others.
						maxFacts *= 4;
						continue;
					}
					const isFinal = cursor.cleanRounds >= MAX_CLEAN_ROUNDS;
					if (plan.changes.length === 0 && !isFinal && readsSoon(pair, options)) {
						if (context.spent()) return { state: 'more', cursor };
						await turn.end();
						await pause();
						continue;
					}
					if (plan.changes.length === 0 || isFinal) {
						finish(context, options, cursor, ready);
						if (mayChangeNames(context, options, cursor)) {
							// A view may come to have the name of what another component made.
							await rememberNames(context, options.stage === 'views' ? COMPONENT_KEYS : namedHere);
						}
						return { state: 'done' };
					}
					let applied = await run(plan.changes, context, pair);
					const { functions } = context.options.components;
					if (functions && !cursor.hasRoutines && lacksNames(applied)) {
						await makeRoutines(context, cursor);
						cursor = { ...cursor, hasRoutines: true };
						// Tried again, whatever they failed of.
						applied = { ...applied, failed: new Map() };
					}
					cursor = remember(cursor, applied, pair);
					if (context.spent()) return { state: 'more', cursor };
					if (applied.done.length === 0 && isSoonFree(applied)) {
						await turn.end();
						await pause();
					}
				} finally {
					await turn.end();
				}
			}
		},
	};
}
