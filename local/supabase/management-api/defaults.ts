// The settings of a new project. Auth fields that are not named here start as null, as the contract allows.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Settings {
	postgrest: {
		db_schema: string;
		max_rows: number;
		db_extra_search_path: string;
		db_pool: number | null;
	};
	realtime: Record<string, unknown>;
	storage: Record<string, unknown>;
	sslEnforced: boolean;
	postgres: Record<string, unknown>;
}

export function defaultSettings(): Settings {
	return {
		postgrest: {
			db_schema: 'public,graphql_public',
			max_rows: 1000,
			db_extra_search_path: 'public, extensions',
			db_pool: null,
		},
		realtime: {
			private_only: false,
			connection_pool: 2,
			max_concurrent_users: 200,
			max_events_per_second: 100,
			max_bytes_per_second: 100_000,
			max_channels_per_client: 100,
			max_joins_per_second: 100,
			max_presence_events_per_second: null,
			max_payload_size_in_kb: null,
			suspend: false,
			presence_enabled: true,
		},
		storage: {
			fileSizeLimit: 52_428_800,
			features: {
				imageTransformation: { enabled: false },
				s3Protocol: { enabled: true },
				icebergCatalog: { enabled: false, maxNamespaces: 0, maxTables: 0, maxCatalogs: 0 },
				vectorBuckets: { enabled: false, maxBuckets: 0, maxIndexes: 0 },
			},
			capabilities: { list_v2: true, iceberg_catalog: false },
			external: { upstreamTarget: 'main' },
			migrationVersion: 'fix-optimized-search-function',
			databasePoolMode: 'recycled',
		},
		sslEnforced: false,
		postgres: {},
	};
}

const AUTH: Readonly<Record<string, unknown>> = {
	site_url: 'http://localhost:3000',
	uri_allow_list: '',
	disable_signup: false,
	jwt_exp: 3600,
	custom_oauth_max_providers: 0,
	db_max_pool_size: 10,
	db_max_pool_size_unit: 'connections',
	external_anonymous_users_enabled: false,
	external_email_enabled: true,
	external_phone_enabled: false,
	mailer_allow_unverified_email_sign_ins: false,
	mailer_autoconfirm: false,
	mailer_otp_exp: 3600,
	mailer_otp_length: 6,
	mailer_secure_email_change_enabled: true,
	mailer_subjects_confirmation: 'Confirm Your Signup',
	mailer_subjects_invite: 'You have been invited',
	mailer_subjects_magic_link: 'Your Magic Link',
	mailer_subjects_recovery: 'Reset Your Password',
	mailer_subjects_email_change: 'Confirm Email Change',
	mfa_max_enrolled_factors: 10,
	mfa_totp_enroll_enabled: true,
	mfa_totp_verify_enabled: true,
	mfa_phone_otp_length: 6,
	mfa_phone_max_frequency: 5,
	password_min_length: 6,
	password_hibp_enabled: false,
	rate_limit_anonymous_users: 30,
	rate_limit_email_sent: 2,
	rate_limit_otp: 30,
	rate_limit_sms_sent: 30,
	rate_limit_token_refresh: 150,
	rate_limit_verify: 30,
	refresh_token_rotation_enabled: true,
	saml_enabled: false,
	security_captcha_enabled: false,
	security_manual_linking_enabled: false,
	security_refresh_token_reuse_interval: 10,
	security_update_password_require_reauthentication: false,
	sessions_timebox: 0,
	sessions_inactivity_timeout: 0,
	sessions_single_per_user: false,
	smtp_max_frequency: 60,
	sms_autoconfirm: false,
	sms_max_frequency: 60,
	sms_otp_exp: 60,
	sms_otp_length: 6,
	sms_template: 'Your code is {{ .Code }}',
};

/** All fields of AuthConfigResponse. */
export function defaultAuthConfig(): Record<string, unknown> {
	const file = fileURLToPath(new URL('openapi.json', import.meta.url));
	const { properties } = JSON.parse(readFileSync(file, 'utf8')).components.schemas
		.AuthConfigResponse;
	return Object.fromEntries(
		Object.entries<{ type?: string; nullable?: boolean }>(properties).map(([name, schema]) => [
			name,
			name in AUTH ? AUTH[name] : startValue(name, schema),
		]),
	);
}

function startValue(name: string, schema: { type?: string; nullable?: boolean }): unknown {
	if (schema.type === 'boolean' && name.endsWith('_enabled')) return false;
	if (schema.nullable) return null;
	return schema.type === 'boolean' ? false : schema.type === 'integer' ? 0 : '';
}
