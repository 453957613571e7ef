// What a client really sends to a database, as a proxy between the two sees it on the wire: each message of SQL, in the
// order in which the server answered them, with whether it was refused. Neither the product nor Postgres's log has a say.
import * as net from 'node:net';
import { atEnd } from './at-end.ts';

export interface RecordedMessage {
	readonly sql: string;
	readonly failed: boolean;
}

export interface StatementRecorder {
	/** The same database, by way of the proxy. */
	readonly url: string;
	/** All that was sent so far. */
	readonly messages: readonly RecordedMessage[];
	/** Forgets it. */
	clear(): void;
}

/** Closed when the test file ends. */
export async function openRecorder(databaseUrl: string): Promise<StatementRecorder> {
	const url = new URL(databaseUrl);
	const [host, port] = [url.hostname, Number(url.port)];
	const messages: RecordedMessage[] = [];
	const sockets = new Set<net.Socket>();
	const server = net.createServer((client) => {
		const upstream = net.connect(port, host);
		const asked: { sql: string; failed: boolean }[] = [];
		const fromClient = reader(true, (type, body) => {
			// Simple queries, and statements that are parsed: name, then text.
			if (type === 'Q') asked.push({ sql: text(body, 0), failed: false });
			if (type === 'P') asked.push({ sql: text(body, body.indexOf(0) + 1), failed: false });
		});
		const fromServer = reader(false, (type) => {
			const [first] = asked;
			if (type === 'E' && first) first.failed = true;
			if (type === 'Z') messages.push(...asked.splice(0));
		});
		for (const [from, into, read] of [
			[client, upstream, fromClient],
			[upstream, client, fromServer],
		] as const) {
			sockets.add(from);
			from.on('data', (bytes: Buffer) => {
				read(bytes);
				into.write(bytes);
			});
			from.on('error', () => into.destroy());
			from.on('close', () => {
				sockets.delete(from);
				into.destroy();
			});
		}
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	if (address === null || typeof address === 'string') throw new Error('no port');
	atEnd(async () => {
		for (const socket of sockets) socket.destroy();
		await new Promise((resolve) => server.close(resolve));
	});
	url.hostname = '127.0.0.1';
	url.port = String(address.port);
	return {
		url: url.href,
		messages,
		clear: () => void messages.splice(0),
	};
}

const text = (body: Buffer, from: number): string =>
	body.subarray(from, body.indexOf(0, from)).toString('utf8');

/** Cuts a stream of the protocol into messages. The first of a client has no type; an answer to "TLS?" is one letter. */
function reader(
	isClient: boolean,
	found: (type: string, body: Buffer) => void,
): (bytes: Buffer) => void {
	let kept = Buffer.alloc(0);
	let starts = true;
	return (bytes) => {
		kept = Buffer.concat([kept, bytes]);
		for (;;) {
			if (starts && isClient) {
				if (kept.length < 8) return;
				const length = kept.readInt32BE(0);
				if (kept.length < length) return;
				// 80877103 asks for TLS; what follows is a start again.
				starts = kept.readInt32BE(4) === 80877103;
				kept = kept.subarray(length);
				continue;
			}
			if (starts && kept.length > 0 && kept[0] === 'N'.charCodeAt(0)) kept = kept.subarray(1);
			starts = false;
			if (kept.length < 5) return;
			const length = kept.readInt32BE(1) + 1;
			if (kept.length < length) return;
			found(String.fromCharCode(kept[0] ?? 0), kept.subarray(5, length));
			kept = kept.subarray(length);
		}
	};
}
