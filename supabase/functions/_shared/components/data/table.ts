// A table as it was read on one endpoint: its columns, what identifies its rows, what would stop or alter a load.
import type { Row } from '../../platform/postgres/index.ts';

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
	/** Numbered by Postgres where nothing is said. */
	readonly isIdentity: boolean;
	/** What it gets else where nothing is said; an expression. */
	readonly standard: string | null;
	/** False where the collation calls different strings equal. */
	readonly isDeterministic: boolean;
	/** `::text` calls a function, which may drop something: blanks of bpchar, whatever a user's cast does. */
	readonly hasTextCast: boolean;
}

/** Statements that disable something that would stop or alter a load, and enable it again. */
export interface Guard {
	readonly off: string;
	readonly on: string;
}

export interface Table extends Row {
	readonly oid: number;
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

/** How rows are hashed: by their binary values where both servers agree on those, else by their text. */
export type HashMethod = 'record' | 'text';
