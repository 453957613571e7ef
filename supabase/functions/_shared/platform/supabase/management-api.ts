// The Management API as the product uses it. Shapes: contracts of the vendor's OpenAPI document.
// Raw paths go in, JSON comes out; what the paths mean is the business of the callers.
import * as z from 'zod/mini';
import { TwinsError } from '../../domain/errors.ts';
import { type Fetch, type HttpService, sendRequest } from '../http.ts';
import { managementRefusal } from './management-errors.ts';

/** Bound to one account's token and one project. Verbs other than GET are refused on a source. */
export interface ManagementApi {
	/**
	 * JSON answer of GET /v1/projects/{ref}<path>. Throws TwinsError api_refused / api_unavailable / rate_limited; also
	 * `api_refused` where the answer is not of the form that is wanted.
	 */
	get<T = unknown>(path: string, schema?: z.ZodMiniType<T>): Promise<T>;
	/** JSON request. `path` is below /v1/projects/{ref}. With a schema, what is of another form does not count as done. */
	send<T>(
		method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
		path: string,
		body?: unknown,
		schema?: z.ZodMiniType<T>,
	): Promise<T>;
	/** The raw answer, for bodies that are not JSON. Errors are thrown as above. */
	fetch(
		method: string,
		path: string,
		init?: { headers?: Record<string, string>; body?: BodyInit },
	): Promise<Response>;
}

export interface ManagementApiOptions {
	/** `https://api.supabase.com`, or the local one; no trailing slash. */
	readonly baseUrl: string;
	/** OAuth access token or personal access token. Shows in no error. */
	readonly token: string;
	readonly ref: string;
	/** True for a source: only GET, and POST /cli/login-role, which changes no data. */
	readonly readOnly: boolean;
	readonly signal?: AbortSignal | undefined;
	/** Of the account, over all workers. */
	readonly pace?: HttpService['pace'];
	/** Called when Supabase does not accept the token any more. */
	readonly onExpired?: (() => void) | undefined;
	readonly fetch?: Fetch | undefined;
	/** Replaces the pause between tries of a read, in tests. */
	readonly wait?: HttpService['wait'];
}

/** The platform's own limit is 60 s; a deploy bundles on the server and needs most of it. */
const TIMEOUT_MS = 60_000;
const REF = /^[a-z]{20}$/;
const SAFE_POSTS_ON_SOURCE: ReadonlySet<string> = new Set(['/cli/login-role']);

/** The client of one project with one account's token. Throws `bad_request` for a malformed ref. */
export function createManagementApi(options: ManagementApiOptions): ManagementApi {
	const { ref, token } = options;
	if (!REF.test(ref)) {
		throw new TwinsError(
			'bad_request',
			`"${ref}" is not a project ref.`,
			'A ref is 20 lower-case letters; copy it from the project settings.',
		);
	}
	const service = managementService(options);

	const call: ManagementApi['fetch'] = async (method, path, init = {}) => {
		assertPath(path);
		if (options.readOnly) assertRead(method, path, ref);
		const answer = sendRequest(service, {
			method,
			url: `${options.baseUrl}/v1/projects/${ref}${path}`,
			subject: `${method} ${path.split('?')[0] || 'the project'} of project ${ref}`,
			headers: { accept: 'application/json', ...init.headers, authorization: `Bearer ${token}` },
			body: init.body,
			timeoutMs: TIMEOUT_MS,
		});
		return answer.catch((error: unknown) => {
			if (error instanceof TwinsError && error.code === 'account_expired') options.onExpired?.();
			throw error;
		});
	};

	return {
		fetch: call,
		get: async <T>(path: string, schema?: z.ZodMiniType<T>): Promise<T> => {
			const answer = await json<T>(await call('GET', path));
			return schema === undefined ? answer : asWanted(`GET ${path}`, answer, schema);
		},
		send: async <T>(method: string, path: string, body?: unknown, schema?: z.ZodMiniType<T>) => {
			const init =
				body === undefined
					? {}
					: { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
			const answer = await json<T>(await call(method, path, init));
			return schema === undefined ? answer : asWanted(`${method} ${path}`, answer, schema);
		},
	};
}

/** What a management client is to http.ts: used here and by account-api.ts. */
export function managementService(
	options: Pick<ManagementApiOptions, 'token' | 'signal' | 'fetch' | 'wait' | 'pace'>,
): HttpService {
	return {
		name: 'Supabase',
		secrets: [options.token],
		signal: options.signal,
		fetch: options.fetch,
		wait: options.wait,
		pace: options.pace,
		refusal: managementRefusal,
	};
}

/** The JSON of an answer; undefined for an empty one, which T then has to allow. */
export async function json<T>(response: Response): Promise<T> {
	const text = await response.text();
	if (text.trim() === '') return undefined as T;
	try {
		return JSON.parse(text) as T;
	} catch {
		throw new TwinsError(
			'api_unavailable',
			'Supabase answered with something that is not JSON.',
			'Try again in a minute. If it stays so, see https://status.supabase.com.',
			{ passing: true, httpStatus: response.status },
		);
	}
}

/** The answer, where it is of the form that is wanted. Throws `api_refused` otherwise. */
export function asWanted<T>(subject: string, answer: unknown, schema: z.ZodMiniType<T>): T {
	const parsed = z.safeParse(schema, answer);
	if (parsed.success) return parsed.data;
	throw unknownForm(subject, parsed.error.issues[0]?.path.join('.'));
}

/** An answer that is JSON, and not what the vendor's document says. */
export function unknownForm(subject: string, hint?: string): TwinsError {
	return new TwinsError(
		'api_refused',
		`Supabase answered ${subject} in a form that Twins does not know.`,
		'Update Twins; if it is up to date, report this.',
		{ hint },
	);
}

/** A path with dot segments would be resolved by fetch into another project's. */
function assertPath(path: string): void {
	const segments = (path.split('?')[0] ?? '').split('/');
	const isSafe =
		(path === '' || path.startsWith('/') || path.startsWith('?')) &&
		segments.every((segment) => !/^(\.|%2e){1,2}$/i.test(segment)) &&
		!/[\\#\s]/.test(path);
	if (!isSafe) {
		throw new TwinsError(
			'bad_request',
			`"${path}" is not a path of the Management API.`,
			'Report this: names must be percent-encoded before they go into a path.',
		);
	}
}

function assertRead(method: string, path: string, ref: string): void {
	if (method === 'GET' || (method === 'POST' && SAFE_POSTS_ON_SOURCE.has(path))) return;
	throw new TwinsError(
		'forbidden',
		`${method} ${path} was refused: project ${ref} is the source of this clone and is only read.`,
		'Nothing was changed. Report this: a clone must not write to its source.',
	);
}
