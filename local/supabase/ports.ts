// Free TCP ports on the loopback address.

import { randomInt } from 'node:crypto';
import * as net from 'node:net';
import { StackError } from './stack-error.ts';

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

/**
 * Where systems take the local ports of outgoing connections from (Linux from 32768 on, macOS and the registry of ports from
 * 49152 on) a port that is free now may be somebody's connection a moment later: ours are below.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const TRIES = 100;

/** A port that nobody listens on now. Somebody else may take it before its user does, which among so many is rare. */
export async function freePort(): Promise<number> {
	for (let tried = 0; tried < TRIES; tried += 1) {
		const port = randomInt(FIRST_PORT, LAST_PORT);
		if (await isFree(port)) return port;
	}
	throw new StackError(
		`None of ${TRIES} ports between ${FIRST_PORT} and ${LAST_PORT} is free.`,
		'End programs that listen on them: `ss -ltn` lists them.',
	);
}

function isFree(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const server = net.createServer();
		server.once('error', () => resolve(false));
		server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
	});
}
