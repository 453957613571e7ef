// The demo's user at the control project: signed in with supabase-js, through the same doors as the web app.

import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { StackError } from '../supabase/stack-error.ts';
import type { StackFile } from './stack-file.ts';

export interface DemoSession {
	readonly supabase: SupabaseClient;
	/** The connected sample account. */
	readonly accountId: string;
	close(): Promise<void>;
}

export async function signIn(stack: StackFile): Promise<DemoSession> {
	const supabase = createClient(stack.control.url, stack.control.publishable_key, {
		auth: { persistSession: false, autoRefreshToken: true },
	});
	const { error } = await supabase.auth.signInWithPassword(stack.user);
	if (error) throw refused('Signing in', error);
	await supabase.realtime.setAuth();
	const accounts = await supabase
		.from('connected_accounts')
		.select('id')
		.eq('status', 'connected')
		.limit(1);
	if (accounts.error) throw refused('Reading the accounts', accounts.error);
	const [account] = accounts.data;
	if (!account) throw refused('Reading the accounts', { message: 'none is connected' });
	return {
		supabase,
		accountId: String(account.id),
		async close() {
			await supabase.removeAllChannels();
			await supabase.auth.stopAutoRefresh();
			void supabase.realtime.disconnect();
		},
	};
}

/** An answer of the control project that the demo cannot go on with. */
export const refused = (
	what: string,
	error: { message: string; hint?: string | null },
): StackError =>
	new StackError(
		`${what} failed: ${error.message}`,
		error.hint ? error.hint : 'Read .local/logs, or start anew with: npm run demo -- --reset',
	);
