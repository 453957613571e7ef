import { error } from '@sveltejs/kit';
import { readTwin } from '#lib/data/twins.ts';
import { isUuid } from '#lib/data/uuid.ts';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = async ({ locals, params }) => {
	const twin = isUuid(params.twin) ? await readTwin(locals.supabase, params.twin) : null;
	if (twin === null) error(404, 'There is no such twin.');
	return { twin };
};
