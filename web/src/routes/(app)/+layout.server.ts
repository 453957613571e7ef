import { error } from '@sveltejs/kit';
import { readRunningClones } from '#lib/data/clones.ts';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = async ({ locals }) => {
	// `hooks.server.ts` has turned away who is not signed in; what is left could not be looked up.
	if (locals.user === null) error(503, UNREACHABLE);
	return {
		user: locals.user,
		// A shell without its count is better than no page: the pages report what is wrong.
		running: await readRunningClones(locals.supabase).catch(() => []),
	};
};

const UNREACHABLE = {
	message: 'The control project cannot be reached.',
	fix: 'It may be starting again: try once more in a moment. Running clones go on.',
};
