// COPY from one connection into another: who fails first decides the error, and both connections are
// brought back to where they can be used again.
import type { Duplex } from './dial.ts';
import type { CopyResult } from './session.ts';
import type { PostgresError } from './postgres-error.ts';
import { connectionLost, serverError } from './errors.ts';
import { giveUp, type Link, reasonOf, requestCancel, send, untilReady } from './link.ts';
import { BACKEND, frame, FRONTEND, text } from './messages.ts';
import { createFrameFilter, pump } from './splice.ts';

/** What a source may still send after the target refused, before it is cancelled rather than drained. */
const DRAIN_BYTES = 4 * 1024 * 1024;

/** See Session.copyInto. Both queries leave at once, so it costs one round trip until rows flow. */
export async function copyBetween(
	source: Link,
	target: Link,
	copyOut: string,
	copyIn: string,
): Promise<CopyResult> {
	let sourceFailure: PostgresError | undefined;
	let refused: PostgresError | undefined;
	const counts: number[] = [];
	const filter = createFrameFilter((type, body) => {
		if (type === BACKEND.error) sourceFailure ??= serverError(body);
		return type === BACKEND.ready;
	});
	const refuse = (error: PostgresError): void => {
		refused ??= error;
		filter.stopForwarding();
	};

	await send(target, frame(FRONTEND.query, copyIn));
	const answered = untilReady(
		target,
		({ type, body }) => {
			const rows =
				type === BACKEND.commandComplete ? /^COPY (\d+)/.exec(text(body))?.[1] : undefined;
			if (rows !== undefined) counts.push(Number(rows));
		},
		refuse,
	).catch(refuse);

	let bytes = 0;
	try {
		await send(source, frame(FRONTEND.query, copyOut));
		const pumped = await pump(
			drainable(source, () => refused !== undefined),
			source.reader.takeBuffered(),
			filter,
			(chunk) => send(target, chunk).catch(refuse),
		);
		source.reader.putBack(pumped.rest);
		bytes = pumped.bytes;
	} catch (error) {
		sourceFailure ??= giveUp(source, connectionLost(source.name, reasonOf(error)));
	}

	if (sourceFailure && refused === undefined) {
		await abandon(target, filter.isBetweenFrames());
		await answered;
		throw sourceFailure;
	}
	await answered;
	if (refused !== undefined) throw refused;
	return { rows: counts.reduce((sum, rows) => sum + rows, 0), counts, bytes };
}

/** Makes the target throw away the rows it has: otherwise it would take them for all there are. */
async function abandon(target: Link, betweenFrames: boolean): Promise<void> {
	if (betweenFrames) {
		await send(target, frame(FRONTEND.copyFail, 'the source failed')).catch(() => undefined);
	} else {
		// The source died inside a row: nothing can be said any more, the server rolls back by itself.
		giveUp(target, connectionLost(target.name, 'the source failed inside a row'));
	}
}

/** The source's stream, cancelled on the server when much is still coming that nobody wants. */
export function drainable(source: Link, isUnwanted: () => boolean): Duplex {
	let drained = 0;
	return {
		...source.stream,
		async read(into) {
			const count = await source.stream.read(into);
			source.heardAt = performance.now();
			const before = drained;
			if (isUnwanted()) drained += count ?? 0;
			if (before <= DRAIN_BYTES && drained > DRAIN_BYTES) {
				// When the request does not get through, the rest is read and thrown away: slower, as correct.
				await requestCancel(source).catch(() => undefined);
			}
			return count;
		},
	};
}
