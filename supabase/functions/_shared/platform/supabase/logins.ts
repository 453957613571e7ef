// The temporary login to a project's database: asked for once, and used by everybody for as long as it is good. Each
// request ends the login before it, and the pooler then refuses the new one, too, for some seconds.
import { TwinsError } from '../../domain/errors.ts';
import type { Queries } from '../control.ts';
import {
	databaseLoginOf,
	openToken,
	type SealedToken,
	sealToken,
	type TokenKeys,
} from '../vault.ts';

/** How the database is reached, so that whoever has it needs no other call. */
export interface Login {
	readonly role: string;
	readonly password: string;
	readonly host: string;
	readonly port: number;
	readonly database: string;
}

export interface NewLogin {
	readonly login: Login;
	/** Seconds for which people sign in with it. */
	readonly goodForSeconds: number;
}

export interface Logins {
	/**
	 * The login that is good now. Where there is none, or it is the one that was `refused`, one caller makes a new one and
	 * the others wait for it.
	 */
	get(make: () => Promise<NewLogin>, refused?: Login): Promise<Login>;
}

/** For runs that stay in one process. */
export function loginsInMemory(): Logins {
	let known: { readonly login: Login; readonly until: number } | undefined;
	let last: Promise<unknown> = Promise.resolve();
	return {
		get(make, refused) {
			const next = last.then(async () => {
				if (
					known &&
					known.until > performance.now() &&
					known.login.password !== refused?.password
				) {
					return known.login;
				}
				const { login, goodForSeconds } = await make();
				known = { login, until: performance.now() + goodForSeconds * 1000 };
				return login;
			});
			last = next.catch(() => undefined);
			return next;
		},
	};
}

export interface StoredLogins {
	readonly control: Queries;
	readonly tokenKeys: TokenKeys;
	readonly account_id: string;
	readonly ref: string;
	readonly signal?: AbortSignal | undefined;
	/** Replaces the pause between looks, in tests. */
	readonly wait?: ((milliseconds: number) => Promise<void>) | undefined;
}

const LOOK_MS = 700;
/** A slice has 45 seconds. Somebody who has died while asking is waited for no longer than private.take_login says. */
const LONGEST_WAIT_MS = 25_000;

/** Shared by all workers through the control database, sealed. */
export function storedLogins({
	control,
	tokenKeys,
	account_id,
	ref,
	signal,
	wait = pause,
}: StoredLogins): Logins {
	const holder = databaseLoginOf(account_id, ref);
	/** What each login that was given out is stored as. */
	const ivs = new Map<string, string>();
	const open = async (sealed: SealedToken): Promise<Login> => {
		const login = JSON.parse(await openToken(tokenKeys, holder, sealed)) as Login;
		ivs.set(login.password, sealed.iv);
		return login;
	};
	const store = (sealed: SealedToken | null, seconds: number): Promise<unknown> =>
		control.query('select private.store_login($1::uuid, $2, $3, $4, $5, $6::float8)', [
			account_id,
			ref,
			sealed?.key_id ?? null,
			sealed?.iv ?? null,
			sealed?.ciphertext ?? null,
			seconds,
		]);
	return {
		async get(make, refused) {
			const refusedIv = refused === undefined ? null : (ivs.get(refused.password) ?? null);
			for (let waited = 0; waited < LONGEST_WAIT_MS; waited += LOOK_MS) {
				signal?.throwIfAborted();
				const [row] = await control.query<{ taken: Taken }>(
					'select private.take_login($1::uuid, $2, $3) as taken',
					[account_id, ref, refusedIv],
				);
				if (row?.taken.login) return open(row.taken.login);
				if (row?.taken.ask !== true) {
					await wait(LOOK_MS);
					continue;
				}
				try {
					const made = await make();
					const sealed = await sealToken(tokenKeys, holder, JSON.stringify(made.login));
					await store(sealed, made.goodForSeconds);
					ivs.set(made.login.password, sealed.iv);
					return made.login;
				} catch (error) {
					await store(null, 0).catch(() => undefined);
					throw error;
				}
			}
			throw new TwinsError(
				'database_unreachable',
				`Another worker has been asking for a login to the database of ${ref} for long`,
				'Nothing to do: the step is repeated.',
				{ passing: true },
			);
		},
	};
}

interface Taken {
	readonly login?: SealedToken;
	readonly ask?: boolean;
	readonly wait?: boolean;
}

const pause = (milliseconds: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));
