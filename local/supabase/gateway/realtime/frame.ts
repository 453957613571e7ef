// Frames of the Realtime protocol, versions 1.0.0 (objects) and 2.0.0 (arrays). Binary frames carry
// broadcasts of clients, which this service does not take; they are only recognised.
import { isRecord } from '../http.ts';

export type Version = 1 | 2;

export interface Frame {
	readonly joinRef: string | null;
	readonly ref: string | null;
	/** On the wire: `realtime:<name>` or `phoenix`. */
	readonly topic: string;
	readonly event: string;
	readonly payload: unknown;
}

const CLIENT_BROADCAST = 3;

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** A frame, or undefined when the data is none. Accepts both versions whatever was negotiated. */
export function decodeFrame(data: Buffer, isBinary: boolean): Frame | undefined {
	if (isBinary) return decodeClientBroadcast(data);
	let parsed: unknown;
	try {
		parsed = JSON.parse(data.toString('utf8'));
	} catch {
		return undefined;
	}
	const [joinRef, ref, topic, event, payload] = Array.isArray(parsed)
		? parsed
		: isRecord(parsed)
			? [parsed['join_ref'], parsed['ref'], parsed['topic'], parsed['event'], parsed['payload']]
			: [];
	if (typeof topic !== 'string' || typeof event !== 'string') return undefined;
	return { joinRef: text(joinRef), ref: text(ref), topic, event, payload };
}

/** Lengths of join_ref, ref, topic, event, metadata (one byte each), the encoding, then the parts. */
function decodeClientBroadcast(data: Buffer): Frame | undefined {
	if (data[0] !== CLIENT_BROADCAST || data.length < 7) return undefined;
	let offset = 7;
	const parts = [1, 2, 3].map((position) => {
		const length = data[position] ?? 0;
		const part = data.subarray(offset, offset + length).toString('utf8');
		offset += length;
		return part;
	});
	const [joinRef = '', ref = '', topic = ''] = parts;
	return {
		joinRef: joinRef || null,
		ref: ref || null,
		topic,
		event: 'broadcast',
		payload: undefined,
	};
}

export function encodeFrame(version: Version, frame: Frame): string {
	const { joinRef, ref, topic, event, payload } = frame;
	return JSON.stringify(
		version === 2
			? [joinRef, ref, topic, event, payload]
			: { topic, event, payload, ref, join_ref: joinRef },
	);
}
