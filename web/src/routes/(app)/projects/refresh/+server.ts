// Lists the projects of all accounts anew; for the pickers, which show the known list meanwhile.
import { error, json } from '@sveltejs/kit';
import { readProjects, refreshProjects } from '#lib/data/accounts.ts';
import type { RequestHandler } from './$types';

export const POST: RequestHandler = async ({ locals }) => {
	if (locals.user === null) error(401, 'You are not signed in.');
	const troubles = await refreshProjects(locals.supabase, false);
	return json({ troubles, projects: await readProjects(locals.supabase) });
};
