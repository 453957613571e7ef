// OAuth apps, the user's consent, and the tokens that come of it. As hosted: authorization code with PKCE, access
// tokens that expire, refresh tokens that rotate. A refresh token that comes a second time ends the grant, as
// RFC 9700 wants it. There is one user here, who is signed in.
import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { readJson, writePrivately } from '../private-file.ts';
import type { Account } from './accounts.ts';
import { type Answer, ApiRefusal, created } from './answers.ts';
import { consentPage } from './consent-page.ts';

export interface OAuthApp {
	/** A UUID. */
	readonly clientId: string;
	readonly clientSecret: string;
	readonly name: string;
	readonly redirectUris: readonly string[];
	/** What its tokens may do: `projects:read`, `database:write` … */
	readonly scopes: readonly string[];
}

export interface OAuthOptions {
	readonly apps: readonly OAuthApp[];
	/** Life of an access token. */
	readonly accessTokenSeconds: number;
	/** Folder of oauth.json: grants survive a restart. */
	readonly stateDir: string;
}

export interface OAuth {
	/** The account of an access token that has not expired. */
	accountOf(token: string): Account | undefined;
	/** GET /v1/oauth/authorize: asks the user. */
	authorize(query: URLSearchParams): Answer;
	/** POST of the page that asks: sends the user back to the app. */
	decide(form: URLSearchParams): Answer;
	/** POST /v1/oauth/token. `authorization`: credentials of the app, if they are not in the body. */
	token(body: Readonly<Record<string, string>>, authorization: string | undefined): Answer;
	/** POST /v1/oauth/revoke. */
	revoke(body: Readonly<Record<string, string>>): Answer;
	/** Grants that stand, for tests. */
	grants(): number;
}

interface Asked {
	readonly app: OAuthApp;
	readonly redirectUri: string;
	readonly state: string | null;
	readonly challenge: string;
}

interface Grant {
	readonly clientId: string;
	accessToken: string;
	/** Milliseconds since 1970. */
	accessEnds: number;
	refreshToken: string;
	readonly usedRefreshTokens: string[];
}

const CODE_LIFE_MS = 600_000;
export const CONSENT_PATH = '/__consent';

export function createOAuth({ apps, accessTokenSeconds, stateDir }: OAuthOptions): OAuth {
	const file = path.join(stateDir, 'oauth.json');
	const grants = (readJson(file) as Grant[] | undefined) ?? [];
	const asked = new Map<string, Asked>();
	const codes = new Map<string, Asked & { readonly ends: number }>();

	const save = (): void => {
		fs.mkdirSync(stateDir, { recursive: true });
		writePrivately(file, JSON.stringify(grants));
	};
	const end = (grant: Grant): void => {
		grants.splice(grants.indexOf(grant), 1);
		save();
	};
	const renew = (grant: Grant): Answer => {
		grant.accessToken = `sbp_oauth_${randomBytes(20).toString('hex')}`;
		grant.accessEnds = Date.now() + accessTokenSeconds * 1000;
		grant.refreshToken = randomBytes(24).toString('base64url');
		save();
		return created({
			access_token: grant.accessToken,
			refresh_token: grant.refreshToken,
			expires_in: accessTokenSeconds,
			token_type: 'Bearer',
		});
	};
	const appOf = (id: string | null | undefined, secret: string | undefined): OAuthApp => {
		const app = apps.find(({ clientId }) => clientId === id);
		if (app === undefined || app.clientSecret !== secret) {
			throw new ApiRefusal(401, 'Invalid client credentials');
		}
		return app;
	};

	function exchange(app: OAuthApp, body: Readonly<Record<string, string>>): Answer {
		const { code = '', code_verifier: verifier = '', redirect_uri: redirectUri } = body;
		const given = codes.get(code);
		codes.delete(code);
		const isFresh = given !== undefined && given.ends > Date.now() && given.app === app;
		if (!isFresh || given.redirectUri !== redirectUri) {
			throw new ApiRefusal(400, 'OAuth authorization code is invalid or expired');
		}
		if (createHash('sha256').update(verifier).digest('base64url') !== given.challenge) {
			throw new ApiRefusal(400, 'OAuth code verifier does not match');
		}
		const grant: Grant = {
			clientId: app.clientId,
			accessToken: '',
			accessEnds: 0,
			refreshToken: '',
			usedRefreshTokens: [],
		};
		grants.push(grant);
		return renew(grant);
	}

	function refresh(
		app: OAuthApp,
		{ refresh_token: token = '' }: Readonly<Record<string, string>>,
	): Answer {
		const own = grants.filter(({ clientId }) => clientId === app.clientId);
		const stolen = own.find(({ usedRefreshTokens }) => usedRefreshTokens.includes(token));
		if (stolen) end(stolen);
		const grant = own.find(({ refreshToken }) => refreshToken === token);
		if (stolen !== undefined || grant === undefined) {
			throw new ApiRefusal(400, 'OAuth refresh token is invalid or expired');
		}
		grant.usedRefreshTokens.push(token);
		return renew(grant);
	}

	return {
		grants: () => grants.length,
		accountOf(token) {
			const grant = grants.find(({ accessToken }) => accessToken === token);
			const app = apps.find(({ clientId }) => clientId === grant?.clientId);
			if (grant === undefined || app === undefined || grant.accessEnds <= Date.now())
				return undefined;
			return { scopes: app.scopes };
		},
		authorize(query) {
			const app = apps.find(({ clientId }) => clientId === query.get('client_id'));
			if (app === undefined) throw new ApiRefusal(400, 'Unrecognized client_id');
			const redirectUri = query.get('redirect_uri') ?? '';
			if (!app.redirectUris.includes(redirectUri))
				throw new ApiRefusal(400, 'Invalid redirect_uri');
			const challenge = query.get('code_challenge') ?? '';
			if (query.get('code_challenge_method') !== 'S256' || challenge === '') {
				throw new ApiRefusal(400, 'A code_challenge of method S256 is wanted');
			}
			const id = randomBytes(16).toString('hex');
			asked.set(id, { app, redirectUri, state: query.get('state'), challenge });
			return consentPage(app, id, CONSENT_PATH);
		},
		decide(form) {
			const id = form.get('request') ?? '';
			const request = asked.get(id);
			asked.delete(id);
			if (request === undefined) throw new ApiRefusal(400, 'This request was answered already');
			const back = new URL(request.redirectUri);
			if (request.state !== null) back.searchParams.set('state', request.state);
			if (form.get('decision') === 'authorize') {
				const code = randomBytes(24).toString('base64url');
				codes.set(code, { ...request, ends: Date.now() + CODE_LIFE_MS });
				back.searchParams.set('code', code);
			} else {
				back.searchParams.set('error', 'access_denied');
				back.searchParams.set('error_description', 'The user declined the authorization request');
			}
			return { status: 303, headers: { location: back.href } };
		},
		token(body, authorization) {
			const basic = /^Basic (\S+)$/i.exec(authorization ?? '')?.[1];
			const [id, secret] = basic
				? Buffer.from(basic, 'base64').toString('utf8').split(':')
				: [body['client_id'], body['client_secret']];
			const app = appOf(id, secret);
			if (body['grant_type'] === 'refresh_token') return refresh(app, body);
			return exchange(app, body);
		},
		revoke(body) {
			const app = appOf(body['client_id'], body['client_secret']);
			const grant = grants.find(
				({ clientId, refreshToken }) =>
					clientId === app.clientId && refreshToken === body['refresh_token'],
			);
			if (grant) end(grant);
			return { status: 204 };
		},
	};
}
