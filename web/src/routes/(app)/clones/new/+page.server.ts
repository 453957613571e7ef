import { fail, redirect } from '@sveltejs/kit';
import { cloneOptionsSchema } from '#shared/domain/clone.ts';
import { readAccounts, readProjects } from '#lib/data/accounts.ts';
import { problemFromDatabase } from '#lib/data/problem.ts';
import { readTwin, readTwins } from '#lib/data/twins.ts';
import { isUuid } from '#lib/data/uuid.ts';
import { agreement, cloneArguments, draftFromOptions, parseDraft } from '#lib/wizard/draft.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url }) => {
	const twinId = url.searchParams.get('twin');
	const [accounts, projects, twins, twin] = await Promise.all([
		readAccounts(locals.supabase),
		readProjects(locals.supabase),
		readTwins(locals.supabase),
		twinId !== null && isUuid(twinId) ? readTwin(locals.supabase, twinId) : null,
	]);
	const options = cloneOptionsSchema.safeParse(twin?.options ?? {});
	return {
		accounts,
		projects,
		twins,
		/** The draft that repeats a twin, when the address names one. */
		repeated:
			twin === null || !options.success
				? null
				: draftFromOptions(
						{ account_id: twin.source_account_id, ref: twin.source_ref },
						{ account_id: twin.target_account_id, ref: twin.target_ref },
						options.data,
					),
	};
};

export const actions: Actions = {
	default: async ({ locals, request }) => {
		const form = await request.formData();
		const text = (name: string): string | null => {
			const value = form.get(name);
			return typeof value === 'string' ? value : null;
		};
		const args = cloneArguments(parseDraft(text('draft')));
		if (args === null) {
			return fail(400, {
				problem: {
					message: 'The draft is not complete.',
					fix: 'Go back and fill in what is missing.',
				},
			});
		}
		const { data, error } = await locals.supabase.rpc('start_clone', {
			...args,
			...agreement(text('preview'), text('agreed')),
		});
		if (error !== null) return fail(409, { problem: problemFromDatabase(error) });
		redirect(303, `/clones/${data.id}`);
	},
};
