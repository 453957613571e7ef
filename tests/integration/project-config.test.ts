// The component Project config between two projects of the local Management API; their databases hold
// the functions of hooks, and roles with their settings.
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import postgres from 'postgres';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
	defaultAuthConfig,
	defaultSettings,
} from '../../local/supabase/management-api/defaults.ts';
import type { ProjectState } from '../../local/supabase/management-api/state.ts';
import { projectConfig } from '../../supabase/functions/_shared/components/project-config/index.ts';
import type { CloneOptions } from '../../supabase/functions/_shared/domain/clone.ts';
import {
	cloneInProcess,
	planInProcess,
	previewInProcess,
	verifyInProcess,
} from '../helpers/clone.ts';
import { cronPair, type Pair } from '../helpers/clusters.ts';
import { openPlatform, type Platform, SOURCE_REF, TARGET_REF } from '../helpers/management-api.ts';

const PAID = new Set(['password_hibp_enabled', 'sessions_timebox']);

let databases: Pair;
let platform: Platform;

beforeAll(async () => {
	databases = await cronPair();
	platform = await openPlatform({ paidAuthFields: PAID }, databases);
});

beforeEach(() => {
	platform.shim.faults.clear();
	for (const ref of [SOURCE_REF, TARGET_REF]) {
		const state = platform.shim.stateOf(ref);
		state.auth = defaultAuthConfig();
		state.settings = defaultSettings();
		state.thirdPartyAuth = [];
	}
	platform.shim.log.length = 0;
});

const stateOf = (role: EndpointRole): ProjectState =>
	platform.shim.stateOf(role === 'source' ? SOURCE_REF : TARGET_REF);

function clone(options: Partial<CloneOptions> = {}, token?: string, on = platform) {
	return cloneInProcess({
		source: on.end('source', token),
		target: on.end('target', token),
		components: [projectConfig],
		options,
	});
}

const verify = (on = platform, token?: string) =>
	verifyInProcess(
		{ source: on.end('source', token), target: on.end('target', token) },
		projectConfig,
		'counts',
	);

describe('cloning project config', () => {
	it('makes every setting equal with one request per area, then writes nothing', async () => {
		Object.assign(stateOf('source').auth, {
			disable_signup: true,
			jwt_exp: 7200,
			mailer_subjects_invite: 'Willkommen – «ü»',
			uri_allow_list: `https://${SOURCE_REF}.supabase.co/**`,
		});
		Object.assign(stateOf('source').settings.postgrest, { max_rows: 50, db_schema: 'public,api' });
		Object.assign(stateOf('source').settings.realtime, { private_only: true });
		const result = await clone();
		expect(result.outcome('copied')).toEqual([
			'project_config auth.disable_signup',
			'project_config auth.jwt_exp',
			'project_config auth.mailer_subjects_invite',
			'project_config data_api.db_schema',
			'project_config data_api.max_rows',
			'project_config realtime.private_only',
		]);
		expect(result.outcome('adapted')).toEqual(['project_config auth.uri_allow_list']);
		expect(result.items.get('project_config auth.jwt_exp')?.detail).toBe('7200 (was 3600)');
		expect(stateOf('target').auth).toMatchObject({
			disable_signup: true,
			uri_allow_list: `https://${TARGET_REF}.supabase.co/**`,
		});
		expect(platform.writes()).toEqual(
			['/config/auth', '/postgrest', '/config/realtime'].map(
				(path) => `PATCH /v1/projects/${TARGET_REF}${path}`,
			),
		);
		expect(await verify()).toEqual([]);

		platform.shim.log.length = 0;
		const second = await clone();
		expect(second.outcome('copied')).toEqual([]);
		expect(second.outcome('unchanged')).toContain('project_config auth settings');
		expect(platform.writes()).toEqual([]);
	});

	it('gives up only the fields that the plan does not have', async () => {
		Object.assign(stateOf('source').auth, {
			password_hibp_enabled: true,
			password_min_length: 12,
			sessions_timebox: 24,
			disable_signup: true,
		});
		const result = await clone();
		expect(result.outcome('copied')).toEqual([
			'project_config auth.disable_signup',
			'project_config auth.password_min_length',
		]);
		expect(result.outcome('skipped')).toEqual([
			'project_config auth.password_hibp_enabled',
			'project_config auth.sessions_timebox',
		]);
		expect(result.items.get('project_config auth.sessions_timebox')).toMatchObject({
			detail: expect.stringContaining('Pro Plan'),
			fix: expect.stringContaining('Upgrade'),
		});
		// To be done by hand, which the report said: no failure, until the source asks for something else.
		const findings = await verify();
		expect(findings.map(({ object, severity }) => [object, severity])).toEqual([
			['auth.sessions_timebox', 'note'],
			['auth.password_hibp_enabled', 'note'],
		]);
		expect(findings[0]?.found).toContain('Pro Plan');
		stateOf('source').auth['sessions_timebox'] = 25;
		expect((await verify())[0]).toMatchObject({ severity: 'failed', found: '0' });
	});

	it('tells of database settings that differ, and never writes them', async () => {
		stateOf('source').settings.sslEnforced = true;
		stateOf('source').settings.postgres = { max_connections: 99 };
		const result = await clone();
		expect(result.outcome('skipped')).toEqual([
			'project_config database.Postgres settings',
			'project_config database.SSL enforcement',
		]);
		expect(platform.writes()).toEqual([]);
		expect(await verify()).toEqual([]);
	});

	it('notices what the platform leaves out of a request that it takes', async () => {
		stateOf('source').auth['jwt_exp'] = 7200;
		const deaf = platform.end('target');
		const { api } = deaf;
		const send: typeof api.send = (_method, path) => api.get(path);
		const endpoints = {
			source: platform.end('source'),
			target: { ...deaf, api: { ...api, send } },
		};
		const result = await cloneInProcess({ ...endpoints, components: [projectConfig] });
		expect(result.items.get('project_config auth.jwt_exp')).toMatchObject({ outcome: 'skipped' });
		expect(await verifyInProcess(endpoints, projectConfig, 'counts')).toMatchObject([
			{ severity: 'note', object: 'auth.jwt_exp' },
		]);
	});

	it('never writes a digest where a secret belongs, and never switches on what then cannot work', async () => {
		Object.assign(stateOf('source').auth, {
			external_google_enabled: true,
			external_google_client_id: 'google-id',
			external_google_secret: 'google-secret',
			smtp_host: 'smtp.production.example',
			smtp_pass: 'mail-secret',
			hook_send_email_enabled: true,
			hook_send_email_uri: 'https://hooks.example/mail',
			hook_send_email_secrets: 'v1,whsec_x',
		});
		const result = await clone();
		const { auth } = stateOf('target');
		expect(auth).toMatchObject({
			external_google_enabled: false,
			external_google_client_id: 'google-id',
			external_google_secret: null,
			smtp_host: null,
			smtp_pass: null,
			hook_send_email_enabled: false,
			hook_send_email_secrets: null,
		});
		expect(result.outcome('skipped')).toEqual([
			'project_config auth.external_google_enabled',
			'project_config auth.external_google_secret',
			'project_config auth.hook_send_email_enabled',
			'project_config auth.hook_send_email_secrets',
			'project_config auth.mail server',
			'project_config auth.smtp_pass',
		]);
		expect(JSON.stringify([...result.items])).not.toMatch(/google-secret|mail-secret|whsec/);
		expect(await verify()).toMatchObject([
			{ severity: 'note', object: 'auth.external_google_enabled' },
			{ severity: 'note', object: 'auth.hook_send_email_enabled' },
		]);
	});

	it('switches a database hook on once its function is on the target', async () => {
		Object.assign(stateOf('source').auth, {
			hook_custom_access_token_enabled: true,
			hook_custom_access_token_uri: 'pg-functions://postgres/public/add_claims',
		});
		const first = await clone();
		expect(first.outcome('skipped')).toEqual([
			'project_config auth.hook_custom_access_token_enabled',
		]);
		const sql = postgres(databases.target.dbUrl, { max: 1 });
		await sql.unsafe(
			`create function public.add_claims(event jsonb) returns jsonb language sql as 'select event'`,
		);
		await sql.end();
		await clone();
		expect(stateOf('target').auth).toMatchObject({ hook_custom_access_token_enabled: true });
		expect(await verify()).toEqual([]);
	});

	it('never copies or shows the JWT secret of the data API', async () => {
		stateOf('source').settings.postgrest.max_rows = 7;
		const result = await clone();
		expect(JSON.stringify([...result.items])).not.toContain(platform.source.jwtSecret);
	});

	it('raises the limit for files before they are copied, and lowers it only afterwards', async () => {
		const limit = (role: EndpointRole, bytes: number) =>
			Object.assign(stateOf(role).settings.storage, { fileSizeLimit: bytes });
		const stage = projectConfig.stages.find(({ name }) => name === 'limits');
		expect(stage?.provides).toEqual(['config']);
		expect(projectConfig.stages.find(({ name }) => name === 'settings')?.needs).toContain('files');

		limit('source', 100_000_000);
		const planned = (
			await planInProcess({
				source: platform.end('source'),
				target: platform.end('target'),
				components: [projectConfig],
				options: {},
			})
		).filter(({ calls = [] }) => calls.length > 0);
		expect(planned).toMatchObject([
			{
				stage: 'limits',
				object: 'storage.fileSizeLimit',
				calls: [{ method: 'PATCH', path: '/config/storage', body: { fileSizeLimit: 100_000_000 } }],
			},
		]);
		expect((await clone()).outcome('copied')).toEqual(['project_config storage.fileSizeLimit']);
		expect(platform.writes()).toHaveLength(1);
		limit('source', 10);
		await clone();
		expect(stateOf('target').settings.storage).toMatchObject({ fileSizeLimit: 10 });
	});

	it('explains in one item per area what an OAuth account cannot reach', async () => {
		const scopes = ['auth:read', 'auth:write', 'rest:read', 'rest:write'];
		const oauth = await openPlatform({ accessTokens: () => ({ scopes }) }, databases);
		oauth.shim.stateOf(SOURCE_REF).auth['jwt_exp'] = 60;
		const result = await clone({}, 'oauth-token', oauth);
		expect(result.outcome('copied')).toEqual(['project_config auth.jwt_exp']);
		expect(result.outcome('skipped')).toEqual([
			'project_config database settings',
			'project_config realtime settings',
			'project_config storage settings',
		]);
		expect((await verify(oauth, 'oauth-token')).map(({ severity }) => severity)).toEqual([
			'warning',
			'warning',
			'warning',
		]);
	});

	it('says in one item that settings may be read but not written', async () => {
		const permissions = [
			'auth_config_read',
			'data_api_config_read',
			'realtime_config_read',
			'storage_config_read',
		];
		const reader = await openPlatform({ accessTokens: () => ({ permissions }) }, databases);
		Object.assign(reader.shim.stateOf(SOURCE_REF).auth, { jwt_exp: 60, disable_signup: true });
		const result = await clone({}, 'reader', reader);
		expect(result.items.get('project_config auth settings')).toMatchObject({
			outcome: 'failed',
			detail: expect.stringContaining('auth_config_write'),
		});
		expect(result.outcome('failed')).toHaveLength(1);
	});

	it('copies issuers of third-party auth, and removes others only when asked to', async () => {
		const issuer = (url: string) => ({
			id: crypto.randomUUID(),
			type: 'oidc',
			oidc_issuer_url: url,
			inserted_at: '',
			updated_at: '',
		});
		stateOf('source').thirdPartyAuth = [
			issuer('https://idp.example'),
			issuer(`https://${SOURCE_REF}.supabase.co/auth/v1`),
		];
		stateOf('target').thirdPartyAuth = [issuer('https://own.example')];
		await clone();
		const urls = () =>
			stateOf('target').thirdPartyAuth.map(({ oidc_issuer_url }) => oidc_issuer_url);
		expect(urls()).toEqual([
			'https://own.example',
			'https://idp.example',
			`https://${TARGET_REF}.supabase.co/auth/v1`,
		]);
		expect(await verify()).toEqual([]);
		await clone({ remove_extra: true });
		expect(urls()).toEqual(['https://idp.example', `https://${TARGET_REF}.supabase.co/auth/v1`]);
	});

	it('hands trouble of the platform to the engine, and goes on where it stopped', async () => {
		stateOf('source').auth['jwt_exp'] = 60;
		platform.shim.faults.add({ kind: 'rate_limited', method: 'PATCH', path: '/config/auth' });
		platform.shim.faults.add({ kind: 'failed', method: 'PATCH', path: '/config/auth' });
		const result = await clone();
		// Both faults ended a slice; the engine tried again.
		expect(result.slices['project_config.settings']).toBe(3);
		expect(result.outcome('copied')).toEqual(['project_config auth.jwt_exp']);
	});

	it('works in as many slices as it is given', async () => {
		stateOf('source').auth['jwt_exp'] = 60;
		stateOf('source').settings.postgrest.max_rows = 3;
		const result = await cloneInProcess({
			source: platform.end('source'),
			target: platform.end('target'),
			components: [projectConfig],
			limits: { operations: 1 },
		});
		expect(result.slices['project_config.settings']).toBe(6);
		expect(await verify()).toEqual([]);
	});
});

describe('previewing project config', () => {
	it('says what would change and what is left to do, and changes nothing', async () => {
		Object.assign(stateOf('source').auth, {
			jwt_exp: 60,
			external_github_enabled: true,
			external_github_secret: 'x',
			hook_custom_access_token_enabled: true,
			hook_custom_access_token_uri: 'pg-functions://postgres/public/not_there_yet',
		});
		const preview = await previewInProcess(
			{ source: platform.end('source'), target: platform.end('target') },
			projectConfig,
		);
		expect(preview.plan).toContainEqual({ kind: 'setting', action: 'change', count: 3 });
		expect(preview.objects).toContainEqual({
			object: 'auth.jwt_exp',
			kind: 'setting',
			action: 'change',
			detail: '60 (was 3600)',
		});
		expect(preview.warnings.map(({ object }) => object)).toEqual([
			'auth.external_github_enabled',
			'auth.external_github_secret',
		]);
		expect(platform.writes()).toEqual([]);
	});
});
