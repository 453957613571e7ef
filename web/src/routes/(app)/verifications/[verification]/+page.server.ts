import { error } from '@sveltejs/kit';
import { readFindings, readVerification } from '#lib/data/clones.ts';
import { readTwin } from '#lib/data/twins.ts';
import { isUuid } from '#lib/data/uuid.ts';
import { parseSummary } from '#lib/run/verification.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params }) => {
	const { verification: id } = params;
	const verification = isUuid(id) ? await readVerification(locals.supabase, id) : null;
	if (verification === null) error(404, 'There is no such verification.');
	const twin = await readTwin(locals.supabase, verification.twin_id);
	if (twin === null) error(404, 'The twin of this verification is gone.');
	const worst = parseSummary(verification.summary).groups.find(({ entries }) => entries > 0);
	return {
		verification,
		twin,
		findings:
			worst === undefined
				? null
				: {
						component: worst.component,
						rows: await readFindings(locals.supabase, verification.id, worst.component, 1),
					},
	};
};
