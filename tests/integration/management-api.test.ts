// The local Management API, through the product's own client: state, contract, rights and faults.
import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createManagementApi as createShim } from '../../local/supabase/management-api/server.ts';
import { createAccountApi } from '../../supabase/functions/_shared/platform/supabase/account-api.ts';
import {
	createManagementApi,
	type ManagementApi,
} from '../../supabase/functions/_shared/platform/supabase/management-api.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import {
	openPlatform,
	type Platform,
	SOURCE_REF,
	TARGET_REF,
	TOKEN,
} from '../helpers/management-api.ts';

let databases: Pair;
let platform: Platform;
let api: ManagementApi;

beforeAll(async () => {
	databases = await freshPair();
	platform = await openPlatform({}, databases);
	api = platform.end('target').api;
});

beforeEach(() => platform.shim.faults.clear());

function form(
	files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>,
	metadata: unknown,
): FormData {
	const body = new FormData();
	body.append('metadata', new Blob([JSON.stringify(metadata)], { type: 'application/json' }));
	for (const [path, content] of Object.entries(files))
		body.append('file', new Blob([content]), path);
	return body;
}

describe('the local Management API', () => {
	it('lists organizations and projects of the token', async () => {
		const account = createAccountApi({ baseUrl: platform.baseUrl, token: TOKEN });
		expect(await account.organizations()).toHaveLength(1);
		expect((await account.projects()).map(({ ref }) => ref)).toEqual([SOURCE_REF, TARGET_REF]);
		await account.checkToken();
	});

	it('refuses an unknown token and a project that is not there', async () => {
		const stranger = createAccountApi({ baseUrl: platform.baseUrl, token: 'sbp_wrong' });
		await expect(stranger.checkToken()).rejects.toMatchObject({ code: 'account_expired' });
		const nowhere = createManagementApi({
			baseUrl: platform.baseUrl,
			token: TOKEN,
			ref: 'z'.repeat(20),
			readOnly: false,
		});
		await expect(nowhere.get('')).rejects.toMatchObject({ code: 'not_found' });
	});

	it('gives a login role that really logs in and becomes postgres, replacing the last password', async () => {
		type Login = { role: string; password: string; ttl_seconds: number };
		const first = await api.send<Login>('POST', '/cli/login-role', { read_only: false });
		const second = await api.send<Login>('POST', '/cli/login-role', { read_only: false });
		expect(first.role).toBe('cli_login_postgres');
		expect(second.password).not.toBe(first.password);
		const url = new URL(databases.target.dbUrl);
		url.username = second.role;
		url.password = second.password;
		const sql = postgres(url.href, { max: 1 });
		try {
			await sql.unsafe('set session role postgres');
			expect(await sql`select current_user as role`).toEqual([{ role: 'postgres' }]);
		} finally {
			await sql.end();
		}
	});

	it('answers the address of the session pooler', async () => {
		expect(await api.get('/config/database/pooler')).toMatchObject([
			{
				db_user: `postgres.${TARGET_REF}`,
				db_host: '127.0.0.1',
				db_port: 6543,
				pool_mode: 'session',
			},
		]);
	});

	it('runs SQL as postgres and answers the last rows', async () => {
		expect(
			await api.send('POST', '/database/query', {
				query: 'select 1 as a; select current_user as who',
			}),
		).toEqual([{ who: 'postgres' }]);
		expect(
			await api.send('POST', '/database/query', {
				query: 'select $1::text as v',
				parameters: ['x'],
			}),
		).toEqual([{ v: 'x' }]);
		await expect(
			api.send('POST', '/database/query', { query: 'select * from nowhere' }),
		).rejects.toThrow('42P01');
	});

	it('runs read-only SQL that cannot write', async () => {
		expect(
			await api.send('POST', '/database/query/read-only', { query: 'select current_user as who' }),
		).toEqual([{ who: 'supabase_read_only_user' }]);
		await expect(
			api.send('POST', '/database/query/read-only', { query: 'create table public.t ()' }),
		).rejects.toMatchObject({ code: 'api_refused' });
	});

	it('answers health, and keys only when asked to reveal them', async () => {
		expect(await api.get('/health?services=db,auth')).toMatchObject([
			{ name: 'db', status: 'ACTIVE_HEALTHY' },
			{ name: 'auth' },
		]);
		const secret = async (path: string): Promise<string | undefined> =>
			(await api.get<{ type?: string; api_key: string }[]>(path)).find(
				({ type }) => type === 'secret',
			)?.api_key;
		expect(await secret('/api-keys?reveal=true')).toBe(platform.target.secretKey);
		expect(await secret('/api-keys')).not.toBe(platform.target.secretKey);
	});

	it('shows function secrets as SHA-256 and auth secrets as HMAC keyed with the ref', async () => {
		await api.send('POST', '/secrets', [{ name: 'OPENAI_API_KEY', value: 'sk-1' }]);
		const secrets = await api.get<{ name: string; value: string }[]>('/secrets');
		expect(secrets.find(({ name }) => name === 'OPENAI_API_KEY')?.value).toBe(
			createHash('sha256').update('sk-1').digest('hex'),
		);
		await api.send('DELETE', '/secrets', ['OPENAI_API_KEY']);
		expect(JSON.stringify(await api.get('/secrets'))).not.toContain('OPENAI_API_KEY');

		const changed = await api.send<Record<string, unknown>>('PATCH', '/config/auth', {
			external_google_secret: 'shh',
			site_url: 'https://app.example',
		});
		expect(changed).toMatchObject({
			site_url: 'https://app.example',
			external_google_secret: createHmac('sha256', TARGET_REF).update('shh').digest('hex'),
		});
	});

	it('keeps the files of a deployed function byte for byte, with their paths', async () => {
		const binary = Uint8Array.from({ length: 256 }, (_, index) => index);
		const deployed = await api.fetch('POST', '/functions/deploy?slug=hello', {
			body: form(
				{ 'hello/index.ts': 'import "./ü é.ts"', 'hello/ü é.ts': '//', 'hello/100%.bin': binary },
				{ name: 'hello', entrypoint_path: 'hello/index.ts', verify_jwt: false },
			),
		});
		expect(await deployed.json()).toMatchObject({ slug: 'hello', version: 1, verify_jwt: false });
		const download = await api.fetch('GET', '/functions/hello/body', {
			headers: { accept: 'multipart/form-data' },
		});
		const text = Buffer.from(await download.arrayBuffer());
		expect(text.includes(Buffer.from(binary))).toBe(true);
		expect(text.includes(`filename="tmp/user_fn_${TARGET_REF}_`)).toBe(true);
		await api.send('PATCH', '/functions/hello', { verify_jwt: true });
		expect(await api.get('/functions/hello')).toMatchObject({ verify_jwt: true });
		await api.send('DELETE', '/functions/hello');
		expect(await api.get('/functions')).toEqual([]);
	});

	it('refuses a function that would not bundle, in the words of a bundler', async () => {
		const deploy = (files: Record<string, string>) =>
			api.fetch('POST', '/functions/deploy?slug=bad', {
				body: form(files, { name: 'bad', entrypoint_path: 'index.ts' }),
			});
		await expect(deploy({ 'main.ts': '' })).rejects.toThrow('Entrypoint path does not exist');
		await expect(deploy({ 'index.ts': 'import "zod"' })).rejects.toThrow(
			'Relative import path "zod"',
		);
		await expect(deploy({ 'index.ts': 'import "./gone.ts"' })).rejects.toThrow('Module not found');
		await expect(deploy({ 'index.ts': '', '../evil.ts': '' })).rejects.toThrow('Invalid file path');
	});

	it('deploys in bulk what was bundled first', async () => {
		const bundled = await api.fetch('POST', '/functions/deploy?slug=later&bundleOnly=1', {
			body: form({ 'index.ts': '1' }, { name: 'later', entrypoint_path: 'index.ts' }),
		});
		expect(await api.get('/functions')).toEqual([]);
		await api.send('PUT', '/functions', [await bundled.json()]);
		expect(await api.get('/functions')).toMatchObject([{ slug: 'later' }]);
		await api.send('DELETE', '/functions/later');
	});

	it('changes the settings of the data API, Realtime, Storage and third-party auth', async () => {
		await api.send('PATCH', '/postgrest', { max_rows: 5 });
		expect(await api.get('/postgrest')).toMatchObject({
			max_rows: 5,
			db_schema: 'public,graphql_public',
		});
		await api.send('PATCH', '/config/realtime', { private_only: true });
		expect(await api.get('/config/realtime')).toMatchObject({ private_only: true });
		await api.send('PATCH', '/config/storage', { fileSizeLimit: 1000 });
		expect(await api.get('/config/storage')).toMatchObject({ fileSizeLimit: 1000 });
		await api.send('POST', '/config/auth/third-party-auth', {
			oidc_issuer_url: 'https://idp.example',
		});
		expect(await api.get('/config/auth/third-party-auth')).toMatchObject([
			{ oidc_issuer_url: 'https://idp.example' },
		]);
		expect(await api.get('/config/auth/sso/providers')).toEqual({ items: [] });
		await api.get('/network-restrictions');
		await api.get('/ssl-enforcement');
		await api.get('/config/database/postgres');
	});

	it('names a violation of the contract in a request and in its own answer', async () => {
		await expect(api.send('PATCH', '/postgrest', { max_rows: -1 })).rejects.toThrow(
			/Contract violation in PATCH .*max_rows must be >= 0/,
		);
		await expect(api.send('PATCH', '/config/storage', { bucketLimit: 1 })).rejects.toThrow(
			'bucketLimit',
		);
		await expect(api.get('/health')).rejects.toThrow('query parameter services is missing');
		const state = platform.shim.stateOf(TARGET_REF);
		const limit = state.settings.postgrest.max_rows;
		Object.assign(state.settings.postgrest, { max_rows: 'many' });
		await expect(api.get('/postgrest')).rejects.toThrow('max_rows must be integer');
		state.settings.postgrest.max_rows = limit;
	});

	it('enables webhooks more than once', async () => {
		await api.send('POST', '/database/webhooks/enable');
		await api.send('POST', '/database/webhooks/enable');
		expect(
			await api.send('POST', '/database/query', {
				query: `select to_regprocedure('supabase_functions.http_request()') is not null as there`,
			}),
		).toEqual([{ there: true }]);
	});

	it('pauses a project: everything else answers that it is paused', async () => {
		await api.send('POST', '/pause');
		expect(await api.get('')).toMatchObject({ status: 'INACTIVE' });
		await expect(api.get('/functions')).rejects.toMatchObject({ code: 'target_not_ready' });
		await api.send('POST', '/restore');
		expect(await api.get('/functions')).toEqual([]);
	});

	it('does the trouble that a test asks for, and only as often', async () => {
		platform.shim.faults.add({ kind: 'rate_limited', path: '/secrets', seconds: 30 });
		await expect(api.get('/secrets')).rejects.toMatchObject({
			code: 'rate_limited',
			details: { retryAfter: 30 },
		});
		platform.shim.faults.add({ kind: 'failed', path: '/secrets', calls: 2 });
		expect(await api.get('/secrets')).toBeInstanceOf(Array);
		platform.shim.faults.add({ kind: 'expired_token' });
		await expect(api.get('/secrets')).rejects.toMatchObject({ code: 'account_expired' });
		const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
		await fetch(`${platform.baseUrl}/__faults`, {
			method: 'POST',
			headers,
			body: JSON.stringify({ kind: 'paused' }),
		});
		await expect(api.get('/secrets')).rejects.toMatchObject({ code: 'target_not_ready' });
		platform.shim.faults.add({ kind: 'timeout' });
		const hasty = createManagementApi({
			baseUrl: platform.baseUrl,
			token: TOKEN,
			ref: TARGET_REF,
			readOnly: false,
			signal: AbortSignal.timeout(100),
		});
		await expect(hasty.get('/secrets')).rejects.toThrow();
	});
});

describe('tokens of narrow rights', () => {
	it('are told which permission is missing, and OAuth does not reach storage and Realtime settings', async () => {
		const narrow = await openPlatform({
			accessTokens: (token) =>
				token === 'scoped'
					? { permissions: ['edge_functions_read'] }
					: token === 'oauth'
						? { scopes: ['auth:read', 'edge_functions:read'] }
						: undefined,
		});
		const scoped = narrow.end('target', 'scoped').api;
		expect(await scoped.get('/functions')).toEqual([]);
		await expect(scoped.send('PATCH', '/config/auth', {})).rejects.toThrow(
			'auth_config_write, project_admin_write',
		);
		const oauth = narrow.end('target', 'oauth').api;
		await oauth.get('/config/auth');
		await expect(oauth.get('/config/storage')).rejects.toMatchObject({
			details: { httpStatus: 403 },
		});
		await expect(oauth.get('/config/realtime')).rejects.toMatchObject({ code: 'api_refused' });
		await expect(oauth.get('/secrets')).rejects.toThrow('secrets:read');
	});
});

describe('the state of the local Management API', () => {
	const dirs: string[] = [];
	afterAll(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true }))));

	it('survives a restart', async () => {
		const stateDir = await mkdtemp(join(tmpdir(), 'twins-state-'));
		dirs.push(stateDir);
		const open = () =>
			createShim({
				projects: [platform.source],
				accessTokens: new Set(),
				pooler: { host: '', port: 0 },
				stateDir,
			});
		const before = await open();
		before.stateOf(SOURCE_REF).settings.postgrest.max_rows = 77;
		await before.save();
		await before.close();
		const after = await open();
		expect(after.stateOf(SOURCE_REF).settings.postgrest.max_rows).toBe(77);
		await after.close();
	});
});
