// Reads of twins and what belongs to them.
import { COMPONENT_KEYS } from '#shared/domain/component.ts';
import { allRows } from './all-rows.ts';
import type { ProjectChoice } from '../wizard/draft.ts';
import type { ControlClient } from './client.ts';
import { problemFromDatabase, type Problem } from './problem.ts';
import { rowsOf } from './rejected.ts';
import type { IgnoreRuleRow, TwinOverviewRow, TwinTableRow } from './rows.ts';

/** All twins, the most recently used first. */
export async function readTwins(supabase: ControlClient): Promise<TwinOverviewRow[]> {
	return allRows((from, to) =>
		supabase
			.from('twin_overview')
			.select('*', { count: 'exact' })
			.order('last_created_at', { ascending: false, nullsFirst: false })
			.order('twin_id')
			.range(from, to),
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

export async function readIgnoreRules(
	supabase: ControlClient,
	twinId: string,
): Promise<IgnoreRuleRow[]> {
	return allRows((from, to) =>
		supabase
			.from('ignore_rules')
			.select('*', { count: 'exact' })
			.eq('twin_id', twinId)
			.order('pattern')
			.range(from, to),
	);
}

/** Tables of the source as the newest preview listed them; none before the first preview. */
export async function readTwinTables(
	supabase: ControlClient,
	twinId: string,
): Promise<TwinTableRow[]> {
	return allRows((from, to) =>
		supabase
			.from('twin_tables')
			.select('*', { count: 'exact' })
			.eq('twin_id', twinId)
			.order('name')
			.range(from, to),
	);
}

/** Starts a preview of the rows alone: it lists the tables of the source. Answers its id. */
export async function startReadingTables(
	supabase: ControlClient,
	twin: TwinOverviewRow,
): Promise<{ id: string; problem: null } | { id: null; problem: Problem }> {
	const { data, error } = await supabase.rpc('start_preview', {
		source_account_id: twin.source_account_id,
		source_ref: twin.source_ref,
		target_account_id: twin.target_account_id,
		target_ref: twin.target_ref,
		options: {
			components: Object.fromEntries(COMPONENT_KEYS.map((key) => [key, key === 'data'])),
		},
	});
	if (error !== null) return { id: null, problem: problemFromDatabase(error) };
	return { id: data.id, problem: null };
}

/** Ignore rules of a pair of projects, and the tables that they can match; none of either where the pair is new. */
export async function readRulesOfPair(
	supabase: ControlClient,
	source: ProjectChoice | null,
	target: ProjectChoice | null,
): Promise<{ rules: string[]; tables: TwinTableRow[] }> {
	if (source === null || target === null) return { rules: [], tables: [] };
	const [twin] = rowsOf(
		await supabase
			.from('twins')
			.select('id')
			.eq('source_account_id', source.account_id)
			.eq('source_ref', source.ref)
			.eq('target_account_id', target.account_id)
			.eq('target_ref', target.ref)
			.limit(1),
	);
	if (twin === undefined) return { rules: [], tables: [] };
	const [rules, tables] = await Promise.all([
		readIgnoreRules(supabase, twin.id),
		readTwinTables(supabase, twin.id),
	]);
	return { rules: rules.map(({ pattern }) => pattern), tables };
}
