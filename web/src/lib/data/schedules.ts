// Reads of schedules, and when they run. The database decides what is due; this only asks it.
import { allRows } from './all-rows.ts';
import type { ControlClient } from './client.ts';
import { problemFromDatabase, type Problem } from './problem.ts';
import { rowsOf } from './rejected.ts';
import type { ScheduleRow } from './rows.ts';

/** Schedules of the user, or of one twin, the next due first. */
export async function readSchedules(
	supabase: ControlClient,
	twinId: string | null = null,
): Promise<ScheduleRow[]> {
	return allRows((from, to) => {
		const all = supabase.from('schedule_health').select('*', { count: 'exact' });
		return (twinId === null ? all : all.eq('twin_id', twinId))
			.order('next_run_at', { nullsFirst: false })
			.order('schedule_id')
			.range(from, to);
	});
}

/** One schedule, or null when there is none (or it is someone else's). */
export async function readSchedule(
	supabase: ControlClient,
	scheduleId: string,
): Promise<ScheduleRow | null> {
	const rows = rowsOf(
		await supabase.from('schedule_health').select('*').eq('schedule_id', scheduleId).limit(1),
	);
	return rows[0] ?? null;
}

export interface Rhythm {
	readonly every_hours: number | null;
	readonly cron: string | null;
	readonly timezone: string;
}

/** The next five times of a rhythm, or why it is none. */
export async function readNextRuns(
	supabase: ControlClient,
	{ every_hours, cron, timezone }: Rhythm,
): Promise<{ runs: string[]; problem: null } | { runs: null; problem: Problem }> {
	const { data, error } = await supabase.rpc('next_runs', {
		timezone,
		...(every_hours === null ? {} : { every_hours }),
		...(cron === null ? {} : { cron }),
	});
	if (error !== null) return { runs: null, problem: problemFromDatabase(error) };
	return { runs: data, problem: null };
}
