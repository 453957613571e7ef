import { describe, expect, it } from 'vitest';
import { TwinsError } from '../../domain/errors.ts';
import { createAccountApi } from './account-api.ts';
import { retryAfterSeconds } from '../http.ts';
import { redact } from '../redact.ts';
import { createManagementApi } from './management-api.ts';

const REF = 'abcdefghijklmnopqrst';
const TOKEN = 'sbp_0123456789abcdef0123456789abcdef01234567';

type Answer = (url: string, init: RequestInit) => Response | Promise<Response>;

function api(
	answers: readonly Answer[],
	options: { readOnly?: boolean; signal?: AbortSignal } = {},
) {
	const calls: { url: string; method: string; headers: Headers }[] = [];
	const waits: number[] = [];
	const client = createManagementApi({
		baseUrl: 'https://api.example',
		token: TOKEN,
		ref: REF,
		readOnly: options.readOnly ?? false,
		signal: options.signal,
		wait: async (milliseconds) => void waits.push(milliseconds),
		fetch: async (url, init) => {
			calls.push({ url, method: String(init.method), headers: new Headers(init.headers) });
			const answer = answers[calls.length - 1] ?? answers.at(-1);
			if (!answer) throw new Error('no answer prepared');
			return answer(url, init);
		},
	});
	return { client, calls, waits };
}

const answer =
	(status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
	() =>
		new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });

async function failure(promise: Promise<unknown>): Promise<TwinsError> {
	try {
		await promise;
	} catch (error) {
		if (error instanceof TwinsError) return error;
		throw error;
	}
	throw new Error('expected a TwinsError');
}

describe('the Management API client', () => {
	it('asks below the project with the bearer token and returns the JSON', async () => {
		const { client, calls } = api([answer(200, { status: 'ACTIVE_HEALTHY' })]);
		expect(await client.get('')).toEqual({ status: 'ACTIVE_HEALTHY' });
		expect(calls[0]?.url).toBe(`https://api.example/v1/projects/${REF}`);
		expect(calls[0]?.headers.get('authorization')).toBe(`Bearer ${TOKEN}`);
	});

	it('returns undefined for an empty answer', async () => {
		const { client } = api([() => new Response(null, { status: 204 })]);
		expect(await client.send('PATCH', '/config/realtime', {})).toBeUndefined();
	});

	it('keeps binary answers as they are', async () => {
		const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
		const { client } = api([() => new Response(bytes)]);
		const response = await client.fetch('GET', '/functions/a/body');
		expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
	});

	it('never shows the token, even when the API or the network echoes it', async () => {
		const echoes: Answer[] = [
			answer(400, { message: `bad header Bearer ${TOKEN}` }),
			answer(401, `Authorization: Bearer ${TOKEN}`),
			answer(500, { message: TOKEN }),
			() => Promise.reject(new TypeError(`cannot send ${TOKEN}`)),
			() => Promise.reject(new TypeError('fetch failed', { cause: new Error(`header ${TOKEN}`) })),
		];
		for (const echo of echoes) {
			const error = await failure(api([echo]).client.send('POST', '/secrets', []));
			expect(
				JSON.stringify({ ...error, message: error.message, stack: error.stack }),
			).not.toContain(TOKEN);
		}
	});

	it('names the permissions that a scoped token lacks', async () => {
		const body = {
			message: 'Forbidden resource',
			missing_permissions: ['auth_config_write', 'project_admin_write'],
		};
		const error = await failure(api([answer(403, body)]).client.send('PATCH', '/config/auth', {}));
		expect(error.code).toBe('api_refused');
		expect(error.message).toContain('auth_config_write, project_admin_write');
		expect(error.message).toContain('Forbidden resource');
		expect(error.details.passing).toBeUndefined();
	});

	it('says that an account expired, that a project is paused, that a plan has a limit', async () => {
		const code = async (status: number) =>
			(await failure(api([answer(status, { message: 'why' })]).client.get('/health'))).code;
		expect(await code(401)).toBe('account_expired');
		expect(await code(540)).toBe('target_not_ready');
		expect(await code(402)).toBe('api_refused');
		expect(await code(404)).toBe('not_found');
	});

	it('tells its owner that the token is refused, and of no other trouble', async () => {
		const after = async (status: number) => {
			let calls = 0;
			const fetch = async () => new Response('{}', { status });
			const options = {
				baseUrl: 'https://api.test',
				token: TOKEN,
				ref: REF,
				readOnly: false,
				fetch,
			};
			await failure(
				createManagementApi({ ...options, onExpired: () => (calls += 1) }).get('/health'),
			);
			return calls;
		};
		expect([await after(401), await after(403), await after(404)]).toEqual([1, 0, 0]);
	});

	it('hands a rate limit on with the seconds to wait', async () => {
		const limited = api([answer(429, { message: 'Too many' }, { 'x-ratelimit-reset': '42' })]);
		const error = await failure(limited.client.get('/functions'));
		expect(error).toMatchObject({
			code: 'rate_limited',
			details: { passing: true, retryAfter: 42 },
		});
		expect(limited.calls).toHaveLength(1);
	});

	it('sits out a rate limit that ends within two seconds', async () => {
		const { client, waits } = api([answer(429, {}, { 'retry-after': '1' }), answer(200, [])]);
		expect(await client.get('/functions')).toEqual([]);
		expect(waits).toEqual([1000]);
	});

	it('repeats a read that failed for a passing reason, at most three times in all', async () => {
		const back = api([answer(503, 'busy'), answer(200, [])]);
		expect(await back.client.get('/functions')).toEqual([]);
		const down = api([answer(502, '<html>Bad gateway</html>')]);
		const error = await failure(down.client.get('/functions'));
		expect(error).toMatchObject({ code: 'api_unavailable', details: { passing: true } });
		expect(error.message).not.toContain('<html>');
		expect(down.calls).toHaveLength(3);
	});

	it('never repeats a write', async () => {
		const down = api([answer(500, { message: 'oops' })]);
		expect(await failure(down.client.send('POST', '/secrets', []))).toMatchObject({
			code: 'api_unavailable',
			details: { passing: true },
		});
		expect(down.calls).toHaveLength(1);
	});

	it('does not repeat a read that was refused', async () => {
		const refused = api([answer(400, { message: 'no' })]);
		await failure(refused.client.get('/functions'));
		expect(refused.calls).toHaveLength(1);
	});

	it('does not follow a redirect with the token', async () => {
		const moved = api([answer(302, '', { location: 'https://elsewhere.example' })]);
		expect((await failure(moved.client.get('/functions'))).code).toBe('api_refused');
	});

	it('throws the reason of the signal when the caller gives up', async () => {
		const stop = new AbortController();
		const { client } = api([() => Promise.reject(new DOMException('aborted', 'AbortError'))], {
			signal: stop.signal,
		});
		stop.abort(new Error('canceled'));
		await expect(client.get('/functions')).rejects.toThrow('canceled');
	});

	it('only reads a source, but may take a login role', async () => {
		const { client, calls } = api([answer(201, { role: 'cli_login_postgres' })], {
			readOnly: true,
		});
		for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
			expect((await failure(client.send(method, '/secrets', []))).code).toBe('forbidden');
		}
		expect((await failure(client.fetch('POST', '/cli/login-role?x=1'))).code).toBe('forbidden');
		expect(calls).toHaveLength(0);
		await client.send('POST', '/cli/login-role', { read_only: true });
		expect(calls).toHaveLength(1);
	});

	it('refuses paths that would leave the project', async () => {
		const { client, calls } = api([answer(200, {})]);
		for (const path of ['/../other', '/%2e%2e/other', '/a/./b', 'functions', '/a\\..', '/a#b']) {
			expect((await failure(client.get(path))).code).toBe('bad_request');
		}
		expect(calls).toHaveLength(0);
		expect(() => createManagementApi({ ...options(), ref: '../evil' })).toThrow(
			'not a project ref',
		);
	});
});

const options = () => ({ baseUrl: '', token: TOKEN, ref: REF, readOnly: false });

describe('the account client', () => {
	const account = (reply: Answer) =>
		createAccountApi({
			baseUrl: 'https://api.example',
			token: TOKEN,
			wait: async () => {},
			fetch: async (url, init) => reply(url, init),
		});

	it('lists organizations and projects', async () => {
		const project = {
			id: REF,
			ref: REF,
			name: 'Shop',
			organization_slug: 'acme',
			region: 'eu-central-1',
			status: 'ACTIVE_HEALTHY',
		};
		expect(await account(answer(200, [project])).projects()).toMatchObject([{ ref: REF }]);
		expect(
			await account(answer(200, [{ id: 'x', slug: 'acme', name: 'Acme' }])).organizations(),
		).toEqual([{ slug: 'acme', name: 'Acme' }]);
	});

	it('accepts a token that may not list projects, and refuses one that Supabase does not know', async () => {
		await account(answer(403, { message: 'Forbidden' })).checkToken();
		await account(answer(200, [])).checkToken();
		const unknown = await failure(account(answer(401, { message: 'Unauthorized' })).checkToken());
		expect(unknown.code).toBe('account_expired');
	});

	it('says so when the answer has an unknown form', async () => {
		expect((await failure(account(answer(200, { projects: [] })).projects())).code).toBe(
			'api_refused',
		);
	});
});

describe('texts that leave', () => {
	it('hide tokens, keys and JWTs wherever they stand', () => {
		const text = `${TOKEN} sb_secret_abcdefgh12 Bearer opaque eyJhbGciOiJI.eyJzdWIi.sig xyzzy`;
		expect(redact(text, ['xyzzy', ''])).toBe('[hidden] [hidden] Bearer [hidden] [hidden] [hidden]');
	});

	it('leave ordinary words alone', () => {
		expect(redact('The bearer of news came')).toContain('came');
	});

	it('read seconds and dates of Retry-After', () => {
		const now = Date.parse('2026-11-21T10:00:00Z');
		const seconds = (headers: Record<string, string>) =>
			retryAfterSeconds(new Headers(headers), now);
		expect(seconds({ 'retry-after': '7' })).toBe(7);
		expect(seconds({ 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT' })).toBe(30);
		expect(seconds({ 'retry-after': '3', 'x-ratelimit-reset': '50' })).toBe(3);
		expect(seconds({})).toBeUndefined();
	});
});
