// The routes of the Auth service: what each does with a call. Reading requests and sending answers is not here.
import type { IncomingMessage } from 'node:http';
import * as z from 'zod/mini';
import { header, type HttpRefusal } from '../http.ts';
import { bearerOf, TokenError, type Claims, type Keys } from '../keys.ts';
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
	type Transaction,
	type UserRow,
} from './users.ts';

const metadata = z._default(z.record(z.string(), z.unknown()), {});
const credentials = z.object({ email: z.optional(z.string()), password: z.optional(z.string()) });
const signUpBody = z.object({
	email: z.optional(z.string()),
	password: z.optional(z.string()),
	data: z.nullish(metadata),
});
const adminUserBody = z.object({
	id: z.optional(z.string()),
	email: z.string(),
	password: z.optional(z.string()),
	password_hash: z.optional(z.string()),
	email_confirm: z._default(z.boolean(), false),
	user_metadata: z.optional(metadata),
	app_metadata: z.optional(metadata),
});
const changeBody = z.object({
	password: z.optional(z.string()),
	data: z.optional(metadata),
	email: z.optional(z.string()),
});

export interface Call {
	readonly request: IncomingMessage;
	readonly url: URL;
	readonly body: unknown;
	readonly transaction: Transaction;
	/** The id at the end of /admin/users/{id}. */
	readonly id: string;
}

/** Body of the answer, undefined for 204. A HttpRefusal returned (not thrown) is sent after commit. */
export type Route = (call: Call) => Promise<object | undefined>;

function parse<T>(schema: z.ZodMiniType<T>, body: unknown): T {
	const result = z.safeParse(schema, body);
	if (result.success) return result.data;
	const [issue] = result.error.issues;
	throw authRefusal(400, 'validation_failed', `${issue?.path.join('.')}: ${issue?.message}`);
}

/** What the real service can and this one deliberately cannot: 501, naming it. */
export function missing(what: string): HttpRefusal {
	return authRefusal(501, 'not_implemented', `The local Auth service has no ${what}`);
}

/** Routes by method and path; `:id` stands for the last part of the path. */
export function createRoutes(keys: Keys, sessions: SessionMaker): Readonly<Record<string, Route>> {
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

	async function asAdmin({ request, url }: Call): Promise<void> {
		const claims = await keys.authorize(request, url);
		if (claims.role !== 'service_role') throw authRefusal(403, 'not_admin', 'User not allowed');
	}

	const userAgent = (request: IncomingMessage) => header(request, 'user-agent') ?? '';

	const grants: Readonly<Record<string, Route>> = {
		async password({ request, body, transaction }) {
			const given = parse(credentials, body);
			const user = await userByEmail(transaction, given.email ?? '');
			if (user === undefined || !(await passwordMatches(user, given.password ?? ''))) {
				throw authRefusal(400, 'invalid_credentials', 'Invalid login credentials');
			}
			if (user.email_confirmed_at === null) {
				throw authRefusal(400, 'email_not_confirmed', 'Email not confirmed');
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
		async 'GET /admin/users'(call) {
			await asAdmin(call);
			const perPage = Number(call.url.searchParams.get('per_page') || 50);
			const page = Number(call.url.searchParams.get('page') || 1);
			const rows = await call.transaction<UserRow[]>`
				select * from auth.users where deleted_at is null
				order by created_at desc, id limit ${perPage} offset ${(page - 1) * perPage}`;
			const users = [];
			for (const row of rows) users.push(await describeUser(call.transaction, row));
			return { users, aud: 'authenticated' };
		},
		async 'POST /admin/users'(call) {
			await asAdmin(call);
			const given = parse(adminUserBody, call.body);
			const user = await createUser(call.transaction, {
				id: given.id,
				email: given.email,
				password: given.password,
				passwordHash: given.password_hash,
				userMetadata: given.user_metadata ?? {},
				appMetadata: given.app_metadata ?? {},
				isConfirmed: given.email_confirm,
			});
			return describeUser(call.transaction, user);
		},
		async 'GET /admin/users/:id'(call) {
			await asAdmin(call);
			const user = await userById(call.transaction, call.id);
			if (user === undefined) throw authRefusal(404, 'user_not_found', 'User not found');
			return describeUser(call.transaction, user);
		},
		async 'DELETE /admin/users/:id'(call) {
			await asAdmin(call);
			const user = await userById(call.transaction, call.id);
			if (user === undefined) throw authRefusal(404, 'user_not_found', 'User not found');
			await call.transaction`delete from auth.users where id = ${call.id}`;
			return {};
		},
	};
}
