import { parseJobStatus, readClones } from '#lib/data/clones.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url }) => {
	const status = parseJobStatus(url.searchParams.get('status'));
	const page = Math.max(1, Number.parseInt(url.searchParams.get('page') ?? '1', 10) || 1);
	return { status, page, ...(await readClones(locals.supabase, status, page)) };
};
