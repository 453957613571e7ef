// Reads of clones: lists, and everything one run page shows.
import { JOB_STATUSES, type ItemOutcome, type JobStatus } from '#shared/domain/status.ts';
import { allRows, type Page, readPart } from './all-rows.ts';
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
export const FINDINGS_PER_PAGE = 50;

/** What the list of clones may be narrowed to: a status; "failed" finds those that completed with failures too. */
export interface CloneFilter {
	readonly status?: JobStatus | null;
	readonly twinId?: string;
}

/** Clones, newest first; `page` counts from 1. One row more tells of a next page. */
export async function readClones(
	supabase: ControlClient,
	{ status = null, twinId }: CloneFilter,
	page: number,
): Promise<{ clones: CloneHistoryRow[]; hasMore: boolean }> {
	const first = (page - 1) * CLONES_PER_PAGE;
	let query = supabase.from('clone_history').select('*');
	if (status === 'failed') query = query.eq('has_failures', true);
	else if (status !== null) query = query.eq('status', status);
	if (twinId !== undefined) query = query.eq('twin_id', twinId);
	const rows = rowsOf(
		await query
			.order('created_at', { ascending: false })
			.order('job_id')
			.range(first, first + CLONES_PER_PAGE),
	);
	return { clones: rows.slice(0, CLONES_PER_PAGE), hasMore: rows.length > CLONES_PER_PAGE };
}

/** A page number from the address bar; the first where it says none. */
export function parsePage(value: string | null): number {
	return Math.max(1, Number.parseInt(value ?? '1', 10) || 1);
}

/** Clones that are waiting or running. */
export async function readRunningClones(supabase: ControlClient): Promise<CloneHistoryRow[]> {
	return allRows((from, to) =>
		supabase
			.from('clone_history')
			.select('*', { count: 'exact' })
			.in('status', ['pending', 'in_progress'])
			.order('created_at', { ascending: false })
			.order('job_id')
			.range(from, to),
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

/** Objects of a component by name, failed ones first; `page` counts from 1. */
export async function readItems(
	supabase: ControlClient,
	jobId: string,
	component: string,
	outcome: ItemOutcome | null,
	page: number,
): Promise<Page<JobItemRow>> {
	const items = () =>
		supabase
			.from('job_items')
			.select('*', { count: 'exact' })
			.eq('job_id', jobId)
			.eq('component', component)
			.order('object');
	const first = (page - 1) * ITEMS_PER_PAGE;
	if (outcome !== null) {
		return readPart(
			(from, to) => items().eq('outcome', outcome).range(from, to),
			first,
			ITEMS_PER_PAGE,
		);
	}
	const failed = await readPart(
		(from, to) => items().eq('outcome', 'failed').range(from, to),
		first,
		ITEMS_PER_PAGE,
	);
	const others = await readPart(
		(from, to) => items().neq('outcome', 'failed').range(from, to),
		Math.max(0, first - failed.total),
		ITEMS_PER_PAGE - failed.rows.length,
	);
	return { rows: [...failed.rows, ...others.rows], total: failed.total + others.total };
}

/** What is left to do by hand after a run; `page` counts from 1. */
export async function readByHand(
	supabase: ControlClient,
	jobId: string,
	page: number,
): Promise<Page<JobItemRow>> {
	return readPart(
		(from, to) =>
			supabase
				.from('job_items')
				.select('*', { count: 'exact' })
				.eq('job_id', jobId)
				.in('outcome', ['adapted', 'skipped'])
				.not('fix', 'is', null)
				.order('component')
				.order('object')
				.range(from, to),
		(page - 1) * ITEMS_PER_PAGE,
		ITEMS_PER_PAGE,
	);
}

/** Findings of one component, the worst first; what is told with a missing object is left to that; `page` from 1. */
export async function readFindings(
	supabase: ControlClient,
	verificationId: string,
	component: string,
	page: number,
): Promise<FindingRow[]> {
	const first = (page - 1) * FINDINGS_PER_PAGE;
	return rowsOf(
		await supabase
			.from('verification_findings')
			.select('*')
			.eq('verification_id', verificationId)
			.eq('component', component)
			.is('told_with', null)
			.order('severity')
			.order('is_missing', { ascending: false })
			.order('object')
			.range(first, first + FINDINGS_PER_PAGE - 1),
	);
}

/** A status from the address bar; anything else counts as no filter. */
export function parseJobStatus(value: string | null): JobStatus | null {
	return JOB_STATUSES.find((status) => status === value) ?? null;
}
