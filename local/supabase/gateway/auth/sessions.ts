// Sessions: opening, refreshing and ending them. Refresh tokens are single-use; using one twice within ten
// seconds is a race of two tabs, later it is theft and ends the session.
import { randomInt, randomUUID } from 'node:crypto';
import type { Keys } from '../keys.ts';
import {
	authRefusal,
	describeUser,
	INSTANCE_ID,
	userById,
	type Transaction,
	type UserRow,
} from './users.ts';

const REUSE_SECONDS = 10;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

export interface SessionMaker {
	open(transaction: Transaction, user: UserRow, userAgent: string): Promise<object>;
	/** Undefined = refused after the session was ended: the caller commits, then answers with the refusal. */
	refresh(transaction: Transaction, token: string): Promise<object | undefined>;
}

function newToken(): string {
	return Array.from({ length: 12 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

/** Makes sessions whose access tokens live `seconds`. */
export function createSessions(keys: Keys, issuer: string, seconds: number): SessionMaker {
	async function accessToken(transaction: Transaction, user: UserRow, sessionId: string) {
		const methods = await transaction<{ method: string; at: number }[]>`
			select authentication_method as method, floor(extract(epoch from created_at))::integer as at
			from auth.mfa_amr_claims where session_id = ${sessionId}`;
		return keys.sign(
			{
				iss: issuer,
				sub: user.id,
				aud: user.aud,
				role: user.role,
				email: user.email ?? '',
				phone: user.phone ?? '',
				app_metadata: user.raw_app_meta_data ?? {},
				user_metadata: user.raw_user_meta_data ?? {},
				aal: 'aal1',
				amr: methods.map(({ method, at }) => ({ method, timestamp: at })),
				session_id: sessionId,
				is_anonymous: user.is_anonymous,
			},
			seconds,
		);
	}

	async function addRefreshToken(
		transaction: Transaction,
		userId: string,
		sessionId: string,
		parent: string | null,
	): Promise<string> {
		const token = newToken();
		await transaction`
			insert into auth.refresh_tokens (instance_id, token, user_id, revoked, parent, session_id, created_at, updated_at)
			values (${INSTANCE_ID}, ${token}, ${userId}, false, ${parent}, ${sessionId}, now(), now())`;
		return token;
	}

	async function answer(
		transaction: Transaction,
		user: UserRow,
		sessionId: string,
		refreshToken: string,
	) {
		return {
			access_token: await accessToken(transaction, user, sessionId),
			token_type: 'bearer',
			expires_in: seconds,
			expires_at: Math.floor(Date.now() / 1000) + seconds,
			refresh_token: refreshToken,
			user: await describeUser(transaction, user),
		};
	}

	return {
		async open(transaction, user, userAgent) {
			if (user.banned_until !== null && user.banned_until > new Date()) {
				throw authRefusal(400, 'user_banned', 'User is banned');
			}
			const sessionId = randomUUID();
			await transaction`
				insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent)
				values (${sessionId}, ${user.id}, now(), now(), 'aal1', ${userAgent})`;
			await transaction`
				insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
				values (${randomUUID()}, ${sessionId}, now(), now(), 'password')`;
			await transaction`
				update auth.users set last_sign_in_at = now(), updated_at = now() where id = ${user.id}`;
			const token = await addRefreshToken(transaction, user.id, sessionId, null);
			const signedIn = (await userById(transaction, user.id)) ?? user;
			return answer(transaction, signedIn, sessionId, token);
		},
		async refresh(transaction, token) {
			const [row] = await transaction<
				{ token: string; user_id: string; session_id: string; revoked: boolean; age: number }[]
			>`
				select token, user_id, session_id, revoked,
					extract(epoch from now() - updated_at)::double precision as age
				from auth.refresh_tokens where token = ${token} for update`;
			const user = row && (await userById(transaction, row.user_id));
			if (row === undefined || user === undefined) {
				throw authRefusal(
					400,
					'refresh_token_not_found',
					'Invalid Refresh Token: Refresh Token Not Found',
				);
			}
			if (row.revoked) {
				const [active] = await transaction<{ token: string }[]>`
					select token from auth.refresh_tokens
					where session_id = ${row.session_id} and parent = ${row.token} and not revoked`;
				if (active !== undefined && row.age < REUSE_SECONDS) {
					return answer(transaction, user, row.session_id, active.token);
				}
				await transaction`
					update auth.refresh_tokens set revoked = true where session_id = ${row.session_id}`;
				return undefined;
			}
			await transaction`
				update auth.refresh_tokens set revoked = true, updated_at = now() where token = ${token}`;
			await transaction`
				update auth.sessions set refreshed_at = now(), updated_at = now() where id = ${row.session_id}`;
			const next = await addRefreshToken(transaction, user.id, row.session_id, row.token);
			return answer(transaction, user, row.session_id, next);
		},
	};
}
