// Signing in to the database of a project, the way that exists on every hosted project: a temporary login
// role from the Management API, the shared pooler in session mode, `set role postgres`. What is sent over
// the session is the business of others.
import * as z from 'zod/mini';
import type { EndpointRole } from '../../domain/endpoint-role.ts';
import { TwinsError } from '../../domain/errors.ts';
import { connect } from '../database.ts';
import type { TlsMode, Session } from '../postgres/index.ts';
import type { Login, Logins, NewLogin } from './logins.ts';
import { type ManagementApi, unknownForm } from './management-api.ts';
import { SUPABASE_ROOT_CA } from '../supabase-ca.ts';

export interface OpenProjectOptions {
	readonly api: ManagementApi;
	readonly ref: string;
	/** A source session cannot write: it is read only by default, and our SQL never says otherwise. */
	readonly role: EndpointRole;
	readonly tls: TlsMode;
	/** A root certificate (PEM) that is trusted besides Supabase's. */
	readonly databaseCa?: string | null | undefined;
	/** Where the temporary login is kept that all slices use. */
	readonly logins: Logins;
	/** Password of the role postgres, where the user gave one; no login role is asked for then. */
	readonly databasePassword?: string | undefined;
	/** Gives up connecting. */
	readonly signal?: AbortSignal | undefined;
	/** Replaces the pause between attempts, in tests. */
	readonly wait?: ((milliseconds: number) => Promise<void>) | undefined;
}

type Address = Pick<Login, 'host' | 'port' | 'database'>;

const loginSchema = z.object({
	role: z.string().check(z.minLength(1)),
	password: z.string().check(z.minLength(1)),
	ttl_seconds: z.optional(z.number().check(z.positive())),
});
const poolersSchema = z.array(
	z.object({
		database_type: z.string(),
		db_host: z.string().check(z.minLength(1)),
		db_port: z.int().check(z.positive()),
		db_name: z.string().check(z.minLength(1)),
	}),
);

/**
 * The pooler refuses everybody from our address after 10 failed sign-ins in 5 minutes. Three slices with a login that
 * somebody else ended fail twice each, and one of them three times more with a new one: that is one short of it.
 */
const TRIES_OF_A_KNOWN_LOGIN = 2;
/** The pooler may know only the password before for some 15 seconds after it was replaced. */
const PAUSES_OF_A_NEW_LOGIN_MS = [5000, 12_000];
const PAUSE_OF_A_KNOWN_LOGIN_MS = 3000;
/** What Supabase does not tell is taken to be short. */
const UNKNOWN_LIFE_SECONDS = 60;
/** The pooler queues clients for up to 60 s when all its connections are taken, and asks for the password then. */
const CONNECT_SECONDS = 65;
/** Until a login that was refused is tried again. */
const REFUSED_SECONDS = 60;

const SETTINGS = {
	statement_timeout: '0',
	idle_in_transaction_session_timeout: '0',
	lock_timeout: '15s',
	client_encoding: 'UTF8',
	DateStyle: 'ISO, YMD',
	IntervalStyle: 'postgres',
	TimeZone: 'UTC',
	extra_float_digits: '3',
	bytea_output: 'hex',
	xmloption: 'content',
	lc_monetary: 'C',
	synchronize_seqscans: 'off',
} as const;

/** Session settings of each endpoint: no time limits, and text output that does not depend on the project. */
export function sessionSettings(role: EndpointRole): Readonly<Record<string, string>> {
	return role === 'source' ? { ...SETTINGS, default_transaction_read_only: 'on' } : SETTINGS;
}

/**
 * A session on the project's database, acting as `postgres`. Throws TwinsError: what the API refused, or
 * `database_unreachable`, which passes: also where the pooler does not know a new login yet.
 */
export async function openProject(options: OpenProjectOptions): Promise<Session> {
	if (options.databasePassword !== undefined) {
		const address = await addressOf(options);
		return signIn(
			options,
			{ role: 'postgres', password: options.databasePassword, ...address },
			{},
		);
	}
	let refused: Login | undefined;
	for (;;) {
		const proof: Proof = {};
		const login = await options.logins.get(() => makeLogin(options, proof), refused);
		if (proof.session) return proof.session;
		if (proof.failure) throw proof.failure;
		try {
			return await signInPatiently(options, login, TRIES_OF_A_KNOWN_LOGIN, [
				PAUSE_OF_A_KNOWN_LOGIN_MS,
			]);
		} catch (error) {
			if (!isWrongPassword(error)) throw error;
			// Somebody else has asked for a login. Refused anew, it is not ours to ask for a third one.
			if (refused !== undefined) throw notAccepted(options, error);
			refused = login;
		}
	}
}

/** What became of the first sign-in with a new login. */
interface Proof {
	session?: Session;
	failure?: unknown;
}

/**
 * Asks for a login and signs in with it before anybody else does: the others then find a pooler that knows it. One that
 * was refused is kept all the same: it is the right one, and another would only be as new.
 */
async function makeLogin(options: OpenProjectOptions, proof: Proof): Promise<NewLogin> {
	const asked = performance.now();
	const { login, life } = await askForLogin(options);
	try {
		const tries = PAUSES_OF_A_NEW_LOGIN_MS.length + 1;
		proof.session = await signInPatiently(options, login, tries, PAUSES_OF_A_NEW_LOGIN_MS);
	} catch (error) {
		proof.failure = isWrongPassword(error) ? notAccepted(options, error) : error;
	}
	// Whoever signs in last may be kept waiting by the pooler.
	const spent = (performance.now() - asked) / 1000;
	return { login, goodForSeconds: Math.max(life - CONNECT_SECONDS, life / 2) - spent };
}

async function signInPatiently(
	options: OpenProjectOptions,
	login: Login,
	tries: number,
	pauses: readonly number[],
): Promise<Session> {
	for (let attempt = 1; ; attempt += 1) {
		try {
			return await signIn(options, login, { role: 'postgres' });
		} catch (error) {
			if (!isWrongPassword(error) || attempt === tries) throw error;
			await (options.wait ?? pause)(pauses[attempt - 1] ?? 0);
		}
	}
}

function signIn(
	options: OpenProjectOptions,
	login: Login,
	first: Readonly<Record<string, string>>,
): Promise<Session> {
	return connect({
		host: login.host,
		port: login.port,
		user: `${login.role}.${options.ref}`,
		password: login.password,
		database: login.database,
		tls: options.tls,
		caCerts: [SUPABASE_ROOT_CA, ...(options.databaseCa ? [options.databaseCa] : [])],
		settings: { ...first, ...sessionSettings(options.role) },
		signal: options.signal,
		timeoutSeconds: CONNECT_SECONDS,
		name: `${options.role} database`,
	});
}

async function addressOf({ api, role }: OpenProjectOptions): Promise<Address> {
	const found = await api.get('/config/database/pooler', poolersSchema);
	const pooler = found.find(({ database_type }) => database_type === 'PRIMARY') ?? found[0];
	if (!pooler) {
		throw new TwinsError(
			'database_unreachable',
			`The ${role} project has no connection pooler`,
			'Check in its dashboard that the project is active, not paused or still being made.',
		);
	}
	return {
		host: pooler.db_host,
		// 6543 is the transaction mode, where session settings and snapshots do not hold.
		port: pooler.db_port === 6543 ? 5432 : pooler.db_port,
		database: pooler.db_name,
	};
}

async function askForLogin(
	options: OpenProjectOptions,
): Promise<{ readonly login: Login; readonly life: number }> {
	const { api, role } = options;
	const address = await addressOf(options);
	try {
		const answer = await api.send<unknown>('POST', '/cli/login-role', { read_only: false });
		const made = z.safeParse(loginSchema, answer);
		if (!made.success) throw unknownForm('POST /cli/login-role');
		const { ttl_seconds = UNKNOWN_LIFE_SECONDS, ...credentials } = made.data;
		return { login: { ...credentials, ...address }, life: ttl_seconds };
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'api_refused') throw error;
		throw new TwinsError(
			'api_refused',
			`The ${role} project gave no temporary database login: ${error.message}`,
			'The access token needs the right to write to databases; or enter the database password of this project under Connected accounts.',
			error.details,
		);
	}
}

function isWrongPassword(error: unknown): boolean {
	return error instanceof TwinsError && ['28P01', '28000'].includes(error.details.sqlstate ?? '');
}

/** Passes: the pooler learns the login, or whoever replaces it stops doing so. */
function notAccepted({ role, ref }: OpenProjectOptions, cause: unknown): TwinsError {
	return new TwinsError(
		'database_unreachable',
		`The ${role} database (${ref}) does not accept the temporary login yet`,
		'Nothing to do: it is tried again. If it stays so, enter the database password of the project under Connected accounts.',
		{
			sqlstate: cause instanceof TwinsError ? cause.details.sqlstate : undefined,
			passing: true,
			retryAfter: REFUSED_SECONDS,
		},
	);
}

function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
