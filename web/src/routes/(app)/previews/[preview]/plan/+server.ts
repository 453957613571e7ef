// The whole plan of a preview as a file of SQL.
import { error } from '@sveltejs/kit';
import { readWholePlan } from '#lib/data/plans.ts';
import { readPreview } from '#lib/data/previews.ts';
import { readTwin } from '#lib/data/twins.ts';
import { isUuid } from '#lib/data/uuid.ts';
import { planFile } from '#lib/plan/plan-file.ts';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = async ({ locals, params }) => {
	const { preview: id } = params;
	const preview = isUuid(id) ? await readPreview(locals.supabase, id) : null;
	const twin = preview === null ? null : await readTwin(locals.supabase, preview.twin_id);
	if (twin === null) error(404, 'There is no such preview.');
	return new Response(planFile(twin, await readWholePlan(locals.supabase, id)), {
		headers: {
			'content-type': 'application/sql; charset=utf-8',
			'content-disposition': `attachment; filename="plan-${id}.sql"`,
		},
	});
};
