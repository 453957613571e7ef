// A pooler of transactions, reduced to what clients notice: whoever is outside of a transaction has no connection, and is
// given the one that was free for longest, so that nothing of a session is found again.
import * as net from 'node:net';
import type { AddressInfo } from 'node:net';
import {
	type Link,
	openLink,
	receive,
	send,
} from '../../supabase/functions/_shared/platform/postgres/link.ts';
import {
	BACKEND,
	frame,
	int32,
	joined,
} from '../../supabase/functions/_shared/platform/postgres/messages.ts';
import { parseStartup, startupLength } from '../../local/supabase/postgres/pooler-startup.ts';
import { atEnd } from './at-end.ts';

export interface TransactionPooler {
	/** Of the pooler, for the database that it was opened for. */
	readonly url: string;
	/** Transactions that each connection has carried. */
	readonly carried: readonly number[];
}

interface Server {
	readonly link: Link;
	readonly number: number;
}

/** Gone when the test file ends. */
export async function openTransactionPooler(
	databaseUrl: string,
	connections: number,
): Promise<TransactionPooler> {
	const { hostname, port, username, password, pathname } = new URL(databaseUrl);
	const carried = Array.from({ length: connections }, () => 0);
	const servers: Server[] = [];
	for (let number = 0; number < connections; number += 1) {
		const link = await openLink(
			{ host: hostname, port: Number(port), tls: 'off' },
			{
				user: decodeURIComponent(username),
				password: decodeURIComponent(password),
				database: pathname.slice(1),
			},
			'server of the pooler',
			{ signal: undefined, timeoutSeconds: 10 },
		);
		servers.push({ link, number });
	}
	const free = [...servers];
	const waiting: ((server: Server) => void)[] = [];
	const take = (): Promise<Server> => {
		const server = free.shift();
		return server ? Promise.resolve(server) : new Promise((resolve) => waiting.push(resolve));
	};
	const give = (server: Server): void => {
		const next = waiting.shift();
		if (next) next(server);
		else free.push(server);
	};

	const pooler = net.createServer((client) => {
		client.setNoDelay(true);
		client.on('error', () => client.destroy());
		let received = Buffer.alloc(0);
		let isStarted = false;
		let turn = Promise.resolve();
		client.on('data', (chunk: Buffer) => {
			received = Buffer.concat([received, chunk]);
			if (!isStarted) {
				const length = startupLength(received);
				if (length === null || received.length < length) return;
				const startup = parseStartup(received.subarray(0, length));
				received = received.subarray(length);
				if (startup?.kind === 'encryption') return void client.write('N');
				isStarted = true;
				client.write(
					joined([frame('R', int32(0)), frame('K', int32(0), int32(0)), frame('Z', READY)]),
				);
			}
			const request = takeRequest();
			if (request === undefined) return;
			turn = turn.then(() => carry(request)).catch(() => void client.destroy());
		});

		/** All up to a message that is answered with "ready", once that has arrived. */
		function takeRequest(): Buffer | undefined {
			let end = 0;
			for (let at = 0; at + 5 <= received.length;) {
				const type = String.fromCharCode(received.readUInt8(at));
				const next = at + 1 + received.readInt32BE(at + 1);
				if (next > received.length) break;
				if (type === 'X') return void client.end();
				if (type === 'Q' || type === 'S') end = next;
				at = next;
			}
			if (end === 0) return undefined;
			const request = received.subarray(0, end);
			received = received.subarray(end);
			return request;
		}

		let held: Server | undefined;
		async function carry(request: Buffer): Promise<void> {
			const server = held ?? (await take());
			held = server;
			await send(server.link, request);
			for (;;) {
				const { type, body } = await receive(server.link);
				client.write(frame(String.fromCharCode(type), Uint8Array.from(body)));
				if (type !== BACKEND.ready) continue;
				if (body[0] !== READY[0]) return;
				carried[server.number] = (carried[server.number] ?? 0) + 1;
				held = undefined;
				give(server);
				return;
			}
		}
	});
	await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve));
	atEnd(() => {
		pooler.close();
		for (const { link } of servers) link.stream.close();
	});
	const url = new URL(databaseUrl);
	url.port = String((pooler.address() as AddressInfo).port);
	return { url: url.href, carried };
}

/** Outside of a transaction. */
const READY = new TextEncoder().encode('I');
