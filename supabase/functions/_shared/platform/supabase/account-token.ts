// The access token of a connected account, as it is stored and as it is used: a personal access token, or what OAuth
// gave, which is renewed before it expires.
import * as z from 'zod/mini';
import { TwinsError } from '../../domain/errors.ts';
import type { Environment } from '../environment.ts';
import type { Session } from '../postgres/index.ts';
import { openToken, sealToken, type SealedToken } from '../vault.ts';
import { type OAuthApi, type OAuthTokens, refreshTokens } from './oauth.ts';

/** A row of private.account_credentials. */
export interface StoredToken extends SealedToken {
	readonly account_id: string;
	/** ISO 8601; null for personal access tokens, whose end Supabase does not tell. */
	readonly expires_at: string | null;
}

/** A slice takes about a minute; nothing that uses the token lives longer than this. */
const MARGIN_MS = 180_000;

const oauthSchema = z.object({ access_token: z.string(), refresh_token: z.string() });

/** Seals what OAuth gave for private.account_credentials. */
export function sealOAuthTokens(
	{ tokenKeys }: Environment,
	accountId: string,
	{ accessToken, refreshToken }: OAuthTokens,
): Promise<SealedToken> {
	const text = JSON.stringify({ access_token: accessToken, refresh_token: refreshToken });
	return sealToken(tokenKeys, accountId, text);
}

/** The refresh token of an account connected by OAuth; null for personal access tokens. */
export async function refreshTokenOf(
	environment: Environment,
	stored: StoredToken,
): Promise<string | null> {
	return stored.expires_at === null ? null : (await openOAuth(environment, stored)).refresh_token;
}

/**
 * A token that is good for the next minutes. One that expires sooner is renewed, by one caller at a time: the others
 * wait and take what that one stored. Throws `account_expired`, with the account marked so, when Supabase ended the access.
 * @param connect opens a connection to the control database, only for a renewal
 */
export async function accessTokenOf(
	environment: Environment,
	stored: StoredToken,
	connect: () => Promise<Session>,
): Promise<string> {
	const usable = await usableToken(environment, stored);
	if (usable !== undefined) return usable;
	const control = await connect();
	try {
		return await renewed(environment, stored.account_id, control);
	} finally {
		await control.close();
	}
}

/** The access token, unless it has to be renewed before it is used. */
async function usableToken(
	environment: Environment,
	stored: StoredToken,
): Promise<string | undefined> {
	const { account_id, expires_at } = stored;
	if (expires_at === null) return openToken(environment.tokenKeys, account_id, stored);
	const isFresh = Date.parse(expires_at) - Date.now() > MARGIN_MS;
	return isFresh ? (await openOAuth(environment, stored)).access_token : undefined;
}

async function openOAuth(
	{ tokenKeys }: Environment,
	stored: StoredToken,
): Promise<z.infer<typeof oauthSchema>> {
	return z.parse(oauthSchema, JSON.parse(await openToken(tokenKeys, stored.account_id, stored)));
}

async function renewed(
	environment: Environment,
	accountId: string,
	control: Session,
): Promise<string> {
	await control.query('begin');
	const [stored] = await control.query<StoredToken & Record<string, unknown>>(
		`select account_id, key_id, encode(iv, 'base64') as iv, encode(ciphertext, 'base64') as ciphertext,
			to_json(expires_at) #>> '{}' as expires_at
		from private.account_credentials where account_id = $1::uuid for update`,
		[accountId],
	);
	if (!stored) throw disconnected();
	try {
		// Connected anew with an access token, or renewed by the caller before this one.
		const usable = await usableToken(environment, stored);
		if (usable !== undefined) {
			await control.query('commit');
			return usable;
		}
		const { refresh_token } = await openOAuth(environment, stored);
		const tokens = await refreshTokens(oauthApi(environment), refresh_token);
		const sealed = await sealOAuthTokens(environment, accountId, tokens);
		await control.query(
			`update private.account_credentials
			set key_id = $2, iv = decode($3, 'base64'), ciphertext = decode($4, 'base64'), expires_at = $5::timestamptz
			where account_id = $1::uuid`,
			[accountId, sealed.key_id, sealed.iv, sealed.ciphertext, tokens.expiresAt],
		);
		await control.query('commit');
		return tokens.accessToken;
	} catch (error) {
		await control.query('rollback');
		if (error instanceof TwinsError && error.code === 'account_expired') {
			await control.query('select private.expire_account($1::uuid, $2)', [accountId, stored.iv]);
		}
		throw error;
	}
}

/** The app of this installation. Throws `unsupported` where it has none. */
export function oauthApi({ oauthApp, managementApiUrl }: Environment): OAuthApi {
	if (oauthApp !== null) return { app: oauthApp, baseUrl: managementApiUrl };
	throw new TwinsError(
		'unsupported',
		'This installation of Twins has no OAuth app',
		'Connect the account with an access token, or set TWINS_OAUTH_CLIENT_ID as the README says.',
	);
}

function disconnected(): TwinsError {
	return new TwinsError(
		'account_expired',
		'The account was disconnected',
		'Connect it again under Connected accounts.',
	);
}
