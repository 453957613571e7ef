// What users can do with connected accounts. Each action is one transaction on the control database
// (supabase/migrations/…_store_accounts.sql) around calls of the Management API.
import type { AccountsRequest, ListedProject } from '../domain/api.ts';
import { type ErrorBody, errorBody, TwinsError } from '../domain/errors.ts';
import { createAccountApi } from '../platform/account-api.ts';
import type { Environment } from '../platform/environment.ts';
import type { Session } from '../platform/session.ts';
import { openToken, sealToken, type SealedToken } from '../platform/vault.ts';
import { setDatabasePassword } from './database-password.ts';

/** Seconds for which a list of projects counts as fresh: 120 requests a minute are shared by all pages. */
const FRESH_SECONDS = 60;

export interface AccountPorts {
	readonly environment: Environment;
	readonly control: Session;
	readonly userId: string;
}

/** Carries out one request and returns its answer. Throws TwinsError. */
export async function act(request: AccountsRequest, ports: AccountPorts): Promise<unknown> {
	switch (request.action) {
		case 'connect_pat':
			return connect(request, ports);
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
	const [row] = await control.query<{ account: { id: string } }>(
		'select private.save_account($1::uuid, $2::uuid, $3, $4, $5, $6, $7) as account',
		[userId, accountId, request.display_name, 'pat', sealed.key_id, sealed.iv, sealed.ciphertext],
	);
	// The list is a convenience: a token that may not list projects is connected all the same.
	const refreshed = await refresh({ id: accountId, ...sealed }, { environment, control, userId });
	return { account: row?.account, errors: refreshed ? [refreshed] : [] };
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

async function disconnect(
	request: Request<'disconnect'>,
	{ control, userId }: AccountPorts,
): Promise<unknown> {
	const [row] = await control.query<{ answer: unknown }>(
		'select private.disconnect_account($1::uuid, $2::uuid) as answer',
		[userId, request.account_id],
	);
	return row?.answer;
}

interface Account extends SealedToken {
	readonly id: string;
}

interface AccountError extends ErrorBody {
	readonly account_id: string;
}

async function listProjects(force: boolean, ports: AccountPorts): Promise<unknown> {
	const accounts = await ports.control.query<Account & { is_fresh: boolean }>(
		`select
			account.id,
			credential.key_id,
			encode(credential.iv, 'base64') as iv,
			encode(credential.ciphertext, 'base64') as ciphertext,
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
		const error = await refresh(account, ports);
		if (error) errors.push(error);
	}
	const projects = await ports.control.query<ListedProject>(
		`select project.account_id, project.ref, project.name, project.organization_name,
			project.region, project.status, project.postgres_version, project.is_protected
		from public.projects as project
		join public.connected_accounts as account on account.id = project.account_id
		where account.owner_id = $1::uuid and account.status <> 'revoked'
		order by project.name, project.ref`,
		[ports.userId],
	);
	return { projects, errors };
}

/** Lists an account's projects anew. An account that fails keeps its old list, and the error is returned. */
async function refresh(
	account: Account,
	{ environment, control }: AccountPorts,
): Promise<AccountError | undefined> {
	try {
		const token = await openToken(environment.tokenKeys, account.id, account);
		const api = createAccountApi({ baseUrl: environment.managementApiUrl, token });
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
		await control.query('select private.store_projects($1::uuid, $2::jsonb)', [account.id, listed]);
		return undefined;
	} catch (error) {
		const body = errorBody(error);
		if (body.code === 'account_expired') {
			await control.query(
				`update public.connected_accounts set status = 'expired' where id = $1::uuid`,
				[account.id],
			);
		}
		return { account_id: account.id, ...body };
	}
}
