// Reads of how a run went: its slices, its log, and the other attempts of the same clone.
import { allRows, readPart, type Page } from './all-rows.ts';
import type { ControlClient } from './client.ts';
import { rowsOf } from './rejected.ts';
import type { CloneHistoryRow, JobItemRow, JobLogRow, JobRow, JobSliceRow } from './rows.ts';

/** Lines of a log that a page holds; the file has all of them. */
export const LOG_LINES = 2_000;

/** Every slice of a run, in the order they began. */
export function readSlices(supabase: ControlClient, jobId: string): Promise<JobSliceRow[]> {
	return allRows((from, to) =>
		supabase
			.from('job_slices')
			.select('*', { count: 'exact' })
			.eq('job_id', jobId)
			.order('id')
			.range(from, to),
	);
}

const logOf = (supabase: ControlClient, jobId: string, component: string) =>
	supabase
		.from('job_log')
		.select('*', { count: 'exact' })
		.eq('job_id', jobId)
		.eq('component', component);

/** The newest lines of a component's log, oldest first, and how many there are in all. */
export async function readLog(
	supabase: ControlClient,
	jobId: string,
	component: string,
): Promise<Page<JobLogRow>> {
	const { rows, total } = await readPart(
		(from, to) =>
			logOf(supabase, jobId, component)
				.order('at', { ascending: false })
				.order('place', { ascending: false })
				.order('event', { ascending: false })
				.order('object', { ascending: false })
				.range(from, to),
		0,
		LOG_LINES,
	);
	return { rows: rows.toReversed(), total };
}

/** The whole log of a component, oldest first. */
export function readWholeLog(
	supabase: ControlClient,
	jobId: string,
	component: string,
): Promise<JobLogRow[]> {
	return allRows((from, to) =>
		logOf(supabase, jobId, component)
			.order('at')
			.order('place')
			.order('event')
			.order('object')
			.range(from, to),
	);
}

/** Every object of a run, for its report as a file. */
export function readAllItems(supabase: ControlClient, jobId: string): Promise<JobItemRow[]> {
	return allRows((from, to) =>
		supabase
			.from('job_items')
			.select('*', { count: 'exact' })
			.eq('job_id', jobId)
			.order('component')
			.order('rank')
			.order('object')
			.range(from, to),
	);
}

/** The attempts of the clone that a job is one of, the first one first; the job alone where it was never run again. */
export async function readAttempts(
	supabase: ControlClient,
	{ id, parent_id: parent }: Pick<JobRow, 'id' | 'parent_id'>,
): Promise<CloneHistoryRow[]> {
	const first = parent ?? id;
	const [firsts, later] = await Promise.all([
		supabase.from('clone_history').select('*').eq('job_id', first).limit(1),
		supabase.from('clone_history').select('*').eq('parent_id', first).order('attempt').limit(1000),
	]);
	return [...rowsOf(firsts), ...rowsOf(later)];
}
