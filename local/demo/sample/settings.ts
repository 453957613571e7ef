// Settings of the sample project that differ from a new project's.
import type { SampleApi } from './management-api.ts';

export async function changeSampleSettings(api: SampleApi): Promise<void> {
	await api.call('PATCH', '/config/auth', {
		site_url: 'https://lighthouse.example',
		uri_allow_list: 'https://lighthouse.example/**,http://localhost:3000/**',
		jwt_exp: 7200,
		password_min_length: 8,
		mailer_subjects_recovery: 'Your new key to the Lighthouse',
		rate_limit_token_refresh: 120,
		external_google_enabled: true,
		external_google_client_id: 'lighthouse.apps.example',
		external_google_secret: 'a secret that nobody can read back',
	});
	await api.call('PATCH', '/postgrest', {
		db_schema: 'public,graphql_public,inventory',
		max_rows: 500,
		db_extra_search_path: 'public,extensions',
	});
	await api.call('PATCH', '/config/storage', { fileSizeLimit: 100 * 1024 * 1024 });
	await api.call('PATCH', '/config/realtime', { max_concurrent_users: 150 });
	await api.call('POST', '/secrets', [
		{ name: 'MAIL_SENDER', value: 'orders@lighthouse.example' },
		{ name: 'REPORT_RECIPIENT', value: 'captain@lighthouse.example' },
	]);
}
