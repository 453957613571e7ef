// COPY of bytes that are at hand into a table.
import { giveUp, type Link, send, untilReady } from './link.ts';
import { BACKEND, frame, FRONTEND, text } from './messages.ts';
import type { PostgresError } from './postgres-error.ts';

/** Small enough that a server which refuses is heard soon. */
const FRAME_BYTES = 64 * 1024;

/** See Session.copyIn. */
export async function copyBytes(target: Link, copyIn: string, bytes: Uint8Array): Promise<number> {
	let refused: PostgresError | undefined;
	let rows = 0;
	await send(target, frame(FRONTEND.query, copyIn));
	const answered = untilReady(
		target,
		({ type, body }) => {
			if (type === BACKEND.commandComplete)
				rows += Number(/^COPY (\d+)/.exec(text(body))?.[1] ?? 0);
		},
		(error) => (refused ??= error),
	);
	// Awaited below; a failure must not be unhandled until then.
	answered.catch(() => undefined);
	try {
		// What comes after an error is thrown away by the server.
		for (let at = 0; at < bytes.length && refused === undefined; at += FRAME_BYTES) {
			await send(target, frame(FRONTEND.copyData, bytes.subarray(at, at + FRAME_BYTES)));
		}
		await send(target, frame(FRONTEND.copyDone));
	} catch (error) {
		if (refused === undefined) throw giveUp(target, asLost(error, target));
	}
	await answered;
	return rows;
}

const asLost = (error: unknown, target: Link): PostgresError => {
	if (target.lost) return target.lost;
	throw error;
};
