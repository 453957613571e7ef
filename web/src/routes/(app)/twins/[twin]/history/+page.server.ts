import { parsePage, readClones, readVerifications } from '#lib/data/clones.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url, parent }) => {
	const { twin } = await parent();
	const page = parsePage(url.searchParams.get('page'));
	const verified = parsePage(url.searchParams.get('verified'));
	const [history, verifications] = await Promise.all([
		readClones(locals.supabase, { twinId: twin.twin_id }, page),
		readVerifications(locals.supabase, twin.twin_id, verified),
	]);
	return { page, verified, ...history, verifications };
};
