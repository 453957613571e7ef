import { readProjects } from '#lib/data/accounts.ts';
import { backupActions } from '#lib/data/backup-actions.ts';
import { hasOwnStore, readBackups, readDestinations } from '#lib/data/backups.ts';
import { parsePage } from '#lib/data/clones.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url }) => {
	const page = parsePage(url.searchParams.get('page'));
	const [list, destinations, projects] = await Promise.all([
		readBackups(locals.supabase, null, page),
		readDestinations(locals.supabase),
		readProjects(locals.supabase),
	]);
	return {
		...list,
		page,
		destinations,
		projects,
		// Not awaited: asking the function takes longer than the page.
		ownStore: destinations.length > 0 ? Promise.resolve(null) : hasOwnStore(locals.supabase),
	};
};

export const actions: Actions = backupActions;
