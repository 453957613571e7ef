// What users can do with connected accounts. Each action is one transaction on the control database
// (supabase/migrations: …_store_accounts.sql, …_store_projects.sql) around calls of the Management API.
import type { AccountsRequest, ListedProject } from '../domain/api.ts';
import { type ErrorBody, errorBody, TwinsError } from '../domain/errors.ts';
import { createAccountApi } from '../platform/supabase/account-api.ts';
import { apiPace } from '../platform/supabase/api-pace.ts';
import { oauthApi, refreshTokenOf, type StoredToken } from '../platform/supabase/account-token.ts';
import { revokeTokens } from '../platform/supabase/oauth.ts';
import { sealToken } from '../platform/vault.ts';
import { setDatabasePassword } from './database-password.ts';
import { finishOAuth, startOAuth } from './oauth.ts';
import type { AccountPorts } from './ports.ts';
import { probeRights } from './probe-rights.ts';
import { storedTokenOf, usableToken } from './stored-token.ts';

/** Seconds for which a list of projects counts as fresh: 120 requests a minute are shared by all pages. */
const FRESH_SECONDS = 60;

/** Carries out one request and returns its answer. Throws TwinsError. */
export async function act(request: AccountsRequest, ports: AccountPorts): Promise<unknown> {
	switch (request.action) {
		case 'connect_pat':
			return connect(request, ports);
		case 'start_oauth':
			return startOAuth(request.account_id, ports);
		case 'finish_oauth':
			return finish(request, ports);
		case 'connection_methods':
			return { methods: ports.environment.oauthApp === null ? ['pat'] : ['oauth', 'pat'] };
		case 'rename':
			return rename(request, ports);
		case 'disconnect':
			return disconnect(request, ports);
		case 'set_database_password':
			return setDatabasePassword(request, ports);
		case 'list_projects':
			return listProjects(request.refresh ?? false, ports);
	}
}

type Request<Action extends AccountsRequest['action']> = Extract<
	AccountsRequest,
	{ action: Action }
>;

/** Tests the token, then saves it sealed. A token that Supabase does not accept changes nothing. */
async function connect(
	request: Request<'connect_pat'>,
	{ environment, control, userId }: AccountPorts,
): Promise<unknown> {
	const api = createAccountApi({ baseUrl: environment.managementApiUrl, token: request.token });
	try {
		await api.checkToken();
	} catch (error) {
		if (error instanceof TwinsError && error.code === 'account_expired') {
			throw new TwinsError(
				'bad_request',
				'Supabase does not accept this access token',
				'Copy it again, or make a new one under Account → Access tokens in the Supabase dashboard.',
			);
		}
		throw error;
	}
	const accountId = request.account_id ?? crypto.randomUUID();
	const sealed = await sealToken(environment.tokenKeys, accountId, request.token);
	const [row] = await control.query<{ account: unknown }>(
		'select private.save_account($1::uuid, $2::uuid, $3, $4, $5, $6, $7, null, $8::date) as account',
		[
			userId,
			accountId,
			request.display_name,
			'pat',
			sealed.key_id,
			sealed.iv,
			sealed.ciphertext,
			request.expires_on ?? null,
		],
	);
	return connected(row?.account, accountId, { environment, control, userId });
}

/** Takes the user's agreement from Supabase. */
async function finish(request: Request<'finish_oauth'>, ports: AccountPorts): Promise<unknown> {
	const { id, account } = await finishOAuth(request, ports);
	return connected(account, id, ports);
}

/**
 * The list is a convenience: a token that may not list projects is connected all the same. What it may do is asked once,
 * for those who are to choose what to clone.
 */
async function connected(account: unknown, id: string, ports: AccountPorts): Promise<unknown> {
	const stored = await storedTokenOf(id, ports);
	const error = (await refresh(stored, ports)) ?? (await findRights(stored, ports));
	return { account, errors: error ? [error] : [] };
}

/** Asks what the token may do, about the project that is most likely awake. */
async function findRights(
	stored: StoredToken,
	{ environment, control }: AccountPorts,
): Promise<AccountError | undefined> {
	const { account_id: id } = stored;
	try {
		const [project] = await control.query<{ ref: string }>(
			`select ref from public.projects where account_id = $1::uuid and gone_at is null
			order by status is distinct from 'ACTIVE_HEALTHY', ref limit 1`,
			[id],
		);
		const rights = await probeRights({
			baseUrl: environment.managementApiUrl,
			token: await usableToken(stored, { environment }),
			ref: project?.ref ?? null,
			pace: apiPace(control, id),
		});
		await control.query(
			'update public.connected_accounts set rights = $2::jsonb where id = $1::uuid',
			[id, rights],
		);
		return undefined;
	} catch (error) {
		return { account_id: id, ...errorBody(error) };
	}
}

async function rename(
	request: Request<'rename'>,
	{ control, userId }: AccountPorts,
): Promise<unknown> {
	const [account] = await control.query(
		`update public.connected_accounts set display_name = $3
		where id = $2::uuid and owner_id = $1::uuid and status <> 'revoked'
		returning id, display_name, method, status, created_at`,
		[userId, request.account_id, request.display_name],
	);
	if (account) return { account };
	throw new TwinsError(
		'not_found',
		'There is no such account',
		'Pick one of your connected accounts.',
	);
}

/**
 * Ends an account's access here, and then at Supabase. `errors` says what is left to do at Supabase by hand.
 */
async function disconnect(request: Request<'disconnect'>, ports: AccountPorts): Promise<unknown> {
	const { environment, control, userId } = ports;
	const refreshToken = await refreshTokenToRevoke(request.account_id, ports);
	const [row] = await control.query<{ answer: Record<string, unknown> }>(
		'select private.disconnect_account($1::uuid, $2::uuid) as answer',
		[userId, request.account_id],
	);
	if (refreshToken === null || environment.oauthApp === null) return row?.answer;
	try {
		await revokeTokens(oauthApi(environment), refreshToken);
		return row?.answer;
	} catch {
		return { ...row?.answer, errors: [notRevoked(request.account_id)] };
	}
}

/** Null where there is nothing to revoke: an access token, an account without a token, or one that cannot be opened. */
async function refreshTokenToRevoke(
	accountId: string,
	ports: AccountPorts,
): Promise<string | null> {
	try {
		return await refreshTokenOf(ports.environment, await storedTokenOf(accountId, ports));
	} catch {
		return null;
	}
}

const notRevoked = (accountId: string): AccountError => ({
	account_id: accountId,
	code: 'api_unavailable',
	message: 'The account is disconnected here, but Supabase could not be told',
	fix: 'Remove Twins under Organization settings → OAuth apps → Authorized apps in the Supabase dashboard.',
});

interface AccountError extends ErrorBody {
	readonly account_id: string;
}

async function listProjects(force: boolean, ports: AccountPorts): Promise<unknown> {
	const accounts = await ports.control.query<StoredToken & { is_fresh: boolean }>(
		`select
			account.id as account_id,
			credential.key_id,
			encode(credential.iv, 'base64') as iv,
			encode(credential.ciphertext, 'base64') as ciphertext,
			to_json(credential.expires_at) #>> '{}' as expires_at,
			coalesce(account.last_used_at > now() - make_interval(secs => $2::int), false) as is_fresh
		from public.connected_accounts as account
		join private.account_credentials as credential on credential.account_id = account.id
		where account.owner_id = $1::uuid and account.status <> 'revoked'
		order by account.created_at`,
		[ports.userId, FRESH_SECONDS],
	);
	const errors: AccountError[] = [];
	for (const account of accounts) {
		if (account.is_fresh && !force) continue;
		const error = (await refresh(account, ports)) ?? (force && (await findRights(account, ports)));
		if (error) errors.push(error);
	}
	const projects = await ports.control.query<ListedProject>(
		`select project.account_id, project.ref, project.name, project.organization_name,
			project.region, project.status, project.postgres_version, project.is_protected
		from public.projects as project
		join public.connected_accounts as account on account.id = project.account_id
		where account.owner_id = $1::uuid and account.status <> 'revoked' and project.gone_at is null
		order by project.name, project.ref`,
		[ports.userId],
	);
	return { projects, errors };
}

/** Lists an account's projects anew. An account that fails keeps its old list, and the error is returned. */
async function refresh(
	account: StoredToken,
	{ environment, control }: AccountPorts,
): Promise<AccountError | undefined> {
	const { account_id: id } = account;
	try {
		const token = await usableToken(account, { environment });
		const pace = apiPace(control, id);
		const api = createAccountApi({ baseUrl: environment.managementApiUrl, token, pace });
		const [organizations, projects] = await Promise.all([
			// Optional right of scoped tokens: without it projects show no organization.
			api.organizations().catch(() => []),
			api.projects(),
		]);
		const names = new Map(organizations.map(({ slug, name }) => [slug, name]));
		const listed = projects.map((project) => ({
			ref: project.ref,
			name: project.name,
			organization_name: names.get(project.organization_slug) ?? project.organization_slug,
			region: project.region,
			status: project.status,
			postgres_version: project.database?.version ?? null,
		}));
		await control.query('select private.store_projects($1::uuid, $2::jsonb)', [id, listed]);
		return undefined;
	} catch (error) {
		const body = errorBody(error);
		if (body.code === 'account_expired') {
			await control.query(
				`update public.connected_accounts set status = 'expired' where id = $1::uuid`,
				[id],
			);
		}
		return { account_id: id, ...body };
	}
}
