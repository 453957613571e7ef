import { describe, expect, it } from 'vitest';
import { type AuthEndpoints, planAuth } from './auth-plan.ts';
import { readAddress } from './hook-functions.ts';
import { type Config, isSame, planFields } from './plan.ts';
import { renameProject } from './rewrite.ts';
import { secretTest } from './secret-digest.ts';

const SOURCE = { ref: 'sourceprojectaaaaaaa', url: 'https://sourceprojectaaaaaaa.supabase.co' };
const TARGET = { ref: 'targetprojectbbbbbbb', url: 'https://targetprojectbbbbbbb.supabase.co' };

interface Given {
	readonly source?: Config;
	readonly target?: Config;
	/** Secret fields that have a value: `source external_google_secret`. */
	readonly secrets?: readonly string[];
	readonly hasFunction?: AuthEndpoints['hasFunction'];
}

function plan({ source = {}, target = {}, secrets = [], hasFunction = () => true }: Given) {
	const { changes, notes } = planAuth({
		source: { ...SOURCE, config: source },
		target: { ...TARGET, config: target },
		hasSecret: (role, field) => secrets.includes(`${role} ${field}`),
		hasFunction,
	});
	return {
		sent: Object.fromEntries(changes.map(({ setting, value }) => [setting, value])),
		changes,
		todo: notes.filter(({ kind }) => kind === 'todo').map(({ setting }) => setting),
		kept: notes.filter(({ kind }) => kind === 'kept').map(({ setting }) => setting),
	};
}

const google = { external_google_enabled: true, external_google_client_id: 'id-of-source' };

describe('the plan of Auth settings', () => {
	it('sends what differs and nothing else', () => {
		const result = plan({
			source: { disable_signup: true, jwt_exp: 3600, site_url: '', mailer_otp_exp: 60 },
			target: { disable_signup: false, jwt_exp: 3600, site_url: null, mailer_otp_exp: 60 },
		});
		expect(result.sent).toEqual({ disable_signup: true });
	});

	it('names the target where the source names itself, and keeps other addresses', () => {
		const result = plan({
			source: {
				site_url: `${SOURCE.url}/app`,
				uri_allow_list: `https://shop.example/**,${SOURCE.url}/cb`,
				mailer_templates_invite_content: 'See https://shop.example',
			},
		});
		expect(result.sent).toEqual({
			site_url: `${TARGET.url}/app`,
			uri_allow_list: `https://shop.example/**,${TARGET.url}/cb`,
			mailer_templates_invite_content: 'See https://shop.example',
		});
		expect(result.changes.map(({ isAdapted }) => isAdapted)).toEqual([true, true, false]);
	});

	it('advises on a site that is not the target', () => {
		expect(plan({ source: { site_url: 'https://shop.example' } }).changes[0]?.fix).toContain(
			'mails',
		);
		expect(plan({ source: { site_url: 'http://localhost:3000' } }).changes[0]?.fix).toBeUndefined();
	});

	it('leaves a provider off whose secret the target lacks', () => {
		const result = plan({ source: google, secrets: ['source external_google_secret'] });
		expect(result.sent).toEqual({ external_google_client_id: 'id-of-source' });
		expect(result.todo).toEqual(['external_google_enabled', 'external_google_secret']);
	});

	it('switches a provider on where the target has the secret, or none is needed', () => {
		const both = ['source external_google_secret', 'target external_google_secret'];
		expect(plan({ source: google, secrets: both }).sent).toEqual(google);
		expect(plan({ source: { ...google } }).sent).toEqual(google);
	});

	it('never mixes credentials: those of the target stay whole', () => {
		const result = plan({
			source: google,
			target: { external_google_client_id: 'id-of-target', external_google_enabled: false },
			secrets: ['source external_google_secret', 'target external_google_secret'],
		});
		expect(result.sent).toEqual({ external_google_enabled: true });
		expect(result.kept).toContain('external_google_client_id');
	});

	it('switches a provider off like any other setting', () => {
		const result = plan({
			source: { external_google_enabled: false },
			target: { external_google_enabled: true },
		});
		expect(result.sent).toEqual({ external_google_enabled: false });
	});

	it('never sends a secret or a mail server, and lists them', () => {
		const result = plan({
			source: {
				smtp_host: 'smtp.example',
				smtp_pass: 'digest',
				smtp_user: 'u',
				rate_limit_email_sent: 9,
			},
			secrets: ['source smtp_pass'],
		});
		expect(result.sent).toEqual({});
		expect(result.todo).toEqual(['smtp_pass', 'mail server']);
	});

	it('keeps the mail server of the target without asking for anything', () => {
		const result = plan({
			source: { smtp_host: 'smtp.production', smtp_pass: 'digest' },
			target: { smtp_host: 'smtp.staging', smtp_pass: 'digest' },
			secrets: ['source smtp_pass', 'target smtp_pass'],
		});
		expect(result).toMatchObject({ sent: {}, todo: [], kept: ['smtp_pass', 'mail server'] });
	});

	it('switches a database hook on when its function is there', () => {
		const source = {
			hook_custom_access_token_enabled: true,
			hook_custom_access_token_uri: 'pg-functions://postgres/public/add_claims',
		};
		expect(plan({ source }).sent).toEqual(source);
		const missing = plan({ source, hasFunction: () => false });
		expect(missing.sent).not.toHaveProperty('hook_custom_access_token_enabled');
		expect(missing.todo).toEqual(['hook_custom_access_token_enabled']);
	});

	it('leaves an HTTP hook off without its secret, pointing at the target where it named the source', () => {
		const source = {
			hook_send_email_enabled: true,
			hook_send_email_uri: `${SOURCE.url}/functions/v1/mail`,
		};
		const without = plan({ source, secrets: ['source hook_send_email_secrets'] });
		expect(without.sent).toEqual({ hook_send_email_uri: `${TARGET.url}/functions/v1/mail` });
		expect(without.todo).toEqual(['hook_send_email_enabled', 'hook_send_email_secrets']);
		const own = plan({
			source,
			target: { hook_send_email_enabled: false, hook_send_email_uri: 'https://staging.example' },
			secrets: ['target hook_send_email_secrets'],
		});
		expect(own).toMatchObject({ sent: {}, kept: ['hook_send_email_uri'] });
	});

	it('leaves captcha off without its secret, and keeps one of another provider', () => {
		const source = { security_captcha_enabled: true, security_captcha_provider: 'turnstile' };
		expect(plan({ source }).sent).toEqual({ security_captcha_provider: 'turnstile' });
		const own = plan({
			source,
			target: { security_captcha_enabled: true, security_captcha_provider: 'hcaptcha' },
			secrets: ['target security_captcha_secret'],
		});
		expect(own).toMatchObject({ sent: {}, kept: ['security_captcha_provider'] });
	});

	it('leaves phone sign-in off while nobody can send', () => {
		const source = {
			external_phone_enabled: true,
			sms_provider: 'twilio',
			mfa_phone_enroll_enabled: true,
		};
		expect(plan({ source }).sent).toEqual({ sms_provider: 'twilio' });
		expect(plan({ source, secrets: ['target sms_twilio_auth_token'] }).sent).toEqual(source);
		const hook = {
			...source,
			hook_send_sms_enabled: true,
			hook_send_sms_uri: 'pg-functions://postgres/public/sms',
		};
		expect(plan({ source: hook }).sent).toEqual(hook);
		expect(plan({ source: hook, hasFunction: () => false }).sent).not.toHaveProperty(
			'external_phone_enabled',
		);
		const ownProvider = plan({
			source,
			target: { external_phone_enabled: true, sms_provider: 'vonage' },
			secrets: ['target sms_vonage_api_secret'],
		});
		expect(ownProvider.sent).toEqual({});
	});

	it('names settings that it does not know when they differ', () => {
		const result = plan({
			source: { brand_new_setting: true, other: 1, nimbus_oauth_email_optional: true },
			target: { other: 1 },
		});
		expect(result.todo).toEqual(['unknown settings']);
	});

	it('finds nothing to send once everything was sent', () => {
		const source = { ...google, site_url: SOURCE.url, hook_send_email_uri: 'https://x.example' };
		const secrets = ['source external_google_secret'];
		const first = plan({ source, secrets });
		expect(plan({ source, target: first.sent, secrets }).sent).toEqual({});
	});
});

describe('plain settings', () => {
	it('treat unset in all its forms as one', () => {
		expect(isSame(null, '')).toBe(true);
		expect(isSame(undefined, false)).toBe(true);
		expect(isSame(null, 0)).toBe(false);
		expect(isSame({ a: 1 }, { a: 1 })).toBe(true);
		expect(isSame(1, 2)).toBe(false);
	});

	it('never send null, and say what is left', () => {
		const { changes, notes } = planFields({ a: null, b: 2 }, { a: 5, b: 1, c: 1 }, ['a', 'b'], {
			size: { fields: ['c'], reason: 'of the size', fix: 'by hand' },
		});
		expect(changes).toMatchObject([{ setting: 'b', value: 2, before: 1 }]);
		expect(notes.map(({ setting }) => setting)).toEqual(['a', 'size']);
	});
});

describe('renaming the project', () => {
	it('replaces address, host and ref as whole words', () => {
		expect(
			renameProject(
				`${SOURCE.url}/x wss://${SOURCE.ref}.supabase.co db.${SOURCE.ref}.supabase.co my${SOURCE.ref}`,
				SOURCE,
				TARGET,
			),
		).toBe(
			`${TARGET.url}/x wss://${TARGET.ref}.supabase.co db.${TARGET.ref}.supabase.co my${SOURCE.ref}`,
		);
	});

	it('does not take a port for the start of a longer one', () => {
		const source = { ref: SOURCE.ref, url: 'http://127.0.0.1:5432' };
		const target = { ref: TARGET.ref, url: 'http://127.0.0.1:6000' };
		expect(renameProject('http://127.0.0.1:54321 http://127.0.0.1:5432/a', source, target)).toBe(
			'http://127.0.0.1:54321 http://127.0.0.1:6000/a',
		);
	});
});

describe('secrets of Auth', () => {
	it('count as unset when empty, or when they are the digest of nothing', async () => {
		const digestOfNothing = 'f9cd2bdbcbbe2a5ed3c67ecbee1eba62a4c29f0f6a4ca2b1e0e1c43dc8b4c1b0';
		const has = await secretTest(SOURCE.ref, { a: '', b: null, c: digestOfNothing });
		expect([has('a'), has('b'), has('c'), has('d')]).toEqual([false, false, true, false]);
		const { createHmac } = await import('node:crypto');
		const empty = createHmac('sha256', SOURCE.ref).update('').digest('hex');
		expect((await secretTest(SOURCE.ref, { a: empty }))('a')).toBe(false);
	});
});

describe('the address of a database hook', () => {
	it('gives schema and function', () => {
		expect(readAddress('pg-functions://postgres/public/f%20x')).toEqual(['public', 'f x']);
		expect(readAddress('https://example.com/a/b')).toBeUndefined();
	});
});
