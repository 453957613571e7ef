import { fail, redirect } from '@sveltejs/kit';
import { PUBLIC_SUPABASE_PUBLISHABLE_KEY, PUBLIC_SUPABASE_URL } from '$app/env/public';
import { isSignUpOpen } from '#lib/data/sign-up.ts';
import { problemOfAuth, readCredentials } from '../credentials.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, fetch }) => {
	if (locals.user !== null) redirect(303, '/');
	const control = { url: PUBLIC_SUPABASE_URL, key: PUBLIC_SUPABASE_PUBLISHABLE_KEY };
	return { isOpen: await isSignUpOpen(fetch, control) };
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
