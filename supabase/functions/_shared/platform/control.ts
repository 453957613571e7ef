// The control database as workers use it: calls one after another over one connection, which is opened by the first and
// closed when nobody has called for a moment. Between its heartbeats a slice has none: thousands of them share what a
// database can carry.
import { TwinsError } from '../domain/errors.ts';
import { connectControl } from './database.ts';
import type { Environment } from './environment.ts';
import type { Session } from './postgres/index.ts';

/** What runs statements. A session does, too. */
export type Queries = Pick<Session, 'query'>;

/** With how much it has answered so far. */
export type WorkerControl = Pick<Session, 'query' | 'answered'>;

export interface Control extends WorkerControl {
	/** Calls that are under way are ended first. */
	close(): Promise<void>;
}

/** Shorter than the time between heartbeats, longer than between the calls that begin or end a slice. */
const IDLE_MS = 250;

/** Opens nothing yet. A connection that was lost is replaced for the next call. */
export function openControl(
	{
		controlDbUrl,
		databaseCa = null,
	}: Pick<Environment, 'controlDbUrl'> & Partial<Pick<Environment, 'databaseCa'>>,
	idleMs = IDLE_MS,
): Control {
	let session: Session | undefined;
	/** By connections that are closed. */
	let answered = 0;
	let last: Promise<unknown> = Promise.resolve();
	let timer: ReturnType<typeof setTimeout> | undefined;
	const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
		const next = last.then(work, work);
		last = next.catch(() => undefined);
		return next;
	};
	const hangUp = async (): Promise<void> => {
		const closing = session;
		session = undefined;
		answered += closing?.answered ?? 0;
		await closing?.close();
	};
	return {
		get answered() {
			return answered + (session?.answered ?? 0);
		},
		query: (text, params) =>
			inTurn(async () => {
				clearTimeout(timer);
				session ??= await connectControl(controlDbUrl, databaseCa);
				try {
					return await session.query(text, params);
				} catch (error) {
					// What the database refuses leaves the connection as it was; all else may have ended it.
					if (!isAnswer(error)) await hangUp();
					throw error;
				} finally {
					timer = setTimeout(() => void inTurn(hangUp), idleMs);
				}
			}),
		async close() {
			await inTurn(hangUp);
			clearTimeout(timer);
		},
	};
}

const isAnswer = (error: unknown): boolean =>
	error instanceof TwinsError &&
	error.code !== 'connection_lost' &&
	error.details.sqlstate !== undefined;
