import { fail, redirect } from '@sveltejs/kit';
import { problemOfAuth, readCredentials } from '../credentials.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = ({ locals }) => {
	if (locals.user !== null) redirect(303, '/');
};

export const actions: Actions = {
	default: async ({ request, locals }) => {
		const { email, password } = readCredentials(await request.formData());
		const { data, error } = await locals.supabase.auth.signUp({ email, password });
		if (error !== null) return fail(400, { email, problem: problemOfAuth(error) });
		if (data.session === null) {
			return { email, notice: 'Open the link in the message we sent you, then sign in.' };
		}
		redirect(303, '/');
	},
};
