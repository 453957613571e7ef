// Lists the projects of all accounts anew; for the pickers, which show the known list meanwhile.
import { json } from '@sveltejs/kit';
import { readProjects, refreshProjects } from '#lib/data/accounts.ts';
import type { RequestHandler } from './$types';

export const POST: RequestHandler = async ({ locals }) => {
	const troubles = await refreshProjects(locals.supabase, false);
	return json({ troubles, projects: await readProjects(locals.supabase) });
};
