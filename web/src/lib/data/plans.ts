// Reads of the plan of a preview: what a clone would do, in order, and what of it must be agreed to.
import type { ComponentKey } from '#shared/domain/component.ts';
import { allRows, readPart, type Page } from './all-rows.ts';
import type { ControlClient } from './client.ts';
import type { PlannedWorkRow, RiskRow } from './rows.ts';

export const WORK_PER_PAGE = 50;

/** What of a plan is looked at. */
export interface PlanFilter {
	readonly component?: ComponentKey | null;
	/** Words of its statements, calls and names, whatever their case. */
	readonly search?: string;
}

/** A page of the plan, counted from 1. */
export async function readPlan(
	supabase: ControlClient,
	previewId: string,
	{ component = null, search = '' }: PlanFilter,
	page: number,
): Promise<Page<PlannedWorkRow>> {
	return readPart(
		(from, to) => {
			let query = supabase
				.from('planned_work')
				.select('*', { count: 'exact' })
				.eq('preview_id', previewId);
			if (component !== null) query = query.eq('component', component);
			if (search !== '') query = query.ilike('words', `%${asPattern(search)}%`);
			return query.order('rank').order('number').range(from, to);
		},
		(page - 1) * WORK_PER_PAGE,
		WORK_PER_PAGE,
	);
}

/** Text as `ilike` finds it: its own signs are only signs. */
const asPattern = (text: string): string => text.replaceAll(/[\\%_*]/g, String.raw`\$&`);

/** The whole plan, for a file. */
export async function readWholePlan(
	supabase: ControlClient,
	previewId: string,
): Promise<PlannedWorkRow[]> {
	return allRows((from, to) =>
		supabase
			.from('planned_work')
			.select('*', { count: 'exact' })
			.eq('preview_id', previewId)
			.order('rank')
			.order('number')
			.range(from, to),
	);
}

/** What must be agreed to before the clone of a preview. */
export async function readRisks(supabase: ControlClient, previewId: string): Promise<RiskRow[]> {
	return allRows((from, to) =>
		supabase
			.from('preview_risks')
			.select('*', { count: 'exact' })
			.eq('preview_id', previewId)
			.order('risk')
			.order('object')
			.order('component')
			.range(from, to),
	);
}
