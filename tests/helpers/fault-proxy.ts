// A connection to a database that can be made worse: cut, silent as a half-open one, or slow. Stands where a pooler does.
import * as net from 'node:net';

export interface FaultProxy {
	readonly port: number;
	/** Ends every connection at once. */
	cut(): void;
	/** Nothing passes for a while in either direction, then every connection ends: whoever waits hears nothing. */
	silence(milliseconds: number): Promise<void>;
	/** Everything takes so much longer until it is called with 0. */
	delay(milliseconds: number): void;
	close(): Promise<void>;
}

/** Passes connections on to a port of this machine. */
export async function openFaultProxy(to: number): Promise<FaultProxy> {
	const pairs = new Set<readonly [net.Socket, net.Socket]>();
	let isSilent = false;
	let delay = 0;
	const server = net.createServer((client) => {
		const upstream = net.connect(to, '127.0.0.1');
		const pair = [client, upstream] as const;
		pairs.add(pair);
		const end = (): void => {
			pairs.delete(pair);
			for (const socket of pair) socket.destroy();
		};
		for (const [from, into] of [pair, [upstream, client] as const]) {
			from.on('error', end);
			from.on('close', end);
			from.on('data', (bytes) => {
				const pass = (): void => {
					if (isSilent || into.destroyed) return;
					if (!into.write(bytes)) {
						from.pause();
						into.once('drain', () => from.resume());
					}
				};
				if (delay > 0) setTimeout(pass, delay);
				else pass();
			});
		}
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	if (address === null || typeof address === 'string') throw new Error('no port');
	const cut = (): void => {
		for (const pair of pairs) for (const socket of pair) socket.destroy();
		pairs.clear();
	};
	return {
		port: address.port,
		cut,
		async silence(milliseconds) {
			isSilent = true;
			await new Promise((resolve) => setTimeout(resolve, milliseconds));
			cut();
			isSilent = false;
		},
		delay: (milliseconds) => {
			delay = milliseconds;
		},
		close: () => {
			cut();
			return new Promise((resolve) => server.close(() => resolve()));
		},
	};
}
