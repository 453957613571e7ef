import { isAuthRetryableFetchError } from '@supabase/supabase-js';
import { fail } from '@sveltejs/kit';
import { ORIGIN } from '$app/env/private';
import { problemOfAuth, readCredentials } from '../credentials.ts';
import type { Actions } from './$types';

export const actions: Actions = {
	default: async ({ request, locals, url }) => {
		const { email } = readCredentials(await request.formData());
		const { error } = await locals.supabase.auth.resetPasswordForEmail(email, {
			redirectTo: `${ORIGIN ?? url.origin}/new-password`,
		});
		if (isAuthRetryableFetchError(error))
			return fail(503, { email, problem: problemOfAuth(error) });
		// Whatever else it says: nobody learns who has an account, nor who has asked a moment ago.
		return { email, isSent: true };
	},
};
