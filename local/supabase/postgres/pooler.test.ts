import { once } from 'node:events';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { startPooler, type Pooler } from './pooler.ts';
import { errorResponse, parseStartup, rewriteStartup, splitUser } from './pooler-startup.ts';
import { makeCertificates } from '../certificates.ts';
import { freePort } from '../ports.ts';

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const GSS_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]);
const certificates = await makeCertificates();

describe('the startup packet', () => {
	test('keeps all parameters when the user is changed', () => {
		const parameters = new Map([
			['user', 'cli_login_postgres.abcdefghijklmnopqrst'],
			['database', 'süß'],
			['options', '-c search_path='],
			['application_name', ''],
		]);
		const packet = rewriteStartup(parameters, 'cli_login_postgres');
		expect(packet.readInt32BE(0)).toBe(packet.length);
		const read = parseStartup(packet);
		expect(read).toEqual({
			kind: 'start',
			parameters: new Map([...parameters, ['user', 'cli_login_postgres']]),
		});
	});

	test('splits the user at its last dot, since a role may have dots', () => {
		expect(splitUser('a.b.ref')).toEqual({ role: 'a.b', ref: 'ref' });
		expect(splitUser('postgres')).toEqual({ role: 'postgres', ref: '' });
	});

	test('knows requests for encryption and cancellation, and refuses other protocols', () => {
		expect(parseStartup(SSL_REQUEST)).toEqual({ kind: 'encryption', isTls: true });
		expect(parseStartup(GSS_REQUEST)).toEqual({ kind: 'encryption', isTls: false });
		expect(parseStartup(Buffer.from([0, 0, 0, 16, 4, 210, 22, 46]))).toEqual({ kind: 'cancel' });
		expect(parseStartup(Buffer.from([0, 0, 0, 8, 0, 2, 0, 0]))).toBeNull();
	});
});

describe('the pooler', () => {
	const closers: (() => Promise<unknown>)[] = [];
	afterEach(async () => {
		for (const close of closers.splice(0).reverse()) await close();
	});

	/** A cluster that answers with what it was sent. */
	async function echo(): Promise<number> {
		const server = net.createServer((socket) => {
			socket.on('error', () => undefined);
			socket.pipe(socket);
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		closers.push(() => new Promise((resolve) => server.close(resolve)));
		const address = server.address();
		return typeof address === 'object' && address !== null ? address.port : 0;
	}

	async function pooler(clusters: Readonly<Record<string, number>>): Promise<Pooler> {
		const started = await startPooler(
			await freePort(),
			() => Object.values(clusters),
			(ref) => clusters[ref],
			certificates,
		);
		closers.push(() => started.close());
		return started;
	}

	/** Sends the chunks one after the other and reads until `bytes` have come or the other side ends. */
	function talk(port: number, chunks: readonly Buffer[], bytes: number): Promise<Buffer> {
		return new Promise((resolve, reject) => {
			const socket = net.connect(port, '127.0.0.1');
			let received = Buffer.alloc(0);
			socket.setNoDelay(true);
			socket.once('error', reject);
			socket.on('data', (chunk) => {
				received = Buffer.concat([received, chunk]);
				if (received.length >= bytes) socket.destroy();
			});
			socket.once('close', () => resolve(received));
			void (async () => {
				for (const chunk of chunks) {
					await new Promise((written) => socket.write(chunk, written));
					await new Promise((turn) => setImmediate(turn));
				}
			})();
		});
	}

	test('declines GSS encryption and passes the connection on to the project, as the plain role', async () => {
		const { port } = await pooler({ myref: await echo() });
		const startup = rewriteStartup(new Map([['user', 'postgres.myref']]), 'postgres.myref');
		const expected = Buffer.concat([
			Buffer.from('N'),
			rewriteStartup(new Map([['user', 'postgres']]), 'postgres'),
			Buffer.from('what follows'),
		]);
		const after = Buffer.from('what follows');
		const chunks = [GSS_REQUEST, startup.subarray(0, 3), startup.subarray(3), after];
		expect(await talk(port, chunks, expected.length)).toEqual(expected);
		const atOnce = [Buffer.concat([GSS_REQUEST, startup, after])];
		expect(await talk(port, atOnce, expected.length)).toEqual(expected);
	});

	/** A client that asked for TLS and got it; trusts the given root. */
	async function secure(port: number, ca: string): Promise<tls.TLSSocket> {
		const plain = net.connect(port, '127.0.0.1');
		plain.write(SSL_REQUEST);
		const [answer] = (await once(plain, 'data')) as [Buffer];
		expect(answer.toString()).toBe('S');
		const socket = tls.connect({ socket: plain, host: '127.0.0.1', ca });
		await once(socket, 'secureConnect');
		return socket;
	}

	test('speaks TLS with a certificate that the root vouches for', async () => {
		const { port } = await pooler({ myref: await echo() });
		const socket = await secure(port, certificates.ca);
		socket.write(rewriteStartup(new Map([['user', 'postgres.myref']]), 'postgres.myref'));
		const [answer] = (await once(socket, 'data')) as [Buffer];
		expect(answer).toEqual(rewriteStartup(new Map([['user', 'postgres']]), 'postgres'));
		socket.destroy();
		const { ca: another } = await makeCertificates();
		await expect(secure(port, another)).rejects.toThrow(/certificate/);
	});

	test('hangs up on who sends more before TLS has begun', async () => {
		const { port } = await pooler({ myref: await echo() });
		const startup = rewriteStartup(new Map([['user', 'postgres.myref']]), 'postgres.myref');
		expect(await talk(port, [Buffer.concat([SSL_REQUEST, startup])], Infinity)).toHaveLength(0);
	});

	test('refuses an unknown project as the hosted pooler does', async () => {
		const { port } = await pooler({});
		const startup = rewriteStartup(new Map([['user', 'postgres.nobody']]), 'postgres.nobody');
		expect(await talk(port, [startup], Infinity)).toEqual(
			errorResponse('XX000', 'Tenant or user not found'),
		);
	});

	test('hangs up on what is no Postgres client', async () => {
		const { port } = await pooler({});
		expect(await talk(port, [Buffer.from('GET / HTTP/1.1\r\n\r\n')], Infinity)).toHaveLength(0);
	});
});
