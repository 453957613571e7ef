// One invocation of the worker: take a step, carry out one bounded slice, store what came of it, and so on, hand on.
// Everything that matters is in the control database; a worker may die at any instruction.
import type { EndpointRole } from '../domain/endpoint-role.ts';
import type { Component } from '../contract/component.ts';
import type { Item, Progress } from '../contract/report.ts';
import type { WorkerControl } from '../platform/control.ts';
import { type Budget, type BudgetLimits, mayGoOn, startBudget } from './budget.ts';
import { type BackupPorts, isOfBackup, runBackupSlice } from './backup-slice.ts';
import { keepEndpoints } from './kept-endpoints.ts';
import {
	announceItems,
	type Claim,
	claimStep,
	finishSlice,
	heartbeat,
	HEARTBEAT_SECONDS,
	readFailures,
	secondsToWait,
} from './queue.ts';
import { type EndpointOpener, type OpenEndpoint, runSlice } from './slice.ts';

export interface WorkerPorts {
	readonly control: WorkerControl;
	readonly components: readonly Component[];
	openEndpoint(role: EndpointRole, claim: Claim, signal: AbortSignal): Promise<OpenEndpoint>;
	/** What carries out backups and restores; without it, those fail. */
	readonly backups?: Pick<BackupPorts, 'work' | 'openStore'>;
	/** Called when a slice is over, before what came of it is stored: the job may be final then. */
	readonly beforeStoring?: () => Promise<void>;
	/** Lower limits force many slices in tests. */
	readonly limits?: BudgetLimits | undefined;
}

/**
 * One invocation: carries out a slice, then others of the same run on the same sessions, while what that took leaves enough
 * of the platform's limits for another. Where there is none, it waits for what is leased (its worker may have died) or due soon, unless
 * another does: whoever is there is faster than whoever has to be called. Throws only when the control database is gone.
 */
export async function runInvocation(ports: WorkerPorts): Promise<void> {
	await workWhile(ports, mayGoOn);
}

/** Carries out one slice. Returns false when nothing waited. Throws only when the control database is gone. */
export function workOnce(ports: WorkerPorts): Promise<boolean> {
	return workWhile(ports, () => false);
}

async function workWhile(ports: WorkerPorts, goesOn: typeof mayGoOn): Promise<boolean> {
	const begun = performance.now();
	const worker = crypto.randomUUID();
	const isTime = (): boolean =>
		goesOn({ bytes: 0, operations: 0, answered: 0 }, (performance.now() - begun) / 1000);
	const first = await claimOrWait(ports.control, worker, undefined, isTime);
	if (!first) return false;
	const stop = new AbortController();
	const endpoints = keepEndpoints((role, signal) => ports.openEndpoint(role, first, signal));
	const done = { bytes: 0, operations: 0 };
	const isLeft = ({ bytes, operations }: Budget['used']): boolean => {
		done.bytes += bytes;
		done.operations += operations;
		const answered = endpoints.answered() + ports.control.answered;
		return goesOn({ ...done, answered }, (performance.now() - begun) / 1000);
	};
	try {
		let next: Claim | null = first;
		while (next !== null) {
			const goes = await carryOut(next, ports, endpoints.openEndpoint, stop, isLeft);
			next = goes ? await claimOrWait(ports.control, worker, first.run.id, isTime) : null;
		}
	} finally {
		await endpoints.close();
	}
	return true;
}

/** A step of the run, or of any; waits for one while it is time. */
async function claimOrWait(
	control: WorkerControl,
	worker: string,
	run: string | undefined,
	isTime: () => boolean,
): Promise<Claim | null> {
	for (;;) {
		const claim = await claimStep(control, run, worker);
		if (claim || !isTime()) return claim;
		const seconds = await secondsToWait(control, run ?? null, worker);
		if (seconds === null) return null;
		await pause(seconds * 1000);
	}
}

/** Carries out a slice and stores what came of it. True: the caller is to take another step of the run. */
async function carryOut(
	claim: Claim,
	ports: WorkerPorts,
	openEndpoint: EndpointOpener,
	stop: AbortController,
	isLeft: (used: Budget['used']) => boolean,
): Promise<boolean> {
	const failures = claim.step.kind === 'stage' ? await readFailures(ports.control, claim.run) : [];
	const reached: Reached = { progress: undefined };
	const inTurn = oneAtATime();
	const pulse = startPulse(ports.control, claim, reached, stop, inTurn);
	const budget = startBudget(ports.limits);
	const shared = {
		openEndpoint,
		budget,
		signal: stop.signal,
		onProgress: (progress: Progress) => (reached.progress = progress),
		onAnnounce: async (items: readonly Item[]) => {
			const held = await inTurn(() => announceItems(ports.control, claim.step, items));
			if (!held) stop.abort();
			// Nothing is begun without the lease.
			stop.signal.throwIfAborted();
		},
	};
	const { backups } = ports;
	const isBackup = backups !== undefined && isOfBackup(claim.run);
	const result = isBackup
		? await runBackupSlice({ ...claim.step, failures }, claim.run, { ...shared, ...backups })
		: await runSlice({ ...claim.step, failures }, claim.run, {
				...shared,
				components: ports.components,
			});
	// Of what backups compress and hash, the budget knows nothing.
	const isLarge = result.outcome === 'more';
	const goesOn = !isLarge && !isBackup && !stop.signal.aborted && isLeft(budget.used);
	let isStored = false;
	try {
		await pulse.end();
		await ports.beforeStoring?.();
		isStored = await finishSlice(ports.control, claim.step, result, goesOn);
		await sendHeldEvents(ports.control, claim.run.job_id);
	} finally {
		await result.handOn?.();
	}
	return goesOn && isStored;
}

/** The control session takes one call at a time: beats and announcements of a slice queue up for it. */
function oneAtATime(): <T>(call: () => Promise<T>) => Promise<T> {
	let last: Promise<unknown> = Promise.resolve();
	return (call) => {
		const answer = last.then(call);
		last = answer.catch(() => undefined);
		return answer;
	};
}

/** How far a slice is, for the next heartbeat. */
interface Reached {
	progress: Progress | undefined;
}

const pause = (milliseconds: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Beats while a slice runs: keeps the lease, stores progress, and aborts the slice when the job was
 * canceled, the lease is lost or a beat fails.
 */
function startPulse(
	control: WorkerControl,
	claim: Claim,
	reached: Reached,
	stop: AbortController,
	inTurn: ReturnType<typeof oneAtATime>,
) {
	let ended = false;
	let wake: () => void = () => undefined;
	const beating = (async () => {
		for (;;) {
			await new Promise<void>((resolve) => {
				wake = resolve;
				setTimeout(resolve, HEARTBEAT_SECONDS * 1000);
			});
			if (ended) return;
			const { lost, cancel } = await inTurn(() => heartbeat(control, claim.step, reached.progress));
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
async function sendHeldEvents(control: WorkerControl, jobId: string | null): Promise<void> {
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
