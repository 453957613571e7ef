// The shared session pooler, reduced to what clients notice: one address for all projects, users named
// `role.ref`, one server connection per client. No TLS: it answers N to who asks.

import * as net from 'node:net';
import {
	errorResponse,
	parseStartup,
	rewriteStartup,
	splitUser,
	startupLength,
} from './pooler-startup.ts';

export interface Pooler {
	readonly host: string;
	readonly port: number;
	close(): Promise<void>;
}

const HOST = '127.0.0.1';
const STARTUP_TIMEOUT_MS = 15_000;
/** Postgres' own limit for a startup packet. */
const MAX_STARTUP_BYTES = 10_000;

/** `portOf` gives the port of the cluster of a project, or undefined for an unknown ref. */
export async function startPooler(
	port: number,
	clusterPorts: () => readonly number[],
	portOf: (ref: string) => number | undefined,
): Promise<Pooler> {
	const sockets = new Set<net.Socket>();
	const track = (socket: net.Socket): net.Socket => {
		sockets.add(socket);
		socket.setNoDelay(true);
		socket.on('error', () => socket.destroy());
		socket.once('close', () => sockets.delete(socket));
		return socket;
	};

	function route(client: net.Socket, packet: Buffer, rest: Buffer): void {
		const startup = parseStartup(packet);
		if (startup === null || startup.kind === 'encryption') return void client.destroy();
		if (startup.kind === 'cancel') {
			// The key belongs to one server; the others ignore it.
			for (const cluster of clusterPorts()) {
				track(net.connect(cluster, HOST)).end(packet);
			}
			return void client.end();
		}
		const { role, ref } = splitUser(startup.parameters.get('user') ?? '');
		const cluster = portOf(ref);
		if (cluster === undefined) {
			return void client.end(errorResponse('XX000', 'Tenant or user not found'));
		}
		const server = track(net.connect(cluster, HOST));
		server.write(rewriteStartup(startup.parameters, role));
		if (rest.length > 0) server.write(rest);
		client.pipe(server).pipe(client);
		client.once('close', () => server.destroy());
		server.once('close', () => client.destroy());
	}

	const server = net.createServer((client) => {
		track(client);
		client.setTimeout(STARTUP_TIMEOUT_MS, () => client.destroy());
		let received = Buffer.alloc(0);
		const onData = (chunk: Buffer): void => {
			received = Buffer.concat([received, chunk]);
			for (;;) {
				const length = startupLength(received);
				if (length !== null && (length < 8 || length > MAX_STARTUP_BYTES)) {
					return void client.destroy();
				}
				if (length === null || received.length < length) return;
				const packet = received.subarray(0, length);
				received = received.subarray(length);
				if (parseStartup(packet)?.kind === 'encryption') {
					client.write('N');
					continue;
				}
				client.off('data', onData);
				client.pause();
				client.setTimeout(0);
				return route(client, packet, received);
			}
		};
		client.on('data', onData);
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, HOST, resolve);
	});
	return {
		host: HOST,
		port,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const socket of sockets) socket.destroy();
			}),
	};
}
