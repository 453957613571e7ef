// Starts a clone and follows it to its end: by broadcasts, with a poll as the safety net.

import {
	isFinished,
	type ComponentStatus,
	type JobStatus,
} from '../../supabase/functions/_shared/domain/status.ts';
import type { StackFile } from './stack-file.ts';
import { refused, type DemoSession } from './session.ts';

export interface RunJob {
	readonly id: string;
	readonly status: JobStatus;
	readonly error: { readonly message?: string; readonly fix?: string } | null;
}

export interface RunComponent {
	readonly component: string;
	readonly position: number;
	readonly status: ComponentStatus;
	readonly items_done: number;
	readonly items_total: number | null;
	readonly unit: string;
	readonly started_at: string | null;
	readonly finished_at: string | null;
}

/** Called with each new state. */
export type OnProgress = (job: RunJob, components: readonly RunComponent[]) => void;

const POLL_MS = 2_000;

/** Starts a clone of projects[0] into projects[1] with every component; returns it when it has ended. */
export async function runClone(
	session: DemoSession,
	stack: StackFile,
	signal: AbortSignal,
	onProgress: OnProgress,
): Promise<RunJob> {
	const [source, target] = stack.projects;
	const started = await session.supabase.rpc('start_clone', {
		source_account_id: session.accountId,
		source_ref: source?.ref,
		target_account_id: session.accountId,
		target_ref: target?.ref,
		options: { confirm_target: target?.ref },
		without_preview: true,
	});
	if (started.error) throw refused('Starting the clone', started.error);
	const job = one(started.data);
	return follow(session, job.id, signal, onProgress);
}

function one(data: unknown): RunJob {
	const row: unknown = Array.isArray(data) ? data[0] : data;
	if (typeof row !== 'object' || row === null || !('id' in row)) {
		throw refused('Starting the clone', { message: 'no job came back' });
	}
	return row as RunJob;
}

async function follow(
	{ supabase }: DemoSession,
	jobId: string,
	signal: AbortSignal,
	onProgress: OnProgress,
): Promise<RunJob> {
	const { promise: ended, resolve } = Promise.withResolvers<RunJob>();
	const show = (job: RunJob, components: readonly RunComponent[]): void => {
		onProgress(
			job,
			components.toSorted((a, b) => a.position - b.position),
		);
		if (isFinished(job.status)) resolve(job);
	};
	const read = async (): Promise<void> => {
		const [jobs, components] = await Promise.all([
			supabase.from('jobs').select('id,status,error').eq('id', jobId).limit(1),
			supabase.from('job_components').select('*').eq('job_id', jobId),
		]);
		const job: RunJob | undefined = jobs.data?.[0];
		if (job && components.data) show(job, components.data);
	};
	const channel = supabase
		.channel(`job:${jobId}`, { config: { private: true } })
		.on('broadcast', { event: 'changed' }, ({ payload }) => {
			if (payload?.job && payload.components) show(payload.job, payload.components);
		})
		// Read after joining: nothing falls between.
		.subscribe((status) => void (status === 'SUBSCRIBED' ? read() : undefined));
	const timer = setInterval(() => void read().catch(() => undefined), POLL_MS);
	const aborted = new Promise<never>((_resolve, reject) => {
		signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true });
	});
	try {
		return await Promise.race([ended, aborted]);
	} finally {
		clearInterval(timer);
		await supabase.removeChannel(channel);
	}
}

/** Compares both projects of a finished clone, rows by checksum; returns its end state. */
export async function runVerification(
	{ supabase }: DemoSession,
	jobId: string,
	signal: AbortSignal,
): Promise<{ status: string; findings: readonly Finding[] }> {
	const started = await supabase.rpc('start_verification', { job_id: jobId, mode: 'checksums' });
	if (started.error) throw refused('Starting the verification', started.error);
	const { id } = one(started.data);
	for (;;) {
		signal.throwIfAborted();
		const { data, error } = await supabase.from('verifications').select('status').eq('id', id);
		if (error) throw refused('Reading the verification', error);
		const status = String(data[0]?.status);
		if (!['not_run', 'running'].includes(status)) {
			const findings = await supabase
				.from('verification_findings')
				.select('component,severity,object,expected,found')
				.eq('verification_id', id)
				.limit(200);
			return { status, findings: findings.data ?? [] };
		}
		await new Promise((resolve) => setTimeout(resolve, 300));
	}
}

export interface Finding {
	readonly component: string;
	readonly severity: string;
	readonly object: string;
	readonly expected: string | null;
	readonly found: string | null;
}
