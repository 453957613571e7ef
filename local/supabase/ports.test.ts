import * as net from 'node:net';
import { expect, test } from 'vitest';
import { choosePorts, freePort } from './ports.ts';

test('a free port is one to listen on, and none that an outgoing connection may be given', async () => {
	const ports = await Promise.all(Array.from({ length: 20 }, freePort));
	expect(Math.max(...ports)).toBeLessThan(32_768);
	for (const port of new Set(ports)) {
		const server = net.createServer().listen(port, '127.0.0.1');
		await new Promise((resolve) => server.once('listening', resolve));
		// Whoever had it the last time gets another one now.
		const chosen = await choosePorts(['api'], { api: port });
		expect(chosen.get('api')).not.toBe(port);
		await new Promise((resolve) => server.close(resolve));
		expect(await choosePorts(['api'], { api: port })).toEqual(new Map([['api', port]]));
	}
});
