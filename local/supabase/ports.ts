// Free TCP ports on the loopback address.

import * as net from 'node:net';

/** A port for each service: that of the last run where it is free, else another. */
export async function choosePorts(
	services: readonly string[],
	last: Readonly<Record<string, number>>,
): Promise<ReadonlyMap<string, number>> {
	const chosen = new Map<string, number>();
	for (const service of services) {
		const before = last[service];
		chosen.set(service, before !== undefined && (await isFree(before)) ? before : await freePort());
	}
	return chosen;
}

/** A port that nobody listens on now. Somebody else may take it before its user does. */
export const freePort = (): Promise<number> => tryPort(0);

const isFree = (port: number): Promise<boolean> =>
	tryPort(port).then(
		() => true,
		() => false,
	);

function tryPort(port: number): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = net.createServer();
		server.once('error', reject);
		server.listen(port, '127.0.0.1', () => {
			const address = server.address();
			server.close(() => {
				if (address !== null && typeof address === 'object') resolve(address.port);
				else reject(new Error('no port'));
			});
		});
	});
}
