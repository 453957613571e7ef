// Frames of the Postgres protocol (version 3): building them, and reading whole ones from a stream.
// A frame is a type byte, a 32-bit length that counts itself, and a body.
import type { Duplex } from './dial.ts';

export const FRONTEND = {
	bind: 'B',
	copyData: 'd',
	copyDone: 'c',
	copyFail: 'f',
	describe: 'D',
	execute: 'E',
	flush: 'H',
	parse: 'P',
	password: 'p',
	query: 'Q',
	sync: 'S',
	terminate: 'X',
} as const;

const code = (letter: string) => letter.charCodeAt(0);

export const BACKEND = {
	authentication: code('R'),
	backendKey: code('K'),
	commandComplete: code('C'),
	copyData: code('d'),
	copyDone: code('c'),
	copyIn: code('G'),
	copyOut: code('H'),
	dataRow: code('D'),
	emptyQuery: code('I'),
	error: code('E'),
	parameterDescription: code('t'),
	parameterStatus: code('S'),
	ready: code('Z'),
	rowDescription: code('T'),
} as const;

export interface Message {
	readonly type: number;
	readonly body: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A part of a message body: text is sent with its closing zero byte, numbers go through int16/int32. */
export type Part = string | Uint8Array;

export function frame(type: string, ...parts: readonly Part[]): Uint8Array {
	const body = joined(parts);
	const message = new Uint8Array(5 + body.length);
	message[0] = code(type);
	new DataView(message.buffer).setInt32(1, body.length + 4);
	message.set(body, 5);
	return message;
}

export function startupFrame(parameters: Readonly<Record<string, string>>): Uint8Array {
	const body = joined([int32(196608), ...Object.entries(parameters).flat(), new Uint8Array(1)]);
	return joined([int32(body.length + 4), body]);
}

export function cancelFrame(processId: number, secret: number): Uint8Array {
	return joined([int32(16), int32(80877102), int32(processId), int32(secret)]);
}

export function int16(value: number): Uint8Array {
	const bytes = new Uint8Array(2);
	new DataView(bytes.buffer).setInt16(0, value);
	return bytes;
}

export function int32(value: number): Uint8Array {
	const bytes = new Uint8Array(4);
	new DataView(bytes.buffer).setInt32(0, value);
	return bytes;
}

/** Parts one after the other. */
export function joined(parts: readonly Part[]): Uint8Array {
	const pieces = parts.map((part) =>
		typeof part === 'string' ? encoder.encode(`${part}\0`) : part,
	);
	const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
	let at = 0;
	for (const piece of pieces) {
		whole.set(piece, at);
		at += piece.length;
	}
	return whole;
}

/** Text of a body or a slice of it, without a closing zero byte. */
export function text(bytes: Uint8Array): string {
	return decoder.decode(bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes);
}

export function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const READ_BUFFER_BYTES = 65_536;

export interface MessageReader {
	/** The next whole frame. Its body is only valid until the next call. Throws at the end of the stream. */
	next(): Promise<Message>;
	/** Bytes read from the stream and not yet given out; the reader forgets them. */
	takeBuffered(): Uint8Array;
	/** Gives bytes back, to be read before the stream's next ones. */
	putBack(bytes: Uint8Array): void;
}

export function createMessageReader(stream: Duplex): MessageReader {
	let buffer = new Uint8Array(READ_BUFFER_BYTES);
	let start = 0;
	let end = 0;

	function makeRoom(size: number): void {
		if (start + size <= buffer.length) return;
		const roomy = size > buffer.length ? new Uint8Array(Math.max(size, buffer.length * 2)) : buffer;
		roomy.set(buffer.subarray(start, end));
		buffer = roomy;
		end -= start;
		start = 0;
	}

	async function fill(size: number): Promise<void> {
		makeRoom(size);
		while (end - start < size) {
			const count = await stream.read(buffer.subarray(end));
			if (count === null || count === 0) throw new Error('the server closed the connection');
			end += count;
		}
	}

	return {
		async next() {
			if (start === end) {
				start = end = 0;
				// One huge row must not leave its buffer behind for the rest of the session.
				if (buffer.length > READ_BUFFER_BYTES * 16) buffer = new Uint8Array(READ_BUFFER_BYTES);
			}
			if (end - start < 5) await fill(5);
			const view = viewOf(buffer);
			const type = view.getUint8(start);
			const size = view.getUint32(start + 1) + 1;
			if (end - start < size) await fill(size);
			const body = buffer.subarray(start + 5, start + size);
			start += size;
			return { type, body };
		},
		takeBuffered() {
			const bytes = buffer.slice(start, end);
			start = end = 0;
			return bytes;
		},
		putBack(bytes) {
			buffer = new Uint8Array(Math.max(READ_BUFFER_BYTES, bytes.length));
			buffer.set(bytes);
			start = 0;
			end = bytes.length;
		},
	};
}
