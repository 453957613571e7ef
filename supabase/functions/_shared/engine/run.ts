// Carries out a whole run in this process, one slice after the other: what the queue of the control database and its
// workers do together, for the command line and the tests. Keeps everything in memory.
import type { Failed, Finding, Item, Progress } from '../contract/report.ts';
import type { ComponentKey } from '../domain/component.ts';
import type { ErrorBody } from '../domain/errors.ts';
import type { Preview, PreviewPart } from '../domain/preview.ts';
import { type BudgetLimits, startBudget } from './budget.ts';
import { keepEndpoints } from './kept-endpoints.ts';
import { stepName } from './order.ts';
import { runSlice, type RankedWork, type SlicePorts, type SliceResult } from './slice.ts';
import { MAX_ATTEMPTS, type NewStep, type Run } from './step.ts';

const LONGEST_BACKOFF_SECONDS = 60;

export type ReportedItem = Item & { readonly component: ComponentKey };

export interface StepOutcome {
	/** `component.stage`; of a step that is no stage, its kind and component. */
	readonly name: string;
	readonly component: ComponentKey | null;
	readonly status: 'done' | 'failed' | 'canceled';
	readonly slices: number;
	readonly error: ErrorBody | undefined;
}

export interface RunOutcome {
	/** What became of each object, by `component object`. */
	readonly items: ReadonlyMap<string, ReportedItem>;
	readonly steps: readonly StepOutcome[];
	readonly previews: Readonly<Partial<Record<PreviewPart, Preview>>>;
	/** Of a preview: what a clone would do, in order. */
	readonly plan: readonly RankedWork[];
	readonly findings: readonly (Finding & { readonly component: string })[];
}

/** What components remember about copies on a target between clones. */
export interface MemoryStore {
	read(component: string): Readonly<Record<string, unknown>>;
	/** Entries that are null are forgotten. */
	write(component: string, entries: Readonly<Record<string, unknown>>): void;
}

export interface RunPorts extends Omit<SlicePorts, 'budget' | 'onAnnounce'> {
	/** Lower limits force many slices in tests. */
	readonly limits?: BudgetLimits | undefined;
	readonly memory: MemoryStore;
	/** Called after each slice, with what it reported. */
	readonly onSlice?: (name: string, result: SliceResult) => void;
	/** Called while a slice runs. */
	readonly onStep?: (name: string, progress: Progress | undefined) => void;
	/** Waits before a step is tried again. */
	readonly wait?: (milliseconds: number) => Promise<void>;
}

interface OpenStep extends NewStep {
	readonly name: string;
	cursor: unknown;
	slices: number;
	attempts: number;
	/** What slices that were lost were about to write. */
	readonly announced: Item[];
}

const NEVER = new AbortController().signal;

const nameOf = ({ kind, component, stage }: NewStep): string =>
	component === undefined
		? kind
		: stage === undefined
			? `${kind} ${component}`
			: stepName(component, stage);

const opened = (step: NewStep): OpenStep => ({
	...step,
	name: nameOf(step),
	cursor: null,
	slices: 0,
	attempts: 0,
	announced: [],
});

/** The first step that waits for none of the others. */
function nextStep(open: readonly OpenStep[]): OpenStep | undefined {
	return open.find(
		(step) =>
			!open.some(
				(other) =>
					other.rank < step.rank || (other !== step && (step.waits_for ?? []).includes(other.name)),
			),
	);
}

/**
 * Runs the steps, and those that they lay out, to their end. A step that fails does not stop the others; on cancel
 * (`ports.signal`) the current operation finishes and the rest is canceled.
 */
export async function runToEnd(
	run: Run,
	steps: readonly NewStep[],
	ports: RunPorts,
): Promise<RunOutcome> {
	const endpoints = keepEndpoints(ports.openEndpoint);
	try {
		return await runSteps(run, steps, { ...ports, openEndpoint: endpoints.openEndpoint });
	} finally {
		await endpoints.close();
	}
}

async function runSteps(run: Run, steps: readonly NewStep[], ports: RunPorts): Promise<RunOutcome> {
	const open = steps.map(opened);
	const items = new Map<string, ReportedItem>();
	const outcomes: StepOutcome[] = [];
	const previews: Partial<Record<PreviewPart, Preview>> = {};
	const plan: RankedWork[] = [];
	const findings: (Finding & { component: string })[] = [];
	const handedOn: Promise<void>[] = [];
	const end = (step: OpenStep, status: StepOutcome['status'], error?: ErrorBody): void => {
		open.splice(open.indexOf(step), 1);
		const { name, component = null, slices } = step;
		outcomes.push({ name, component, status, slices, error });
	};
	for (let step = nextStep(open); step; step = nextStep(open)) {
		// What is kept on the target for the time of a run goes even when it is canceled.
		const signal = step.kind === 'cleanup' ? NEVER : ports.signal;
		if (signal.aborted) {
			end(step, 'canceled');
			continue;
		}
		const { component = null, stage = null, kind, cursor, name } = step;
		ports.onStep?.(name, undefined);
		const announced: Item[] = [];
		const result = await runSlice(
			{
				kind,
				component,
				stage,
				cursor,
				attempts: step.attempts,
				failures: failuresOf(items, outcomes),
				memory: ports.memory.read(component ?? ''),
			},
			run,
			{
				...ports,
				signal,
				budget: startBudget(ports.limits),
				onProgress: (progress) => ports.onStep?.(name, progress),
				onAnnounce: (items) => Promise.resolve(void announced.push(...items)),
			},
		);
		step.slices += 1;
		// Beside the next slice, which takes over.
		if (result.handOn) handedOn.push(result.handOn());
		mergeItems(items, component, result.items);
		if (result.outcome === 'retry') step.announced.push(...announced);
		else if (result.outcome === 'done') mergeAnnounced(items, component, step.announced);
		ports.memory.write(component ?? '', result.memory);
		Object.assign(previews, result.preview);
		plan.push(...(result.plan ?? []));
		findings.push(
			...(result.findings ?? []).map((found) => ({ ...found, component: component ?? '' })),
		);
		open.push(...(result.steps ?? []).map(opened));
		ports.onSlice?.(name, result);
		if (result.outcome === 'done') end(step, 'done');
		else if (result.outcome === 'more') {
			// Through JSON, as the control database stores it.
			step.cursor = JSON.parse(JSON.stringify(result.cursor ?? null));
			step.attempts = 0;
		} else if (result.outcome === 'failed' || ++step.attempts >= MAX_ATTEMPTS) {
			end(step, 'failed', result.error);
		} else if (!signal.aborted) {
			const seconds =
				result.retry_after ?? Math.min(LONGEST_BACKOFF_SECONDS, 2 ** (step.attempts - 1));
			await (ports.wait ?? pause)(seconds * 1000);
		}
	}
	await Promise.all(handedOn);
	plan.sort((one, other) => one.rank - other.rank);
	return { items, steps: outcomes, previews, plan, findings };
}

function failuresOf(
	items: ReadonlyMap<string, ReportedItem>,
	steps: readonly StepOutcome[],
): readonly Failed[] {
	return [
		...[...items.values()]
			.filter(({ outcome }) => outcome === 'failed')
			.map(({ component, object }) => ({ component, object })),
		...steps.flatMap(({ status, component }) =>
			status === 'failed' && component !== null ? [{ component, object: null }] : [],
		),
	];
}

/** The latest word about an object counts, except that a repeated slice does not turn "copied" into "unchanged". */
function mergeItems(
	items: Map<string, ReportedItem>,
	running: ComponentKey | null,
	reported: readonly Item[],
): void {
	for (const item of reported) {
		const component = item.component ?? running;
		if (component === null) continue;
		const id = `${component} ${item.object}`;
		const earlier = items.get(id)?.outcome;
		const isRepeat = earlier === 'copied' || earlier === 'adapted';
		if (isRepeat && item.outcome === 'unchanged') continue;
		items.set(id, { ...item, component });
	}
}

/** What a slice wrote before it was lost is found as it should be by the next one, or (when removed) not at all. */
function mergeAnnounced(
	items: Map<string, ReportedItem>,
	running: ComponentKey | null,
	announced: readonly Item[],
): void {
	const isSaid = ({ component, object }: Item): boolean =>
		(items.get(`${component ?? running} ${object}`)?.outcome ?? 'unchanged') !== 'unchanged';
	mergeItems(
		items,
		running,
		announced.filter((item) => !isSaid(item)),
	);
}

const pause = (milliseconds: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));
