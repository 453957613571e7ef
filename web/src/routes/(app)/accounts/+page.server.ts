import { fail } from '@sveltejs/kit';
import { accountsRequestSchema } from '#shared/domain/api.ts';
import {
	callAccounts,
	readAccounts,
	readProjects,
	refreshProjects,
	troublesOf,
} from '#lib/data/accounts.ts';
import { OAUTH_STATE_COOKIE, readCanAuthorize, startOAuth } from '#lib/data/oauth.ts';
import { problemFromDatabase } from '#lib/data/problem.ts';
import { readTwins } from '#lib/data/twins.ts';
import { isUuid } from '#lib/data/uuid.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals }) => {
	const [accounts, projects, twins] = await Promise.all([
		readAccounts(locals.supabase),
		readProjects(locals.supabase),
		readTwins(locals.supabase),
	]);
	// Not awaited: asking the function takes longer than the page, and only the sheet needs it.
	return { accounts, projects, twins, canAuthorize: readCanAuthorize(locals.supabase) };
};

export const actions: Actions = {
	authorize: async ({ locals, request, cookies }) => {
		const accountId = text(await request.formData(), 'account_id');
		const answer = await startOAuth(locals.supabase, isUuid(accountId) ? accountId : null);
		if (answer.problem !== null) {
			return fail(400, { connect: { displayName: '', problem: answer.problem } });
		}
		// Whoever is sent back has to be the browser that was sent away.
		cookies.set(OAUTH_STATE_COOKIE, answer.state, {
			path: '/accounts',
			httpOnly: true,
			sameSite: 'lax',
			secure: locals.isSecure,
			maxAge: 600,
		});
		return { authorizeAt: answer.url };
	},
	connect: async ({ locals, request }) => {
		const form = await request.formData();
		const displayName = text(form, 'display_name');
		const token = text(form, 'token');
		const expiresOn = text(form, 'expires_on');
		const accountId = text(form, 'account_id');
		const wanted = accountsRequestSchema.safeParse({
			action: 'connect_pat',
			token,
			display_name: displayName,
			...(isUuid(accountId) ? { account_id: accountId } : {}),
			...(expiresOn === '' ? {} : { expires_on: expiresOn }),
		});
		// The token itself is never sent back to the page.
		if (!wanted.success) {
			const wrong = (field: string) => wanted.error.issues.some(({ path }) => path[0] === field);
			return fail(400, {
				connect: {
					displayName,
					...(wrong('display_name') && { nameError: 'Give the account a name.' }),
					...(wrong('token') && {
						tokenError: 'This is no access token: one starts with sbp_ and has 44 characters.',
					}),
				},
			});
		}
		const answer = await callAccounts(locals.supabase, wanted.data);
		if (answer.problem !== null) {
			return fail(400, { connect: { displayName, problem: answer.problem } });
		}
		return { troubles: troublesOf(answer.data) };
	},
	rename: async ({ locals, request }) => {
		const form = await request.formData();
		const { problem } = await callAccounts(locals.supabase, {
			action: 'rename',
			account_id: text(form, 'account_id'),
			display_name: text(form, 'display_name'),
		});
		return problem === null ? { problem } : fail(400, { problem });
	},
	disconnect: async ({ locals, request }) => {
		const form = await request.formData();
		const { problem } = await callAccounts(locals.supabase, {
			action: 'disconnect',
			account_id: text(form, 'account_id'),
		});
		return problem === null ? { problem } : fail(400, { problem });
	},
	password: async ({ locals, request }) => {
		const form = await request.formData();
		const given = form.get('password');
		const { problem } = await callAccounts(locals.supabase, {
			action: 'set_database_password',
			account_id: text(form, 'account_id'),
			ref: text(form, 'ref'),
			// Not trimmed: blanks may belong to it.
			password: typeof given === 'string' && given !== '' ? given : null,
		});
		return problem === null ? { problem } : fail(400, { password: problem });
	},
	refresh: async ({ locals }) => ({ troubles: await refreshProjects(locals.supabase, true) }),
	protect: async ({ locals, request }) => {
		const form = await request.formData();
		const { error } = await locals.supabase
			.from('projects')
			.update({ is_protected: form.get('is_protected') === 'on' })
			.eq('account_id', text(form, 'account_id'))
			.eq('ref', text(form, 'ref'));
		return error === null ? { problem: null } : fail(400, { problem: problemFromDatabase(error) });
	},
};

function text(form: FormData, name: string): string {
	const value = form.get(name);
	return typeof value === 'string' ? value.trim() : '';
}
