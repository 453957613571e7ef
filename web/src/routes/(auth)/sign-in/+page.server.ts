import { fail, redirect } from '@sveltejs/kit';
import { problemOfAuth, readCredentials, safeReturnPath } from '../credentials.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = ({ locals, url }) => {
	if (locals.user !== null) redirect(303, safeReturnPath(url.searchParams.get('next')));
};

export const actions: Actions = {
	default: async ({ request, locals, url }) => {
		const { email, password } = readCredentials(await request.formData());
		const { error } = await locals.supabase.auth.signInWithPassword({ email, password });
		if (error !== null) return fail(400, { email, problem: problemOfAuth(error) });
		redirect(303, safeReturnPath(url.searchParams.get('next')));
	},
};
