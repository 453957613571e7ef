// Connecting accounts by OAuth: authorization code with PKCE at the Management API. Our own few lines instead of a
// library: Supabase answers tokens with 201 and revokes by JSON, which general OAuth clients refuse.
import * as z from 'zod/mini';
import { errorBody, TwinsError } from '../../domain/errors.ts';
import type { OAuthApp } from '../environment.ts';
import { type Fetch, type HttpService, retryAfterSeconds, sendRequest } from '../http.ts';
import { json, unknownForm } from './management-api.ts';
import { managementRefusal } from './management-errors.ts';

export interface OAuthApi {
	readonly app: OAuthApp;
	/** `https://api.supabase.com`, or the local one. */
	readonly baseUrl: string;
	readonly fetch?: Fetch | undefined;
}

export interface OAuthTokens {
	readonly accessToken: string;
	/** Used once: every answer has the next one. */
	readonly refreshToken: string;
	/** ISO 8601. */
	readonly expiresAt: string;
}

const tokensSchema = z.object({
	access_token: z.string().check(z.minLength(1)),
	refresh_token: z.string().check(z.minLength(1)),
	expires_in: z.number().check(z.positive()),
});

const TIMEOUT_MS = 30_000;

/** 256 random bits, as RFC 7636 wants them for a verifier. Also what a state is. */
export function randomSecret(): string {
	return toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
}

/** Where a user agrees. `verifier` and `state` are kept until Supabase sends the user back. */
export async function authorizeUrl(
	{ app, baseUrl }: OAuthApi,
	{ verifier, state }: { readonly verifier: string; readonly state: string },
): Promise<string> {
	const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
	const query = new URLSearchParams({
		client_id: app.clientId,
		redirect_uri: app.redirectUrl,
		response_type: 'code',
		state,
		code_challenge: toBase64Url(new Uint8Array(digest)),
		code_challenge_method: 'S256',
	});
	return `${baseUrl}/v1/oauth/authorize?${query.toString()}`;
}

/** Tokens for a code. Throws `bad_request` where Supabase does not accept it: it is used, old, or another's. */
export function exchangeCode(api: OAuthApi, code: string, verifier: string): Promise<OAuthTokens> {
	return askForTokens(
		api,
		{
			grant_type: 'authorization_code',
			code,
			code_verifier: verifier,
			redirect_uri: api.app.redirectUrl,
		},
		() =>
			new TwinsError(
				'bad_request',
				'Supabase does not accept this authorization any more',
				'Connect the account again: an authorization is good for a few minutes, and once.',
			),
	);
}

/** The next tokens. Throws `account_expired` where Supabase ended the access. */
export function refreshTokens(api: OAuthApi, refreshToken: string): Promise<OAuthTokens> {
	return askForTokens(
		api,
		{ grant_type: 'refresh_token', refresh_token: refreshToken },
		() =>
			new TwinsError(
				'account_expired',
				'Supabase ended the access of Twins to this account',
				'Reconnect it under Connected accounts.',
			),
	);
}

/** Ends the access at Supabase. Throws what the API answers. */
export async function revokeTokens(api: OAuthApi, refreshToken: string): Promise<void> {
	const { clientId, clientSecret } = api.app;
	await sendRequest(serviceOf(api, [refreshToken]), {
		method: 'POST',
		url: `${api.baseUrl}/v1/oauth/revoke`,
		subject: 'POST /v1/oauth/revoke',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({
			client_id: clientId,
			client_secret: clientSecret,
			refresh_token: refreshToken,
		}),
		timeoutMs: TIMEOUT_MS,
	});
}

async function askForTokens(
	api: OAuthApi,
	fields: Readonly<Record<string, string>>,
	refused: () => TwinsError,
): Promise<OAuthTokens> {
	const { clientId, clientSecret } = api.app;
	const asked = Date.now();
	try {
		const response = await sendRequest(serviceOf(api, Object.values(fields)), {
			method: 'POST',
			url: `${api.baseUrl}/v1/oauth/token`,
			subject: 'POST /v1/oauth/token',
			headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
			body: new URLSearchParams({
				...fields,
				client_id: clientId,
				client_secret: clientSecret,
			}).toString(),
			timeoutMs: TIMEOUT_MS,
		});
		const parsed = z.safeParse(tokensSchema, await json<unknown>(response));
		if (!parsed.success) throw unknownForm('POST /v1/oauth/token');
		return {
			accessToken: parsed.data.access_token,
			refreshToken: parsed.data.refresh_token,
			expiresAt: new Date(asked + parsed.data.expires_in * 1000).toISOString(),
		};
	} catch (error) {
		const status = error instanceof TwinsError ? error.details.httpStatus : undefined;
		// Wrong credentials of the app are the operator's trouble, not the account's.
		if (status === 401 || APP_REFUSED.test(errorBody(error).message)) throw appRefused();
		if (status !== undefined && [400, 403, 404, 406].includes(status)) throw refused();
		throw error;
	}
}

const APP_REFUSED = /\b(?:invalid|unauthorized)_client\b/;

function appRefused(): TwinsError {
	return new TwinsError(
		'api_refused',
		'Supabase does not accept the OAuth app of this installation',
		'Check TWINS_OAUTH_CLIENT_ID and TWINS_OAUTH_CLIENT_SECRET, or connect with an access token.',
	);
}

/** No account ends because something in between (a firewall, a proxy) refused a call with a page of its own. */
function refusalOf(response: Response, text: string, subject: string): TwinsError {
	if (isObject(text)) return managementRefusal(response, text, subject);
	return new TwinsError(
		'api_unavailable',
		`Supabase was asked for ${subject}, and something else answered with status ${response.status}`,
		'Try again in a minute. If it stays so, look what is between this installation and Supabase.',
		{ passing: true, retryAfter: retryAfterSeconds(response.headers) },
	);
}

function isObject(text: string): boolean {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null && !Array.isArray(value);
	} catch {
		return false;
	}
}

const serviceOf = ({ app, fetch }: OAuthApi, secrets: readonly string[]): HttpService => ({
	name: 'Supabase',
	secrets: [app.clientSecret, ...secrets],
	fetch,
	refusal: refusalOf,
});

function toBase64Url(bytes: Uint8Array): string {
	const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
	return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
