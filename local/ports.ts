// Free TCP ports on the loopback address.

import * as net from 'node:net';

/** A port that nobody listens on now. Somebody else may take it before its user does. */
export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = net.createServer();
		server.once('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			server.close(() => {
				if (address !== null && typeof address === 'object') resolve(address.port);
				else reject(new Error('no port'));
			});
		});
	});
}
