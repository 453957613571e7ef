// What is found of a token's rights when it is saved. The judge is the local Management API, which holds every call to the
// permissions and scopes of the vendor's document.
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { act } from '../../supabase/functions/_shared/accounts/actions.ts';
import { probeRights } from '../../supabase/functions/_shared/accounts/probe-rights.ts';
import { OAUTH_SCOPES } from '../../supabase/functions/_shared/domain/oauth-scopes.ts';
import {
	PERMISSIONS,
	reachOf,
	RIGHT_KEYS,
	type RightKey,
	type Rights,
} from '../../supabase/functions/_shared/domain/rights.ts';
import { openControl } from '../../supabase/functions/_shared/platform/control.ts';
import {
	type Environment,
	readEnvironment,
} from '../../supabase/functions/_shared/platform/environment.ts';
import { type Control, freshControl } from '../helpers/control.ts';
import { openPlatform, type Platform, SOURCE_REF, TARGET_REF } from '../helpers/management-api.ts';

const ALL = Object.values(PERMISSIONS).flat();
/** Scoped tokens, by their text: `all but a,b` lacks a and b. */
const scoped = (token: string) => {
	if (!token.startsWith('sbp_')) return undefined;
	const lacking = token.split(':')[1]?.split(',') ?? [];
	return {
		permissions: ['projects_read', 'organizations_read', ...ALL].filter(
			(name) => !lacking.includes(name),
		),
	};
};
const tokenWithout = (...permissions: readonly string[]) =>
	`sbp_scoped_token_${'0'.repeat(9)}:${permissions.join(',')}`;

let platform: Platform;
let control: Control;
let environment: Environment;

beforeAll(async () => {
	platform = await openPlatform({ accessTokens: scoped });
	control = await freshControl();
	environment = await readEnvironment(
		(name) =>
			({
				SUPABASE_URL: 'https://cccccccccccccccccccc.supabase.co',
				SUPABASE_DB_URL: control.dbUrl,
				TWINS_WORKER_SECRET: 'w'.repeat(24),
				TWINS_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
				TWINS_MANAGEMENT_API_URL: platform.baseUrl,
			})[name],
	);
});

const probe = (token: string) => probeRights({ baseUrl: platform.baseUrl, token, ref: SOURCE_REF });

const answered = (rights: Rights, answer: string): RightKey[] =>
	RIGHT_KEYS.filter((key) => rights.answers[key] === answer);

describe('what a token may do', () => {
	it('is asked without a change on the project', async () => {
		const before = JSON.stringify(platform.shim.stateOf(SOURCE_REF));
		const rights = await probe(tokenWithout());
		// The switch of webhooks has no request that could be refused.
		expect(answered(rights, 'unknown')).toEqual(['webhooks_switch']);
		expect(answered(rights, 'can')).toHaveLength(RIGHT_KEYS.length - 1);
		expect(JSON.stringify(platform.shim.stateOf(SOURCE_REF))).toBe(before);
	});

	it.each([...new Set(ALL)].filter((name) => name !== 'database_webhooks_config_write'))(
		'lacks what needs %s without it, and nothing else',
		async (permission) => {
			const rights = await probe(tokenWithout(permission));
			expect(answered(rights, 'cannot')).toEqual(
				RIGHT_KEYS.filter((key) => PERMISSIONS[key].includes(permission)),
			);
		},
	);

	it('is not known where Supabase has trouble, and no right is made of that', async () => {
		platform.shim.faults.add({ kind: 'refused', status: 404, path: '/config/storage', calls: 9 });
		platform.shim.faults.add({ kind: 'rate_limited', path: '/postgrest', calls: 9, seconds: 60 });
		const rights = await probe(tokenWithout());
		platform.shim.faults.clear();
		expect(answered(rights, 'unknown')).toEqual([
			'data_api_read',
			'data_api_write',
			'storage_read',
			'storage_write',
			'webhooks_switch',
		]);
		expect(answered(rights, 'cannot')).toEqual([]);
	});

	it('reaches no settings of Storage and Realtime through OAuth', async () => {
		const byOAuth = await openPlatform({
			accessTokens: (token) =>
				token === 'oauth' ? { scopes: OAUTH_SCOPES.map(({ scope }) => scope) } : undefined,
		});
		const rights = await probeRights({
			baseUrl: byOAuth.baseUrl,
			token: 'oauth',
			ref: TARGET_REF,
		});
		expect(answered(rights, 'cannot')).toEqual([
			'disk_read',
			'realtime_read',
			'realtime_write',
			'storage_read',
			'storage_write',
		]);
		expect(reachOf('tables', 'target', rights).reach).toBe('can');
		expect(reachOf('project_config', 'target', rights)).toMatchObject({
			reach: 'partly',
			lacks: expect.arrayContaining([
				{ without: 'settings of Storage are skipped', permissions: ['storage_config_read'] },
			]) as unknown,
		});
	});
});

describe('an account', () => {
	async function ask<T>(request: Parameters<typeof act>[0]): Promise<T> {
		const session = openControl({ controlDbUrl: control.dbUrl });
		try {
			return (await act(request, { environment, control: session, userId: control.userId })) as T;
		} finally {
			await session.close();
		}
	}
	const rightsOf = async (id: string): Promise<Rights> => {
		const [row] = await control.asUser<{ rights: Rights }[]>(
			'select rights from public.connected_accounts where id = $1',
			[id],
		);
		if (!row) throw new Error('no account');
		return row.rights;
	};
	const connect = (token: string, account_id?: string) =>
		ask<{ account: { id: string }; errors: readonly object[] }>({
			action: 'connect_pat',
			token,
			display_name: 'Scoped',
			...(account_id === undefined ? {} : { account_id }),
		});

	it('keeps what its token may do, of each token anew', async () => {
		const { account } = await connect(tokenWithout('edge_functions_write'));
		const first = await rightsOf(account.id);
		expect(answered(first, 'cannot')).toEqual(['functions_write']);
		expect(first.ref).toBe(SOURCE_REF);
		expect(reachOf('edge_functions', 'source', first).reach).toBe('can');
		expect(reachOf('edge_functions', 'target', first).reach).toBe('cannot');
		await connect(tokenWithout('database_write'), account.id);
		const second = await rightsOf(account.id);
		expect(answered(second, 'cannot')).toEqual(['database_login']);
		expect(reachOf('tables', 'source', second).reach).toBe('cannot');
	});

	it('is connected with a token that may not list projects, of which nothing is known', async () => {
		const { account, errors } = await connect(tokenWithout('projects_read'));
		expect(errors).toMatchObject([{ account_id: account.id, http_status: 403 }]);
		expect(await rightsOf(account.id)).toBeNull();
		expect(reachOf('tables', 'source', null).reach).toBe('unknown');
	});
});
