import { redirect } from '@sveltejs/kit';
import { readRunningClones } from '#lib/data/clones.ts';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = async ({ locals, url }) => {
	if (locals.user === null) {
		const next =
			url.pathname === '/' ? '' : `?next=${encodeURIComponent(url.pathname + url.search)}`;
		redirect(303, `/sign-in${next}`);
	}
	return {
		user: locals.user,
		// A shell without its count is better than no page: the pages report what is wrong.
		running: await readRunningClones(locals.supabase).catch(() => []),
	};
};
