// One invocation of the worker: take a step, carry out one bounded slice, store what came of it, hand on.
// Everything that matters is in the control database; a worker may die at any instruction.
import type {
	Component,
	Item,
	Preview,
	Progress,
	ProjectSide,
	VerifyContext,
} from '../components/component.ts';
import { errorBody, isPassing, TwinsError } from '../domain/errors.ts';
import type { Session } from '../platform/session.ts';
import { ident } from '../platform/sql.ts';
import { LEDGER_SCHEMA } from '../schema/scope.ts';
import { startBudget } from './budget.ts';
import { prepareRun } from './prepare.ts';
import {
	type Claim,
	claimStep,
	finishSlice,
	heartbeat,
	HEARTBEAT_SECONDS,
	nextRetry,
	type SliceResult,
	wakeWorkers,
} from './queue.ts';

export interface OpenSide extends ProjectSide {
	close(): Promise<void>;
}

export interface WorkerPorts {
	readonly control: Session;
	readonly components: readonly Component[];
	openSide(role: ProjectSide['role'], claim: Claim, signal: AbortSignal): Promise<OpenSide>;
	/** Lower limits force many slices in tests. */
	readonly limits?: Parameters<typeof startBudget>[0];
	/** Replaces the wait for a back-off, in tests. */
	readonly wait?: (milliseconds: number) => Promise<void>;
}

/** Works on one step. Returns false when nothing waited. Throws only when the control database is gone. */
export async function workOnce(ports: WorkerPorts): Promise<boolean> {
	const claim = await claimStep(ports.control);
	if (!claim) return false;

	const stop = new AbortController();
	const slice: Slice = { items: [], memory: {}, progress: undefined };
	const pulse = startPulse(ports.control, claim, slice, stop);
	let result: SliceResult;
	try {
		result = await runSlice(ports, claim, slice, stop.signal);
	} catch (error) {
		// Stopped on purpose: the step goes back to the queue, where a cancel drops it.
		result = stop.signal.aborted ? { ...failure(error), outcome: 'retry' } : failure(error);
	}
	await pulse.end();
	await finishSlice(ports.control, claim.step, {
		...result,
		items: slice.items,
		memory: slice.memory,
		progress: slice.progress,
	});
	await settle(ports.control, claim.run.job_id);
	if (result.outcome === 'retry') await wakeForRetry(ports, claim);
	return true;
}

/** A longer back-off is left to cron, which wakes workers each minute: this one would wait for nothing. */
const LONGEST_WAIT_SECONDS = 30;

/** Sits out a short back-off and wakes whoever is to try again. */
async function wakeForRetry(ports: WorkerPorts, { run }: Claim): Promise<void> {
	const seconds = await nextRetry(ports.control, run);
	if (seconds === null || seconds > LONGEST_WAIT_SECONDS) return;
	await (ports.wait ?? pause)(seconds * 1000);
	await wakeWorkers(ports.control);
}

const pause = (milliseconds: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));

interface Slice {
	readonly items: Item[];
	readonly memory: Record<string, unknown>;
	progress: Progress | undefined;
}

async function runSlice(
	ports: WorkerPorts,
	claim: Claim,
	slice: Slice,
	signal: AbortSignal,
): Promise<SliceResult> {
	const source = await ports.openSide('source', claim, signal);
	try {
		const target = await ports.openSide('target', claim, signal);
		try {
			return await runStep(ports, claim, { source, target }, slice, signal);
		} finally {
			await target.close();
		}
	} finally {
		await source.close();
	}
}

interface Sides {
	readonly source: ProjectSide;
	readonly target: ProjectSide;
}

async function runStep(
	ports: WorkerPorts,
	{ step, run }: Claim,
	sides: Sides,
	slice: Slice,
	signal: AbortSignal,
): Promise<SliceResult> {
	const read = {
		...sides,
		options: run.options,
		ignoreRules: run.ignore_rules,
		memory: step.memory,
		signal,
	};
	switch (step.kind) {
		case 'prepare':
			return {
				outcome: 'done',
				...(await prepareRun(run, sides.source, sides.target, ports.components)),
			};
		case 'cleanup':
			await removeLedger(sides.target);
			return { outcome: 'done' };
		case 'preview': {
			const component = componentOf(ports, step.component);
			const preview: Preview = await component.preview(read);
			signal.throwIfAborted();
			return { outcome: 'done', preview: { [component.key]: preview } };
		}
		case 'verify': {
			const component = componentOf(ports, step.component);
			let next: { readonly cursor: unknown } | undefined;
			const verify: VerifyContext = {
				...read,
				...startBudget(ports.limits),
				cursor: step.cursor,
				continueFrom: (cursor) => (next = { cursor }),
			};
			const findings = await component.verify(verify, run.mode ?? 'structure');
			// Stopped half-way without an error: what was found is not the whole.
			signal.throwIfAborted();
			return { outcome: next ? 'more' : 'done', ...next, findings };
		}
		case 'stage': {
			const component = componentOf(ports, step.component);
			const stage = component.stages.find(({ name }) => name === step.stage);
			if (!stage) throw unknownWork(`${step.component}.${step.stage}`);
			const result = await stage.run({
				...read,
				...startBudget(ports.limits),
				jobId: run.job_id ?? run.id,
				cursor: step.cursor,
				remember: (entries) => Object.assign(slice.memory, entries),
				report: (...items) => slice.items.push(...items),
				progress: (progress) => (slice.progress = progress),
			});
			if (result.state === 'done') return { outcome: 'done' };
			return { outcome: 'more', cursor: result.cursor };
		}
	}
}

function componentOf(ports: WorkerPorts, key: string | null): Component {
	const component = ports.components.find((candidate) => candidate.key === key);
	if (!component) throw unknownWork(String(key));
	return component;
}

/** A step of another version of the product, left from before a deploy. */
function unknownWork(name: string): TwinsError {
	return new TwinsError(
		'internal',
		`This version of the worker does not know ${name}`,
		'Deploy the functions again, then clone again.',
	);
}

/** Our schema on the target is for the run only. Another run's clean-up may have come first. */
async function removeLedger(target: ProjectSide): Promise<void> {
	const session = await target.database();
	await session.script(
		`set client_min_messages to warning; drop schema if exists ${ident(LEDGER_SCHEMA)} cascade`,
	);
}

function failure(error: unknown): SliceResult {
	return {
		outcome: isPassing(error) ? 'retry' : 'failed',
		error: errorBody(error),
		retry_after: error instanceof TwinsError ? error.details.retryAfter : undefined,
	};
}

/**
 * Beats while a slice runs: keeps the lease, stores progress, and aborts the slice when the job was
 * canceled, the lease is lost or a beat fails. The control session takes one call at a time, so beats never overlap.
 */
function startPulse(control: Session, claim: Claim, slice: Slice, stop: AbortController) {
	let ended = false;
	let wake: () => void = () => undefined;
	const beating = (async () => {
		for (;;) {
			await new Promise<void>((resolve) => {
				wake = resolve;
				setTimeout(resolve, HEARTBEAT_SECONDS * 1000);
			});
			if (ended) return;
			const { lost, cancel } = await heartbeat(control, claim.step, slice.progress);
			if (lost || cancel) stop.abort();
		}
	})().catch(() => {
		// Nobody keeps the lease any more. Unheard, the failure would end the process of all its invocations.
		stop.abort();
	});
	return {
		end: async () => {
			ended = true;
			wake();
			await beating;
		},
	};
}

/** Sends what the half-second rule held back, so that the last word of a job reaches the pages. */
async function settle(control: Session, jobId: string | null): Promise<void> {
	const [row] = await control.query<{ waiting: boolean }>(
		`select exists (
			select from private.broadcasts as held_back
			join public.jobs as job on job.id = held_back.job_id
			where held_back.is_pending and job.id = $1::uuid and job.finished_at is not null
		) as waiting`,
		[jobId],
	);
	if (!row?.waiting) return;
	await pause(550);
	await control.query('select private.flush_broadcasts()');
}
