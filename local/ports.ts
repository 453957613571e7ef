// Free TCP ports on the loopback address.

import * as net from 'node:net';

const SERVICES = [
	'web',
	'gateway',
	'samples',
	'api',
	'pooler',
	's3',
	'control',
	'source',
	'target',
] as const;

/** Port of each service of a stack. */
export type Ports = Readonly<Record<(typeof SERVICES)[number], number>>;

/** The ports of the last run where they are free, else others. */
export async function choosePorts(last: Readonly<Record<string, number>>): Promise<Ports> {
	const chosen = new Map<string, number>();
	for (const service of SERVICES) {
		const before = last[service];
		chosen.set(service, before !== undefined && (await isFree(before)) ? before : await freePort());
	}
	const of = (service: (typeof SERVICES)[number]): number => chosen.get(service) ?? 0;
	return {
		web: of('web'),
		gateway: of('gateway'),
		samples: of('samples'),
		api: of('api'),
		pooler: of('pooler'),
		s3: of('s3'),
		control: of('control'),
		source: of('source'),
		target: of('target'),
	};
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
