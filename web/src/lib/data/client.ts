// The supabase-js client of a browser tab. Its library is the largest part of the app and no first paint
// needs it (the server has read everything by then), so it is loaded when first used.
import type { SupabaseClient } from '@supabase/supabase-js';
import { PUBLIC_SUPABASE_PUBLISHABLE_KEY, PUBLIC_SUPABASE_URL } from '$app/env/public';
import type { Database } from './rows.ts';

export type ControlClient = SupabaseClient<Database>;

let tabClient: Promise<ControlClient> | undefined;

/** Reads under row level security, and Realtime; it shares the session cookies with the server. */
export function browserClient(): Promise<ControlClient> {
	tabClient ??= makeClient();
	return tabClient;
}

async function makeClient(): Promise<ControlClient> {
	const { createBrowserClient } = await import('@supabase/ssr');
	const client = createBrowserClient<Database>(
		PUBLIC_SUPABASE_URL,
		PUBLIC_SUPABASE_PUBLISHABLE_KEY,
	);
	client.auth.onAuthStateChange((event) => {
		// The session has ended, in this tab or another: the server leads to signing in and back.
		if (event === 'SIGNED_OUT') location.reload();
	});
	return client;
}
