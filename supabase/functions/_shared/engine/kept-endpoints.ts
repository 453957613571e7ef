// Keeps both endpoints of a run open from slice to slice, for slices that follow each other in one process. A new session pays for its
// sign-in and for filling the server's caches of the catalogs, which takes longer than many a slice.
import type { EndpointRole } from '../domain/endpoint-role.ts';
import type { Session } from '../platform/postgres/index.ts';
import { endpointSessions } from './endpoint-sessions.ts';
import type { EndpointOpener, OpenEndpoint } from './slice.ts';

export interface KeptEndpoints {
	/** Gives each slice an endpoint of its own; closing that resets its sessions for the next slice. */
	readonly openEndpoint: EndpointOpener;
	/** Bytes of rows that all sessions so far were answered with. */
	answered(): number;
	close(): Promise<void>;
}

/**
 * `openEndpoint` is called once for each endpoint, and its sessions are closed by `close` only. Once the run is canceled,
 * what was opened for it connects no more: endpoints for the clean-up are new ones.
 */
export function keepEndpoints(openEndpoint: EndpointOpener): KeptEndpoints {
	const endpoints = new Map<EndpointRole, KeptEndpoint>();
	return {
		async openEndpoint(role, signal) {
			const known = endpoints.get(role);
			if (known?.signal.aborted) return openEndpoint(role, signal);
			const endpoint = known?.endpoint ?? (await openEndpoint(role, signal));
			const kept = known ?? { endpoint, signal, idle: [], opened: [] };
			endpoints.set(role, kept);
			return lend(kept);
		},
		answered() {
			const sessions = [...endpoints.values()].flatMap(({ opened }) => opened);
			return sessions.reduce((sum, session) => sum + session.answered, 0);
		},
		async close() {
			await Promise.all([...endpoints.values()].map(({ endpoint }) => endpoint.close()));
		},
	};
}

interface KeptEndpoint {
	readonly endpoint: OpenEndpoint;
	readonly signal: AbortSignal;
	/** Sessions that no slice uses. */
	readonly idle: Session[];
	readonly opened: Session[];
}

function lend({ endpoint, idle, opened }: KeptEndpoint): OpenEndpoint {
	const open = async (): Promise<Session> => {
		const waiting = idle.pop();
		if (waiting) return waiting;
		const session = await endpoint.connect();
		opened.push(session);
		return session;
	};
	const giveBack = (session: Session): Promise<unknown> =>
		session.reset().then(
			() => idle.push(session),
			// Lost, or still at work for a slice that was stopped.
			() => session.close(),
		);
	return { ...endpoint, ...endpointSessions(open, giveBack) };
}
