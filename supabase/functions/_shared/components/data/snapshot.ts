// One moment of the source for a whole slice. The locks come before the snapshot: TRUNCATE is not seen by
// snapshots, a table emptied in between would look as if it had no rows.
import { isPassing, TwinsError } from '../../domain/errors.ts';
import type { Session } from '../../platform/session.ts';
import { literal } from '../../platform/sql.ts';
import { isLocked } from './inspect.ts';
import type { Unit } from './plan.ts';

const READ_ONLY = 'begin isolation level repeatable read read only';

export interface Snapshot {
	readonly id: string;
	/** Units that could not be locked, with the reason. */
	readonly refused: ReadonlyMap<Unit, unknown>;
}

/** Begins the transaction that the snapshot lives in, with a savepoint to come back to after errors. */
export async function takeSnapshot(source: Session, units: readonly Unit[]): Promise<Snapshot> {
	const refused = new Map<Unit, unknown>();
	try {
		return { id: await exported(source, `${READ_ONLY}; ${lock(units)}`), refused };
	} catch (error) {
		if (!isOfOneTable(error)) throw error;
	}
	await source.script(`rollback; ${READ_ONLY}`);
	for (const unit of units) {
		try {
			// LOCK takes no snapshot, nor does SAVEPOINT: the moment is still to come.
			await source.script(`savepoint one; ${lock([unit])}; release savepoint one`);
		} catch (error) {
			if (!isOfOneTable(error)) throw error;
			await source.query('rollback to savepoint one');
			refused.set(unit, error);
		}
	}
	return { id: await exported(source), refused };
}

/** The snapshot's name; `before` runs in the same round trip. */
async function exported(source: Session, before = ''): Promise<string> {
	const results = await source.script(
		`${before}; select pg_export_snapshot() as id; savepoint twins`,
	);
	return String(results.at(-2)?.[0]?.['id']);
}

/** A second session at the same moment, while the first one's transaction lasts. */
export async function joinSnapshot(source: Session, snapshot: Snapshot): Promise<void> {
	await source.script(
		`${READ_ONLY}; set transaction snapshot ${literal(snapshot.id)}; savepoint twins`,
	);
}

/** Makes the transaction usable again after an error, at the same moment. */
export async function recoverSnapshot(source: Session): Promise<void> {
	await source.query('rollback to savepoint twins');
}

function lock(units: readonly Unit[]): string {
	const tables = units.map(({ key, isTree }) => `${isTree ? '' : 'only '}${key}`);
	return `lock table ${tables.join(', ')} in access share mode`;
}

/** True for trouble with one table: others can still be copied. */
export function isOfOneTable(error: unknown): error is TwinsError {
	if (!(error instanceof TwinsError)) return false;
	return isLocked(error) || !isPassing(error);
}
