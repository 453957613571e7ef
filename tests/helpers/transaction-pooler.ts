// A pooler of transactions, reduced to what clients notice: whoever is outside of a transaction has no connection, and is
// given the one that was free for longest, so that nothing of a session is found again.
import * as net from 'node:net';
import type { AddressInfo } from 'node:net';
import { parseStartup, startupLength } from '../../local/supabase/postgres/pooler-startup.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';

export interface TransactionPooler {
	/** Of the pooler, for the database that it was opened for. */
	readonly url: string;
	/** Transactions that each connection has carried. */
	readonly carried: readonly number[];
	close(): void;
}

interface Server {
	readonly socket: net.Socket;
	readonly number: number;
}

const HOST = '127.0.0.1';

/** Takes whole messages from the front of a buffer until one of the types; null until that is there. */
function takeUntil(buffer: Buffer, types: string): { whole: Buffer; rest: Buffer } | null {
	let end = 0;
	for (let at = 0; at + 5 <= buffer.length;) {
		const next = at + 1 + buffer.readInt32BE(at + 1);
		if (next > buffer.length) break;
		if (types.includes(String.fromCharCode(buffer.readUInt8(at)))) end = next;
		at = next;
	}
	return end === 0 ? null : { whole: buffer.subarray(0, end), rest: buffer.subarray(end) };
}

const message = (type: string, body: string | Buffer): Buffer => {
	const head = Buffer.alloc(5);
	head.write(type);
	head.writeInt32BE(body.length + 4, 1);
	return Buffer.concat([head, Buffer.from(body)]);
};
const WELCOME = Buffer.concat([
	message('R', Buffer.alloc(4)),
	message('K', Buffer.alloc(8)),
	message('Z', 'I'),
]);

/** Connects to the database with the credentials of its URL; whoever connects to the pooler is let in. */
export async function openTransactionPooler(
	databaseUrl: string,
	connections: number,
): Promise<TransactionPooler> {
	const port = Number(new URL(databaseUrl).port);
	const carried: number[] = [];
	const free: Server[] = [];
	const sockets = new Set<net.Socket>();
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
	const track = (socket: net.Socket): net.Socket => {
		sockets.add(socket);
		return socket.setNoDelay(true).on('error', () => socket.destroy());
	};

	/** The first clients sign in at the database themselves; their connections are kept. */
	function signIn(client: net.Socket, startup: Buffer): void {
		const socket = track(net.connect(port, HOST));
		const server = { socket, number: carried.push(0) - 1 };
		socket.write(startup);
		const forward = (chunk: Buffer) => void socket.write(chunk);
		client.on('data', forward);
		let answered = Buffer.alloc(0);
		socket.on('data', function hear(chunk: Buffer) {
			client.write(chunk);
			answered = Buffer.concat([answered, chunk]);
			if (takeUntil(answered, 'Z') === null) return;
			socket.off('data', hear);
			client.off('data', forward);
			give(server);
			serve(client, Buffer.alloc(0));
		});
	}

	/** One transaction after the other. */
	function serve(client: net.Socket, first: Buffer): void {
		let received = first;
		let turn = Promise.resolve();
		let held: Server | undefined;
		const ask = (): void => {
			const request = takeUntil(received, 'QSX');
			if (request === null) return;
			received = request.rest;
			turn = turn.then(() => carry(request.whole)).catch(() => void client.destroy());
		};
		const carry = async (request: Buffer): Promise<void> => {
			if (request.toString('latin1', 0, 1) === 'X') return void client.end();
			const server = held ?? (await take());
			held = server;
			await new Promise<void>((resolve) => {
				let answered = Buffer.alloc(0);
				server.socket.on('data', function hear(chunk: Buffer) {
					answered = Buffer.concat([answered, chunk]);
					const ready = takeUntil(answered, 'Z');
					if (ready === null) return;
					server.socket.off('data', hear);
					// Outside of a transaction, after all that was asked.
					if (ready.whole.toString('latin1', ready.whole.length - 1) === 'I') {
						carried[server.number] = (carried[server.number] ?? 0) + 1;
						held = undefined;
						give(server);
					}
					client.write(ready.whole);
					resolve();
				});
				server.socket.write(request);
			});
		};
		client.on('data', (chunk: Buffer) => {
			received = Buffer.concat([received, chunk]);
			ask();
		});
		ask();
	}

	const pooler = net.createServer((client) => {
		track(client);
		let received = Buffer.alloc(0);
		client.on('data', function greet(chunk: Buffer) {
			received = Buffer.concat([received, chunk]);
			const length = startupLength(received);
			if (length === null || received.length < length) return;
			const packet = received.subarray(0, length);
			received = received.subarray(length);
			if (parseStartup(packet)?.kind === 'encryption') return void client.write('N');
			client.off('data', greet);
			if (carried.length < connections) return signIn(client, packet);
			client.write(WELCOME);
			serve(client, received);
		});
	});
	await new Promise<void>((resolve) => pooler.listen(0, HOST, resolve));
	const url = new URL(databaseUrl);
	url.port = String((pooler.address() as AddressInfo).port);
	for (let nth = 0; nth < connections; nth += 1) await (await connectUrl(url.href)).close();
	return {
		url: url.href,
		carried,
		close() {
			pooler.close();
			for (const socket of sockets) socket.destroy();
		},
	};
}
