// The routes of the Auth service: what each does with a call. Reading requests and sending answers is not here.
import type { IncomingMessage } from 'node:http';
import * as z from 'zod/mini';
import { header, type HttpRefusal } from '../http.ts';
import { bearerOf, TokenError, type Claims, type Keys } from '../keys.ts';
import { adminRoutes } from './admin.ts';
import { type Call, metadata, parse, type Route } from './call.ts';
import { createRecovery } from './recovery.ts';
import type { SessionMaker } from './sessions.ts';
import {
	authRefusal,
	checkPassword,
	createUser,
	describeUser,
	hashPassword,
	passwordMatches,
	userByEmail,
	userById,
	userByPhone,
	type UserRow,
} from './users.ts';

const credentials = z.object({
	email: z.optional(z.string()),
	phone: z.optional(z.string()),
	password: z.optional(z.string()),
});
const signUpBody = z.object({
	email: z.optional(z.string()),
	password: z.optional(z.string()),
	data: z.nullish(metadata),
});
const changeBody = z.object({
	password: z.optional(z.string()),
	data: z.optional(metadata),
	email: z.optional(z.string()),
});

/** What the real service can and this one deliberately cannot: 501, naming it. */
export function missing(what: string): HttpRefusal {
	return authRefusal(501, 'not_implemented', `The local Auth service has no ${what}`);
}

/** Routes by method and path; `:id` stands for the last part of the path. */
export function createRoutes(
	keys: Keys,
	sessions: SessionMaker,
	api: string,
): Readonly<Record<string, Route>> {
	const recovery = createRecovery(api, sessions);
	async function signedIn({
		request,
		transaction,
	}: Call): Promise<{ user: UserRow; claims: Claims }> {
		const token = bearerOf(request);
		if (token === undefined) {
			throw authRefusal(401, 'no_authorization', 'This endpoint requires a valid Bearer token');
		}
		const claims = await keys.verify(token).catch((error: unknown) => {
			const reason = error instanceof TokenError ? error.message : String(error);
			throw authRefusal(
				403,
				'bad_jwt',
				`invalid JWT: unable to parse or verify signature, ${reason}`,
			);
		});
		if (claims.sub === undefined) {
			throw authRefusal(403, 'bad_jwt', 'invalid claim: missing sub claim');
		}
		const user = await userById(transaction, claims.sub);
		if (user === undefined) {
			throw authRefusal(403, 'user_not_found', 'User from sub claim in JWT does not exist');
		}
		const [session] = await transaction`
			select from auth.sessions where id = ${claims.session_id ?? null}`;
		if (session === undefined) {
			throw authRefusal(
				403,
				'session_not_found',
				'Session from session_id claim in JWT does not exist',
			);
		}
		return { user, claims };
	}

	const userAgent = (request: IncomingMessage) => header(request, 'user-agent') ?? '';

	const grants: Readonly<Record<string, Route>> = {
		pkce: recovery.grant,
		async password({ request, body, transaction }) {
			const given = parse(credentials, body);
			const way = given.phone === undefined ? 'email' : 'phone';
			const user =
				given.phone === undefined
					? await userByEmail(transaction, given.email ?? '')
					: await userByPhone(transaction, given.phone);
			if (user === undefined || !(await passwordMatches(user, given.password ?? ''))) {
				throw authRefusal(400, 'invalid_credentials', 'Invalid login credentials');
			}
			if (user.banned_until !== null && user.banned_until > new Date()) {
				throw authRefusal(400, 'user_banned', 'User is banned');
			}
			if (user[`${way}_confirmed_at`] === null) {
				const name = way === 'email' ? 'Email' : 'Phone';
				throw authRefusal(400, `${way}_not_confirmed`, `${name} not confirmed`);
			}
			return sessions.open(transaction, user, userAgent(request));
		},
		async refresh_token({ body, transaction }) {
			const { refresh_token: token } = parse(z.object({ refresh_token: z.string() }), body);
			return (
				(await sessions.refresh(transaction, token)) ??
				authRefusal(400, 'refresh_token_already_used', 'Invalid Refresh Token: Already Used')
			);
		},
	};

	return {
		'GET /health': async () => ({ version: 'local', name: 'GoTrue', description: 'local Auth' }),
		'GET /.well-known/jwks.json': async () => keys.jwks,
		'GET /settings': async () => ({
			external: { email: true, phone: false, anonymous_users: false },
			disable_signup: false,
			mailer_autoconfirm: true,
			phone_autoconfirm: false,
			sms_provider: '',
			saml_enabled: false,
		}),
		async 'POST /signup'({ request, body, transaction }) {
			const { email, password, data } = parse(signUpBody, body);
			if (email === undefined) {
				throw authRefusal(422, 'anonymous_provider_disabled', 'Anonymous sign-ins are disabled');
			}
			if ((await userByEmail(transaction, email)) !== undefined) {
				throw authRefusal(422, 'user_already_exists', 'User already registered');
			}
			if (password === undefined) {
				throw authRefusal(400, 'validation_failed', 'Signup requires a valid password');
			}
			const user = await createUser(transaction, {
				email,
				password,
				userMetadata: data ?? {},
				appMetadata: {},
				isConfirmed: true,
			});
			return sessions.open(transaction, user, userAgent(request));
		},
		async 'POST /token'(call) {
			const grant = call.url.searchParams.get('grant_type') ?? '';
			const route = grants[grant];
			if (route === undefined) throw missing(`grant type "${grant}"`);
			return route(call);
		},
		async 'GET /user'(call) {
			return describeUser(call.transaction, (await signedIn(call)).user);
		},
		async 'PUT /user'(call) {
			const { user } = await signedIn(call);
			const { password, data, email } = parse(changeBody, call.body);
			if (email !== undefined) throw missing('change of email');
			if (password !== undefined) checkPassword(password);
			const hash = password === undefined ? null : await hashPassword(password);
			await call.transaction`
				update auth.users set encrypted_password = coalesce(${hash}, encrypted_password),
					raw_user_meta_data = coalesce(raw_user_meta_data, '{}')
						|| ${JSON.stringify(data ?? {})}::text::jsonb, updated_at = now()
				where id = ${user.id}`;
			return describeUser(call.transaction, (await userById(call.transaction, user.id)) ?? user);
		},
		async 'POST /logout'(call) {
			const { user, claims } = await signedIn(call);
			const scope = call.url.searchParams.get('scope') ?? 'global';
			const own = claims.session_id ?? null;
			await call.transaction`
				delete from auth.sessions where user_id = ${user.id}
					and (${scope} = 'global' or (id = ${own}) = (${scope} = 'local'))`;
			return undefined;
		},
		...recovery.routes,
		...adminRoutes(keys, recovery.mails),
	};
}
