// Connecting an account by OAuth: the user is sent to Supabase with a state and a challenge, and comes back with a code
// that is worth something only with the verifier that stayed here, and only for the user who began.
import { TwinsError } from '../domain/errors.ts';
import { createAccountApi } from '../platform/supabase/account-api.ts';
import { oauthApi, sealOAuthTokens } from '../platform/supabase/account-token.ts';
import { authorizeUrl, exchangeCode, randomSecret } from '../platform/supabase/oauth.ts';
import { oauthRequestOf, openToken, sealToken, type SealedToken } from '../platform/vault.ts';
import { sha256 } from '../platform/sha256.ts';
import type { AccountPorts } from './ports.ts';

/**
 * Begins: the URL at which the user agrees, and the state that comes back with the user.
 * Throws `unsupported` where the installation has no OAuth app.
 */
export async function startOAuth(
	accountId: string | undefined,
	{ environment, control, userId }: AccountPorts,
): Promise<{ readonly url: string; readonly state: string }> {
	const api = oauthApi(environment);
	const [state, verifier] = [randomSecret(), randomSecret()];
	const sealed = await sealToken(environment.tokenKeys, oauthRequestOf(userId), verifier);
	await control.query('select private.begin_oauth($1::uuid, $2::uuid, $3, $4, $5, $6)', [
		userId,
		accountId ?? null,
		await hashOf(state),
		sealed.key_id,
		sealed.iv,
		sealed.ciphertext,
	]);
	return { url: await authorizeUrl(api, { state, verifier }), state };
}

const hashOf = (state: string): Promise<string> => sha256(new TextEncoder().encode(state));

interface Begun extends SealedToken {
	readonly account_id: string | null;
	readonly display_name: string | null;
}

/**
 * Ends: saves what the code is worth, as a new account or as the one that is reconnected. Returns the account's id and row.
 * Throws `bad_request` for a state that this user did not begin, that is used, or ten minutes old.
 */
export async function finishOAuth(
	{ state, code }: { readonly state: string; readonly code: string },
	{ environment, control, userId }: AccountPorts,
): Promise<{ readonly id: string; readonly account: unknown }> {
	const api = oauthApi(environment);
	const [row] = await control.query<{ begun: Begun | null }>(
		'select private.end_oauth($1::uuid, $2) as begun',
		[userId, await hashOf(state)],
	);
	const begun = row?.begun;
	if (!begun) {
		throw new TwinsError(
			'bad_request',
			'This connection was not begun here, or too long ago',
			'Press Connect with Supabase again, and agree within ten minutes.',
		);
	}
	const verifier = await openToken(environment.tokenKeys, oauthRequestOf(userId), begun);
	const tokens = await exchangeCode(api, code, verifier);
	const id = begun.account_id ?? crypto.randomUUID();
	const sealed = await sealOAuthTokens(environment, id, tokens);
	const name = begun.display_name ?? (await nameOf(api.baseUrl, tokens.accessToken));
	const [saved] = await control.query<{ account: unknown }>(
		'select private.save_account($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8::timestamptz) as account',
		[userId, id, name, 'oauth', sealed.key_id, sealed.iv, sealed.ciphertext, tokens.expiresAt],
	);
	return { id, account: saved?.account };
}

/** Supabase grants one organization at a time: the account is called after it, until the user renames it. */
async function nameOf(baseUrl: string, token: string): Promise<string> {
	const organizations = await createAccountApi({ baseUrl, token })
		.organizations()
		.catch(() => []);
	return organizations[0]?.name.slice(0, 100) ?? 'Supabase';
}
