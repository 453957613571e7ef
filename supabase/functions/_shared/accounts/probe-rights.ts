// What a token may do, asked of the Management API without changing anything. Reads are read. Writes are sent in a form
// that the API cannot take (a value beyond its bounds, no list where it wants one): it looks at the rights of the caller
// before it looks at the body, so that 403 means no and 400 means yes. No write is ever sent that could be accepted.
import { RIGHT_KEYS, type RightAnswer, type RightKey, type Rights } from '../domain/rights.ts';
import { TwinsError } from '../domain/errors.ts';
import {
	createManagementApi,
	type ManagementApi,
	type ManagementApiOptions,
} from '../platform/supabase/management-api.ts';

type Probe =
	| { readonly method: 'GET'; readonly path: string }
	| { readonly method: 'POST' | 'PUT' | 'PATCH'; readonly path: string; readonly body: unknown };

const get = (path: string): Probe => ({ method: 'GET', path });

/** Null: there is no body that it could refuse. */
const PROBES: Readonly<Record<RightKey, Probe | null>> = {
	project_read: get(''),
	// Without `read_only`, which it wants: a login that is made would end the one in use.
	database_login: { method: 'POST', path: '/cli/login-role', body: {} },
	pooler_read: get('/config/database/pooler'),
	disk_read: get('/config/disk/util'),
	keys_read: get('/api-keys?reveal=true'),
	functions_read: get('/functions'),
	// An object where a list is wanted.
	functions_write: { method: 'PUT', path: '/functions', body: {} },
	function_secrets_read: get('/secrets'),
	auth_read: get('/config/auth'),
	auth_write: { method: 'PATCH', path: '/config/auth', body: { jwt_exp: -1 } },
	data_api_read: get('/postgrest'),
	data_api_write: { method: 'PATCH', path: '/postgrest', body: { max_rows: -1 } },
	realtime_read: get('/config/realtime'),
	realtime_write: { method: 'PATCH', path: '/config/realtime', body: { connection_pool: -1 } },
	storage_read: get('/config/storage'),
	storage_write: { method: 'PATCH', path: '/config/storage', body: { fileSizeLimit: -1 } },
	webhooks_switch: null,
};

export interface ProbeOptions extends Pick<ManagementApiOptions, 'fetch' | 'wait' | 'pace'> {
	readonly baseUrl: string;
	readonly token: string;
	/** A project that the token lists; null where it lists none. */
	readonly ref: string | null;
}

/** Asks for every right that components need. Throws `account_expired` where the token itself is refused. */
export async function probeRights({ ref, ...options }: ProbeOptions): Promise<Rights> {
	const probed_at = new Date().toISOString();
	if (ref === null) return { ref, probed_at, answers: {} };
	const api = createManagementApi({ ...options, ref, readOnly: false });
	const answers = await Promise.all(
		RIGHT_KEYS.map(async (key) => [key, await answerTo(PROBES[key], api)] as const),
	);
	return { ref, probed_at, answers: Object.fromEntries(answers) };
}

async function answerTo(probe: Probe | null, api: ManagementApi): Promise<RightAnswer> {
	if (probe === null) return 'unknown';
	try {
		await (probe.method === 'GET'
			? api.fetch('GET', probe.path)
			: api.fetch(probe.method, probe.path, {
					// RFC 7240: to be strict with us is what we ask for.
					headers: { 'content-type': 'application/json', prefer: 'handling=strict' },
					body: JSON.stringify(probe.body),
				}));
		return 'can';
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code === 'account_expired') throw error;
		const status = error.details.httpStatus;
		if (status === 403) return 'cannot';
		const isTooOdd = status === 400 || status === 422;
		return probe.method !== 'GET' && isTooOdd ? 'can' : 'unknown';
	}
}
