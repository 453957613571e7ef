// API keys and user tokens of one local project: which role a request speaks for. The only place that
// knows how a key or a JWT is checked; the services decide what a role may do.
import type { IncomingMessage } from 'node:http';
import { errors, importJWK, jwtVerify, SignJWT, type JWK } from 'jose';
import type { LocalProject } from '../project.ts';
import { header, HttpRefusal } from './http.ts';

/** What a key or token says. `role` is the database role; the rest is the JWT's payload. */
export interface Claims {
	readonly role: string;
	readonly sub?: string;
	readonly exp?: number;
	readonly session_id?: string;
	readonly [claim: string]: unknown;
}

/** Why a token was not accepted. */
export class TokenError extends Error {
	override readonly name = 'TokenError';
	/** Seconds since it expired, when that is the reason. */
	readonly expiredFor: number | undefined;
	constructor(message: string, expiredFor?: number) {
		super(message);
		this.expiredFor = expiredFor;
	}
}

export interface Keys {
	/** Public halves of the signing keys, as served at /auth/v1/.well-known/jwks.json. */
	readonly jwks: { readonly keys: readonly JWK[] };
	/** Claims of an API key (any kind) or a user's token. Throws TokenError. */
	claimsOf(keyOrToken: string): Promise<Claims>;
	/** Claims of a JWT; API keys that are no JWT are refused. Throws TokenError. */
	verify(token: string): Promise<Claims>;
	/** A user's access token (ES256), valid for `seconds`. */
	sign(claims: Readonly<Record<string, unknown>>, seconds: number): Promise<string>;
	/**
	 * The gateway's rule for a request: `apikey` (header or query) must be a key of the project, and a
	 * Bearer token other than that key takes its place. Throws HttpRefusal 401 for the key, TokenError for
	 * the token.
	 */
	authorize(request: IncomingMessage, url: URL): Promise<Claims>;
}

/** The Bearer token of a request, or undefined. */
export function bearerOf(request: IncomingMessage): string | undefined {
	return /^Bearer\s+(.+)$/i.exec(header(request, 'authorization') ?? '')?.[1]?.trim();
}

export async function createKeys(project: LocalProject): Promise<Keys> {
	const legacySecret = new TextEncoder().encode(project.jwtSecret);
	const { d: _private, key_ops: _operations, ...publicHalf } = project.signingKey;
	const publicJwk: JWK = { ...publicHalf, alg: 'ES256', use: 'sig', key_ops: ['verify'] };
	const verifyingKey = await importJWK(publicJwk, 'ES256');
	const signingKey = await importJWK({ ...project.signingKey, key_ops: ['sign'] }, 'ES256');
	const keyId = String(project.signingKey['kid'] ?? '');
	const roleOfKey = new Map([
		[project.publishableKey, 'anon'],
		[project.secretKey, 'service_role'],
	]);

	async function verify(token: string): Promise<Claims> {
		try {
			const { payload } = await jwtVerify(
				token,
				(protectedHeader) => (protectedHeader.alg === 'HS256' ? legacySecret : verifyingKey),
				{ algorithms: ['HS256', 'ES256'] },
			);
			const role = payload['role'];
			return { ...payload, role: typeof role === 'string' ? role : 'anon' } as Claims;
		} catch (error) {
			if (error instanceof errors.JWTExpired) {
				const expired = Math.floor(Date.now() / 1000) - (error.payload.exp ?? 0);
				throw new TokenError('JWT expired', Math.max(0, expired));
			}
			throw new TokenError(error instanceof Error ? error.message : 'JWT not accepted');
		}
	}

	async function claimsOf(keyOrToken: string): Promise<Claims> {
		const role = roleOfKey.get(keyOrToken);
		return role === undefined ? verify(keyOrToken) : { role };
	}

	return {
		jwks: { keys: [publicJwk] },
		verify,
		claimsOf,
		sign: (claims, seconds) =>
			new SignJWT({ ...claims })
				.setProtectedHeader({ alg: 'ES256', kid: keyId, typ: 'JWT' })
				.setIssuedAt()
				.setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
				.sign(signingKey),
		async authorize(request, url) {
			const key = header(request, 'apikey') ?? url.searchParams.get('apikey');
			if (key === null || key === '') {
				throw new HttpRefusal(401, {
					message: 'No API key found in request',
					hint: 'No `apikey` request header or url param was found.',
				});
			}
			const claims = await claimsOf(key).catch(() => undefined);
			// A user's own token is no API key, though the same key signed it.
			if (claims === undefined || claims.sub !== undefined) {
				throw new HttpRefusal(401, {
					message: 'Invalid API key',
					hint: 'Double check your Supabase `anon` or `service_role` API key.',
				});
			}
			if (key === project.secretKey && /^Mozilla\//.test(header(request, 'user-agent') ?? '')) {
				throw new HttpRefusal(401, {
					message: 'Forbidden use of secret API key in browser',
					hint: 'Secret API keys can only be used in a protected environment and should never be used in a browser.',
				});
			}
			const token = bearerOf(request);
			return token === undefined || token === key ? claims : claimsOf(token);
		},
	};
}
