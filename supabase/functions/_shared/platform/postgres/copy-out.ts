// COPY from a connection into a function, for rows that go elsewhere than into another database.
import { drainable } from './copy.ts';
import { connectionLost, serverError } from './errors.ts';
import { giveUp, type Link, reasonOf, send } from './link.ts';
import { BACKEND, frame, FRONTEND, text } from './messages.ts';
import type { PostgresError } from './postgres-error.ts';
import { createFrameFilter, pump } from './splice.ts';

const EXCUSE_MS = 100;

/** See Session.copyOut. */
export async function copyRows(
	source: Link,
	copy: string,
	write: (bytes: Uint8Array) => Promise<void>,
): Promise<number> {
	let failure: PostgresError | undefined;
	let refused: { readonly reason: unknown } | undefined;
	let rows = 0;
	const filter = createFrameFilter((type, body) => {
		if (type === BACKEND.error) failure ??= serverError(body);
		if (type === BACKEND.commandComplete) rows = Number(/^COPY (\d+)/.exec(text(body))?.[1] ?? 0);
		return type === BACKEND.ready;
	}, 'rows');
	const forward = async (bytes: Uint8Array): Promise<void> => {
		if (refused) return;
		// While nobody listens, the server's silence says nothing about the connection.
		const excuse = setInterval(() => (source.heardAt = performance.now()), EXCUSE_MS);
		try {
			await write(bytes);
		} catch (reason) {
			refused ??= { reason };
			filter.stopForwarding();
		} finally {
			clearInterval(excuse);
			source.heardAt = performance.now();
		}
	};
	try {
		await send(source, frame(FRONTEND.query, copy));
		const stream = drainable(source, () => refused !== undefined);
		const { rest } = await pump(stream, source.reader.takeBuffered(), filter, forward);
		source.reader.putBack(rest);
	} catch (error) {
		failure ??= giveUp(source, connectionLost(source.name, reasonOf(error)));
	}
	if (refused) throw refused.reason;
	if (failure) throw failure;
	return rows;
}
