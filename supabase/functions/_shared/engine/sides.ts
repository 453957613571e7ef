// Opens the two ends of a run: token, Management API, database, Storage. What is opened is closed when
// the slice ends; credentials live no longer than that.
import type { ProjectSide } from '../components/component.ts';
import { TwinsError } from '../domain/errors.ts';
import type { Environment } from '../platform/environment.ts';
import { createManagementApi, type ManagementApi } from '../platform/management-api.ts';
import { type Lock, openProject } from '../platform/postgres.ts';
import type { Session } from '../platform/session.ts';
import { createStorageApi, type StorageApi } from '../platform/storage-api.ts';
import { databasePasswordOf, openToken } from '../platform/vault.ts';
import type { RunEnd } from './queue.ts';
import type { OpenSide } from './worker.ts';

interface ApiKey {
	readonly name: string;
	readonly type?: string | null;
	readonly api_key?: string | null;
}

/**
 * One end of a run, ready to be used and to be closed. Throws `account_expired` without a usable token, and
 * `forbidden` for a target that is the project Twins runs on.
 */
export async function openSide(
	environment: Environment,
	role: ProjectSide['role'],
	end: RunEnd,
	lock: Lock,
	signal: AbortSignal,
	onExpired: () => void = () => undefined,
): Promise<OpenSide> {
	if (end.account_status !== 'connected' || !end.ciphertext) {
		throw new TwinsError(
			'account_expired',
			`The account of the ${role} project has no valid access any more`,
			'Reconnect it under Connected accounts, then clone again.',
		);
	}
	const url = environment.projectUrl(end.ref);
	if (role === 'target' && url === environment.controlUrl) {
		throw new TwinsError(
			'forbidden',
			'The target is the project that Twins itself runs on',
			'Pick another target: a clone would overwrite the accounts and clones kept there.',
		);
	}
	const token = await openToken(environment.tokenKeys, end.account_id, end);
	const api = createManagementApi({
		baseUrl: environment.managementApiUrl,
		token,
		ref: end.ref,
		readOnly: role === 'source',
		signal,
		onExpired,
	});
	const databasePassword = once(() => passwordOf(environment, role, end));
	const opened: Session[] = [];
	const connect = async (): Promise<Session> => {
		const session = await openProject({
			api,
			ref: end.ref,
			role,
			tls: environment.databaseTls,
			lock,
			databasePassword: await databasePassword(),
			signal,
		});
		opened.push(session);
		return session;
	};
	const main = once(connect);
	const keys = once(() => readKeys(api));
	const storage = once(async (): Promise<StorageApi> => {
		const secretKey = secretKeyOf(await keys(), role);
		return createStorageApi({ url, secretKey, signal, readOnly: role === 'source' });
	});
	return {
		role,
		ref: end.ref,
		url,
		api,
		connect,
		database: main,
		storage,
		keys: async () =>
			(await keys()).flatMap(({ name, api_key }) => (api_key ? [{ name, value: api_key }] : [])),
		close: async () => {
			await Promise.all(opened.map((session) => session.close().catch(() => undefined)));
		},
	};
}

async function passwordOf(
	{ tokenKeys }: Environment,
	role: ProjectSide['role'],
	{ account_id, ref, database_password: sealed }: RunEnd,
): Promise<string | undefined> {
	if (!sealed) return undefined;
	try {
		return await openToken(tokenKeys, databasePasswordOf(account_id, ref), sealed);
	} catch {
		throw new TwinsError(
			'database_refused',
			`The stored password of the ${role} database cannot be opened`,
			'Enter the database password again under Connected accounts.',
		);
	}
}

/** Keys in clear; masked ones come without `reveal`. */
function readKeys(api: ManagementApi): Promise<readonly ApiKey[]> {
	return api.get<readonly ApiKey[]>('/api-keys?reveal=true');
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

/** The same promise for every caller; a failure is not remembered. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
	let made: Promise<T> | undefined;
	return () =>
		(made ??= make().catch((error: unknown) => {
			made = undefined;
			throw error;
		}));
}
