// The sessions of one endpoint, given back together.
import type { Session } from '../platform/postgres/index.ts';
import type { OpenEndpoint } from './slice.ts';

/** `open` makes a session; `release` takes each of them back when the endpoint is closed. */
export function endpointSessions(
	open: () => Promise<Session>,
	release: (session: Session) => Promise<unknown> = (session) => session.close(),
): Pick<OpenEndpoint, 'connect' | 'database' | 'close'> {
	const opened: Session[] = [];
	const connect = async (): Promise<Session> => {
		const session = await open();
		opened.push(session);
		return session;
	};
	return {
		connect,
		database: once(connect),
		async close() {
			await Promise.all(opened.splice(0).map((session) => release(session).catch(() => undefined)));
		},
	};
}

/** The same promise for every caller; a failure is not remembered. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
	let made: Promise<T> | undefined;
	return () =>
		(made ??= make().catch((error: unknown) => {
			made = undefined;
			throw error;
		}));
}
