// Where the link of the message leads. It carries a code for this browser, or (in installations with a template of their own)
// the hash of a token, which is only used once the new password is sent: what looks at links in mails uses up nothing.
import { fail, redirect } from '@sveltejs/kit';
import { LINK_IS_OVER, problemOfAuth, readCredentials } from '../credentials.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url }) => {
	const code = url.searchParams.get('code');
	if (code !== null && code !== '') {
		const { error } = await locals.supabase.auth.exchangeCodeForSession(code);
		if (error === null) redirect(303, '/new-password');
		return { tokenHash: null, problem: problemOfAuth(error) };
	}
	const tokenHash = url.searchParams.get('token_hash');
	const isRefused = url.searchParams.has('error_code');
	const mayChoose = !isRefused && (tokenHash !== null || locals.user !== null);
	return { tokenHash, problem: mayChoose ? null : LINK_IS_OVER };
};

export const actions: Actions = {
	default: async ({ request, locals }) => {
		const form = await request.formData();
		const { password } = readCredentials(form);
		const token = form.get('token_hash');
		if (typeof token === 'string' && token !== '') {
			const { error } = await locals.supabase.auth.verifyOtp({
				type: 'recovery',
				token_hash: token,
			});
			if (error !== null) return fail(400, { problem: problemOfAuth(error) });
		}
		const { error } = await locals.supabase.auth.updateUser({ password });
		if (error !== null) return fail(400, { problem: problemOfAuth(error) });
		// Whoever knew the old one is out.
		await locals.supabase.auth.signOut({ scope: 'others' });
		redirect(303, '/');
	},
};
