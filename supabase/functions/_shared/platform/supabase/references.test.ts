import { describe, expect, it } from 'vitest';
import { TwinsError } from '../../domain/errors.ts';
import { isFilledIn } from './key-like.ts';
import {
	hostsIn,
	readReferences,
	referencesIn,
	rewriteReferences,
	withoutSecrets,
} from './references.ts';

const jwt = (claims: object): string =>
	`${btoa('{"alg":"HS256"}').replaceAll('=', '')}.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.c2lnbmF0dXJl-${'x'.repeat(20)}`;
const serviceKey = (ref: string, iat = 1): string => jwt({ role: 'service_role', ref, iat });

const S = 'abcdefghijklmnopqrst';
const T = 'tttttttttttttttttttt';
const source = {
	ref: S,
	url: `https://${S}.supabase.co`,
	keys: [
		{ name: 'default', value: `sb_publishable_${'a'.repeat(20)}` },
		{ name: 'default', value: `sb_secret_${'b'.repeat(20)}` },
		{ name: 'service_role', value: serviceKey(S) },
	],
};
const target = {
	ref: T,
	url: `https://${T}.supabase.co`,
	keys: [
		{ name: 'default', value: `sb_publishable_${'c'.repeat(20)}` },
		{ name: 'default', value: `sb_secret_${'d'.repeat(20)}` },
		{ name: 'service_role', value: serviceKey(T) },
	],
};
const rewrite = (text: string) => rewriteReferences(text, source, target);
/** Given by the URL of its database: nobody knows the project's own ref and address. */
const unknown = { ref: 'db.example:5432/postgres', url: '', keys: [{ name: 'a', value: '' }] };

describe('an endpoint whose address is unknown', () => {
	const text = `select net.http_post('${source.url}/functions/v1/x', '${S}')`;

	it('as the target leaves placeholders to fill in', () => {
		expect(rewriteReferences(text, source, unknown)).toEqual({
			text: "select net.http_post('REPLACE_WITH_PROJECT_URL/functions/v1/x', 'REPLACE_WITH_PROJECT_REF')",
			changes: ['project URL', 'project ref'],
			missing: ['project URL', 'project ref'],
		});
	});

	it('as the source leaves all that is no key as it is', () => {
		const other = `select 1, '' || "a b" -- https://elsewhere.example/x?y=z`;
		for (const same of [text, other]) {
			expect(rewriteReferences(same, unknown, target)).toMatchObject({ text: same, changes: [] });
			expect(referencesIn(same, unknown)).toEqual([]);
		}
	});
});

describe('rewriting references to the source', () => {
	it('replaces the URL, hosts built from the ref, and the bare ref', () => {
		expect(
			rewrite(`${source.url}/functions/v1/x db.${S}.supabase.co postgres.${S} '${S}'`),
		).toEqual({
			text: `${target.url}/functions/v1/x db.${T}.supabase.co postgres.${T} '${T}'`,
			changes: ['project URL', 'project ref'],
			missing: [],
		});
	});

	it('keeps escaped slashes of JSON and finds the ref in a percent-encoded URL', () => {
		expect(rewrite(`"https:\\/\\/${S}.supabase.co\\/x" https%3A%2F%2F${S}.supabase.co`).text).toBe(
			`"https:\\/\\/${T}.supabase.co\\/x" https%3A%2F%2F${T}.supabase.co`,
		);
	});

	it('leaves longer words that only begin or end like the ref', () => {
		const text = `x${S} ${S}z https://${S}x.supabase.co`;
		expect(rewrite(text)).toEqual({ text, changes: [], missing: [] });
	});

	it('replaces each key by the key of the same kind, though two share a name', () => {
		const text = source.keys.map(({ value }) => `Bearer ${value}`).join(' ');
		expect(rewrite(text).text).toBe(target.keys.map(({ value }) => `Bearer ${value}`).join(' '));
		expect(rewrite(text).changes).toEqual([
			'publishable key "default"',
			'secret key "default"',
			'service_role key',
		]);
	});

	it('knows a legacy key signed at another time by its claims, and leaves those of others', () => {
		expect(rewrite(serviceKey(S, 99)).text).toBe(serviceKey(T));
		const foreign = serviceKey('zzzzzzzzzzzzzzzzzzzz');
		expect(rewrite(foreign).text).toBe(foreign);
	});

	it('never lets a key of the source travel, even where the target has none like it', () => {
		const bare = { ...target, keys: [] };
		const { text, missing } = rewriteReferences(`k=${serviceKey(S)}`, source, bare);
		expect(text).toBe('k=REPLACE_WITH_SERVICE_ROLE_KEY');
		expect(missing).toEqual(['service_role key']);
	});

	it('changes nothing the second time', () => {
		const once = rewrite(`${source.url} ${serviceKey(S)} ${S}`).text;
		expect(rewrite(once)).toEqual({ text: once, changes: [], missing: [] });
	});

	it('tells apart local projects that differ only in a port', () => {
		const local = { ...source, url: 'http://127.0.0.1:543' };
		const text = 'http://127.0.0.1:5432/x http://127.0.0.1:543/x';
		expect(rewriteReferences(text, local, target).text).toBe(
			`http://127.0.0.1:5432/x ${target.url}/x`,
		);
	});
});

describe('where the keys of the source are unknown', () => {
	const unknown = { ...source, keys: [], keysUnknown: true };
	const other = serviceKey('z'.repeat(20), 5);

	it.each([
		[
			`'{"Authorization": "Bearer ${other}"}'`,
			`'{"Authorization": "Bearer REPLACE_WITH_SERVICE_ROLE_KEY"}'`,
		],
		[`sb_secret_${'q'.repeat(9)}`, 'REPLACE_WITH_SECRET_KEY'],
		[`x=sb_publishable_${'q'.repeat(9)}&y`, 'x=REPLACE_WITH_PUBLISHABLE_KEY&y'],
		[`'bearer cron-secret.1'`, `'bearer REPLACE_WITH_BEARER_TOKEN'`],
		[
			`jsonb_build_object('apikey', 'abc123')`,
			`jsonb_build_object('apikey', 'REPLACE_WITH_API_KEY')`,
		],
		[`"{\\"x-api-key\\":\\"abc123\\"}"`, `"{\\"x-api-key\\":\\"REPLACE_WITH_API_KEY\\"}"`],
		['https://x.test/?apikey=abc123&z=1', 'https://x.test/?apikey=REPLACE_WITH_API_KEY&z=1'],
		// The source's own legacy key is known by its claims, and the target has one like it.
		[serviceKey(S, 3), serviceKey(T)],
	])('makes %s a placeholder', (text, wanted) => {
		expect(rewriteReferences(text, unknown, target).text).toBe(wanted);
	});

	it.each([
		`'Bearer ' || (select decrypted_secret from vault.decrypted_secrets)`,
		`format('Bearer %s', key)`,
		`jsonb_build_object('apikey', current_setting('app.key'))`,
		`Bearer ${serviceKey(T)} ${target.keys[1]?.value}`,
		'Bearer REPLACE_WITH_BEARER_TOKEN',
	])('leaves %s', (text) => {
		expect(rewriteReferences(text, unknown, target)).toEqual({ text, changes: [], missing: [] });
	});

	it('keeps what somebody put in place of a placeholder, but never what the source has there', () => {
		const wanted = `k='REPLACE_WITH_SECRET_KEY'`;
		expect(isFilledIn(wanted, `k='mine'`, `k='theirs'`)).toBe(true);
		expect(isFilledIn(wanted, `k='theirs'`, `k='theirs'`)).toBe(false);
		expect(isFilledIn(wanted, `k='mine' or more`, `k='theirs'`)).toBe(false);
	});
});

describe('reading what can be mentioned', () => {
	const endpoint = (keys: () => Promise<typeof source.keys>) => readReferences({ ...source, keys });

	it('knows that keys are missing when they are masked or refused', async () => {
		expect(await endpoint(() => Promise.resolve(source.keys))).toMatchObject({
			keysUnknown: false,
		});
		for (const value of ['', 'sb_secret_abcde···················'])
			expect(await endpoint(() => Promise.resolve([{ name: 'default', value }]))).toMatchObject({
				keysUnknown: true,
			});
		const refusal = new TwinsError('api_refused', 'no', 'ask', { httpStatus: 403 });
		expect(await endpoint(() => Promise.reject(refusal))).toMatchObject({ keysUnknown: true });
	});

	it('passes on trouble that passes', async () => {
		const busy = new TwinsError('rate_limited', 'slow', 'wait', { passing: true });
		await expect(endpoint(() => Promise.reject(busy))).rejects.toBe(busy);
	});
});

it('names what a text mentions without its value', () => {
	expect(referencesIn(`call ${source.url} with ${serviceKey(S)}`, source)).toEqual([
		'project URL',
		'service_role key',
	]);
});

it('lists hosts without paths, users and queries', () => {
	expect(hostsIn(`'https://hooks.slack.com/T0/secret' http://u:p@x.test:8080/?k=1`)).toEqual([
		'hooks.slack.com',
		'x.test:8080',
	]);
});

it('blots out keys, bearer tokens, named secrets, queries and passwords in URLs', () => {
	const shown = withoutSecrets(
		`select net.http_post('https://u:pw1@h.test/x?key=pw2', headers := '{"Authorization":"Bearer pw3pw3","x-api-key":"pw4", "apikey": "${serviceKey(S)}", "k": "sb_secret_pw5pw5pw5"}', 'password' => 'pw6')`,
	);
	for (const secret of ['pw1', 'pw2', 'pw3', 'pw4', 'pw5', 'pw6', 'eyJ']) {
		expect(shown).not.toContain(secret);
	}
	expect(shown).toContain('net.http_post');
});
