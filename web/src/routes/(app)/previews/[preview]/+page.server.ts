import { error } from '@sveltejs/kit';
import { COMPONENT_KEYS } from '#shared/domain/component.ts';
import { parsePage } from '#lib/data/clones.ts';
import { readPlan, readRisks, WORK_PER_PAGE } from '#lib/data/plans.ts';
import { readPreview } from '#lib/data/previews.ts';
import type { PlannedWorkRow } from '#lib/data/rows.ts';
import { readTwin } from '#lib/data/twins.ts';
import { isUuid } from '#lib/data/uuid.ts';
import { colored } from '#lib/plan/colored.server.ts';
import { callText } from '#lib/plan/plan-file.ts';
import { lineDiff } from '#lib/plan/line-diff.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params, url }) => {
	const { preview: id } = params;
	const preview = isUuid(id) ? await readPreview(locals.supabase, id) : null;
	if (preview === null) error(404, 'There is no such preview.');
	const twin = await readTwin(locals.supabase, preview.twin_id);
	if (twin === null) error(404, 'The twin of this preview is gone.');
	const page = parsePage(url.searchParams.get('page'));
	const search = (url.searchParams.get('q') ?? '').trim();
	const component = COMPONENT_KEYS.find((key) => key === url.searchParams.get('of')) ?? null;
	const [{ rows, total }, risks] = await Promise.all([
		readPlan(locals.supabase, id, { component, search }, page),
		readRisks(locals.supabase, id),
	]);
	const { status, created_at, finished_at } = preview;
	return {
		preview: { id, status, created_at, finished_at },
		twin,
		risks,
		page,
		search,
		component,
		total,
		hasMore: page * WORK_PER_PAGE < total,
		work: rows.map(shown),
	};
};

/** A row with its texts in colours and the difference, so that the page need not make them. */
function shown({
	words: _,
	statements,
	calls,
	definition_before,
	definition_after,
	...row
}: PlannedWorkRow) {
	const sql = statements.map((statement) => `${statement};`).join('\n');
	const requests = calls.map(callText).join('\n');
	return {
		...row,
		sql: statements.length === 0 ? null : { text: sql, pieces: colored(sql, 'pgsql') },
		requests: calls.length === 0 ? null : { text: requests, pieces: colored(requests, 'json') },
		difference:
			definition_before === null && definition_after === null
				? null
				: lineDiff(definition_before ?? '', definition_after ?? ''),
	};
}
