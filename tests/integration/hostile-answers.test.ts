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
	exchangeCode,
	refreshTokens,
	revokeTokens,
} from '../../supabase/functions/_shared/platform/supabase/oauth.ts';
import { openProject } from '../../supabase/functions/_shared/platform/supabase/project-database.ts';
import { createStorageApi } from '../../supabase/functions/_shared/platform/supabase/storage-api.ts';
import {
	ANSWERS,
	expectForPeople,
	hostile,
	type Hostile,
	MEGABYTE,
	OWN_MISTAKE,
	REF,
	taken,
	TOKEN,
} from '../helpers/hostile-service.ts';

interface Call {
	/** Requests other than GET that belong to it. */
	readonly writes: number;
	run(use: Hostile): Promise<unknown>;
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

describe.each(Object.entries(CALLS))('%s', (_name, { writes, run }) => {
	it.each(Object.entries(ANSWERS))('takes no harm from %s', async (_what, answer) => {
		taken.bytes = 0;
		const { asked, use } = hostile(answer);
		const error = await run(use).then(
			() => undefined,
			(reason: unknown) => reason,
		);
		if (error !== undefined) expectForPeople(error);
		// Nowhere else, and nothing beyond what the call itself is.
		expect(
			asked.every(
				({ url, redirect }) => url.startsWith('https://api.example/') && redirect === 'manual',
			),
		).toBe(true);
		expect(asked.filter(({ method }) => method !== 'GET').length).toBeLessThanOrEqual(writes);
		expect(taken.bytes / asked.length).toBeLessThan(40 * MEGABYTE);
		expect(({} as { polluted?: true }).polluted).toBeUndefined();
	});
});

describe('a refresh token that is refused', () => {
	it.each([
		[400, { error: 'invalid_grant' }, 'account_expired'],
		[403, { message: 'Forbidden' }, 'account_expired'],
		[400, { error: 'invalid_client' }, 'api_refused'],
		[401, { message: 'Unauthorized' }, 'api_refused'],
		[403, '<html>Blocked by a firewall</html>', 'api_unavailable'],
		[404, '', 'api_unavailable'],
		[429, { message: 'Too many' }, 'rate_limited'],
	])('with %i and %j is %s', async (status, body, code) => {
		const text = typeof body === 'string' ? body : JSON.stringify(body);
		const { use } = hostile(() => new Response(text, { status }));
		const error: unknown = await refreshTokens(oauth(use), 'refresh').catch(
			(reason: unknown) => reason,
		);
		expectForPeople(error);
		expect(errorBody(error).code).toBe(code);
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
			taken.bytes = 0;
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
				expect(outcome.ok || outcome.status === 304).toBe(true);
				await outcome.body?.cancel().catch(() => undefined);
			} else {
				expect(outcome).toBeInstanceOf(TwinsError);
				const { message } = z.object({ message: z.string() }).parse(outcome);
				expect(message).not.toMatch(OWN_MISTAKE);
				expect(message).not.toContain(TOKEN);
				expect((outcome as TwinsError).details.retryAfter ?? 0).toBeLessThanOrEqual(3600);
			}
			expect(taken.bytes).toBeLessThan(2 * MEGABYTE);
		},
	);
});
