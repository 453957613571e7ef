// Signing in to the database of a project, the way that exists on every hosted project: a temporary login
// role from the Management API, the shared pooler in session mode, `set role postgres`. What is sent over
// the session is the business of others.
import type { EndpointRole } from '../../domain/endpoint-role.ts';
import { TwinsError } from '../../domain/errors.ts';
import { connect } from '../database.ts';
import type { TlsMode, Session } from '../postgres/index.ts';
import type { ManagementApi } from './management-api.ts';
import { SUPABASE_ROOT_CA } from './supabase-ca.ts';

/** Runs `run` while nobody else holds the same name. */
export type Lock = <T>(name: string, run: () => Promise<T>) => Promise<T>;

export interface OpenProjectOptions {
	readonly api: ManagementApi;
	readonly ref: string;
	/** A source session cannot write: it is read only by default, and our SQL never says otherwise. */
	readonly role: EndpointRole;
	readonly tls: TlsMode;
	/** A root certificate (PEM) that is trusted besides Supabase's. */
	readonly databaseCa?: string | null | undefined;
	/** Each login role request replaces the password of the last one, for everybody: one at a time. */
	readonly lock?: Lock | undefined;
	/** Password of the role postgres, where the user gave one; no login role is asked for then. */
	readonly databasePassword?: string | undefined;
	/** Gives up connecting. */
	readonly signal?: AbortSignal | undefined;
	/** Replaces the pause between attempts, in tests. */
	readonly wait?: ((milliseconds: number) => Promise<void>) | undefined;
}

interface LoginRole {
	readonly role: string;
	readonly password: string;
}

interface Pooler {
	readonly database_type: string;
	readonly db_host: string;
	readonly db_port: number;
	readonly db_name: string;
}

/** The pooler refuses everybody from our address after 10 failed sign-ins in 5 minutes. */
const LOGIN_ATTEMPTS = 3;
/** The pooler may know only the old password for some seconds after it was replaced. */
const LOGIN_PAUSE_MS = 2500;
/** How long a login is used again for a further connection, before someone else may have replaced it. */
const LOGIN_REUSE_MS = 10_000;
/** The pooler queues clients for up to 60 s when all its connections are taken. */
const CONNECT_SECONDS = 65;

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
 * A session on the project's database, acting as `postgres`. Throws TwinsError: what the API refused,
 * `database_unreachable` (passing), or `database_refused` when the sign-in failed three times.
 */
export async function openProject(options: OpenProjectOptions): Promise<Session> {
	const lock: Lock = options.lock ?? ((_, run) => run());
	const pooler = await poolerOf(options);
	if (options.databasePassword !== undefined) {
		return signIn(options, pooler, { role: 'postgres', password: options.databasePassword }, {});
	}
	return lock(`login:${options.ref}`, async () => {
		for (let attempt = 1; ; attempt += 1) {
			try {
				const login = await loginOf(options, attempt === 1);
				return await signIn(options, pooler, login, { role: 'postgres' });
			} catch (error) {
				if (!isWrongPassword(error)) throw error;
				if (attempt === LOGIN_ATTEMPTS) throw notAccepted(options, error);
				await (options.wait ?? pause)(LOGIN_PAUSE_MS);
			}
		}
	});
}

function signIn(
	options: OpenProjectOptions,
	pooler: Pooler,
	login: LoginRole,
	first: Readonly<Record<string, string>>,
): Promise<Session> {
	return connect({
		host: pooler.db_host,
		// 6543 is the transaction mode, where session settings and snapshots do not hold.
		port: pooler.db_port === 6543 ? 5432 : pooler.db_port,
		user: `${login.role}.${options.ref}`,
		password: login.password,
		database: pooler.db_name,
		tls: options.tls,
		caCerts: [SUPABASE_ROOT_CA, ...(options.databaseCa ? [options.databaseCa] : [])],
		settings: { ...first, ...sessionSettings(options.role) },
		signal: options.signal,
		timeoutSeconds: CONNECT_SECONDS,
		name: `${options.role} database`,
	});
}

const poolers = new WeakMap<ManagementApi, Pooler>();

async function poolerOf({ api, role }: OpenProjectOptions): Promise<Pooler> {
	const known = poolers.get(api);
	if (known) return known;
	const found = await api.get<readonly Pooler[]>('/config/database/pooler');
	const pooler = found.find(({ database_type }) => database_type === 'PRIMARY') ?? found[0];
	if (!pooler) {
		throw new TwinsError(
			'database_unreachable',
			`The ${role} project has no connection pooler`,
			'Check in its dashboard that the project is active, not paused or still being made.',
		);
	}
	poolers.set(api, pooler);
	return pooler;
}

/** One per client; a client lives as long as a slice, or a run that stays in one process. */
const logins = new WeakMap<ManagementApi, { readonly login: LoginRole; readonly at: number }>();

async function loginOf({ api, role }: OpenProjectOptions, mayReuse: boolean): Promise<LoginRole> {
	const known = logins.get(api);
	if (mayReuse && known && performance.now() - known.at < LOGIN_REUSE_MS) return known.login;
	try {
		const login = await api.send<LoginRole>('POST', '/cli/login-role', { read_only: false });
		logins.set(api, { login, at: performance.now() });
		return login;
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

function notAccepted({ role, ref }: OpenProjectOptions, cause: unknown): TwinsError {
	return new TwinsError(
		'database_refused',
		`The ${role} database (${ref}) did not accept a fresh login ${LOGIN_ATTEMPTS} times`,
		'Wait 10 minutes, so that the pooler does not block this project, then try again; or enter its database password under Connected accounts.',
		cause instanceof TwinsError ? { sqlstate: cause.details.sqlstate } : {},
	);
}

function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
