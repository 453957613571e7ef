// Connections of Twins: the Postgres client, whose errors say what to do and show no values of rows.
import { controlError, databaseError } from './database-errors.ts';
import * as postgres from './postgres/index.ts';
import { SUPABASE_ROOT_CA } from './supabase-ca.ts';

const OURS = { applicationName: 'twins', errorOf: databaseError } as const;

/**
 * Opens a session. Throws TwinsError: `database_unreachable`, `connection_lost` (both passing) or
 * `database_refused` with the SQLSTATE.
 */
export const connect = (options: postgres.ConnectOptions): Promise<postgres.Session> =>
	postgres.connect({ ...options, ...OURS });

/** Like `connect`, from `postgresql://user:password@host:port/database?sslmode=…` (disable, require, verify-full). */
export const connectUrl = (
	url: string,
	more: Parameters<typeof postgres.connectUrl>[1] = {},
): Promise<postgres.Session> => postgres.connectUrl(url, { ...more, ...OURS });

/**
 * A session on the control database: what its functions refuse is said in their own words. Its certificate is verified,
 * unless it is on this machine or its URL says `sslmode=disable`; `ca` is a root besides Supabase's.
 */
export function connectControl(url: string, ca: string | null = null): Promise<postgres.Session> {
	const { hostname, searchParams } = new URL(url);
	const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
	const isPlain = isHere || searchParams.get('sslmode') === 'disable';
	return postgres.connectUrl(url, {
		...OURS,
		errorOf: controlError,
		name: 'control database',
		...(isPlain
			? {}
			: { tls: 'verify' as const, caCerts: [SUPABASE_ROOT_CA, ...(ca === null ? [] : [ca])] }),
	});
}
