import { describe, expect, it } from 'vitest';
import { hostsIn, referencesIn, rewriteReferences, withoutSecrets } from './references.ts';

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
