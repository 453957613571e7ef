// The environment the web app reads when it starts.
import { building } from '$app/env';
import { defineEnvVars } from '@sveltejs/kit/env';

export const variables = defineEnvVars({
	PUBLIC_SUPABASE_URL: {
		public: true,
		description: 'URL of the control project, no trailing slash.',
		schema: (value) => required('PUBLIC_SUPABASE_URL', value),
	},
	PUBLIC_SUPABASE_PUBLISHABLE_KEY: {
		public: true,
		description: 'Publishable key (sb_publishable_…) of the control project.',
		schema: (value) => required('PUBLIC_SUPABASE_PUBLISHABLE_KEY', value),
	},
	ORIGIN: {
		description:
			'Address under which browsers reach this app; needed for plain http and behind proxies.',
		schema: (value) => (value === undefined || value === '' ? undefined : new URL(value).origin),
	},
});

function required(name: string, value: string | undefined): string {
	// A build serves every control project, so it knows none.
	if (building) return value ?? '';
	if (value === undefined || value === '') throw new Error(`${name} must be set`);
	return value;
}
