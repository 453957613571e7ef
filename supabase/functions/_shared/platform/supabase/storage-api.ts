// The Storage API of one project, with its secret key. Bodies are streams; nothing is held in memory.
import { TwinsError } from '../../domain/errors.ts';
import { type Fetch, retryAfterSeconds } from '../http.ts';
import { redact } from '../redact.ts';

export interface StorageApi {
	/** Request below <project url>/storage/v1. Throws TwinsError storage_refused on 4xx, passing errors on 5xx. */
	fetch(
		method: string,
		path: string,
		init?: { headers?: Record<string, string>; body?: BodyInit; signal?: AbortSignal },
	): Promise<Response>;
}

export interface StorageApiOptions {
	/** Base URL of the project's APIs, no trailing slash. */
	readonly url: string;
	/** Secret key, or the legacy service_role JWT. Shows in no error. */
	readonly secretKey: string;
	readonly signal?: AbortSignal | undefined;
	/** True for a source: only GET and HEAD go out. */
	readonly readOnly?: boolean | undefined;
	readonly fetch?: Fetch | undefined;
}

/** For the answer's body too: 6 MB at 0.5 Mbit/s still arrive. */
const TIMEOUT_MS = 100_000;
const LONGEST_ERROR_BYTES = 16_384;

/** A client that streams both ways. It never repeats a request: a body can be sent once only. */
export function createStorageApi(options: StorageApiOptions): StorageApi {
	const { url, secretKey } = options;
	const send: Fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));

	return {
		async fetch(method, path, init = {}) {
			if (options.readOnly && method !== 'GET' && method !== 'HEAD') {
				throw new TwinsError(
					'internal',
					`${method} ${path} would write to the source's Storage.`,
					'Report this: the source of a clone is only ever read.',
				);
			}
			const timeout = AbortSignal.timeout(TIMEOUT_MS);
			const signals = [timeout, options.signal, init.signal].filter((signal) => signal != null);
			let response: Response;
			try {
				response = await send(`${url}/storage/v1${path}`, {
					method,
					headers: {
						// Compressed bytes would only have to be unpacked, and their ranges mean nothing.
						'accept-encoding': 'identity',
						...init.headers,
						apikey: secretKey,
						authorization: `Bearer ${secretKey}`,
					},
					signal: AbortSignal.any(signals),
					redirect: 'manual',
					...streamed(init.body),
				});
			} catch (error) {
				if (options.signal?.aborted) throw options.signal.reason;
				if (init.signal?.aborted) throw init.signal.reason;
				throw unreachable(method, path, timeout.aborted, error, secretKey);
			}
			// "Not modified" answers a read; of a write it would say that nothing was written.
			const isRead = method === 'GET' || method === 'HEAD';
			if (response.status < 300 || (isRead && response.status === 304)) return response;
			throw await refused(method, path, response, secretKey);
		},
	};
}

/** Lets the rest of an answer go that says all it has to say in its head; that it broke off is no matter then. */
export const letGo = async ({ body }: Response): Promise<void> => {
	await body?.cancel().catch(() => undefined);
};

/** A stream as body needs `duplex`, which TypeScript's DOM does not know yet. */
function streamed(body: BodyInit | undefined): RequestInit {
	if (body === undefined) return {};
	if (!(body instanceof ReadableStream)) return { body };
	return { body, duplex: 'half' } as RequestInit;
}

function unreachable(
	method: string,
	path: string,
	timedOut: boolean,
	error: unknown,
	secretKey: string,
): TwinsError {
	const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
	const text = error instanceof Error ? error.message : String(error);
	const reason = timedOut
		? `no answer within ${TIMEOUT_MS / 1000} s`
		: redact(cause === '' ? text : `${text} (${cause})`, [secretKey]);
	return new TwinsError(
		'api_unavailable',
		`Storage could not be reached for ${method} ${path}: ${reason}`,
		'Try again in a minute. If it stays so, look at the health of the project.',
		{ passing: true },
	);
}

interface StorageRefusal {
	readonly statusCode?: unknown;
	readonly error?: unknown;
	readonly message?: unknown;
	readonly code?: unknown;
}

/** The body's own `statusCode` is the true one: the service answers HTTP 400 to nearly everything. */
async function refused(
	method: string,
	path: string,
	response: Response,
	secretKey: string,
): Promise<TwinsError> {
	const text = redact(await readSome(response), [secretKey]).trim();
	const body = parsed(text);
	const inBody = Number(body?.statusCode);
	const status = Number.isInteger(inBody) && inBody >= 400 ? inBody : response.status;
	const reason = [body?.message, body?.error, text].find(
		(value) => typeof value === 'string' && value !== '',
	);
	const said = typeof reason === 'string' ? reason : 'no reason given';
	const hint = body?.code ?? body?.error;
	const details = {
		httpStatus: status,
		hint: typeof hint === 'string' ? hint : undefined,
		passing: status >= 500 || status === 429 || status === 408 || status === 423,
		retryAfter: retryAfterSeconds(response.headers),
	};
	const message = `Storage answered ${method} ${path} with ${status}: ${said.slice(0, 500)}`;
	if (status === 429) {
		return new TwinsError('rate_limited', message, 'Wait a minute, then try again.', details);
	}
	if (status >= 500) {
		return new TwinsError(
			'api_unavailable',
			message,
			'Try again in a minute. If it stays so, look at the logs of Storage in the dashboard.',
			details,
		);
	}
	return new TwinsError('storage_refused', message, fixOf(status, said), details);
}

function fixOf(status: number, said: string): string {
	if (/^Invalid key/i.test(said)) {
		return 'Storage refuses a character of this name: rename the file on the source, then clone again.';
	}
	switch (status) {
		case 401:
		case 403:
			return 'Check that the project’s secret key is valid and that the account may read it.';
		case 404:
			return 'Look whether the file or bucket still exists, then clone again.';
		case 413:
			return 'Raise the file size limit of the project (Storage → Settings) or of the bucket.';
		case 415:
			return 'Allow this type in the bucket’s allowed MIME types, then clone again.';
		case 409:
			return 'Something else writes this file at the same time: clone again when it has ended.';
		default:
			return 'Look at the logs of Storage in the project’s dashboard.';
	}
}

function parsed(text: string): StorageRefusal | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null ? value : undefined;
	} catch {
		return undefined;
	}
}

/** The beginning of a body; the rest is let go, or the connection stays busy. */
async function readSome(response: Response): Promise<string> {
	const reader = response.body?.getReader();
	if (!reader) return '';
	const decoder = new TextDecoder();
	let text = '';
	let bytes = 0;
	try {
		while (bytes < LONGEST_ERROR_BYTES) {
			const { done, value } = await reader.read();
			if (done) break;
			bytes += value.length;
			text += decoder.decode(value, { stream: true });
		}
	} catch {
		// What did arrive is all there is to say.
	}
	await reader.cancel().catch(() => undefined);
	return text.slice(0, LONGEST_ERROR_BYTES);
}
