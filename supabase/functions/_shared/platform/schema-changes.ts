// Reading catalogs while somebody changes the schema. The functions that print definitions look at the newest
// catalog, whatever the snapshot of the query: of what was dropped meanwhile they raise errors, or return null.
import { isPassing, TwinsError } from '../domain/errors.ts';
import type { Session } from './postgres/index.ts';

const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 60;

/** True when the catalog query failed because an object was dropped while it was read. */
export function hasRaced(error: unknown): boolean {
	if (!(error instanceof TwinsError) || isPassing(error)) return false;
	// XX000: "cache lookup failed for …", "could not open relation with OID …". Others name the oid, too.
	return error.details.sqlstate === 'XX000' || /\bOID \d+/.test(error.message);
}

/** The database's schema changes faster than it can be read: the engine tries again later. */
export const changesTooFast = (): TwinsError =>
	new TwinsError(
		'database_refused',
		'The schema of the database is being changed faster than it can be read',
		'Nothing to do: the step is repeated. If it keeps happening, run it while nobody changes the schema.',
		{ passing: true, retryAfter: 5 },
	);

/**
 * Runs a catalog query, and again with growing pauses when what it reads is dropped meanwhile; `attempt` counts
 * from 1, and undefined means that the answer cannot be used. Not inside a transaction: it is rolled back.
 */
export async function readAgain<T extends object>(
	session: Session,
	read: (attempt: number) => Promise<T | undefined>,
): Promise<T> {
	for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
		try {
			const answer = await read(attempt);
			if (answer !== undefined) return answer;
		} catch (error) {
			if (!hasRaced(error)) throw error;
			await session.script('rollback');
		}
		await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
	}
	throw changesTooFast();
}
