// Reads what there is on one side: tables and how to read and write them. Decides nothing.
import { sqlstateOf } from '../../domain/errors.ts';
import type { Row, Session } from '../../platform/session.ts';
import { PREPARE_SOURCE, PREPARE_TARGET, PROBE_HASH, readTablesQuery } from './queries.ts';

export interface Column {
	readonly name: string;
	/** As Postgres writes it, qualified outside pg_catalog. */
	readonly type: string;
	readonly typeOid: number;
	/** Of a domain: the type below it. */
	readonly baseOid: number;
	readonly isGenerated: boolean;
	/** Numbered by Postgres: given numbers can be inserted, but not updated. */
	readonly isAlwaysIdentity: boolean;
	/** False where the collation calls different strings equal. */
	readonly isDeterministic: boolean;
	/** `::text` calls a function, which may drop something: blanks of bpchar, whatever a user's cast does. */
	readonly hasTextCast: boolean;
}

/** Statements that put something that is in the way of a load out of force, and in force again. */
export interface Guard {
	readonly off: string;
	readonly on: string;
}

export interface Table extends Row {
	readonly schema: string;
	readonly name: string;
	/** Ordinary, partitioned, foreign. */
	readonly kind: 'r' | 'p' | 'f';
	/** On disk without indexes, TOAST included. */
	readonly bytes: number;
	/** Estimate; null when the table was never analyzed. */
	readonly rows: number | null;
	/** Schema and name of the topmost partitioned table, for a partition. */
	readonly root: readonly [string, string] | null;
	/** Partitions and bounds below a topmost partitioned table. */
	readonly tree: string | null;
	readonly columns: readonly Column[];
	/** Columns that identify a row; null when none do. */
	readonly key: readonly string[] | null;
	/** Another table has a foreign key to it: it cannot be truncated. */
	readonly isReferenced: boolean;
	readonly guards: readonly Guard[];
}

/** Makes a session ready for everything this component does with it. `lockMs`: how long locks are waited for. */
export async function prepare(
	session: Session,
	role: 'source' | 'target',
	lockMs: number,
): Promise<void> {
	const settings = role === 'source' ? PREPARE_SOURCE : PREPARE_TARGET;
	await session.script(`${settings};\nset lock_timeout to ${lockMs}`);
}

/** Tables of the source, with their sizes. Of a table that somebody locks, the size is estimated. */
export async function readSourceTables(session: Session): Promise<Table[]> {
	try {
		return await session.query<Table>(readTablesQuery('measured'));
	} catch (error) {
		if (!isLocked(error)) throw error;
		return session.query<Table>(readTablesQuery('estimated'));
	}
}

/** Tables of the target; how large they are does not matter. */
export function readTargetTables(session: Session): Promise<Table[]> {
	return session.query<Table>(readTablesQuery('estimated'));
}

/** Somebody holds a lock on the object: it may be free a little later. */
export function isLocked(error: unknown): boolean {
	return ['55P03', '40P01'].includes(sqlstateOf(error) ?? '');
}

/** How rows are hashed: by their binary values where both servers agree on those, else by their text. */
export type HashMethod = 'record' | 'text';

/** Versions before 14 have no hash of records, and nothing promises that later ones keep theirs. */
export async function agreeOnHash(source: Session, target: Session): Promise<HashMethod> {
	if (source.serverVersion < 140000 || target.serverVersion < 140000) return 'text';
	const [here, there] = await Promise.all([source.query(PROBE_HASH), target.query(PROBE_HASH)]);
	return here[0]?.['hash'] === there[0]?.['hash'] ? 'record' : 'text';
}
