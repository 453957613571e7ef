// A byte stream to a Postgres server, over Deno's own sockets in an edge function and over node:net in
// tests and tools. Not a protocol: only connecting, the TLS request of Postgres, reading and writing.
// (npm TLS sockets on Deno ignore back-pressure and buffer whole tables, hence Deno.startTls.)
import { PostgresError } from './postgres-error.ts';

/** `verify`: TLS with a checked certificate. `if-offered`: the same, or plain where the server has no TLS. */
export type TlsMode = 'off' | 'verify' | 'if-offered';

export interface Address {
	readonly host: string;
	readonly port: number;
	readonly tls: TlsMode;
	/** PEM texts trusted besides the system's store. */
	readonly caCerts?: readonly string[] | undefined;
}

export interface Duplex {
	/** Number of bytes put at the start of `into`; null at the end of the stream. */
	read(into: Uint8Array): Promise<number | null>;
	/** Resolves when the bytes were taken over by the system: this is the back-pressure. */
	write(bytes: Uint8Array): Promise<void>;
	close(): void;
}

/** Opens the stream. Throws PostgresError `unreachable` or `no_tls`. */
export async function dial(address: Address): Promise<Duplex> {
	try {
		const deno = denoRuntime();
		return await (deno ? dialDeno(deno, address) : dialNode(address));
	} catch (error) {
		if (error instanceof PostgresError) throw error;
		const reason = error instanceof Error ? error.message : String(error);
		throw unreachable(address, reason);
	}
}

export function unreachable(address: Address, reason: string): PostgresError {
	return new PostgresError(
		'unreachable',
		`No connection to ${address.host}:${address.port}: ${reason}`,
	);
}

/** SSLRequest: length 8, code 80877103. The server answers one byte, S or N. */
const TLS_REQUEST = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);
const TLS_ACCEPTED = 'S'.charCodeAt(0);

/** Only an answer is a refusal: a server or pooler that is busy hangs up without one. */
function tlsRefused(address: Address, answer: number | undefined): boolean {
	if (answer === undefined) throw unreachable(address, 'it was closed when asked for TLS');
	if (address.tls === 'if-offered') return true;
	throw new PostgresError(
		'no_tls',
		`${address.host}:${address.port} does not offer an encrypted connection`,
	);
}

interface DenoConnection {
	read(into: Uint8Array): Promise<number | null>;
	write(bytes: Uint8Array): Promise<number>;
	close(): void;
	setNoDelay?(on: boolean): void;
	setKeepAlive?(on: boolean): void;
}

interface DenoRuntime {
	connect(to: { hostname: string; port: number }): Promise<DenoConnection>;
	startTls(
		connection: DenoConnection,
		options: { hostname: string; caCerts: string[] },
	): Promise<DenoConnection>;
}

function denoRuntime(): DenoRuntime | undefined {
	return (globalThis as unknown as { Deno?: DenoRuntime }).Deno;
}

async function dialDeno(deno: DenoRuntime, address: Address): Promise<Duplex> {
	let connection = await deno.connect({ hostname: address.host, port: address.port });
	try {
		connection.setNoDelay?.(true);
		connection.setKeepAlive?.(true);
		if (address.tls !== 'off') {
			await connection.write(TLS_REQUEST);
			const answer = new Uint8Array(1);
			const isAnswered = ((await connection.read(answer)) ?? 0) > 0;
			if (answer[0] === TLS_ACCEPTED) {
				const caCerts = [...(address.caCerts ?? [])];
				connection = await deno.startTls(connection, { hostname: address.host, caCerts });
			} else tlsRefused(address, isAnswered ? answer[0] : undefined);
		}
	} catch (error) {
		closeQuietly(connection);
		throw error;
	}
	return {
		read: (into) => connection.read(into),
		async write(bytes) {
			let written = 0;
			while (written < bytes.length) {
				written += await connection.write(written === 0 ? bytes : bytes.subarray(written));
			}
		},
		close: () => closeQuietly(connection),
	};
}

function closeQuietly(connection: { close(): void }): void {
	try {
		connection.close();
	} catch {
		// Already closed by the other side.
	}
}

async function dialNode(address: Address): Promise<Duplex> {
	const net = await import('node:net');
	const plain = net.connect({ host: address.host, port: address.port, noDelay: true });
	plain.setKeepAlive(true);
	try {
		await happened(plain, 'connect');
		if (address.tls === 'off') return nodeDuplex(plain);
		plain.write(TLS_REQUEST);
		const answer = await firstByte(plain);
		if (answer !== TLS_ACCEPTED && tlsRefused(address, answer)) return nodeDuplex(plain);
		const tls = await import('node:tls');
		const secure = tls.connect({
			socket: plain,
			// What the certificate must name where there is no name to ask for: it would be localhost.
			host: address.host,
			servername: net.isIP(address.host) === 0 ? address.host : '',
			...(address.caCerts && address.caCerts.length > 0
				? { ca: [...tls.rootCertificates, ...address.caCerts] }
				: {}),
		});
		await happened(secure, 'secureConnect');
		return nodeDuplex(secure);
	} catch (error) {
		plain.destroy();
		throw error;
	}
}

type NodeSocket = import('node:net').Socket;

function happened(socket: NodeSocket, event: 'connect' | 'secureConnect'): Promise<void> {
	return new Promise((resolve, reject) => {
		socket.once('error', reject);
		socket.once(event, () => {
			socket.off('error', reject);
			resolve();
		});
	});
}

function firstByte(socket: NodeSocket): Promise<number | undefined> {
	return new Promise((resolve, reject) => {
		socket.once('error', reject);
		socket.once('close', () => resolve(undefined));
		socket.once('readable', () => {
			const bytes: unknown = socket.read(1);
			socket.off('error', reject);
			resolve(bytes instanceof Uint8Array ? bytes[0] : undefined);
		});
	});
}

/** Pull reading over a paused socket: nothing is read ahead of the caller but the system's buffers. */
function nodeDuplex(socket: NodeSocket): Duplex {
	let rest: Uint8Array | undefined;
	let ended = false;
	let wake: (() => void) | undefined;
	const stirred = () => {
		wake?.();
		wake = undefined;
	};
	const finished = () => {
		ended = true;
		stirred();
	};
	socket.on('readable', stirred);
	socket.on('end', finished);
	socket.on('close', finished);
	socket.on('error', finished);
	const available = (): Uint8Array | undefined => {
		const bytes: unknown = rest ?? socket.read();
		rest = undefined;
		return bytes instanceof Uint8Array ? bytes : undefined;
	};
	return {
		async read(into) {
			for (;;) {
				const bytes = available();
				if (bytes !== undefined) {
					const count = Math.min(into.length, bytes.length);
					into.set(bytes.subarray(0, count));
					if (count < bytes.length) rest = bytes.subarray(count);
					return count;
				}
				if (ended) return null;
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			}
		},
		write: (bytes) =>
			new Promise((resolve, reject) => {
				socket.write(bytes, (error) => (error ? reject(error) : resolve()));
			}),
		close: () => void socket.destroy(),
	};
}
