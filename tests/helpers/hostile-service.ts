// Answers of a service that may be anything, and a service that gives them.
import { expect } from 'vitest';
import { errorBody, TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import {
	createManagementApi,
	type ManagementApi,
} from '../../supabase/functions/_shared/platform/supabase/management-api.ts';

export const TOKEN = 'sbp_planted_token_of_the_test';
export const REF = 'abcdefghijklmnopqrst';
export const MEGABYTE = 1024 * 1024;

/** Bytes that were taken of endless bodies. */
export const taken = { bytes: 0 };

const json =
	(value: unknown, status = 200) =>
	() =>
		Response.json(value, { status });
const text =
	(body: string, type: string, status = 200) =>
	() =>
		new Response(body, { status, headers: { 'content-type': type } });

export const ANSWERS: Readonly<Record<string, () => Response>> = {
	null: json(null),
	'a number': json(42),
	'a text': json('yes'),
	'an empty list': json([]),
	'an empty object': json({}),
	'a list of nulls': json([null, null]),
	'a list of lists': json([[[]]]),
	'objects of nulls': json([
		{ slug: null, name: null, ref: null, status: null, db_host: null, api_key: null, value: null },
	]),
	'other types': json([
		{ slug: {}, name: 7, ref: [], status: 1, db_host: 5, db_port: 'x', api_key: 1, value: [] },
	]),
	'one object of other types': json({
		role: 1,
		password: {},
		ttl_seconds: '300',
		access_token: 1,
		refresh_token: [],
		expires_in: 'soon',
		items: 'none',
		metrics: null,
		fileSizeLimit: 'much',
		name: 1,
		status: null,
	}),
	'a prototype': text('{"__proto__": {"polluted": true}, "constructor": 1}', 'application/json'),
	'very deep JSON': text('['.repeat(20_000) + ']'.repeat(20_000), 'application/json'),
	'JSON cut off': text('[{"slug": "a", "name"', 'application/json'),
	nothing: text('', 'application/json'),
	'HTML with 200': text('<html><body>Bad gateway</body></html>', 'text/html'),
	'HTML with 502': text('<html><body>Bad gateway</body></html>', 'text/html', 502),
	'an error of other types': json({ message: { a: 1 }, error: 5, missing_permissions: 'all' }, 403),
	'an error that is a list': json([1, 2], 400),
	'no patience': () =>
		new Response('{}', { status: 429, headers: { 'retry-after': '99999999999999999999' } }),
	'a way to somewhere else': () =>
		new Response(null, { status: 302, headers: { location: 'https://elsewhere.example/take' } }),
	'not modified': () => new Response(null, { status: 304 }),
	'a way that stays': () =>
		new Response('[]', { status: 308, headers: { location: 'https://elsewhere.example/take' } }),
	'an endless body': () => {
		const chunk = new Uint8Array(MEGABYTE).fill(0x20);
		return new Response(
			new ReadableStream<Uint8Array>(
				{
					pull(controller) {
						taken.bytes += chunk.length;
						controller.enqueue(chunk);
					},
				},
				{ highWaterMark: 0 },
			),
		);
	},
	'a body that breaks off': () =>
		new Response(
			new ReadableStream<Uint8Array>({
				start(controller) {
					controller.enqueue(new TextEncoder().encode('[{"slug":'));
					controller.error(new Error('socket hang up'));
				},
			}),
		),
};

/** A hostile service, and what was asked of it. */
export interface Hostile {
	readonly fetch: typeof globalThis.fetch;
	readonly api: ManagementApi;
}

export const OWN_MISTAKE =
	/TypeError|RangeError|undefined|is not a function|not iterable|Cannot read|Zod|invalid_type|\[object/;

/** `knows`: calls that are answered as they should be. */
export function hostile(
	answer: () => Response,
	knows: (method: string, url: string) => unknown = () => undefined,
) {
	const asked: { method: string; url: string; redirect: unknown }[] = [];
	const fetch = ((url: string, init: RequestInit = {}) => {
		asked.push({ method: init.method ?? 'GET', url, redirect: init.redirect });
		const known = knows(init.method ?? 'GET', url);
		return Promise.resolve(known === undefined ? answer() : Response.json(known));
	}) as typeof globalThis.fetch;
	const api = createManagementApi({
		baseUrl: 'https://api.example',
		token: TOKEN,
		ref: REF,
		readOnly: false,
		fetch,
		wait: () => Promise.resolve(),
	});
	return { asked, use: { fetch, api } };
}

/** That a refusal of such an answer is one for people. */
export function expectForPeople(error: unknown): void {
	const body = errorBody(error);
	expect(error, body.message).toBeInstanceOf(TwinsError);
	expect(body.code).not.toBe('internal');
	expect(body.fix).toMatch(/\w{3}/);
	expect(`${body.message} ${body.fix}`).not.toMatch(OWN_MISTAKE);
	expect(`${body.message} ${body.fix}`).not.toContain(TOKEN);
	const { retryAfter = 0 } = (error as TwinsError).details;
	expect(retryAfter).toBeLessThanOrEqual(3600);
}
