import { parseJobStatus, parsePage, readClones } from '#lib/data/clones.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url }) => {
	const status = parseJobStatus(url.searchParams.get('status'));
	const page = parsePage(url.searchParams.get('page'));
	return { status, page, ...(await readClones(locals.supabase, { status }, page)) };
};
