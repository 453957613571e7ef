import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import {
	checkAddress,
	isPublicAddress,
	type NetworkAddress,
	postOutside,
} from './outgoing-post.ts';

const OUTSIDE = { allowsPrivate: false } as const;

/** A resolver that knows one name, and says how often it was asked. */
function resolver(...answers: readonly (readonly string[])[]) {
	let asked = 0;
	return {
		asked: () => asked,
		resolve: (): Promise<readonly NetworkAddress[]> => {
			const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
			asked += 1;
			return Promise.resolve(
				addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
			);
		},
	};
}

const closers: (() => void)[] = [];
afterAll(() => closers.forEach((close) => close()));

/** Port of a server on this machine that answers so. */
async function listen(answer: RequestListener): Promise<number> {
	const server = createServer(answer);
	closers.push(() => {
		server.closeAllConnections();
		server.close();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return (server.address() as AddressInfo).port;
}

describe('addresses', () => {
	it.each([
		'0.0.0.0',
		'10.1.2.3',
		'100.64.0.1',
		'127.0.0.1',
		'127.1',
		'169.254.169.254',
		'172.16.0.1',
		'192.0.0.8',
		'192.0.2.1',
		'192.168.1.1',
		'198.18.0.1',
		'224.0.0.1',
		'240.0.0.1',
		'255.255.255.255',
		'::',
		'::1',
		'::7f00:1',
		'::ffff:127.0.0.1',
		'::ffff:a00:1',
		'64:ff9b::7f00:1',
		'2002:7f00:1::',
		'2001:db8::1',
		'fc00::1',
		'fd12:3456::1',
		'fe80::1',
		'fec0::1',
		'ff02::1',
		'example.com',
		'',
	])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));

	it.each(['1.1.1.1', '93.184.216.34', '::ffff:93.184.216.34', '2606:2800:220:1::1'])(
		'%s is public',
		(address) => expect(isPublicAddress(address)).toBe(true),
	);

	it.each([
		'https://127.0.0.1/',
		'https://2130706433/',
		'https://0x7f000001/',
		'https://0177.0.0.1/',
		'https://127.1/',
		'https://[::1]/',
		'https://[::ffff:127.0.0.1]/',
		'https://[::ffff:7f00:1]/',
		'https://[fd00:ec2::254]/',
		'https://169.254.169.254/latest/meta-data',
		'https://localhost/',
		'https://LOCALHOST/',
	])('%s is refused', async (url) => {
		await expect(checkAddress(url, OUTSIDE)).rejects.toMatchObject({ code: 'bad_request' });
	});

	it.each([
		'http://example.com/',
		'ftp://example.com/',
		'example.com',
		'https://',
		'https://user:word@example.com/',
	])('%s is refused before it is looked up', async (url) => {
		const { resolve, asked } = resolver(['93.184.216.34']);
		await expect(checkAddress(url, { ...OUTSIDE, resolve })).rejects.toMatchObject({
			code: 'bad_request',
		});
		expect(asked()).toBe(0);
	});

	it('refuses a name of which one address is private', async () => {
		const { resolve } = resolver(['93.184.216.34', '10.0.0.1']);
		await expect(checkAddress('https://rebound.example/', { ...OUTSIDE, resolve })).rejects.toThrow(
			'private network',
		);
	});

	it('says that a name without an address may have one later', async () => {
		await expect(
			checkAddress('https://nowhere.example/', { ...OUTSIDE, resolve: resolver([]).resolve }),
		).rejects.toMatchObject({ code: 'api_unavailable', details: { passing: true } });
	});
});

describe('a post', () => {
	const reach = { allowsPrivate: true, timeoutMs: 300 } as const;
	const post = (url: string, more: object = {}) =>
		postOutside({ url, headers: { 'x-test': 'yes' }, body: '{"é":1}' }, { ...reach, ...more });

	it('connects to the address that was looked at, under the name', async () => {
		const seen: string[] = [];
		const port = await listen((request, response) => {
			request.setEncoding('utf8');
			request.on('data', (text: string) => seen.push(text));
			request.on('end', () => {
				seen.push(request.headers.host ?? '', String(request.headers['x-test']));
				response.writeHead(204).end();
			});
		});
		// The second answer would be another's machine: nobody asks for it.
		const { resolve, asked } = resolver(['127.0.0.1'], ['127.0.0.2']);
		await expect(post(`http://made-up.example:${port}/`, { resolve })).resolves.toBe(204);
		expect(seen).toEqual(['{"é":1}', `made-up.example:${port}`, 'yes']);
		expect(asked()).toBe(1);
	});

	it('does not connect to a private address at the time of sending either', async () => {
		let connections = 0;
		const port = await listen((_, response) => {
			connections += 1;
			response.end();
		});
		const { resolve } = resolver(['127.0.0.1']);
		await expect(
			post(`https://rebound.example:${port}/`, { allowsPrivate: false, resolve }),
		).rejects.toThrow('private network');
		expect(connections).toBe(0);
	});

	it('does not follow redirects', async () => {
		const asked: string[] = [];
		const port = await listen((request, response) => {
			asked.push(request.url ?? '');
			response.writeHead(307, { location: '/elsewhere' }).end();
		});
		await expect(post(`http://127.0.0.1:${port}/here`)).resolves.toBe(307);
		expect(asked).toEqual(['/here']);
	});

	it('does not wait for a body, however long', async () => {
		const port = await listen((_, response) => {
			response.writeHead(200);
			const more = (): void => {
				if (!response.destroyed && response.write('x'.repeat(65_536))) setImmediate(more);
			};
			more();
		});
		await expect(post(`http://127.0.0.1:${port}/`)).resolves.toBe(200);
	});

	it('gives up on a receiver that hangs', async () => {
		const port = await listen(() => undefined);
		await expect(post(`http://127.0.0.1:${port}/`)).rejects.toThrow('No answer within 0.3 seconds');
	});

	it('gives up on a name whose answer does not come', async () => {
		const never = new Promise<readonly NetworkAddress[]>(() => undefined);
		await expect(post('http://slow.example/', { resolve: () => never })).rejects.toThrow(
			'No answer',
		);
	});

	it('says that nobody listens', async () => {
		await expect(post('http://127.0.0.1:1/')).rejects.toThrow('ECONNREFUSED');
	});
});
