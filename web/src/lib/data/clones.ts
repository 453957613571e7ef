// Reads of clones: lists, and everything one run page shows.
import { JOB_STATUSES, type ItemOutcome, type JobStatus } from '#shared/domain/status.ts';
import type { ControlClient } from './client.ts';
import { rowsOf } from './rejected.ts';
import type {
	CloneHistoryRow,
	FindingRow,
	JobComponentRow,
	JobItemRow,
	JobRow,
	VerificationRow,
} from './rows.ts';

export const CLONES_PER_PAGE = 50;
export const ITEMS_PER_PAGE = 200;
const MOST_FINDINGS = 500;

/** Clones, newest first, optionally of one status; `page` counts from 1. One row more tells of a next page. */
export async function readClones(
	supabase: ControlClient,
	status: JobStatus | null,
	page: number,
): Promise<{ clones: CloneHistoryRow[]; hasMore: boolean }> {
	const first = (page - 1) * CLONES_PER_PAGE;
	let query = supabase.from('clone_history').select('*');
	if (status !== null) query = query.eq('status', status);
	const rows = rowsOf(
		await query.order('created_at', { ascending: false }).range(first, first + CLONES_PER_PAGE),
	);
	return { clones: rows.slice(0, CLONES_PER_PAGE), hasMore: rows.length > CLONES_PER_PAGE };
}

/** Clones that are waiting or running. */
export async function readRunningClones(supabase: ControlClient): Promise<CloneHistoryRow[]> {
	return rowsOf(
		await supabase
			.from('clone_history')
			.select('*')
			.in('status', ['pending', 'in_progress'])
			.order('created_at', { ascending: false })
			.limit(20),
	);
}

/** What changes while a run goes on. */
export interface RunState {
	readonly job: JobRow;
	readonly components: readonly JobComponentRow[];
	/** The newest verification of this run, if any. */
	readonly verification: VerificationRow | null;
	/** Epoch milliseconds of the read. */
	readonly readAt: number;
}

/** The run as the tables say it now; null when there is none (or it is someone else's). */
export async function readRun(supabase: ControlClient, jobId: string): Promise<RunState | null> {
	const [jobs, components, verifications] = await Promise.all([
		supabase.from('jobs').select('*').eq('id', jobId).limit(1),
		supabase.from('job_components').select('*').eq('job_id', jobId).order('position'),
		supabase
			.from('verifications')
			.select('*')
			.eq('job_id', jobId)
			.order('created_at', { ascending: false })
			.limit(1),
	]);
	const job = rowsOf(jobs)[0];
	if (job === undefined) return null;
	return {
		job,
		components: rowsOf(components),
		verification: rowsOf(verifications)[0] ?? null,
		readAt: Date.now(),
	};
}

/** Objects of a component by name, failed ones first; `limit` + 1 tells of more. */
export async function readItems(
	supabase: ControlClient,
	jobId: string,
	component: string,
	outcome: ItemOutcome | null,
	limit: number,
): Promise<{ items: JobItemRow[]; hasMore: boolean }> {
	const items = () =>
		supabase.from('job_items').select('*').eq('job_id', jobId).eq('component', component);
	const first = (query: ReturnType<typeof items>) => query.order('object').limit(limit + 1);
	const answers =
		outcome === null
			? [first(items().eq('outcome', 'failed')), first(items().neq('outcome', 'failed'))]
			: [first(items().eq('outcome', outcome))];
	const rows = (await Promise.all(answers)).flatMap((answer) => rowsOf(answer));
	return { items: rows.slice(0, limit), hasMore: rows.length > limit };
}

export async function readFindings(
	supabase: ControlClient,
	verificationId: string,
): Promise<FindingRow[]> {
	return rowsOf(
		await supabase
			.from('verification_findings')
			.select('*')
			.eq('verification_id', verificationId)
			.order('severity')
			.order('component')
			.order('object')
			.limit(MOST_FINDINGS),
	);
}

/** A status from the address bar; anything else counts as no filter. */
export function parseJobStatus(value: string | null): JobStatus | null {
	return JOB_STATUSES.find((status) => status === value) ?? null;
}
