// Connecting an account at Supabase, as the web app sees it: where to send the user, and what comes back.
import * as z from 'zod/mini';
import { callAccounts } from './accounts.ts';
import type { ControlClient } from './client.ts';
import type { Problem } from './problem.ts';

/** Keeps the state while the user is at Supabase. */
export const OAUTH_STATE_COOKIE = 'twins-oauth-state';

const methods = z.object({ methods: z.array(z.string()) });
const started = z.object({ url: z.url(), state: z.string() });

/** Whether this installation has an OAuth app. False also when the function does not answer. */
export async function readCanAuthorize(supabase: ControlClient): Promise<boolean> {
	const answer = await callAccounts(supabase, { action: 'connection_methods' });
	const parsed = z.safeParse(methods, answer.data);
	return parsed.success && parsed.data.methods.includes('oauth');
}

/** Where the user agrees, and the state to keep. `accountId`: the account that is reconnected. */
export async function startOAuth(
	supabase: ControlClient,
	accountId: string | null,
): Promise<{ url: string; state: string; problem: null } | { problem: Problem }> {
	const answer = await callAccounts(supabase, {
		action: 'start_oauth',
		...(accountId === null ? {} : { account_id: accountId }),
	});
	if (answer.problem !== null) return { problem: answer.problem };
	return { ...z.parse(started, answer.data), problem: null };
}
