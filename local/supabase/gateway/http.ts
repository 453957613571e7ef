// Reading a request and answering it: the few lines every service of the gateway needs. No routing.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Largest JSON body accepted, in bytes; the hosted gateway's own limit is of this order. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Thrown or returned by a route: the answer leads elsewhere. */
export class Redirect {
	readonly location: string;
	constructor(location: string) {
		this.location = location;
	}
}

/** An answer other than success: `status` and the JSON `body` exactly as the real service words it. */
export class HttpRefusal extends Error {
	override readonly name = 'HttpRefusal';
	readonly status: number;
	readonly body: Readonly<Record<string, unknown>>;
	constructor(status: number, body: Readonly<Record<string, unknown>>) {
		super(String(body['message'] ?? body['msg'] ?? status));
		this.status = status;
		this.body = body;
	}
}

/** The whole request body as text. Refused (413) beyond 10 MB. */
export async function readText(request: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of request) {
		const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
		bytes += buffer.length;
		if (bytes > MAX_BODY_BYTES) throw new HttpRefusal(413, { message: 'Payload too large' });
		chunks.push(buffer);
	}
	return Buffer.concat(chunks).toString('utf8');
}

/** Answers with JSON; `undefined` as body sends none. */
export function sendJson(
	response: ServerResponse,
	status: number,
	body?: unknown,
	headers: Readonly<Record<string, string>> = {},
): void {
	const text = body === undefined ? undefined : JSON.stringify(body);
	response.writeHead(status, {
		...(text === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
		...headers,
	});
	response.end(text);
}

/** A header that appears once, or undefined. */
export function header(request: IncomingMessage, name: string): string | undefined {
	const value = request.headers[name];
	return Array.isArray(value) ? value.join(', ') : value;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
