// Reads of twins and what belongs to them.
import type { ControlClient } from './client.ts';
import { rowsOf } from './rejected.ts';
import type { CloneHistoryRow, IgnoreRuleRow, TwinOverviewRow } from './rows.ts';

const MOST_TWINS = 200;
const MOST_HISTORY = 100;

/** All twins, the most recently used first. */
export async function readTwins(supabase: ControlClient): Promise<TwinOverviewRow[]> {
	return rowsOf(
		await supabase
			.from('twin_overview')
			.select('*')
			.order('last_created_at', { ascending: false, nullsFirst: false })
			.limit(MOST_TWINS),
	);
}

/** One twin, or null when there is none (or it is someone else's). */
export async function readTwin(
	supabase: ControlClient,
	twinId: string,
): Promise<TwinOverviewRow | null> {
	const rows = rowsOf(
		await supabase.from('twin_overview').select('*').eq('twin_id', twinId).limit(1),
	);
	return rows[0] ?? null;
}

/** The clones of a twin, newest first. */
export async function readTwinHistory(
	supabase: ControlClient,
	twinId: string,
): Promise<CloneHistoryRow[]> {
	return rowsOf(
		await supabase
			.from('clone_history')
			.select('*')
			.eq('twin_id', twinId)
			.order('created_at', { ascending: false })
			.limit(MOST_HISTORY),
	);
}

export async function readIgnoreRules(
	supabase: ControlClient,
	twinId: string,
): Promise<IgnoreRuleRow[]> {
	return rowsOf(
		await supabase.from('ignore_rules').select('*').eq('twin_id', twinId).order('pattern'),
	);
}
