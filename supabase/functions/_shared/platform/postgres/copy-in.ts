// COPY of bytes that come from elsewhere than a database into a table.
import { type Link, send, untilReady } from './link.ts';
import { BACKEND, frame, FRONTEND, text } from './messages.ts';
import type { PostgresError } from './postgres-error.ts';

/** Small enough that a server which refuses is heard soon. */
const FRAME_BYTES = 64 * 1024;

/** See Session.copyIn. */
export async function copyBytes(
	target: Link,
	copyIn: string,
	bytes: AsyncIterable<Uint8Array>,
): Promise<number> {
	let refused: PostgresError | undefined;
	let failure: { readonly reason: unknown } | undefined;
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
		for await (const chunk of bytes) {
			for (let at = 0; at < chunk.length && refused === undefined; at += FRAME_BYTES) {
				await send(target, frame(FRONTEND.copyData, chunk.subarray(at, at + FRAME_BYTES)));
			}
			if (refused !== undefined) break;
		}
	} catch (reason) {
		failure = { reason };
	}
	// Without this, the server would take the rows that it has for all there are.
	const end = failure
		? frame(FRONTEND.copyFail, 'what was to be copied could not be read')
		: frame(FRONTEND.copyDone);
	await send(target, end).catch(() => undefined);
	if (failure) {
		await answered.catch(() => undefined);
		throw failure.reason;
	}
	await answered;
	return rows;
}
