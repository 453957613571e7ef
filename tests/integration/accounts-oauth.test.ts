// Accounts by OAuth, against the local Management API and a real control database.
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { act } from '../../supabase/functions/_shared/accounts/actions.ts';
import type { AccountsRequest } from '../../supabase/functions/_shared/domain/api.ts';
import { OAUTH_SCOPES } from '../../supabase/functions/_shared/domain/oauth-scopes.ts';
import { openStoredEndpoint } from '../../supabase/functions/_shared/engine/stored-endpoint.ts';
import type { StoredEndpoint } from '../../supabase/functions/_shared/engine/queue.ts';
import { openControl } from '../../supabase/functions/_shared/platform/control.ts';
import {
	type Environment,
	readEnvironment,
} from '../../supabase/functions/_shared/platform/environment.ts';
import { refreshTokenOf } from '../../supabase/functions/_shared/platform/supabase/account-token.ts';
import { importTokenKeys } from '../../supabase/functions/_shared/platform/vault.ts';
import { type Control, freshControl } from '../helpers/control.ts';
import { openPlatform, type Platform, SOURCE_REF } from '../helpers/management-api.ts';

const REDIRECT = 'https://twins.example.com/accounts/callback';
const APP = {
	clientId: '66666666-6666-4666-8666-666666666666',
	clientSecret: 'the secret of the app',
	name: 'Twins',
	redirectUris: [REDIRECT],
	scopes: OAUTH_SCOPES.map(({ scope }) => scope),
};
const OTHER_USER = '33333333-3333-4333-8333-333333333333';

let control: Control;

beforeAll(async () => {
	control = await freshControl();
	await control.sql`insert into auth.users (id, email) values (${OTHER_USER}, 'other@example.com')`;
});

const environmentOf = (platform: Platform): Promise<Environment> =>
	readEnvironment(
		(name) =>
			({
				SUPABASE_URL: 'https://cccccccccccccccccccc.supabase.co',
				SUPABASE_DB_URL: control.dbUrl,
				TWINS_WORKER_SECRET: 'w'.repeat(24),
				TWINS_ENCRYPTION_KEY: randomKey,
				TWINS_MANAGEMENT_API_URL: platform.baseUrl,
				TWINS_OAUTH_CLIENT_ID: APP.clientId,
				TWINS_OAUTH_CLIENT_SECRET: APP.clientSecret,
				TWINS_OAUTH_REDIRECT_URL: REDIRECT,
			})[name],
	);
const randomKey = randomBytes(32).toString('base64');

/** What the function answers, asked by a user. */
async function ask<T>(
	environment: Environment,
	request: AccountsRequest,
	userId = control.userId,
): Promise<T> {
	const session = openControl({ controlDbUrl: control.dbUrl });
	try {
		return (await act(request, { environment, control: session, userId })) as T;
	} finally {
		await session.close();
	}
}

/** As a browser at Supabase: reads the page and presses a button. Where it is sent back to. */
async function decideAt(url: string, decision: 'authorize' | 'decline'): Promise<URL> {
	const page = await (await fetch(url)).text();
	const request = /name="request" value="(\w+)"/.exec(page)?.[1] ?? '';
	const answer = await fetch(new URL('/__consent', url), {
		method: 'POST',
		body: new URLSearchParams({ request, decision }),
		redirect: 'manual',
	});
	return new URL(answer.headers.get('location') ?? '');
}

const start = (environment: Environment, more: { readonly account_id?: string } = {}) =>
	ask<{ url: string; state: string }>(environment, { action: 'start_oauth', ...more });

interface Connected {
	readonly account: { readonly id: string; readonly display_name: string; readonly status: string };
	readonly errors: readonly object[];
}

async function connect(
	environment: Environment,
	more: { readonly account_id?: string } = {},
): Promise<Connected> {
	const { url, state } = await start(environment, more);
	const back = await decideAt(url, 'authorize');
	expect(back.searchParams.get('state')).toBe(state);
	const code = back.searchParams.get('code') ?? '';
	return ask<Connected>(environment, { action: 'finish_oauth', state, code });
}

/** The account's endpoint as a worker gets it. */
async function endpointOf(accountId: string): Promise<StoredEndpoint> {
	const [row] =
		await control.sql`select private.run_project(${accountId}, ${SOURCE_REF}) as endpoint`;
	return row?.['endpoint'] as StoredEndpoint;
}

async function readAsWorker(environment: Environment, endpoint: StoredEndpoint): Promise<unknown> {
	const session = openControl(environment);
	try {
		const { signal } = new AbortController();
		const open = await openStoredEndpoint(environment, 'source', endpoint, session, signal);
		return await open.api.get('');
	} finally {
		await session.close();
	}
}

describe('connecting by OAuth', () => {
	it('lists projects with the tokens that it got, and keeps them sealed', async () => {
		const platform = await openPlatform({ oauthApps: [APP] });
		const environment = await environmentOf(platform);
		const { account, errors } = await connect(environment);
		expect(account).toMatchObject({
			display_name: 'Local organization',
			method: 'oauth',
			status: 'connected',
		});
		expect(errors).toEqual([]);
		const projects =
			await control.sql`select ref from public.projects where account_id = ${account.id}`;
		expect(projects.map(({ ref }) => String(ref))).toContain(SOURCE_REF);
		const endpoint = await endpointOf(account.id);
		expect(await readAsWorker(environment, endpoint)).toMatchObject({ ref: SOURCE_REF });
		expect(Buffer.from(endpoint.ciphertext, 'base64').toString('latin1')).not.toContain('token');
		expect(await control.sql`select from private.oauth_requests`).toHaveLength(0);
	});

	it('takes a state once, from the user who began, within ten minutes', async () => {
		const platform = await openPlatform({ oauthApps: [APP] });
		const environment = await environmentOf(platform);
		const notBegun = /not begun here/;
		const begin = async () => {
			const { url, state } = await start(environment);
			const back = await decideAt(url, 'authorize');
			const code = back.searchParams.get('code') ?? '';
			return { action: 'finish_oauth', state, code } as const;
		};
		const first = await begin();
		await expect(ask(environment, first, OTHER_USER)).rejects.toMatchObject({
			code: 'bad_request',
		});
		await ask(environment, first);
		await expect(ask(environment, first)).rejects.toThrow(notBegun);
		const late = await begin();
		await control.sql`update private.oauth_requests set expires_at = now()`;
		await expect(ask(environment, late)).rejects.toThrow(notBegun);
		// A code of another attempt does not fit this one's verifier.
		const [one, other] = [await begin(), await begin()];
		await expect(ask(environment, { ...one, code: other.code })).rejects.toMatchObject({
			code: 'bad_request',
		});
	});

	it('changes nothing when the user declines', async () => {
		const platform = await openPlatform({ oauthApps: [APP] });
		const { url } = await start(await environmentOf(platform));
		const back = await decideAt(url, 'decline');
		expect(back.searchParams.get('error')).toBe('access_denied');
		expect(platform.shim.oauth.grants()).toBe(0);
	});

	it('is not offered without an app', async () => {
		const platform = await openPlatform();
		const environment = { ...(await environmentOf(platform)), oauthApp: null };
		expect(await ask(environment, { action: 'connection_methods' })).toEqual({ methods: ['pat'] });
		await expect(start(environment)).rejects.toMatchObject({ code: 'unsupported' });
	});

	it('reconnects the same account, whoever tries with another’s is refused', async () => {
		const platform = await openPlatform({ oauthApps: [APP] });
		const environment = await environmentOf(platform);
		const { account } = await connect(environment);
		await ask(environment, { action: 'rename', account_id: account.id, display_name: 'Mine' });
		await control.sql`update public.connected_accounts set status = 'expired' where id = ${account.id}`;
		const again = await connect(environment, { account_id: account.id });
		expect(again.account).toMatchObject({
			id: account.id,
			display_name: 'Mine',
			status: 'connected',
		});
		await expect(
			ask(environment, { action: 'start_oauth', account_id: account.id }, OTHER_USER),
		).rejects.toMatchObject({ code: 'not_found' });
	});
});

describe('an access token that expires', () => {
	it('is renewed once for many workers at once, and the next token is kept', async () => {
		const platform = await openPlatform({ oauthApps: [APP] });
		const environment = await environmentOf(platform);
		const { account } = await connect(environment);
		const before = await endpointOf(account.id);
		for (const round of [1, 2]) {
			await control.sql`update private.account_credentials set expires_at = now() where account_id = ${account.id}`;
			platform.shim.log.length = 0;
			const stale = await endpointOf(account.id);
			await Promise.all(Array.from({ length: 6 }, () => readAsWorker(environment, stale)));
			const renewals = platform.shim.log.filter((line) => line === 'POST /v1/oauth/token');
			expect(renewals, `round ${round}`).toHaveLength(1);
		}
		expect((await endpointOf(account.id)).ciphertext).not.toBe(before.ciphertext);
		expect(platform.shim.oauth.grants()).toBe(1);
	});

	it('marks the account as expired when Supabase ended the access, and only then', async () => {
		const platform = await openPlatform({ oauthApps: [APP] });
		const environment = await environmentOf(platform);
		const { account } = await connect(environment);
		const statusOf = async () =>
			(
				await control.sql`select status from public.connected_accounts where id = ${account.id}`
			)[0]?.['status'] as string;
		await control.sql`update private.account_credentials set expires_at = now() where account_id = ${account.id}`;
		platform.shim.faults.add({ kind: 'failed', path: '/oauth/token', calls: 1 });
		await expect(readAsWorker(environment, await endpointOf(account.id))).rejects.toMatchObject({
			code: 'api_unavailable',
			details: { passing: true },
		});
		expect(await statusOf()).toBe('connected');
		platform.shim.faults.add({ kind: 'refused', status: 400, path: '/oauth/token', calls: 1 });
		await expect(readAsWorker(environment, await endpointOf(account.id))).rejects.toMatchObject({
			code: 'account_expired',
		});
		expect(await statusOf()).toBe('expired');
	});

	it('is not called expired by an installation with another key', async () => {
		const platform = await openPlatform({ oauthApps: [APP] });
		const environment = await environmentOf(platform);
		const { account } = await connect(environment);
		const tokenKeys = await importTokenKeys('default', randomBytes(32).toString('base64'));
		const mistaken = { ...environment, tokenKeys };
		const { errors } = await ask<{ errors: readonly object[] }>(mistaken, {
			action: 'list_projects',
			refresh: true,
		});
		expect(errors).toContainEqual(
			expect.objectContaining({ account_id: account.id, code: 'secret_unreadable' }),
		);
		await expect(readAsWorker(mistaken, await endpointOf(account.id))).rejects.toMatchObject({
			code: 'secret_unreadable',
		});
		const [row] =
			await control.sql`select status from public.connected_accounts where id = ${account.id}`;
		expect(row?.['status']).toBe('connected');
	});

	it('ends with its account, here and at Supabase', async () => {
		const platform = await openPlatform({ oauthApps: [APP] });
		const environment = await environmentOf(platform);
		const { account } = await connect(environment);
		expect(platform.shim.oauth.grants()).toBe(1);
		await ask(environment, { action: 'disconnect', account_id: account.id });
		expect(platform.shim.oauth.grants()).toBe(0);
		const other = await connect(environment);
		platform.shim.faults.add({ kind: 'failed', path: '/oauth/revoke', calls: 1 });
		expect(
			await ask(environment, { action: 'disconnect', account_id: other.account.id }),
		).toMatchObject({
			errors: [{ message: expect.stringContaining('could not be told') as string }],
		});
	});
});

describe('the OAuth of the local stack', () => {
	it('ends a grant whose refresh token comes a second time', async () => {
		const platform = await openPlatform({ oauthApps: [APP] });
		const environment = await environmentOf(platform);
		const { url } = await start(environment);
		const page = await fetch(url);
		expect(await page.text()).toContain('Authorize Twins');
		const { account } = await connect(environment);
		const stored = await endpointOf(account.id);
		const used = await refreshTokenOf(environment, stored);
		await control.sql`update private.account_credentials set expires_at = now() where account_id = ${account.id}`;
		await readAsWorker(environment, await endpointOf(account.id));
		const again = await fetch(`${platform.baseUrl}/v1/oauth/token`, {
			method: 'POST',
			headers: { authorization: `Basic ${btoa(`${APP.clientId}:${APP.clientSecret}`)}` },
			body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: used ?? '' }),
		});
		expect(again.status).toBe(400);
		expect(platform.shim.oauth.grants()).toBe(0);
	});
});
