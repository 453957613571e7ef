// What the rest of the code sees of a Postgres connection. The implementation is `client.ts`.

/** A parameter of a query, sent as text through the extended protocol. Objects are sent as JSON. */
export type Param =
	string | number | bigint | boolean | null | readonly unknown[] | Record<string, unknown>;

/** A row: bool, int2/4, float and int8 within the safe range as JS values, json(b) parsed, all else text. */
export type Row = Record<string, unknown>;

export interface CopyResult {
	/** Rows moved, all COPY statements together, as the target counted them. */
	readonly rows: number;
	/** Rows of each COPY statement, in order. */
	readonly counts: readonly number[];
	/** Bytes moved, frame headers included. */
	readonly bytes: number;
}

/** One connection to one database. Not safe for concurrent use: one call at a time. */
export interface Session {
	/**
	 * One statement. With `params` it goes through the extended protocol ($1 … as text); without, through
	 * the simple one. Throws PostgresError, or what `errorOf` of the connection makes of it.
	 */
	query<R extends object = Row>(text: string, params?: readonly Param[]): Promise<R[]>;
	/** Several statements in one message and one round trip; results of each, in order. */
	script(text: string): Promise<Row[][]>;
	/**
	 * Splices `copy … to stdout` of this session into `copy … from stdin` of `target`, frames untouched. Both
	 * may be scripts with several statements, as long as their COPYs come in the same number and order. Throws
	 * the error of the connection that failed first; afterwards both sessions are usable, and a transaction that a
	 * script began is left for the caller to roll back.
	 */
	copyInto(target: Session, copyOut: string, copyIn: string): Promise<CopyResult>;
	/**
	 * Runs one `copy … to stdout` and gives its bytes to `write`, a chunk at a time; a chunk is only valid until `write`
	 * resolves. Returns the number of rows. When `write` throws, the copy is stopped and its error thrown; the session stays
	 * usable.
	 */
	copyOut(copy: string, write: (bytes: Uint8Array) => Promise<void>): Promise<number>;
	/**
	 * Runs one `copy … from stdin` with these bytes as its text. Returns the number of rows; the session stays usable when the
	 * server refuses them, or when they end with an error, which is thrown.
	 */
	copyIn(copy: string, bytes: AsyncIterable<Uint8Array>): Promise<number>;
	/** Bytes of rows that the server has answered so far; those of COPY are not among them. */
	readonly answered: number;
	/** Server version, e.g. 150018. */
	readonly serverVersion: number;
	/** As it was when it was opened: no transaction, no locks, no temporary tables, its first settings. */
	reset(): Promise<void>;
	close(): Promise<void>;
}

/** Major version of a server: 150018 → 15. */
export const majorOf = (serverVersion: number): number => Math.floor(serverVersion / 10_000);
