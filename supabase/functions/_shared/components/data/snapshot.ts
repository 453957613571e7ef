// One moment of the source for a whole slice. The locks come before the snapshot: TRUNCATE is not seen by
// snapshots, a table emptied in between would look as if it had no rows.
import { type Session, literal } from '../../platform/postgres/index.ts';
import type { TableJob } from './plan.ts';
import { isOfOneTable } from './trouble.ts';

const READ_ONLY = 'begin isolation level repeatable read read only';

export interface Snapshot {
	readonly id: string;
	/** Table jobs that could not be locked, with the reason. */
	readonly refused: ReadonlyMap<TableJob, unknown>;
}

/** Begins the transaction that the snapshot lives in, with a savepoint to come back to after errors. */
export async function takeSnapshot(
	source: Session,
	tableJobs: readonly TableJob[],
): Promise<Snapshot> {
	const refused = new Map<TableJob, unknown>();
	try {
		return { id: await exported(source, `${READ_ONLY}; ${lock(tableJobs)}`), refused };
	} catch (error) {
		if (!isOfOneTable(error)) throw error;
	}
	await source.script(`rollback; ${READ_ONLY}`);
	for (const tableJob of tableJobs) {
		try {
			// LOCK takes no snapshot, nor does SAVEPOINT: the moment is still to come.
			await source.script(`savepoint one; ${lock([tableJob])}; release savepoint one`);
		} catch (error) {
			if (!isOfOneTable(error)) throw error;
			// A savepoint left open would be a subtransaction, and those export no snapshot.
			await source.script('rollback to savepoint one; release savepoint one');
			refused.set(tableJob, error);
		}
	}
	return { id: await exported(source), refused };
}

/** The snapshot's name; `before` runs in the same round trip. */
async function exported(source: Session, before = ''): Promise<string> {
	const results = await source.script(
		`${before}; select pg_catalog.pg_export_snapshot() as id; savepoint twins`,
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

function lock(tableJobs: readonly TableJob[]): string {
	const tables = tableJobs.map(({ key, isTree }) => `${isTree ? '' : 'only '}${key}`);
	return `lock table ${tables.join(', ')} in access share mode`;
}
