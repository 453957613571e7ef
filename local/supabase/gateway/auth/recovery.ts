// Forgotten passwords: a link by mail opens a session, in which a new password may be set. Mail goes nowhere: it is kept, and
// whoever has the secret key reads it at /admin/mails.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { header, Redirect } from '../http.ts';
import { type Call, parse, type Route } from './call.ts';
import type { SessionMaker } from './sessions.ts';
import { authRefusal, userByEmail, userById, type Transaction, type UserRow } from './users.ts';

interface Mail {
	readonly to: string;
	readonly subject: string;
	readonly link: string;
}

/** Links are good for an hour, codes for five minutes, as on the hosted platform. */
const LINK_SECONDS = 3600;
const CODE_SECONDS = 300;
const MOST_MAILS = 100;

const asked = z.object({
	email: z.string(),
	code_challenge: z.nullish(z.string()),
	code_challenge_method: z.nullish(z.string()),
});
const exchanged = z.object({ auth_code: z.string(), code_verifier: z.string() });
const verified = z.object({ type: z.literal('recovery'), token_hash: z.string() });

/** The routes, and the grant that takes the code of a link. `api`: address of the service. */
export function createRecovery(
	api: string,
	sessions: SessionMaker,
): {
	readonly routes: Readonly<Record<string, Route>>;
	readonly grant: Route;
	readonly mails: () => readonly Mail[];
} {
	const mails: Mail[] = [];
	const agent = ({ request }: Call): string => header(request, 'user-agent') ?? '';

	async function userOf(transaction: Transaction, token: string): Promise<UserRow> {
		const [row] = await transaction<{ id: string }[]>`
			update auth.users set recovery_token = '', updated_at = now()
			where recovery_token = ${token} and recovery_token <> ''
				and recovery_sent_at > now() - make_interval(secs => ${LINK_SECONDS})
			returning id`;
		const user = row && (await userById(transaction, row.id));
		if (user === undefined)
			throw authRefusal(403, 'otp_expired', 'Email link is invalid or has expired');
		return user;
	}

	const routes: Readonly<Record<string, Route>> = {
		async 'POST /recover'({ body, transaction, url }) {
			const given = parse(asked, body);
			const user = await userByEmail(transaction, given.email);
			// Nobody learns who has an account.
			if (user === undefined) return {};
			const token = `${given.code_challenge ? 'pkce_' : ''}${randomBytes(28).toString('hex')}`;
			await transaction`
				update auth.users set recovery_token = ${token}, recovery_sent_at = now() where id = ${user.id}`;
			if (given.code_challenge)
				await transaction`
					insert into auth.flow_state (id, user_id, auth_code, code_challenge_method, code_challenge, provider_type,
						authentication_method, created_at, updated_at)
					values (${randomUUID()}, ${user.id}, ${randomUUID()}, 's256', ${given.code_challenge}, 'recovery',
						'recovery', now(), now())`;
			const link = new URL(`${api}/verify`);
			link.searchParams.set('token', token);
			link.searchParams.set('type', 'recovery');
			link.searchParams.set('redirect_to', url.searchParams.get('redirect_to') ?? '');
			mails.push({ to: given.email, subject: 'Reset Your Password', link: link.href });
			mails.splice(0, mails.length - MOST_MAILS);
			return {};
		},
		async 'GET /verify'({ url, transaction }) {
			const back = new URL(url.searchParams.get('redirect_to') ?? '');
			try {
				const user = await userOf(transaction, url.searchParams.get('token') ?? '');
				const [flow] = await transaction<{ auth_code: string }[]>`
					update auth.flow_state set auth_code_issued_at = now(), updated_at = now()
					where id = (select id from auth.flow_state where user_id = ${user.id}
						and authentication_method = 'recovery' order by created_at desc limit 1)
					returning auth_code`;
				back.searchParams.set('code', flow?.auth_code ?? '');
			} catch {
				back.searchParams.set('error_code', 'otp_expired');
			}
			return new Redirect(back.href);
		},
		async 'POST /verify'(call) {
			const { token_hash: token } = parse(verified, call.body);
			return sessions.open(call.transaction, await userOf(call.transaction, token), agent(call));
		},
	};

	return {
		routes,
		mails: () => mails,
		async grant(call) {
			const { auth_code: code, code_verifier: verifier } = parse(exchanged, call.body);
			const [flow] = await call.transaction<{ user_id: string; code_challenge: string }[]>`
				delete from auth.flow_state
				where auth_code = ${code} and auth_code_issued_at > now() - make_interval(secs => ${CODE_SECONDS})
				returning user_id, code_challenge`;
			const user = flow && (await userById(call.transaction, flow.user_id));
			if (user === undefined)
				throw authRefusal(
					404,
					'flow_state_not_found',
					'invalid flow state, no valid flow state found',
				);
			const challenge = createHash('sha256').update(verifier).digest('base64url');
			if (challenge !== flow?.code_challenge)
				throw authRefusal(
					400,
					'bad_code_verifier',
					'code challenge does not match previously saved code verifier',
				);
			return sessions.open(call.transaction, user, agent(call));
		},
	};
}
