// The two supabase-js clients: one per request on the server, one for the life of the tab.
import { createBrowserClient, createServerClient } from '@supabase/ssr';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { Cookies } from '@sveltejs/kit';
import { PUBLIC_SUPABASE_PUBLISHABLE_KEY, PUBLIC_SUPABASE_URL } from '$app/env/public';
import type { Database } from './rows.ts';

export type ControlClient = SupabaseClient<Database>;

/**
 * The client of one request; it acts as the user whose cookies came with it.
 * `secure`: cookies travel over TLS only. `setHeaders` receives the headers that keep answers with new cookies out of shared caches.
 */
export function serverClient(
	cookies: Cookies,
	secure: boolean,
	fetch: typeof globalThis.fetch,
	setHeaders: (headers: Record<string, string>) => void,
): ControlClient {
	return createServerClient<Database>(PUBLIC_SUPABASE_URL, PUBLIC_SUPABASE_PUBLISHABLE_KEY, {
		global: { fetch },
		cookies: {
			getAll: () => cookies.getAll(),
			setAll: (changed, headers) => {
				for (const { name, value, options } of changed) {
					cookies.set(name, value, { ...options, path: options.path ?? '/', secure });
				}
				setHeaders(headers);
			},
		},
	});
}

let tabClient: ControlClient | undefined;

/** The browser's client: reads under RLS and Realtime; it shares the server's session cookies. */
export function browserClient(): ControlClient {
	tabClient ??= createBrowserClient<Database>(PUBLIC_SUPABASE_URL, PUBLIC_SUPABASE_PUBLISHABLE_KEY);
	return tabClient;
}
