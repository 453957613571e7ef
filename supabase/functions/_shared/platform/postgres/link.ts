// One connection at the level of messages: start-up and authentication, sending, waiting until the server
// is ready again, cancelling. Knows nothing of results; `client.ts` makes a Session of it.
import { type Address, dial, type Duplex, unreachable } from './dial.ts';
import { startScram } from './scram.ts';
import { PostgresError } from './postgres-error.ts';
import { connectionLost, serverError } from './errors.ts';
import {
	BACKEND,
	cancelFrame,
	createMessageReader,
	frame,
	FRONTEND,
	int32,
	joined,
	type Message,
	type MessageReader,
	startupFrame,
	text,
	viewOf,
} from './messages.ts';

export interface Credentials {
	readonly user: string;
	readonly password: string;
	readonly database: string;
	/** How the server's own views call the session. */
	readonly applicationName?: string | undefined;
}

export interface Link {
	readonly address: Address;
	readonly stream: Duplex;
	readonly reader: MessageReader;
	/** How errors call this endpoint: `source database`. */
	readonly name: string;
	/** For cancel requests. */
	backendKey: { readonly processId: number; readonly secret: number } | undefined;
	/** Set once the connection is of no more use. */
	lost: PostgresError | undefined;
	/** Milliseconds of the last sign of life, for the silence watch. */
	heardAt: number;
	/** Bytes of rows that queries were answered with. */
	answered: number;
	/** True while an operation runs: a link carries one at a time. */
	busy: boolean;
}

/** Connects and signs in. Throws PostgresError. */
export async function openLink(
	address: Address,
	credentials: Credentials,
	name: string,
	limits: { readonly signal: AbortSignal | undefined; readonly timeoutSeconds: number },
): Promise<Link> {
	const timeout = AbortSignal.timeout(limits.timeoutSeconds * 1000);
	const signal = limits.signal ? AbortSignal.any([limits.signal, timeout]) : timeout;
	const givenUp = (): PostgresError =>
		unreachable(address, timeout.aborted ? `no answer in ${limits.timeoutSeconds} s` : 'canceled');
	if (signal.aborted) throw givenUp();
	let link: Link | undefined;
	const opening = (async () => {
		const stream = await dial(address);
		link = newLink(address, stream, name);
		if (signal.aborted) giveUp(link, givenUp());
		await signIn(link, credentials);
		return link;
	})();
	let stop = (): void => undefined;
	const aborted = new Promise<never>((_, reject) => {
		stop = () => {
			if (link) giveUp(link, givenUp());
			reject(givenUp());
		};
		signal.addEventListener('abort', stop);
	});
	try {
		return await Promise.race([opening, aborted]);
	} catch (error) {
		opening.catch(() => undefined);
		link?.stream.close();
		throw error;
	} finally {
		// From here on the session's owner decides when it ends, not the limit on connecting.
		signal.removeEventListener('abort', stop);
	}
}

function newLink(address: Address, stream: Duplex, name: string): Link {
	return {
		address,
		stream,
		name,
		reader: createMessageReader(stream),
		backendKey: undefined,
		lost: undefined,
		heardAt: performance.now(),
		answered: 0,
		busy: false,
	};
}

/** Marks the link as lost and frees whoever waits on it. */
export function giveUp(link: Link, reason: PostgresError): PostgresError {
	link.lost ??= reason;
	link.stream.close();
	return link.lost;
}

export async function send(link: Link, bytes: Uint8Array): Promise<void> {
	if (link.lost) throw link.lost;
	try {
		await link.stream.write(bytes);
		link.heardAt = performance.now();
	} catch (error) {
		throw giveUp(link, connectionLost(link.name, reasonOf(error)));
	}
}

export async function receive(link: Link): Promise<Message> {
	if (link.lost) throw link.lost;
	try {
		const message = await link.reader.next();
		link.heardAt = performance.now();
		return message;
	} catch (error) {
		throw giveUp(link, connectionLost(link.name, reasonOf(error)));
	}
}

export function reasonOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/**
 * Reads until the server is ready for the next command, giving every message to `onMessage`. Throws the
 * first error the server sent, after it is ready again; the link stays usable then.
 */
export async function untilReady(
	link: Link,
	onMessage: (message: Message) => void,
	onError: (error: PostgresError) => void = () => undefined,
): Promise<void> {
	let failure: PostgresError | undefined;
	for (;;) {
		let message: Message;
		try {
			message = await receive(link);
		} catch (error) {
			// A server that shuts down says why (57P01) before it closes.
			throw failure ?? error;
		}
		if (message.type === BACKEND.ready) break;
		if (message.type === BACKEND.error) {
			if (failure) continue;
			failure = serverError(message.body);
			onError(failure);
		} else onMessage(message);
	}
	if (failure) throw failure;
}

/** Asks the server, on a connection of its own, to stop what this link's session is doing. */
export async function requestCancel(link: Link): Promise<void> {
	if (!link.backendKey) return;
	const stream = await dial(link.address);
	try {
		await stream.write(cancelFrame(link.backendKey.processId, link.backendKey.secret));
		// The server closes once the signal is sent, so a later command is not hit by it.
		while ((await stream.read(new Uint8Array(64))) !== null);
	} finally {
		stream.close();
	}
}

const AUTHENTICATION = { ok: 0, cleartext: 3, sasl: 10, saslContinue: 11, saslFinal: 12 } as const;

async function signIn(link: Link, credentials: Credentials): Promise<void> {
	await send(
		link,
		startupFrame({
			user: credentials.user,
			database: credentials.database,
			client_encoding: 'UTF8',
			...(credentials.applicationName && { application_name: credentials.applicationName }),
		}),
	);
	const scram = startScram(credentials.password);
	for (;;) {
		const { type, body } = await receive(link);
		if (type === BACKEND.error) throw giveUp(link, serverError(body));
		if (type === BACKEND.ready) return;
		if (type === BACKEND.backendKey) {
			const view = viewOf(body);
			link.backendKey = { processId: view.getInt32(0), secret: view.getInt32(4) };
		}
		if (type !== BACKEND.authentication) continue;
		const content = text(body.subarray(4));
		switch (viewOf(body).getInt32(0)) {
			case AUTHENTICATION.ok:
				break;
			case AUTHENTICATION.cleartext:
				await send(link, frame(FRONTEND.password, credentials.password));
				break;
			case AUTHENTICATION.sasl: {
				const first = new TextEncoder().encode(scram.first);
				await send(
					link,
					frame(FRONTEND.password, joined(['SCRAM-SHA-256', int32(first.length), first])),
				);
				break;
			}
			case AUTHENTICATION.saslContinue:
				await send(
					link,
					frame(FRONTEND.password, new TextEncoder().encode(await scram.answer(content))),
				);
				break;
			case AUTHENTICATION.saslFinal:
				if (!scram.isServerGenuine(content)) throw giveUp(link, notGenuine(link));
				break;
			default:
				throw giveUp(link, unknownMethod(link));
		}
	}
}

function notGenuine(link: Link): PostgresError {
	return new PostgresError(
		'not_genuine',
		`The server at ${link.address.host} could not prove that it knows the password`,
	);
}

function unknownMethod(link: Link): PostgresError {
	return new PostgresError(
		'unknown_login',
		`The server at ${link.address.host} asks for a way of signing in that is not supported`,
	);
}
