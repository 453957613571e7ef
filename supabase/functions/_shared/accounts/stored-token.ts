// The stored token of one of the user's accounts.
import { TwinsError } from '../domain/errors.ts';
import { connectControl } from '../platform/database.ts';
import { accessTokenOf, type StoredToken } from '../platform/supabase/account-token.ts';
import type { AccountPorts } from './ports.ts';

/** Throws `not_found` for accounts of others, and for those that are disconnected. */
export async function storedTokenOf(
	accountId: string,
	{ control, userId }: Pick<AccountPorts, 'control' | 'userId'>,
): Promise<StoredToken> {
	const [stored] = await control.query<StoredToken & Record<string, unknown>>(
		`select account.id as account_id, credential.key_id, encode(credential.iv, 'base64') as iv,
			encode(credential.ciphertext, 'base64') as ciphertext, to_json(credential.expires_at) #>> '{}' as expires_at
		from public.connected_accounts as account
		join private.account_credentials as credential on credential.account_id = account.id
		where account.id = $1::uuid and account.owner_id = $2::uuid`,
		[accountId, userId],
	);
	if (stored) return stored;
	throw new TwinsError(
		'not_found',
		'There is no such account',
		'Pick one of your connected accounts.',
	);
}

/** A token that can be used now. Throws as `accessTokenOf` does. */
export function usableToken(
	stored: StoredToken,
	{ environment }: Pick<AccountPorts, 'environment'>,
): Promise<string> {
	return accessTokenOf(environment, stored, () =>
		connectControl(environment.controlDbUrl, environment.databaseCa),
	);
}
