// What is left to do by hand for a twin.
import { ARMED_COMPONENTS, canBeArmed } from '#shared/domain/arming.ts';
import { allRows, readPart, type Page } from './all-rows.ts';
import type { ControlClient } from './client.ts';
import type { ToDoRow } from './rows.ts';

export const TO_DO_PER_PAGE = 50;

/** What is left first, then what was ticked off; `page` counts from 1. */
export function readToDo(
	supabase: ControlClient,
	twinId: string,
	page: number,
): Promise<Page<ToDoRow> & { readonly left: number }> {
	const of = () =>
		supabase.from('twin_to_do').select('*', { count: 'exact' }).eq('twin_id', twinId);
	return Promise.all([
		readPart(
			(from, to) =>
				of()
					.order('ticked_at', { ascending: true, nullsFirst: true })
					.order('component')
					.order('object')
					.range(from, to),
			(page - 1) * TO_DO_PER_PAGE,
			TO_DO_PER_PAGE,
		),
		readPart((from, to) => of().is('ticked_at', null).order('object').range(from, to), 0, 1),
	]).then(([part, left]) => ({ ...part, left: left.total }));
}

/** Everything of a twin that rests and can be armed, on whichever page of the list it stands. */
export async function readResting(supabase: ControlClient, twinId: string): Promise<ToDoRow[]> {
	const rows = await allRows((from, to) =>
		supabase
			.from('twin_to_do')
			.select('*', { count: 'exact' })
			.eq('twin_id', twinId)
			.in('component', ARMED_COMPONENTS)
			.order('component')
			.order('object')
			.range(from, to),
	);
	return rows.filter(canBeArmed);
}
