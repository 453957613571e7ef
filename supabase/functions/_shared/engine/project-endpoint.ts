// One endpoint of a run by its project ref: Management API, database and Storage with one access token. What is opened
// is closed when the slice ends.
import * as z from 'zod/mini';
import type { EndpointRole } from '../domain/endpoint-role.ts';
import { TwinsError } from '../domain/errors.ts';
import type { Pace } from '../platform/http.ts';
import type { TlsMode } from '../platform/postgres/index.ts';
import { createManagementApi, type ManagementApi } from '../platform/supabase/management-api.ts';
import type { Logins } from '../platform/supabase/logins.ts';
import { openProject } from '../platform/supabase/project-database.ts';
import { createStorageApi, type StorageApi } from '../platform/supabase/storage-api.ts';
import { endpointSessions, once } from './endpoint-sessions.ts';
import type { OpenEndpoint } from './slice.ts';

const keysSchema = z.array(
	z.object({
		name: z.string(),
		type: z.optional(z.nullable(z.string())),
		api_key: z.optional(z.nullable(z.string())),
	}),
);
type ApiKey = z.infer<typeof keysSchema>[number];

export interface ProjectAccess {
	readonly role: EndpointRole;
	readonly ref: string;
	/** Base URL of the project's APIs. */
	readonly url: string;
	readonly token: string;
	readonly managementApiUrl: string;
	readonly tls: TlsMode;
	readonly databaseCa: string | null;
	readonly logins: Logins;
	/** Of the account, where there are other workers. */
	readonly pace?: Pace;
	/** Password of the role postgres, where one is known; a temporary login is asked for otherwise. */
	databasePassword(): Promise<string | undefined>;
	readonly signal: AbortSignal;
	readonly onExpired?: () => void;
}

/** Opens nothing yet: connections are made when they are first used. */
export function openProjectEndpoint(access: ProjectAccess): OpenEndpoint {
	const { role, ref, url, signal } = access;
	const api = createManagementApi({
		baseUrl: access.managementApiUrl,
		token: access.token,
		ref,
		readOnly: role === 'source',
		signal,
		pace: access.pace,
		onExpired: access.onExpired ?? (() => undefined),
	});
	const databasePassword = once(access.databasePassword);
	const sessions = endpointSessions(async () =>
		openProject({
			api,
			ref,
			role,
			tls: access.tls,
			databaseCa: access.databaseCa,
			logins: access.logins,
			databasePassword: await databasePassword(),
			signal,
		}),
	);
	const keys = once(() => readKeys(api));
	const storage = once(async (): Promise<StorageApi> => {
		const secretKey = secretKeyOf(await keys(), role);
		return createStorageApi({ url, secretKey, signal, readOnly: role === 'source' });
	});
	return {
		role,
		ref,
		url,
		services: ['management_api', 'storage_api'],
		api,
		...sessions,
		storage,
		keys: async () => visibleKeys(await keys()),
	};
}

/** Keys in clear; masked ones come without `reveal`. */
function readKeys(api: ManagementApi): Promise<readonly ApiKey[]> {
	return api.get('/api-keys?reveal=true', keysSchema);
}

const isSecret = ({ name, type }: ApiKey): boolean => type === 'secret' || name === 'service_role';

/**
 * Keys as the account sees them; one that it may not see has an empty value, so that whoever looks for keys in
 * texts knows that there are others.
 */
function visibleKeys(keys: readonly ApiKey[]): { name: string; value: string }[] {
	const seen = keys.map(({ name, api_key }) => ({ name, value: api_key ?? '' }));
	// Every project has a secret key: an answer without any is one that leaves them out.
	return keys.some(isSecret) ? seen : [...seen, { name: 'service_role', value: '' }];
}

function secretKeyOf(keys: readonly ApiKey[], role: string): string {
	const key =
		keys.find(({ type, api_key }) => type === 'secret' && api_key) ??
		keys.find(({ name, api_key }) => name === 'service_role' && api_key);
	if (key?.api_key) return key.api_key;
	throw new TwinsError(
		'api_refused',
		`The ${role} project shows no secret key to this account`,
		'Give the access token the right to read API keys (with secrets), or create a secret key in the dashboard.',
	);
}
