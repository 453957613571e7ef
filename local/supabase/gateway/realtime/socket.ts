// One client connection: joins, leaves, heartbeats, new tokens, and the end of a channel when its token
// expires. What it needs of the outside (who may listen) is handed in; it never touches the database.
import type { WebSocket } from 'ws';
import { isRecord } from '../http.ts';
import { TokenError, type Claims, type Keys } from '../keys.ts';
import { decodeFrame, encodeFrame, type Frame, type Version } from './frame.ts';

const PREFIX = 'realtime:';
/** setTimeout holds at most 2^31-1 milliseconds. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

interface Channel {
	readonly name: string;
	readonly joinRef: string | null;
	readonly isPrivate: boolean;
	expiry: NodeJS.Timeout | undefined;
}

export interface Broadcast {
	readonly topic: string;
	readonly event: string | null;
	readonly payload: unknown;
	readonly private: boolean;
	readonly id: string;
}

export interface Client {
	/** Sends the message when this client has joined its topic (with the same privacy). */
	deliver(message: Broadcast): void;
	close(): void;
}

export interface ClientContext {
	readonly keys: Keys;
	/** Claims of the API key the connection was opened with. */
	readonly claims: Claims;
	readonly version: Version;
	mayListen(claims: Claims, topic: string): Promise<boolean>;
}

function reasonOf(error: unknown): string {
	if (error instanceof TokenError && error.expiredFor !== undefined) {
		return `Token has expired ${error.expiredFor} seconds ago`;
	}
	return error instanceof Error ? error.message : String(error);
}

export function createClient(socket: WebSocket, context: ClientContext): Client {
	const channels = new Map<string, Channel>();
	let queue = Promise.resolve();

	const send = (frame: Frame) => {
		if (socket.readyState === socket.OPEN) socket.send(encodeFrame(context.version, frame));
	};
	const reply = (to: Frame, status: 'ok' | 'error', response: object) =>
		send({ ...to, event: 'phx_reply', payload: { status, response } });
	const push = (channel: Channel, event: string, payload: object) =>
		send({ joinRef: channel.joinRef, ref: null, topic: PREFIX + channel.name, event, payload });

	function leave(channel: Channel): void {
		clearTimeout(channel.expiry);
		if (channels.get(channel.name) === channel) channels.delete(channel.name);
	}

	/** Says why, then closes the channel: the client joins again with a new token. */
	function shutDown(channel: Channel, message: string): void {
		leave(channel);
		push(channel, 'system', {
			channel: channel.name,
			extension: 'system',
			status: 'error',
			message,
		});
		push(channel, 'phx_close', {});
	}

	function closeWhenExpired(channel: Channel, claims: Claims): void {
		clearTimeout(channel.expiry);
		if (claims.exp === undefined) return;
		const wait = Math.min(claims.exp * 1000 - Date.now(), LONGEST_TIMEOUT);
		channel.expiry = setTimeout(() => shutDown(channel, 'Token has expired 0 seconds ago'), wait);
		channel.expiry.unref();
	}

	async function join(frame: Frame, name: string): Promise<void> {
		const payload = isRecord(frame.payload) ? frame.payload : {};
		const config = isRecord(payload['config']) ? payload['config'] : {};
		const token = payload['access_token'];
		let claims: Claims;
		try {
			claims =
				typeof token === 'string' && token !== ''
					? await context.keys.claimsOf(token)
					: context.claims;
		} catch (error) {
			reply(frame, 'error', { reason: `InvalidJWTToken: ${reasonOf(error)}` });
			return;
		}
		const changes = config['postgres_changes'];
		if (Array.isArray(changes) && changes.length > 0) {
			reply(frame, 'error', {
				reason: 'NotImplemented: The local Realtime service has no postgres_changes',
			});
			return;
		}
		const isPrivate = config['private'] === true;
		if (isPrivate && !(await context.mayListen(claims, name))) {
			reply(frame, 'error', {
				reason: `Unauthorized: You do not have permissions to read from this Channel topic: ${name}`,
			});
			return;
		}
		const former = channels.get(name);
		if (former !== undefined) leave(former);
		const channel: Channel = {
			name,
			joinRef: frame.joinRef ?? frame.ref,
			isPrivate,
			expiry: undefined,
		};
		channels.set(name, channel);
		closeWhenExpired(channel, claims);
		reply(frame, 'ok', { postgres_changes: [] });
	}

	/** A new token for a joined channel: checked again, policies too. */
	async function renew(channel: Channel, payload: unknown): Promise<void> {
		const token = isRecord(payload) ? payload['access_token'] : undefined;
		if (typeof token !== 'string') return;
		try {
			const claims = await context.keys.claimsOf(token);
			if (channel.isPrivate && !(await context.mayListen(claims, channel.name))) {
				shutDown(
					channel,
					`Unauthorized: You do not have permissions to read from this Channel topic: ${channel.name}`,
				);
				return;
			}
			closeWhenExpired(channel, claims);
		} catch (error) {
			shutDown(channel, reasonOf(error));
		}
	}

	async function receive(frame: Frame): Promise<void> {
		if (frame.topic === 'phoenix' && frame.event === 'heartbeat') {
			reply(frame, 'ok', {});
			return;
		}
		if (!frame.topic.startsWith(PREFIX)) {
			reply(frame, 'error', { reason: 'unmatched topic' });
			return;
		}
		const name = frame.topic.slice(PREFIX.length);
		if (frame.event === 'phx_join') {
			await join(frame, name);
			return;
		}
		const channel = channels.get(name);
		if (frame.event === 'access_token') {
			if (channel !== undefined) await renew(channel, frame.payload);
		} else if (channel === undefined) {
			reply(frame, 'error', { reason: 'unmatched topic' });
		} else if (frame.event === 'phx_leave') {
			leave(channel);
			reply(frame, 'ok', {});
			push(channel, 'phx_close', {});
		} else {
			reply(frame, 'error', {
				reason: `NotImplemented: The local Realtime service has no "${frame.event}" from clients`,
			});
		}
	}

	socket.on('message', (data, isBinary) => {
		const bytes = Buffer.isBuffer(data)
			? data
			: Array.isArray(data)
				? Buffer.concat(data)
				: Buffer.from(data);
		const frame = decodeFrame(bytes, isBinary);
		if (frame === undefined) return;
		// One after the other: a leave must not overtake the join before it.
		queue = queue
			.then(() => receive(frame))
			.catch(() => reply(frame, 'error', { reason: 'UnknownErrorOnChannel: internal error' }));
	});
	const clear = () => {
		for (const channel of channels.values()) leave(channel);
	};
	socket.on('close', clear);
	socket.on('error', clear);

	return {
		deliver(message) {
			const channel = channels.get(message.topic);
			if (channel === undefined || channel.isPrivate !== message.private) return;
			const { event, payload, id } = message;
			push(channel, 'broadcast', { type: 'broadcast', event, payload, meta: { id } });
		},
		close: () => socket.terminate(),
	};
}
