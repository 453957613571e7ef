// Reads a multipart body that is in memory, as bytes: parts may be binary, and their own headers matter,
// which is why Response.formData() will not do. Content is not copied: parts are views on the body.
import { TwinsError } from '../domain/errors.ts';

export interface Part {
	/** Names in lower case. */
	readonly headers: ReadonlyMap<string, string>;
	/** `name` of Content-Disposition. */
	readonly name: string;
	/** `filename` of Content-Disposition, path included, escapes of the quoting undone; undefined for a field. */
	readonly filename: string | undefined;
	readonly bytes: Uint8Array<ArrayBuffer>;
}

const CR = 13;
const LF = 10;
const DASH = 45;

/** The parts in order. Throws `api_refused` for a body that is not what its content type says. */
export function parseMultipart(contentType: string, body: Uint8Array<ArrayBuffer>): Part[] {
	const match = /^multipart\/[^;]+;(?:.*;)?\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
	const boundary = match?.[1] ?? match?.[2];
	if (boundary === undefined) throw malformed(`content type ${contentType || '(none)'}`);
	const delimiter = new TextEncoder().encode(`\r\n--${boundary}`);

	const parts: Part[] = [];
	let position = firstDelimiter(body, delimiter);
	while (position !== undefined) {
		const lineEnd = endOfDelimiter(body, position);
		if (lineEnd === 'last') return parts;
		if (lineEnd === undefined) break;
		const next = findDelimiter(body, delimiter, lineEnd - 2);
		if (next === undefined) break;
		parts.push(readPart(body.subarray(lineEnd, Math.max(lineEnd, next))));
		position = next + delimiter.length;
	}
	throw malformed('no closing boundary');
}

/** Position after the first boundary, which needs no line break before it. */
function firstDelimiter(body: Uint8Array, delimiter: Uint8Array): number | undefined {
	const bare = delimiter.subarray(2);
	if (startsWith(body, bare, 0)) return bare.length;
	const found = findDelimiter(body, delimiter, 0);
	return found === undefined ? undefined : found + delimiter.length;
}

/** The next boundary line from `from` on; a longer word that begins like the boundary is content. */
function findDelimiter(body: Uint8Array, delimiter: Uint8Array, from: number): number | undefined {
	for (let at = body.indexOf(CR, from); at !== -1; at = body.indexOf(CR, at + 1)) {
		if (
			startsWith(body, delimiter, at) &&
			endOfDelimiter(body, at + delimiter.length) !== undefined
		) {
			return at;
		}
	}
	return undefined;
}

/** Where the line of a boundary ends: the position after it, `last` for the closing one. */
function endOfDelimiter(body: Uint8Array, position: number): number | 'last' | undefined {
	if (body[position] === DASH && body[position + 1] === DASH) return 'last';
	let at = position;
	while (body[at] === 32 || body[at] === 9) at += 1;
	return body[at] === CR && body[at + 1] === LF ? at + 2 : undefined;
}

function readPart(bytes: Uint8Array<ArrayBuffer>): Part {
	const blank = new TextEncoder().encode('\r\n\r\n');
	// A part may have no header at all: then it begins with the empty line.
	const headEnd = startsWith(bytes, blank.subarray(2), 0) ? -2 : indexOf(bytes, blank);
	if (headEnd === undefined) throw malformed('a part has no header');
	const head = new TextDecoder().decode(bytes.subarray(0, Math.max(0, headEnd)));
	const headers = new Map(
		head
			.split('\r\n')
			.map((line): [string, string] => {
				const colon = line.indexOf(':');
				return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
			})
			.filter(([name]) => name !== ''),
	);
	const disposition = headers.get('content-disposition') ?? '';
	return {
		headers,
		name: parameter(disposition, 'name') ?? '',
		filename: extendedParameter(disposition, 'filename') ?? parameter(disposition, 'filename'),
		bytes: bytes.subarray(headEnd + blank.length),
	};
}

function parameter(header: string, name: string): string | undefined {
	const match = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, 'i').exec(header);
	return match?.[1]?.replace(/\\(["\\])/g, '$1') ?? match?.[2];
}

/** RFC 5987: filename*=UTF-8''na%C3%AFve.ts */
function extendedParameter(header: string, name: string): string | undefined {
	return new RegExp(`;\\s*${name}\\*=utf-8'[^']*'([^;\\s]*)`, 'i').exec(header)?.[1];
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number | undefined {
	const first = wanted[0] ?? 0;
	for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
		if (startsWith(bytes, wanted, at)) return at;
	}
	return undefined;
}

function startsWith(bytes: Uint8Array, wanted: Uint8Array, at: number): boolean {
	return (
		at + wanted.length <= bytes.length && wanted.every((byte, index) => bytes[at + index] === byte)
	);
}

function malformed(reason: string): TwinsError {
	return new TwinsError(
		'api_refused',
		`The answer is not a multipart body: ${reason}.`,
		'Try again. If it happens again, report it.',
	);
}
