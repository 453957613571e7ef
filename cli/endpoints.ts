// The endpoints of a run on the command line: a project ref with an access token, or the URL of any Supabase's
// database.
import type { EndpointRole } from '../supabase/functions/_shared/domain/endpoint-role.ts';
import { TwinsError } from '../supabase/functions/_shared/domain/errors.ts';
import { endpointSessions } from '../supabase/functions/_shared/engine/endpoint-sessions.ts';
import { openProjectEndpoint } from '../supabase/functions/_shared/engine/project-endpoint.ts';
import type { OpenEndpoint } from '../supabase/functions/_shared/engine/slice.ts';
import { connectUrl } from '../supabase/functions/_shared/platform/database.ts';
import type { TlsMode, Session } from '../supabase/functions/_shared/platform/postgres/index.ts';
import { loginsInMemory } from '../supabase/functions/_shared/platform/supabase/logins.ts';
import { sessionSettings } from '../supabase/functions/_shared/platform/supabase/project-database.ts';

/** One endpoint as the user named it. */
export interface NamedEndpoint {
	readonly option: '--from' | '--to';
	/**
	 * A project ref; of a URL, `host:port/database`. Shown, typed to confirm, and part of the name of the state file.
	 */
	readonly name: string;
	readonly url: string | null;
}

const REF = /^[a-z]{20}$/;

/** Reads `--from` or `--to`. Throws `bad_request` for anything but a ref or a Postgres URL. */
export function parseEndpoint(option: NamedEndpoint['option'], value: string): NamedEndpoint {
	if (REF.test(value)) return { option, name: value, url: null };
	const url = /^postgres(ql)?:\/\//.test(value) && URL.canParse(value) ? new URL(value) : null;
	if (url === null || url.hostname === '') {
		throw new TwinsError(
			'bad_request',
			`${option} is neither a project ref nor the URL of a Postgres database`,
			'Give the 20 letters of a ref, or postgresql://postgres:password@host:5432/postgres.',
		);
	}
	const database = decodeURIComponent(url.pathname.slice(1)) || 'postgres';
	return { option, name: `${url.hostname}:${url.port || '5432'}/${database}`, url: value };
}

/** Variables that a connection needs; the same names as in the edge functions. */
type Variables = Readonly<Record<string, string | undefined>>;

/** Opens endpoints by their role. Throws `bad_request` where a ref is given without a token. */
export function endpointOpener(
	endpoints: Readonly<Record<EndpointRole, NamedEndpoint>>,
	variables: Variables,
): (role: EndpointRole, signal: AbortSignal) => Promise<OpenEndpoint> {
	const token = variables['SUPABASE_ACCESS_TOKEN'] ?? '';
	if (token === '' && Object.values(endpoints).some(({ url }) => url === null)) {
		throw new TwinsError(
			'bad_request',
			'A project ref needs an access token',
			'Set SUPABASE_ACCESS_TOKEN (supabase.com/dashboard/account/tokens), or give the URL of the database instead.',
		);
	}
	const logins = { source: loginsInMemory(), target: loginsInMemory() };
	const template = variables['TWINS_PROJECT_URL'] ?? 'https://{ref}.supabase.co';
	const tls: TlsMode = variables['TWINS_DATABASE_TLS'] === 'off' ? 'off' : 'verify';
	const databaseCa = variables['TWINS_DATABASE_CA'] ?? null;
	return (role, signal) => {
		const { name, url } = endpoints[role];
		if (url !== null) return Promise.resolve(openDatabaseEndpoint(role, name, url, signal));
		return Promise.resolve(
			openProjectEndpoint({
				role,
				ref: name,
				url: template.replace('{ref}', name),
				token,
				managementApiUrl: variables['TWINS_MANAGEMENT_API_URL'] ?? 'https://api.supabase.com',
				tls,
				databaseCa,
				logins: logins[role],
				databasePassword: () => Promise.resolve(undefined),
				signal,
			}),
		);
	};
}

/** An endpoint of which only the database is known. Its services refuse, naming what to give instead. */
function openDatabaseEndpoint(
	role: EndpointRole,
	name: string,
	url: string,
	signal: AbortSignal,
): OpenEndpoint {
	const connect = (): Promise<Session> =>
		connectUrl(url, { settings: sessionSettings(role), signal, name: `${role} database` });
	const refuse = (): Promise<never> =>
		Promise.reject(
			new TwinsError(
				'unsupported',
				`The ${role} is given by its database URL, which has no Management API`,
				'Give its project ref and SUPABASE_ACCESS_TOKEN instead.',
			),
		);
	return {
		role,
		ref: name,
		url: '',
		services: [],
		api: { get: refuse, send: refuse, fetch: refuse },
		...endpointSessions(connect),
		storage: refuse,
		// Keys that nobody can read may still stand in texts: whatever looks like one is replaced.
		keys: () => Promise.resolve([{ name: 'service_role', value: '' }]),
	};
}
