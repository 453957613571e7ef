// The supabase-js client of one request, on the server.
import { createServerClient } from '@supabase/ssr';
import type { Cookies } from '@sveltejs/kit';
import { PUBLIC_SUPABASE_PUBLISHABLE_KEY, PUBLIC_SUPABASE_URL } from '$app/env/public';
import type { ControlClient } from './client.ts';
import type { Database } from './rows.ts';

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
