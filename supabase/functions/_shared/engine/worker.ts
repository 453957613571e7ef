// One invocation of the worker: take a step, carry out one bounded slice, store what came of it, hand on.
// Everything that matters is in the control database; a worker may die at any instruction.
import type { EndpointRole } from '../domain/endpoint-role.ts';
import type { Component } from '../contract/component.ts';
import type { Progress } from '../contract/report.ts';
import type { Session } from '../platform/postgres/index.ts';
import { type BackupPorts, isOfBackup, runBackupSlice } from './backup-slice.ts';
import {
	type Claim,
	claimStep,
	finishSlice,
	heartbeat,
	HEARTBEAT_SECONDS,
	nextRetry,
	readFailures,
	wakeWorkers,
} from './queue.ts';
import { type OpenEndpoint, runSlice, type SlicePorts } from './slice.ts';

export interface WorkerPorts extends Pick<SlicePorts, 'limits'> {
	readonly control: Session;
	readonly components: readonly Component[];
	openEndpoint(role: EndpointRole, claim: Claim, signal: AbortSignal): Promise<OpenEndpoint>;
	/** What carries out backups and restores; without it, those fail. */
	readonly backups?: Pick<BackupPorts, 'work' | 'openStore'>;
	/** Called when the slice is over, before what came of it is stored: the job may be final then. */
	readonly beforeStoring?: () => Promise<void>;
	/** Replaces the wait for a back-off, in tests. */
	readonly wait?: (milliseconds: number) => Promise<void>;
}

/** Works on one step. Returns false when nothing waited. Throws only when the control database is gone. */
export async function workOnce(ports: WorkerPorts): Promise<boolean> {
	const claim = await claimStep(ports.control);
	if (!claim) return false;

	// Before the heartbeats: the control session takes one call at a time.
	const failures = claim.step.kind === 'stage' ? await readFailures(ports.control, claim.run) : [];
	const stop = new AbortController();
	const reached: Reached = { progress: undefined };
	const pulse = startPulse(ports.control, claim, reached, stop);
	const shared = {
		openEndpoint: (role: EndpointRole, signal: AbortSignal) =>
			ports.openEndpoint(role, claim, signal),
		limits: ports.limits,
		signal: stop.signal,
		onProgress: (progress: Progress) => (reached.progress = progress),
	};
	const { backups } = ports;
	const result =
		backups !== undefined && isOfBackup(claim.run)
			? await runBackupSlice(claim.step, claim.run, { ...shared, ...backups })
			: await runSlice({ ...claim.step, failures }, claim.run, {
					...shared,
					components: ports.components,
				});
	try {
		await pulse.end();
		await ports.beforeStoring?.();
		await finishSlice(ports.control, claim.step, result);
		await sendHeldEvents(ports.control, claim.run.job_id);
	} finally {
		await result.handOn?.();
	}
	if (result.outcome === 'retry') await wakeForRetry(ports, claim);
	return true;
}

/** How far a slice is, for the next heartbeat. */
interface Reached {
	progress: Progress | undefined;
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

/**
 * Beats while a slice runs: keeps the lease, stores progress, and aborts the slice when the job was
 * canceled, the lease is lost or a beat fails. The control session takes one call at a time, so beats never overlap.
 */
function startPulse(control: Session, claim: Claim, reached: Reached, stop: AbortController) {
	let ended = false;
	let wake: () => void = () => undefined;
	const beating = (async () => {
		for (;;) {
			await new Promise<void>((resolve) => {
				wake = resolve;
				setTimeout(resolve, HEARTBEAT_SECONDS * 1000);
			});
			if (ended) return;
			const { lost, cancel } = await heartbeat(control, claim.step, reached.progress);
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
async function sendHeldEvents(control: Session, jobId: string | null): Promise<void> {
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
