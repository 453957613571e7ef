// Reads a table in pieces, from where the last one ended: by its key, whose order holds whatever is written meanwhile, or by
// classes of a hash of each row where it has none.
import { ident, literal, type Session } from './postgres/index.ts';

/** Where the next piece begins: after a key, or with a class. JSON. */
export type CopyPlace =
	{ readonly after: readonly string[] } | { readonly next: number; readonly of: number };

export interface CopiedTable {
	/** From-item, and a condition on its rows (`true`: all of them). */
	readonly from: string;
	readonly condition: string;
	/** Select list, in the order of the columns. */
	readonly select: string;
	/** The statement that reads all rows at once. */
	readonly whole: string;
	/** Names of columns that identify a row; null when none do. */
	readonly key: readonly string[] | null;
	/** SQL expression: 64 bits of a row. */
	readonly hash: string;
	/** On disk. */
	readonly bytes: number;
	/** Estimate; null when it was never made. */
	readonly rows: number | null;
}

export interface CopiedPiece {
	readonly rows: number;
	/** Null at the end of the table. */
	readonly next: CopyPlace | null;
}

/** What a row takes where nobody knows. */
const ROW_BYTES = 200;
/** A piece has as many rows at least: whatever estimates say, a table ends. */
const LEAST_ROWS = 100;

/** Gives about `bytes` of the table's rows from a place (null: its beginning) on to `write`, as text of COPY. */
export async function copyPiece(
	session: Session,
	table: CopiedTable,
	from: CopyPlace | null,
	bytes: number,
	write: (bytes: Uint8Array) => Promise<void>,
): Promise<CopiedPiece> {
	if (from === null && table.bytes <= bytes) {
		return { rows: await session.copyOut(table.whole, write), next: null };
	}
	const { key } = table;
	const isByHash = key === null || key.length === 0 || (from !== null && 'of' in from);
	const piece = isByHash
		? pieceOfHash(table, from, bytes)
		: await pieceOfKey(session, table, key, from, bytes);
	const statement = `copy (select ${table.select} from ${table.from} where ${piece.where}) to stdout`;
	return { rows: await session.copyOut(statement, write), next: piece.next };
}

interface Piece {
	readonly where: string;
	readonly next: CopyPlace | null;
}

async function pieceOfKey(
	session: Session,
	table: CopiedTable,
	key: readonly string[],
	from: CopyPlace | null,
	bytes: number,
): Promise<Piece> {
	const columns = key.map(ident);
	const row = `(${columns.join(', ')})`;
	// Written as the type of the column prints them, they are read back as such beside it.
	const valuesOf = (values: readonly string[]): string => `(${values.map(literal).join(', ')})`;
	const conditions = [table.condition];
	if (from !== null && 'after' in from) conditions.push(`${row} > ${valuesOf(from.after)}`);
	const rowBytes = table.rows ? table.bytes / table.rows : ROW_BYTES;
	const count = Math.max(LEAST_ROWS, Math.floor(bytes / rowBytes));
	const printed = columns.map((column) => `pg_catalog.format('%s', ${column})`);
	const [last] = await session.query<{ key: string[] }>(`
select pg_catalog.jsonb_build_array(${printed.join(', ')}) as key
from (
	select ${columns.join(', ')} from ${table.from} where ${conditions.join(' and ')}
	order by ${columns.join(', ')} offset ${count - 1} limit 1
) as last`);
	if (!last) return { where: conditions.join(' and '), next: null };
	return {
		where: [...conditions, `${row} <= ${valuesOf(last.key)}`].join(' and '),
		next: { after: last.key },
	};
}

function pieceOfHash(table: CopiedTable, from: CopyPlace | null, bytes: number): Piece {
	const { next, of } =
		from !== null && 'of' in from ? from : { next: 0, of: Math.ceil(table.bytes / bytes) };
	return {
		where: `${table.condition} and (${table.hash} & 9223372036854775807::int8) % ${of}::int8 = ${next}::int8`,
		next: next + 1 < of ? { next: next + 1, of } : null,
	};
}
