// Sessions that clones of a test file share: a new one pays for planning its readings, most of the time of a small clone.
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import type { Session } from '../../supabase/functions/_shared/platform/postgres/index.ts';
import { sessionSettings } from '../../supabase/functions/_shared/platform/supabase/project-database.ts';

/** Databases whose idle sessions are kept, the last ones used: the plans of each session take some 100 MB. */
const DATABASES = 4;

/** By role and database, the one used last at the end. */
const idle = new Map<string, Session[]>();

const closeAll = (sessions: readonly Session[]): Promise<unknown> =>
	Promise.all(sessions.map((session) => session.close().catch(() => undefined)));

let willClose = false;

/** Imported late: workers that tests start use helpers beside this one, and have no vitest. */
async function closeAtEnd(): Promise<void> {
	if (willClose) return;
	willClose = true;
	const { atEnd } = await import('./at-end.ts');
	atEnd(() => closeAll([...idle.values()].flat()));
}

/** A session as the product connects, and what takes it back. */
export function pooledSessions(
	role: EndpointRole,
	dbUrl: string,
): {
	open(): Promise<Session>;
	take(): Promise<Session>;
	giveBack(session: Session): Promise<unknown>;
} {
	const key = `${role} ${dbUrl}`;
	const open = (): Promise<Session> => connectUrl(dbUrl, { settings: sessionSettings(role) });
	const take = async (): Promise<Session> => {
		const waiting = idle.get(key)?.pop();
		if (waiting === undefined) return open();
		try {
			await waiting.reset();
			return waiting;
		} catch {
			// Ended by the test, or still at work for a clone that was stopped.
			await waiting.close().catch(() => undefined);
			return take();
		}
	};
	return {
		open,
		take,
		async giveBack(session) {
			await closeAtEnd();
			const sessions = idle.get(key) ?? [];
			idle.delete(key);
			idle.set(key, [...sessions, session]);
			const [oldest, ...others] = idle.keys();
			if (oldest === undefined || others.length < DATABASES) return;
			const old = idle.get(oldest) ?? [];
			idle.delete(oldest);
			await closeAll(old);
		},
	};
}
