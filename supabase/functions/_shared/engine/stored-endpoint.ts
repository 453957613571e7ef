// Opens the endpoints of a stored run with what the control database keeps of their accounts, encrypted. Credentials
// live no longer than a slice.
import type { EndpointRole } from '../domain/endpoint-role.ts';
import { TwinsError } from '../domain/errors.ts';
import type { Environment } from '../platform/environment.ts';
import { connectControl } from '../platform/database.ts';
import { accessTokenOf } from '../platform/supabase/account-token.ts';
import type { Queries } from '../platform/control.ts';
import { apiPace } from '../platform/supabase/api-pace.ts';
import { storedLogins } from '../platform/supabase/logins.ts';
import { databasePasswordOf, openToken } from '../platform/vault.ts';
import type { StoredEndpoint } from './queue.ts';
import { openProjectEndpoint } from './project-endpoint.ts';
import type { OpenEndpoint } from './slice.ts';

/**
 * An endpoint of a run, ready to be used and to be closed. Throws `account_expired` without a usable token, `secret_unreadable` where the installation has not its key, and
 * `forbidden` for a target that is the project Twins runs on.
 */
export async function openStoredEndpoint(
	environment: Environment,
	role: EndpointRole,
	endpoint: StoredEndpoint,
	control: Queries,
	signal: AbortSignal,
	onExpired: () => void = () => undefined,
): Promise<OpenEndpoint> {
	if (endpoint.account_status !== 'connected' || !endpoint.ciphertext) {
		throw new TwinsError(
			'account_expired',
			`The account of the ${role} project has no valid access any more`,
			'Reconnect it under Connected accounts, then clone again.',
		);
	}
	const url = environment.projectUrl(endpoint.ref);
	if (role === 'target' && url === environment.controlUrl) {
		throw new TwinsError(
			'forbidden',
			'The target is the project that Twins itself runs on',
			'Pick another target: a clone would overwrite the accounts and clones kept there.',
		);
	}
	return openProjectEndpoint({
		role,
		ref: endpoint.ref,
		url,
		token: await accessTokenOf(environment, endpoint, () =>
			connectControl(environment.controlDbUrl, environment.databaseCa),
		),
		managementApiUrl: environment.managementApiUrl,
		tls: environment.databaseTls,
		databaseCa: environment.databaseCa,
		pace: apiPace(control, endpoint.account_id),
		logins: storedLogins({
			control,
			tokenKeys: environment.tokenKeys,
			account_id: endpoint.account_id,
			ref: endpoint.ref,
			signal,
		}),
		databasePassword: () => passwordOf(environment, endpoint),
		signal,
		onExpired,
	});
}

const passwordOf = async (
	{ tokenKeys }: Environment,
	{ account_id, ref, database_password: sealed }: StoredEndpoint,
): Promise<string | undefined> =>
	sealed ? openToken(tokenKeys, databasePasswordOf(account_id, ref), sealed) : undefined;
