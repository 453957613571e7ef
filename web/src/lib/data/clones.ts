// Reads of clones: lists, and everything one run page shows.
import { JOB_STATUSES, type ItemOutcome, type JobStatus } from '#shared/domain/status.ts';
import { allRows, type Page, readPart } from './all-rows.ts';
import type { NamedPair } from '../project/named-pair.ts';
import type { ControlClient } from './client.ts';
import { rowsOf } from './rejected.ts';
import type {
	CloneHistoryRow,
	FindingRow,
	RowCountRow,
	JobComponentRow,
	JobItemRow,
	JobRow,
	VerificationRow,
} from './rows.ts';
import { readTwin } from './twins.ts';

export const CLONES_PER_PAGE = 50;
export const ITEMS_PER_PAGE = 200;
export const FINDINGS_PER_PAGE = 50;
export const COUNTS_PER_PAGE = 50;
export const VERIFICATIONS_PER_PAGE = 20;

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

/** Both ends of a run, as its page names them. A restore has no twin: its source is what a backup was taken of. */
export type RunPair = NamedPair & { readonly twin_id: string | null };

export async function readPair(
	supabase: ControlClient,
	{ id, twin_id }: Pick<JobRow, 'id' | 'twin_id'>,
): Promise<RunPair | null> {
	if (twin_id !== null) return readTwin(supabase, twin_id);
	const rows = rowsOf(await supabase.from('clone_history').select('*').eq('job_id', id).limit(1));
	return rows[0] ?? null;
}

/** What the objects of a component are narrowed to. */
export interface ItemFilter {
	readonly outcome: ItemOutcome | null;
	/** A part of the name; empty for all. */
	readonly search: string;
}

/** Objects of a component: failed ones first, then what was changed; `page` counts from 1. */
export async function readItems(
	supabase: ControlClient,
	jobId: string,
	component: string,
	{ outcome, search }: ItemFilter,
	page: number,
): Promise<Page<JobItemRow>> {
	return readPart(
		(from, to) => {
			let query = supabase
				.from('job_items')
				.select('*', { count: 'exact' })
				.eq('job_id', jobId)
				.eq('component', component);
			if (outcome !== null) query = query.eq('outcome', outcome);
			if (search !== '') query = query.ilike('object', `%${search.replaceAll(/[\\%_]/g, '\\$&')}%`);
			return query.order('rank').order('object').range(from, to);
		},
		(page - 1) * ITEMS_PER_PAGE,
		ITEMS_PER_PAGE,
	);
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

/** Findings of one component, the worst first; what is reported with a missing object is left to that; `page` from 1. */
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
			.is('reported_with', null)
			.order('rank')
			.order('is_missing', { ascending: false })
			.order('object')
			.range(first, first + FINDINGS_PER_PAGE - 1),
	);
}

/** Tables with their rows on both endpoints, those that differ most first; `page` counts from 1. */
export async function readRowCounts(
	supabase: ControlClient,
	verificationId: string,
	page: number,
): Promise<RowCountRow[]> {
	const first = (page - 1) * COUNTS_PER_PAGE;
	return rowsOf(
		await supabase
			.from('verification_counts')
			.select('*')
			.eq('verification_id', verificationId)
			.order('difference', { ascending: false })
			.order('object')
			.range(first, first + COUNTS_PER_PAGE - 1),
	);
}

/** Verifications of a twin, newest first; `page` counts from 1. One row more tells of a next page. */
export async function readVerifications(
	supabase: ControlClient,
	twinId: string,
	page: number,
): Promise<{ verifications: VerificationRow[]; hasMore: boolean }> {
	const first = (page - 1) * VERIFICATIONS_PER_PAGE;
	const rows = rowsOf(
		await supabase
			.from('verifications')
			.select('*')
			.eq('twin_id', twinId)
			.order('created_at', { ascending: false })
			.order('id')
			.range(first, first + VERIFICATIONS_PER_PAGE),
	);
	return {
		verifications: rows.slice(0, VERIFICATIONS_PER_PAGE),
		hasMore: rows.length > VERIFICATIONS_PER_PAGE,
	};
}

/** One verification, or null when there is none (or it is someone else's). */
export async function readVerification(
	supabase: ControlClient,
	id: string,
): Promise<VerificationRow | null> {
	const rows = rowsOf(await supabase.from('verifications').select('*').eq('id', id).limit(1));
	return rows[0] ?? null;
}

/** A status from the address bar; anything else counts as no filter. */
export function parseJobStatus(value: string | null): JobStatus | null {
	return JOB_STATUSES.find((status) => status === value) ?? null;
}
