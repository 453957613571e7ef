// What the Management API and Storage answer may be anything: of other types, endless, HTML, cut off, a way to somewhere
// else. Each call that the product makes is made with each such answer. What comes of it is a value or an error for people;
// never one of our own mistakes, never a write that rests on it, never much memory.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { probeRights } from '../../supabase/functions/_shared/accounts/probe-rights.ts';
import { AREAS } from '../../supabase/functions/_shared/components/project-config/areas.ts';
import { copyIdentityProviders } from '../../supabase/functions/_shared/components/project-config/identity-providers.ts';
import { listFunctions } from '../../supabase/functions/_shared/components/edge-functions/deployed.ts';
import { downloadBundle } from '../../supabase/functions/_shared/components/edge-functions/deploy.ts';
import { compareSecrets } from '../../supabase/functions/_shared/components/edge-functions/secrets.ts';
import { downloadSource } from '../../supabase/functions/_shared/components/edge-functions/source.ts';
import { readGlobalLimit } from '../../supabase/functions/_shared/components/storage/limits.ts';
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import { errorBody, TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import { checkReady } from '../../supabase/functions/_shared/engine/prepare.ts';
import { openProjectEndpoint } from '../../supabase/functions/_shared/engine/project-endpoint.ts';
import { createAccountApi } from '../../supabase/functions/_shared/platform/supabase/account-api.ts';
import { loginsInMemory } from '../../supabase/functions/_shared/platform/supabase/logins.ts';
import {
	createManagementApi,
	type ManagementApi,
} from '../../supabase/functions/_shared/platform/supabase/management-api.ts';
import {
	exchangeCode,
	refreshTokens,
	revokeTokens,
} from '../../supabase/functions/_shared/platform/supabase/oauth.ts';
import { openProject } from '../../supabase/functions/_shared/platform/supabase/project-database.ts';
import { createStorageApi } from '../../supabase/functions/_shared/platform/supabase/storage-api.ts';

const TOKEN = 'sbp_planted_token_of_the_test';
const REF = 'abcdefghijklmnopqrst';
const MEGABYTE = 1024 * 1024;

/** Bytes that were taken of an endless body. */
let taken = 0;

const json =
	(value: unknown, status = 200) =>
	() =>
		Response.json(value, { status });
const text =
	(body: string, type: string, status = 200) =>
	() =>
		new Response(body, { status, headers: { 'content-type': type } });

const ANSWERS: Readonly<Record<string, () => Response>> = {
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
	'a way that stays': () =>
		new Response('[]', { status: 308, headers: { location: 'https://elsewhere.example/take' } }),
	'an endless body': () => {
		const chunk = new Uint8Array(MEGABYTE).fill(0x20);
		return new Response(
			new ReadableStream<Uint8Array>(
				{
					pull(controller) {
						taken += chunk.length;
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

interface Call {
	/** Requests other than GET that belong to it. */
	readonly writes: number;
	run(use: Hostile): Promise<unknown>;
}

/** A hostile service, and what was asked of it. */
interface Hostile {
	readonly fetch: typeof globalThis.fetch;
	readonly api: ManagementApi;
}

const DEPLOYED = {
	slug: 'hello',
	name: 'hello',
	status: 'ACTIVE',
	version: 1,
	verify_jwt: true,
	import_map: false,
};
const account = ({ fetch }: Hostile) =>
	createAccountApi({
		baseUrl: 'https://api.example',
		token: TOKEN,
		fetch,
		wait: () => Promise.resolve(),
	});
const oauth = ({ fetch }: Hostile) => ({
	app: { clientId: 'id', clientSecret: 'secret', redirectUrl: 'https://twins.example/' },
	baseUrl: 'https://api.example',
	fetch,
});
const endpoint = (use: Hostile, role: EndpointRole) => ({
	role,
	ref: REF,
	url: `https://${REF}.supabase.co`,
	services: ['management_api'] as const,
	api: use.api,
});
const context = (use: Hostile) =>
	({
		source: endpoint(use, 'source'),
		target: endpoint(use, 'target'),
		options: { remove_extra: true },
		memory: {},
		spend: () => undefined,
		report: () => undefined,
		remember: () => undefined,
	}) as never;

const CALLS: Readonly<Record<string, Call>> = {
	organizations: { writes: 0, run: (use) => account(use).organizations() },
	projects: { writes: 0, run: (use) => account(use).projects() },
	'the test of a token': { writes: 0, run: (use) => account(use).checkToken() },
	'a code of OAuth': { writes: 1, run: (use) => exchangeCode(oauth(use), 'code', 'verifier') },
	'a refresh token': { writes: 1, run: (use) => refreshTokens(oauth(use), 'refresh') },
	'a token that is revoked': { writes: 1, run: (use) => revokeTokens(oauth(use), 'refresh') },
	rights: {
		// Those that cannot be accepted.
		writes: 6,
		run: ({ fetch }) =>
			probeRights({
				baseUrl: 'https://api.example',
				token: TOKEN,
				ref: REF,
				fetch,
				wait: () => Promise.resolve(),
			}),
	},
	'the state of a project': {
		writes: 0,
		run: (use) => checkReady(endpoint(use, 'target') as never),
	},
	'the way to the database': {
		writes: 1,
		run: (use) =>
			openProject({
				api: use.api,
				ref: REF,
				role: 'target',
				tls: 'verify',
				logins: loginsInMemory(),
				wait: () => Promise.resolve(),
			}),
	},
	functions: { writes: 0, run: (use) => listFunctions(use.api) },
	'the files of a function': { writes: 0, run: (use) => downloadSource(use.api, DEPLOYED) },
	'the bundle of a function': { writes: 0, run: (use) => downloadBundle(use.api, 'hello') },
	'secrets of functions': { writes: 0, run: (use) => compareSecrets(context(use)) },
	'the limit of Storage': {
		writes: 0,
		run: (use) => readGlobalLimit(endpoint(use, 'target') as never),
	},
	'identity providers': { writes: 0, run: (use) => copyIdentityProviders(context(use)) },
	...Object.fromEntries(
		AREAS.filter(({ path }) => path.startsWith('/')).map((area) => [
			`settings of ${area.label}`,
			{ writes: 0, run: (use: Hostile) => area.plan(context(use), true) },
		]),
	),
};

const OWN_MISTAKE =
	/TypeError|RangeError|undefined|is not a function|not iterable|Cannot read|Zod|invalid_type|\[object/;

function hostile(answer: () => Response) {
	const asked: { method: string; url: string; redirect: unknown }[] = [];
	const fetch = ((url: string, init: RequestInit = {}) => {
		asked.push({ method: init.method ?? 'GET', url, redirect: init.redirect });
		return Promise.resolve(answer());
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

describe.each(Object.entries(CALLS))('%s', (_name, { writes, run }) => {
	it.each(Object.entries(ANSWERS))('takes no harm from %s', async (_what, answer) => {
		taken = 0;
		const { asked, use } = hostile(answer);
		const error = await run(use).then(
			() => undefined,
			(reason: unknown) => reason,
		);
		if (error !== undefined) {
			const body = errorBody(error);
			expect(error, body.message).toBeInstanceOf(TwinsError);
			expect(body.code).not.toBe('internal');
			expect(`${body.message} ${body.fix}`).not.toMatch(OWN_MISTAKE);
			expect(`${body.message} ${body.fix}`).not.toContain(TOKEN);
			const { retryAfter = 0 } = (error as TwinsError).details;
			expect(retryAfter).toBeLessThanOrEqual(3600);
		}
		// Nowhere else, and nothing beyond what the call itself is.
		expect(
			asked.every(
				({ url, redirect }) => url.startsWith('https://api.example/') && redirect === 'manual',
			),
		).toBe(true);
		expect(asked.filter(({ method }) => method !== 'GET').length).toBeLessThanOrEqual(writes);
		expect(taken / asked.length).toBeLessThan(40 * MEGABYTE);
		expect(({} as { polluted?: true }).polluted).toBeUndefined();
	});
});

describe('keys of a project', () => {
	it.each(Object.entries(ANSWERS))('open no Storage from %s', async (_what, answer) => {
		const { use } = hostile(answer);
		const original = globalThis.fetch;
		globalThis.fetch = use.fetch;
		try {
			const open = openProjectEndpoint({
				role: 'target',
				ref: REF,
				url: 'https://project.example',
				token: TOKEN,
				managementApiUrl: 'https://api.example',
				tls: 'verify',
				databaseCa: null,
				logins: loginsInMemory(),
				databasePassword: () => Promise.resolve(undefined),
				signal: new AbortController().signal,
			});
			const error = await open.storage().catch((reason: unknown) => reason);
			expect(error).toBeInstanceOf(TwinsError);
			expect(errorBody(error).code).not.toBe('internal');
			expect(errorBody(error).message).not.toMatch(OWN_MISTAKE);
		} finally {
			globalThis.fetch = original;
		}
	});
});

describe('Storage', () => {
	it.each(Object.entries(ANSWERS))(
		'is asked once and answers for itself: %s',
		async (_what, answer) => {
			taken = 0;
			const { asked, use } = hostile(answer);
			const storage = createStorageApi({
				url: 'https://api.example',
				secretKey: TOKEN,
				fetch: use.fetch,
			});
			const outcome = await storage
				.fetch('GET', '/object/authenticated/b/file')
				.catch((reason: unknown) => reason);
			expect(asked).toMatchObject([{ redirect: 'manual' }]);
			if (outcome instanceof Response) {
				expect(outcome.status).toBeLessThan(300);
				await outcome.body?.cancel().catch(() => undefined);
			} else {
				expect(outcome).toBeInstanceOf(TwinsError);
				const { message } = z.object({ message: z.string() }).parse(outcome);
				expect(message).not.toMatch(OWN_MISTAKE);
				expect(message).not.toContain(TOKEN);
				expect((outcome as TwinsError).details.retryAfter ?? 0).toBeLessThanOrEqual(3600);
			}
			expect(taken).toBeLessThan(2 * MEGABYTE);
		},
	);
});
