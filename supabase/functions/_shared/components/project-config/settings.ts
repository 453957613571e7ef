// Which settings are copied, which are not and why: the whole list, held against the vendor's contract by a
// test. A field that is in no list is never sent.

/** Sign-in providers with client id and secret, and what else they have beside `enabled` and `client_id`. */
export const PROVIDERS: Readonly<Record<string, readonly string[]>> = {
	apple: ['email_optional', 'additional_client_ids'],
	azure: ['email_optional', 'url'],
	bitbucket: ['email_optional'],
	discord: ['email_optional'],
	facebook: ['email_optional'],
	figma: ['email_optional'],
	github: ['email_optional'],
	gitlab: ['email_optional', 'url'],
	google: ['email_optional', 'additional_client_ids', 'skip_nonce_check'],
	kakao: ['email_optional'],
	keycloak: ['email_optional', 'url'],
	linkedin_oidc: ['email_optional'],
	notion: ['email_optional'],
	slack: ['email_optional'],
	slack_oidc: ['email_optional'],
	spotify: ['email_optional'],
	twitch: ['email_optional'],
	twitter: ['email_optional'],
	workos: ['url'],
	x: ['email_optional'],
	zoom: ['email_optional'],
};

/** Hooks of Auth that are copied: each has `uri`, `enabled` and `secrets`. */
export const HOOKS = [
	'custom_access_token',
	'send_sms',
	'send_email',
	'before_user_created',
	'after_user_created',
] as const;

/** The secret that each SMS provider needs. */
export const SMS_SECRETS: Readonly<Record<string, string>> = {
	messagebird: 'sms_messagebird_access_key',
	textlocal: 'sms_textlocal_api_key',
	twilio: 'sms_twilio_auth_token',
	twilio_verify: 'sms_twilio_verify_auth_token',
	vonage: 'sms_vonage_api_secret',
};

const MAILS = [
	'invite',
	'confirmation',
	'recovery',
	'email_change',
	'magic_link',
	'reauthentication',
] as const;
const NOTIFICATIONS = [
	'password_changed',
	'email_changed',
	'phone_changed',
	'mfa_factor_enrolled',
	'mfa_factor_unenrolled',
	'identity_linked',
	'identity_unlinked',
] as const;
const MAIL_KINDS = [...MAILS, ...NOTIFICATIONS.map((kind) => `${kind}_notification`)];

/** Sent together, because the service checks them together or because a plan opens them together. */
export const AUTH_GROUPS: Readonly<Record<string, readonly string[]>> = {
	site: ['site_url', 'uri_allow_list'],
	sign_up: [
		'disable_signup',
		'external_email_enabled',
		'external_anonymous_users_enabled',
		'mailer_autoconfirm',
		'mailer_allow_unverified_email_sign_ins',
		'mailer_secure_email_change_enabled',
		'security_manual_linking_enabled',
	],
	tokens: [
		'jwt_exp',
		'refresh_token_rotation_enabled',
		'security_refresh_token_reuse_interval',
		'security_sb_forwarded_for_enabled',
	],
	sessions: ['sessions_timebox', 'sessions_inactivity_timeout'],
	passwords: [
		'password_min_length',
		'password_required_characters',
		'password_hibp_enabled',
		'security_update_password_require_reauthentication',
	],
	mail_codes: ['mailer_otp_exp', 'mailer_otp_length'],
	rate_limits: [
		'rate_limit_anonymous_users',
		'rate_limit_verify',
		'rate_limit_token_refresh',
		'rate_limit_otp',
		'rate_limit_web3',
	],
	mfa: [
		'mfa_max_enrolled_factors',
		'mfa_totp_enroll_enabled',
		'mfa_totp_verify_enabled',
		'mfa_web_authn_enroll_enabled',
		'mfa_web_authn_verify_enabled',
	],
	mfa_phone: [
		'mfa_phone_enroll_enabled',
		'mfa_phone_verify_enabled',
		'mfa_phone_max_frequency',
		'mfa_phone_otp_length',
		'mfa_phone_template',
	],
	sms: [
		'sms_provider',
		'sms_autoconfirm',
		'sms_max_frequency',
		'sms_otp_exp',
		'sms_otp_length',
		'sms_template',
		'external_phone_enabled',
	],
	captcha: ['security_captcha_provider', 'security_captcha_enabled'],
	saml: ['saml_external_url', 'saml_enabled'],
	web3: ['external_web3_solana_enabled', 'external_web3_ethereum_enabled'],
	oauth_server: [
		'oauth_server_authorization_path',
		'oauth_server_allow_dynamic_registration',
		'oauth_server_enabled',
		'custom_oauth_enabled',
	],
	mail_subjects: MAIL_KINDS.map((kind) => `mailer_subjects_${kind}`),
	mail_templates: MAIL_KINDS.map((kind) => `mailer_templates_${kind}_content`),
	notifications: NOTIFICATIONS.map((kind) => `mailer_notifications_${kind}_enabled`),
	...Object.fromEntries(
		Object.entries(PROVIDERS).map(([name, more]) => [
			`provider ${name}`,
			['client_id', ...more, 'enabled'].map((field) => `external_${name}_${field}`),
		]),
	),
	...Object.fromEntries(
		HOOKS.map((name) => [`hook ${name}`, [`hook_${name}_uri`, `hook_${name}_enabled`]]),
	),
};

/** Shown as an HMAC keyed with the ref: writing back what was read would store the HMAC as the secret. */
export const AUTH_SECRETS: readonly string[] = [
	...Object.keys(PROVIDERS).map((name) => `external_${name}_secret`),
	...HOOKS.map((name) => `hook_${name}_secrets`),
	...Object.values(SMS_SECRETS),
	'hook_mfa_verification_attempt_secrets',
	'hook_password_verification_attempt_secrets',
	'nimbus_oauth_client_secret',
	'security_captcha_secret',
	'smtp_pass',
];

export interface LeftOut {
	readonly fields: readonly string[];
	readonly reason: string;
	readonly fix: string;
}

/** Not copied, by reason. A difference is reported once per reason. */
export const AUTH_LEFT_OUT: Readonly<Record<string, LeftOut>> = {
	'mail server': {
		fields: [
			'smtp_admin_email',
			'smtp_host',
			'smtp_port',
			'smtp_user',
			'smtp_sender_name',
			'smtp_max_frequency',
			'rate_limit_email_sent',
		],
		reason:
			'a mail server works only with its password, which cannot be read, and would write to real people',
		fix: 'Set up a mail server for the target under Authentication → Emails → SMTP settings.',
	},
	'SMS account': {
		fields: [
			'sms_messagebird_originator',
			'sms_textlocal_sender',
			'sms_twilio_account_sid',
			'sms_twilio_content_sid',
			'sms_twilio_message_service_sid',
			'sms_twilio_verify_account_sid',
			'sms_twilio_verify_message_service_sid',
			'sms_vonage_api_key',
			'sms_vonage_from',
			'sms_test_otp',
			'sms_test_otp_valid_until',
			'rate_limit_sms_sent',
		],
		reason:
			'an SMS account works only with its secret, which cannot be read, and would text real people',
		fix: 'Set up an SMS provider for the target under Authentication → Providers → Phone.',
	},
	passkeys: {
		fields: [
			'passkey_enabled',
			'webauthn_rp_display_name',
			'webauthn_rp_id',
			'webauthn_rp_origins',
		],
		reason: 'passkeys are bound to the domain of the source',
		fix: 'Set them up for the domain of the target under Authentication → Passkeys.',
	},
	'paid plans': {
		fields: [
			'sessions_single_per_user',
			'sessions_tags',
			'hook_mfa_verification_attempt_enabled',
			'hook_mfa_verification_attempt_uri',
			'hook_password_verification_attempt_enabled',
			'hook_password_verification_attempt_uri',
		],
		reason: 'only some plans have these settings, and one of them makes others be refused',
		fix: 'Set them on the target by hand, if its plan has them.',
	},
	'compute size': {
		fields: ['db_max_pool_size', 'db_max_pool_size_unit', 'api_max_request_duration'],
		reason: 'these depend on the compute size of the project',
		fix: 'Set them on the target by hand, if it is as large as the source.',
	},
	'platform login': {
		fields: ['nimbus_oauth_client_id'],
		reason: 'this belongs to the platform',
		fix: 'Nothing to do.',
	},
};

/** In the answer, but not in what may be sent. */
export const AUTH_READ_ONLY: readonly string[] = [
	'custom_oauth_max_providers',
	'nimbus_oauth_email_optional',
	'saml_allow_encrypted_assertions',
	'audit_log_disable_postgres',
];

export const DATA_API_FIELDS = ['db_schema', 'max_rows', 'db_extra_search_path'] as const;

/** `db_pool` depends on the compute size; `jwt_secret` is the project's own. */
export const DATA_API_LEFT_OUT: Readonly<Record<string, LeftOut>> = {
	'compute size': {
		fields: ['db_pool'],
		reason: 'the size of the pool depends on the compute size of the project',
		fix: 'Set it on the target by hand, if it is as large as the source.',
	},
};

export const REALTIME_FIELDS = [
	'private_only',
	'connection_pool',
	'max_concurrent_users',
	'max_events_per_second',
	'max_bytes_per_second',
	'max_channels_per_client',
	'max_joins_per_second',
	'max_presence_events_per_second',
	'max_payload_size_in_kb',
	'presence_enabled',
] as const;

export const REALTIME_LEFT_OUT: Readonly<Record<string, LeftOut>> = {
	suspension: {
		fields: ['suspend'],
		reason:
			'the service is switched off on one of the two projects, which is a state and no setting',
		fix: 'Switch Realtime on or off on the target by hand.',
	},
};

export const STORAGE_FIELDS = ['fileSizeLimit'] as const;

export const STORAGE_LEFT_OUT: Readonly<Record<string, LeftOut>> = {
	features: {
		fields: ['features'],
		reason: 'features belong to the plan of the project',
		fix: 'Switch features of Storage on the target by hand, if its plan has them.',
	},
};
