// One HTTP call to a service of the platform: time limit, bounded retry of reads, one error shape, and no
// secret in any text that leaves. It knows no service by name; management-api.ts and storage-api.ts do.
import { TwinsError } from '../domain/errors.ts';
import { redact } from './redact.ts';

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** Keeps the calls of many workers within a limit of the service. */
export interface Pace {
	/** Resolves when the next call may be made. Throws `rate_limited` (passing) where that would be long. */
	turn(): Promise<void>;
	/** The service refused a call for its rate, and said for how many seconds. */
	held(seconds: number): Promise<void>;
}

export interface HttpService {
	/** Name in messages: "Supabase Management API". */
	readonly name: string;
	/** Values that must never show in an error: tokens, keys. */
	readonly secrets: readonly string[];
	readonly signal?: AbortSignal | undefined;
	readonly fetch?: Fetch | undefined;
	readonly pace?: Pace | undefined;
	/** Waits between tries of a read; tests pass their own. Milliseconds. */
	readonly wait?: ((milliseconds: number, signal?: AbortSignal) => Promise<void>) | undefined;
	/** Makes the error of an answer with status 400 or above. `text` is its body, already redacted. */
	readonly refusal: (response: Response, text: string, subject: string) => TwinsError;
}

export interface HttpRequest {
	readonly method: string;
	readonly url: string;
	/** What is asked for, in messages, without host and secrets: "GET /v1/projects". */
	readonly subject: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: BodyInit | undefined;
	readonly timeoutMs: number;
}

/** Tries of a read in all. A write is never repeated here: the engine decides, knowing what it did. */
const READ_TRIES = 3;
const FIRST_WAIT_MS = 300;
/** A rate limit that ends sooner than this is sat out; a longer one is handed to the engine. */
const LONGEST_WAIT_SECONDS = 2;
/** What is waited for where a service does not say. */
const DEFAULT_HOLD_SECONDS = 60;
/** No answer of the platform that we read whole is larger: function bundles end at 20 MB. */
const LARGEST_BODY_BYTES = 32 * 1024 * 1024;
/** What a service asks to wait beyond this is a mistake of it. */
const LONGEST_RETRY_SECONDS = 3600;

/**
 * Sends a request and reads the answer whole; the Response returned is in memory. Throws the service's
 * refusal for status ≥ 400, `api_unavailable` (passing) when nothing comes back, and the signal's reason
 * when the caller gave up. Reads (GET, HEAD) are tried up to three times while the trouble is passing.
 */
export async function sendRequest(service: HttpService, request: HttpRequest): Promise<Response> {
	const isRead = request.method === 'GET' || request.method === 'HEAD';
	const wait = service.wait ?? pause;
	for (let attempt = 1; ; attempt += 1) {
		try {
			return await sendOnce(service, request);
		} catch (error) {
			const seconds = isRead && attempt < READ_TRIES ? waitBeforeRetry(error, attempt) : undefined;
			if (seconds === undefined) throw error;
			await wait(seconds * 1000, service.signal);
		}
	}
}

function waitBeforeRetry(error: unknown, attempt: number): number | undefined {
	if (!(error instanceof TwinsError) || error.details.passing !== true) return undefined;
	const asked = error.details.retryAfter;
	if (asked !== undefined) return asked <= LONGEST_WAIT_SECONDS ? asked : undefined;
	if (error.code === 'rate_limited') return undefined;
	return (FIRST_WAIT_MS * 3 ** (attempt - 1)) / 1000;
}

async function sendOnce(service: HttpService, request: HttpRequest): Promise<Response> {
	await service.pace?.turn();
	const timeout = AbortSignal.timeout(request.timeoutMs);
	const signal = service.signal ? AbortSignal.any([service.signal, timeout]) : timeout;
	const send: Fetch = service.fetch ?? ((url, init) => globalThis.fetch(url, init));
	let response: Response;
	let bytes: Uint8Array<ArrayBuffer>;
	try {
		response = await send(request.url, {
			method: request.method,
			headers: request.headers,
			signal,
			// A redirect would carry the token to a host that we did not choose.
			redirect: 'manual',
			...(request.body === undefined ? {} : { body: request.body }),
		});
		bytes = await readBody(response, service, request);
	} catch (error) {
		if (error instanceof TwinsError) throw error;
		if (service.signal?.aborted) throw service.signal.reason;
		throw unavailable(service, request, timeout.aborted, error);
	}
	// "Not modified" answers a read; of a write it would say that nothing was written.
	const isRead = request.method === 'GET' || request.method === 'HEAD';
	if (response.status < 300 || (isRead && response.status === 304)) {
		const hasBody = bytes.length > 0 && response.status !== 204 && response.status !== 304;
		return new Response(hasBody ? bytes : null, {
			status: response.status,
			headers: response.headers,
		});
	}
	const text = redact(new TextDecoder().decode(bytes.subarray(0, 16_384)), service.secrets);
	const refusal = service.refusal(response, text, request.subject);
	if (refusal.code === 'rate_limited') {
		await service.pace?.held(refusal.details.retryAfter ?? DEFAULT_HOLD_SECONDS);
	}
	throw refusal;
}

async function readBody(
	response: Response,
	service: HttpService,
	request: HttpRequest,
): Promise<Uint8Array<ArrayBuffer>> {
	if (!response.body) return new Uint8Array();
	const chunks: Uint8Array[] = [];
	let length = 0;
	for await (const chunk of response.body) {
		length += chunk.length;
		if (length > LARGEST_BODY_BYTES) {
			throw new TwinsError(
				'limit_exceeded',
				`${service.name} answered ${request.subject} with more than ${LARGEST_BODY_BYTES} bytes.`,
				'Report this: no answer of this kind should be so large.',
			);
		}
		chunks.push(chunk);
	}
	const whole = new Uint8Array(length);
	let offset = 0;
	for (const chunk of chunks) {
		whole.set(chunk, offset);
		offset += chunk.length;
	}
	return whole;
}

function unavailable(
	service: HttpService,
	request: HttpRequest,
	timedOut: boolean,
	error: unknown,
): TwinsError {
	const reason = timedOut
		? `no answer within ${request.timeoutMs / 1000} s`
		: redact(reasonOf(error), service.secrets);
	return new TwinsError(
		'api_unavailable',
		`${service.name} could not be reached for ${request.subject}: ${reason}.`,
		'Try again in a minute. If it stays so, see https://status.supabase.com.',
		{ passing: true },
	);
}

/** fetch hides the reason ("fetch failed") in `cause`. */
function reasonOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const cause = error.cause instanceof Error ? error.cause.message : '';
	return cause === '' ? error.message : `${error.message} (${cause})`;
}

/** Seconds until the same call may be sent again, from Retry-After (seconds or date) or X-RateLimit-Reset. */
export function retryAfterSeconds(headers: Headers, now = Date.now()): number | undefined {
	for (const name of ['retry-after', 'x-ratelimit-reset']) {
		const value = headers.get(name)?.trim();
		if (!value) continue;
		if (/^\d+(\.\d+)?$/.test(value))
			return Math.min(LONGEST_RETRY_SECONDS, Math.ceil(Number(value)));
		const date = Date.parse(value);
		if (!Number.isNaN(date)) {
			return Math.min(LONGEST_RETRY_SECONDS, Math.max(0, Math.ceil((date - now) / 1000)));
		}
	}
	return undefined;
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		const stop = (): void => {
			clearTimeout(timer);
			reject(signal?.reason);
		};
		const timer = setTimeout(() => {
			signal?.removeEventListener('abort', stop);
			resolve();
		}, milliseconds);
		if (signal?.aborted) stop();
		else signal?.addEventListener('abort', stop, { once: true });
	});
}
