import { fail } from '@sveltejs/kit';
import { readProjects } from '#lib/data/accounts.ts';
import { backupActions } from '#lib/data/backup-actions.ts';
import { hasOwnStore, readBackups, readDestinations, readRetention } from '#lib/data/backups.ts';
import { parsePage } from '#lib/data/clones.ts';
import { problemFromDatabase } from '#lib/data/problem.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params, url }) => {
	const page = parsePage(url.searchParams.get('page'));
	const [list, destinations, projects, retention] = await Promise.all([
		readBackups(locals.supabase, params.twin, page),
		readDestinations(locals.supabase),
		readProjects(locals.supabase),
		readRetention(locals.supabase, params.twin),
	]);
	return {
		...list,
		page,
		destinations,
		projects,
		retention,
		ownStore: destinations.length > 0 ? Promise.resolve(null) : hasOwnStore(locals.supabase),
	};
};

export const actions: Actions = {
	...backupActions,
	keep: async ({ locals, params, request }) => {
		const form = await request.formData();
		const given = (name: string): number | null => {
			const text = form.get(name);
			return typeof text === 'string' && text.trim() !== '' ? Math.round(Number(text)) : null;
		};
		const { error } = await locals.supabase.rpc('save_retention', {
			twin_id: params.twin,
			// The generated types know no null, the function takes it as "no limit".
			keep_backups: given('keep_backups') as number,
			keep_days: given('keep_days') as number,
		});
		return error === null ? {} : fail(400, { problem: problemFromDatabase(error) });
	},
};
