import { redirect } from '@sveltejs/kit';
import { callAccounts } from '#lib/data/accounts.ts';
import { OAUTH_STATE_COOKIE } from '#lib/data/oauth.ts';
import type { Problem } from '#lib/data/problem.ts';
import type { PageServerLoad } from './$types';

/** Supabase sends the user here, with a code or with the reason why there is none. */
export const load: PageServerLoad = async ({
	url,
	cookies,
	locals,
}): Promise<{ problem: Problem }> => {
	const state = url.searchParams.get('state') ?? '';
	const begun = cookies.get(OAUTH_STATE_COOKIE);
	cookies.delete(OAUTH_STATE_COOKIE, { path: '/accounts' });
	if (begun === undefined || begun !== state) {
		return {
			problem: {
				message: 'This browser did not begin a connection, or it is too long ago',
				fix: 'Begin on the page of connected accounts, and agree within ten minutes.',
			},
		};
	}
	const refused = url.searchParams.get('error');
	if (refused !== null) {
		return {
			problem: {
				message: refused === 'access_denied' ? 'You did not agree' : `Supabase refused: ${refused}`,
				fix: 'Nothing was connected. Connect again, or use an access token.',
			},
		};
	}
	const { problem } = await callAccounts(locals.supabase, {
		action: 'finish_oauth',
		state,
		code: url.searchParams.get('code') ?? '',
	});
	if (problem === null) redirect(303, '/accounts?connected');
	return { problem };
};
