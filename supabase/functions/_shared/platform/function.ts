// What every edge function's entry needs: JSON answers, CORS, the environment, comparing secrets.

/** Headers that let the web app, which is served from another origin, call our functions. */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
	'access-control-allow-origin': '*',
	'access-control-allow-headers': 'authorization, x-client-info, apikey, content-type',
	'access-control-allow-methods': 'POST, OPTIONS',
};

export function answer(status: number, body: unknown): Response {
	return Response.json(body, { status, headers: CORS_HEADERS });
}

/** No request of ours is near to this. */
const LARGEST_REQUEST_BYTES = 64 * 1024;

/** The JSON of a request; null for what is none, or too large to be one of ours. */
export async function requestJson(request: Request): Promise<unknown> {
	try {
		const chunks: Uint8Array<ArrayBuffer>[] = [];
		let length = 0;
		for await (const chunk of request.body ?? []) {
			length += chunk.length;
			if (length > LARGEST_REQUEST_BYTES) return null;
			chunks.push(chunk);
		}
		return JSON.parse(await new Blob(chunks).text());
	} catch {
		return null;
	}
}

interface Runtime {
	readonly EdgeRuntime?: { waitUntil(work: Promise<unknown>): void };
	readonly Deno?: { readonly env: { get(name: string): string | undefined } };
	readonly process?: { readonly env: Readonly<Record<string, string | undefined>> };
}

/** An environment variable, on Deno and on Node. */
export function readVariable(name: string): string | undefined {
	const runtime = globalThis as Runtime;
	return runtime.Deno ? runtime.Deno.env.get(name) : runtime.process?.env[name];
}

/**
 * Answers 202 and goes on with the work, within the limits of the request. pg_net sends its calls in batches and waits for
 * the slowest answer: whoever answered only when the work is done would keep all others from being called.
 */
export function accepted(work: Promise<unknown>): Response {
	const { EdgeRuntime } = globalThis as Runtime;
	EdgeRuntime?.waitUntil(work);
	return answer(202, { accepted: true });
}

/** Compares digests, so that the time taken says nothing about where two secrets differ. */
export async function isSameSecret(given: string, expected: string): Promise<boolean> {
	const digest = async (text: string): Promise<Uint8Array> =>
		new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
	const [left, right] = await Promise.all([digest(given), digest(expected)]);
	return (
		left.reduce((difference, byte, index) => difference | (byte ^ (right[index] ?? 0)), 0) === 0
	);
}
