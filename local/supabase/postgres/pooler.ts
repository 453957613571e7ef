// The shared session pooler, reduced to what clients notice: one address for all projects, users named
// `role.ref`, TLS for who asks, one server connection per client.

import * as net from 'node:net';
import * as tls from 'node:tls';
import type { Certificates } from '../certificates.ts';
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

/** Speaks TLS with the given certificate to who asks for it. `portOf` gives the port of the cluster of a project, or undefined for an unknown ref. */
export async function startPooler(
	port: number,
	clusterPorts: () => readonly number[],
	portOf: (ref: string) => number | undefined,
	certificates: Pick<Certificates, 'key' | 'cert'>,
): Promise<Pooler> {
	const secureContext = tls.createSecureContext(certificates);
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

	function greet(client: net.Socket, isSecure: boolean): void {
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
				const startup = parseStartup(packet);
				if (startup?.kind === 'encryption' && startup.isTls && !isSecure) {
					// Sent before the answer, it would count as if it had come encrypted.
					if (received.length > 0) return void client.destroy();
					client.off('data', onData);
					client.setTimeout(0);
					client.write('S');
					return greet(track(new tls.TLSSocket(client, { isServer: true, secureContext })), true);
				}
				if (startup?.kind === 'encryption') {
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
	}

	const server = net.createServer((client) => greet(track(client), false));
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
