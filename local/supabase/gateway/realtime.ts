// The Realtime service of a local project: private and public channels, broadcast from the database,
// heartbeats, token refresh and expiry. No presence, no postgres_changes, no broadcasts by clients.
import postgres from 'postgres';
import { WebSocketServer } from 'ws';
import type { LocalProject, Shim } from '../project.ts';
import { sendJson } from './http.ts';
import { createKeys } from './keys.ts';
import { mayListen } from './realtime/permission.ts';
import { createClient, type Broadcast, type Client } from './realtime/socket.ts';

/** The project's database announces each broadcast here as `<message id> <inserted_at>`. */
const ANNOUNCEMENTS = 'realtime_local';

/** Serves `/realtime/v1` of one project. Holds up to 4 connections as the superuser until `close`. */
export async function createRealtime(project: LocalProject): Promise<Shim> {
	const keys = await createKeys(project);
	const database = postgres(project.adminUrl, {
		max: 4,
		idle_timeout: 30,
		onnotice: () => undefined,
		connection: { application_name: 'local-realtime' },
	});
	const server = new WebSocketServer({ noServer: true });
	const clients = new Set<Client>();

	async function deliver(id: string): Promise<void> {
		const [message] = await database<Broadcast[]>`
			select id, topic, event, payload, private from realtime.messages where id = ${id}`;
		if (message === undefined) return;
		for (const client of clients) client.deliver(message);
	}

	// Messages are read one after the other, so that they arrive in the order they were committed.
	let queue = Promise.resolve();
	await database.listen(ANNOUNCEMENTS, (announcement) => {
		const [id = ''] = announcement.split(' ');
		queue = queue.then(() => deliver(id)).catch(() => undefined);
	});

	return {
		async handle(request, response, path) {
			sendJson(response, path.startsWith('/api/broadcast') ? 501 : 404, {
				message: `The local Realtime service has no ${request.method} ${path.split('?')[0]}`,
			});
		},
		upgrade(request, socket, head, path) {
			const url = new URL(path, 'http://local');
			const refuse = (status: string) =>
				socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
			if (url.pathname !== '/websocket') {
				refuse('404 Not Found');
				return;
			}
			// Browsers send no headers of their own on an upgrade: the key is in the address.
			keys.claimsOf(url.searchParams.get('apikey') ?? '').then(
				(claims) =>
					server.handleUpgrade(request, socket, head, (webSocket) => {
						const client = createClient(webSocket, {
							keys,
							claims,
							version: url.searchParams.get('vsn')?.startsWith('2') ? 2 : 1,
							mayListen: (caller, topic) => mayListen(database, caller, topic),
						});
						clients.add(client);
						webSocket.on('close', () => clients.delete(client));
					}),
				() => refuse('401 Unauthorized'),
			);
		},
		async close() {
			for (const client of clients) client.close();
			server.close();
			await database.end({ timeout: 2 });
		},
	};
}
