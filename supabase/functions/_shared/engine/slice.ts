// One slice of one step: calls the component that the step is of, within a budget, and says what came of it. Where the
// step comes from and where the result goes is the caller's: the leased worker, the command line and the tests.
import type { EndpointRole } from '../domain/endpoint-role.ts';
import type { Component } from '../contract/component.ts';
import { LEDGER_SCHEMA } from '../contract/ledger.ts';
import type { Finding, Item, Progress, RowCount } from '../contract/report.ts';
import type { ReadContext, SlicedContext } from '../contract/context.ts';
import type { Endpoint, Endpoints } from '../contract/endpoint.ts';
import { describedWork, type PlannedWork } from '../domain/plan.ts';
import { asRemark } from '../domain/sentence.ts';
import { previewSchema, type Preview, type PreviewPart } from '../domain/preview.ts';
import { errorBody, isPassing, TwinsError, type ErrorBody } from '../domain/errors.ts';
import { namingClosed } from '../platform/locks.ts';
import type { Budget } from './budget.ts';
import { acceptedLosses } from './losses.ts';
import { openRisks, readGuardCursor, refuseOpenRisks, type GuardCursor } from './risks.ts';
import { stagesInOrder } from './order.ts';
import { prepareRun } from './prepare.ts';
import { MAX_ATTEMPTS, type NewStep, type Run, type Step } from './step.ts';

/** An endpoint of a run, closed when the slice is over. */
export interface OpenEndpoint extends Endpoint {
	close(): Promise<void>;
}

export type EndpointOpener = (role: EndpointRole, signal: AbortSignal) => Promise<OpenEndpoint>;

export interface SliceResult {
	readonly outcome: 'more' | 'done' | 'retry' | 'failed';
	readonly cursor?: unknown;
	readonly items: readonly Item[];
	readonly memory: Readonly<Record<string, unknown>>;
	readonly progress?: Progress | undefined;
	readonly error?: ErrorBody;
	/** Seconds until the retry; the caller backs off by itself otherwise. */
	readonly retry_after?: number | undefined;
	readonly steps?: readonly NewStep[];
	readonly preview?: Readonly<Partial<Record<PreviewPart, Preview>>>;
	/** Of a preview: more of what the clone would do. */
	readonly plan?: readonly RankedWork[];
	readonly findings?: readonly Finding[];
	readonly counts?: readonly RowCount[];
	/**
	 * Keeps the endpoints open until the next slice has taken over what the slice hands on. To be called by whoever has
	 * stored the rest, or failed to: only this closes them. Never throws.
	 */
	readonly handOn?: () => Promise<void>;
	/** What is known of a backup since. */
	readonly backup?: Readonly<Record<string, unknown>>;
}

/** Planned work with the place of its stage in the order of the clone. */
export interface RankedWork extends PlannedWork {
	readonly rank: number;
}

export interface SlicePorts {
	readonly components: readonly Component[];
	readonly openEndpoint: EndpointOpener;
	/** Of this slice. */
	readonly budget: Budget;
	/** Aborted on cancel and when the lease is lost. */
	readonly signal: AbortSignal;
	/** Called while the slice runs. */
	readonly onProgress?: ((progress: Progress) => void) | undefined;
	/** Keeps what a stage is about to write, should the slice be lost. */
	readonly onAnnounce: (items: readonly Item[]) => Promise<void>;
}

/** Carries out one slice. Never throws: an error is a result, `retry` when the same may succeed later. */
export async function runSlice(step: Step, run: Run, ports: SlicePorts): Promise<SliceResult> {
	const items: Item[] = [];
	const memory: Record<string, unknown> = {};
	let progress: Progress | undefined;
	const collected = { items, memory };
	const collect: Collect = {
		report: (...reported) => items.push(...reported.map(shown)),
		announce: (...announced) =>
			announced.length === 0 ? Promise.resolve() : ports.onAnnounce(announced.map(shown)),
		remember: (entries) => Object.assign(memory, entries),
		progress: (reached) => {
			progress = reached;
			ports.onProgress?.(reached);
		},
	};
	try {
		const result = await withEndpoints(ports, (endpoints) =>
			runStep(step, run, endpoints, ports, collect),
		);
		return { ...collected, ...result, progress };
	} catch (error) {
		// Stopped on purpose: the step goes back to the queue, where a cancel drops it.
		const outcome = ports.signal.aborted || isPassing(error) ? 'retry' : 'failed';
		const isFinal = outcome === 'failed' || step.attempts + 1 >= MAX_ATTEMPTS;
		if (step.kind === 'cleanup' && isFinal) items.push(notCleanedUp(error));
		const retryAfter = error instanceof TwinsError ? error.details.retryAfter : undefined;
		return { ...collected, outcome, error: errorBody(error), retry_after: retryAfter, progress };
	}
}

/** Remarks have one form, whoever makes them. */
export const shown = (item: Item): Item =>
	item.detail === undefined ? item : { ...item, detail: asRemark(item.detail) };

/** What a clone has left on the target, for whoever is to remove it. */
function notCleanedUp(error: unknown): Item {
	const { message, sqlstate } = errorBody(error);
	return {
		object: 'clean-up of the target',
		outcome: 'failed',
		detail: `the notes of this clone, schema ${LEDGER_SCHEMA}, may still be there: ${message}`,
		fix: `Run on the target: drop schema if exists ${LEDGER_SCHEMA} cascade. The next clone does so as well.`,
		sqlstate,
	};
}

/** Waits for what is handed on, whatever comes of it, and closes the endpoint. */
export const closingAfter =
	(wait: () => Promise<void>, endpoint: OpenEndpoint): (() => Promise<void>) =>
	() =>
		wait()
			.catch(() => undefined)
			.finally(() => endpoint.close());

async function withEndpoints(
	{ openEndpoint, signal }: SlicePorts,
	work: (endpoints: Endpoints) => Promise<StepResult>,
): Promise<StepResult> {
	const source = await openEndpoint('source', signal);
	let handOn: StepResult['handOn'];
	try {
		const target = await openEndpoint('target', signal);
		try {
			const result = await work({ source, target });
			if (!result.handOn) return result;
			handOn = closingAfter(result.handOn, source);
			return { ...result, handOn };
		} catch (error) {
			throw await namingClosed(error, [() => source.connect(), () => target.connect()]);
		} finally {
			await target.close();
		}
	} finally {
		if (!handOn) await source.close();
	}
}

interface Collect {
	report(...items: readonly Item[]): void;
	announce(...items: readonly Item[]): Promise<void>;
	remember(entries: Readonly<Record<string, unknown>>): void;
	progress(progress: Progress): void;
}

type StepResult = Omit<SliceResult, 'items' | 'memory'>;

/** The context of what may ask for another slice, and whether it did. */
function inSlices(
	read: ReadContext,
	step: Step,
	budget: Budget,
): { sliced: SlicedContext; next: () => { readonly cursor: unknown } | undefined } {
	let next: { readonly cursor: unknown } | undefined;
	const sliced = {
		...read,
		...budget,
		cursor: step.cursor,
		continueFrom: (cursor: unknown) => void (next = { cursor }),
	};
	return { sliced, next: () => next };
}

async function runStep(
	step: Step,
	run: Run,
	endpoints: Endpoints,
	{ components, budget, signal }: SlicePorts,
	collect: Collect,
): Promise<StepResult> {
	const read = {
		...endpoints,
		options: run.options,
		ignoreRules: run.ignore_rules,
		memory: step.memory,
		signal,
	};
	switch (step.kind) {
		case 'prepare':
			return {
				outcome: 'done',
				...(await prepareRun(run, endpoints.source, endpoints.target, components)),
			};
		case 'cleanup':
			await componentOf(components, step.component).cleanUp?.(endpoints.target);
			return { outcome: 'done' };
		case 'preview': {
			const component = componentOf(components, step.component);
			const { sliced, next } = inSlices(read, step, budget);
			const preview = await component.preview({ ...sliced, countsRows: run.count_rows === true });
			signal.throwIfAborted();
			if (preview === undefined) return { outcome: 'more', ...next() };
			const warnings = preview.warnings.map((warning) => ({
				...warning,
				message: asRemark(warning.message),
			}));
			// Stored as it is, for readers that know the schema only.
			const stored = previewSchema.parse({ ...preview, warnings });
			const work = component.planners
				? []
				: describedWork(component.key, component.stages[0]?.name ?? '', stored);
			return {
				outcome: 'done',
				preview: { [component.key]: stored },
				plan: ranked(work, components, run),
			};
		}
		case 'plan': {
			const { sliced, next } = inSlices(read, step, budget);
			const work = await planOf(step, run, sliced, components);
			signal.throwIfAborted();
			const more = next();
			return {
				outcome: more ? 'more' : 'done',
				...more,
				plan: ranked(work, components, run),
			};
		}
		case 'guard': {
			if (step.stage !== null) {
				const left = readGuardCursor(step.cursor);
				const { sliced, next } = inSlices(read, { ...step, cursor: left.planner }, budget);
				const work = await planOf(step, run, sliced, components).catch(unreadable(step, signal));
				signal.throwIfAborted();
				const open = openRisks(work, run.agreed ?? [], left.open);
				const more = next();
				if (more) {
					const cursor: GuardCursor = { planner: more.cursor, open };
					return { outcome: 'more', cursor };
				}
				refuseOpenRisks(open);
				return { outcome: 'done' };
			}
			const component = componentOf(components, step.component);
			const { sliced, next } = inSlices(read, step, budget);
			const losses = await component.measureLosses?.(sliced);
			signal.throwIfAborted();
			collect.remember(acceptedLosses(losses ?? [], run.loss_limit ?? 100, step.memory));
			const more = next();
			return { outcome: more ? 'more' : 'done', ...more };
		}
		case 'verify': {
			const component = componentOf(components, step.component);
			const { sliced, next } = inSlices(read, step, budget);
			const counts: RowCount[] = [];
			const findings = await component.verify(
				{ ...sliced, counted: (...some) => void counts.push(...some) },
				run.mode ?? 'structure',
			);
			// Stopped half-way without an error: what was found is not the whole.
			signal.throwIfAborted();
			const more = next();
			return { outcome: more ? 'more' : 'done', ...more, findings, counts };
		}
		case 'stage': {
			const component = componentOf(components, step.component);
			const stage = component.stages.find(({ name }) => name === step.stage);
			if (!stage) throw unknownWork(`${String(step.component)}.${String(step.stage)}`);
			const result = await stage.run({
				...read,
				...budget,
				...collect,
				jobId: run.job_id ?? run.id,
				failures: step.failures,
				cursor: step.cursor,
				isLastTry: step.attempts + 1 >= MAX_ATTEMPTS,
			});
			if (result.state === 'done') return { outcome: 'done' };
			const { cursor, handOn } = result;
			return { outcome: 'more', cursor, ...(handOn ? { handOn } : {}) };
		}
		case 'backup':
		case 'prove':
		case 'remove':
			throw unknownWork(step.kind);
	}
}

/** What the planner of a step plans. */
function planOf(
	{ component, stage }: Step,
	run: Run,
	sliced: SlicedContext,
	components: readonly Component[],
): Promise<readonly PlannedWork[]> {
	const planner = componentOf(components, component).planners?.find(({ name }) => name === stage);
	if (!planner) throw unknownWork(`plan ${String(stage)}`);
	return planner.plan({ ...sliced, stages: stagesInOrder(components, run.options.components) });
}

/** What cannot be planned (a right is missing) is a risk to be agreed to, as in previews; what may pass is tried again. */
const unreadable =
	({ component }: Step, signal: AbortSignal) =>
	(error: unknown): Pick<PlannedWork, 'risks'>[] => {
		if (signal.aborted || isPassing(error)) throw error;
		return [{ risks: [{ risk: 'unread', object: component ?? 'everything' }] }];
	};

function ranked(
	work: readonly PlannedWork[],
	components: readonly Component[],
	{ options }: Run,
): RankedWork[] {
	const stages = stagesInOrder(components, options.components);
	return work.map((one) => ({
		...one,
		...(one.detail === undefined ? {} : { detail: asRemark(one.detail) }),
		rank: stages.findIndex(
			({ component, stage }) => component === one.component && stage.name === one.stage,
		),
	}));
}

function componentOf(components: readonly Component[], key: string | null): Component {
	const component = components.find((candidate) => candidate.key === key);
	if (!component) throw unknownWork(String(key));
	return component;
}

/** A step of another version of the product, left from before a deploy. */
export function unknownWork(name: string): TwinsError {
	return new TwinsError(
		'internal',
		`This version of the worker does not know ${name}`,
		'Deploy the functions again, then clone again.',
	);
}
