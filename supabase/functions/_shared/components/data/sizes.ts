// How large the pieces of work are. Bytes are sizes on the source's disk; what moves may be some times more
// (compressed values) or less. A value of its own, so that tests can divide small tables.

export interface Sizes {
	/** Tables up to this size are compared and loaded in groups, one query string per endpoint and group. */
	readonly smallBytes: number;
	readonly groupBytes: number;
	/** Tables of a group: 200 in one string take 0.75 s at 30 ms latency, one by one 14 s. */
	readonly groupTables: number;
	/** An empty target table is filled in one COPY up to this size; larger ones in chunks. */
	readonly wholeBytes: number;
	/** What a chunk holds: the least that is loaded again when one row differs. */
	readonly chunkBytes: number;
	readonly maxChunks: number;
	/** Buckets loaded in one transaction: about 0.2 s of CPU with TLS on both endpoints. */
	readonly copyBytes: number;
	/** The same for hash chunks, each of whose loads reads the whole table. */
	readonly hashCopyBytes: number;
	/** Compared in one statement: some 5 s. */
	readonly compareBytes: number;
	/** Small tables that a verification compares in one statement. */
	readonly compareGroupBytes: number;
	/** Tables of a slice: each keeps locks on itself and its indexes in the source's snapshot. */
	readonly sliceTables: number;
	/** From here on a second connection to each endpoint is worth its price. */
	readonly secondLaneBytes: number;
	/** A statement that takes longer is cancelled and divided: three in a row still fit a worker's wall time. */
	readonly statementMs: number;
	/** How long a locked table is waited for; it is tried in three slices. */
	readonly lockMs: number;
}

const MB = 1024 * 1024;

export const SIZES: Sizes = {
	smallBytes: 8 * MB,
	groupBytes: 32 * MB,
	groupTables: 200,
	wholeBytes: 64 * MB,
	chunkBytes: 4 * MB,
	maxChunks: 2048,
	copyBytes: 64 * MB,
	hashCopyBytes: 192 * MB,
	compareBytes: 1024 * MB,
	compareGroupBytes: 256 * MB,
	sliceTables: 400,
	secondLaneBytes: 16 * MB,
	statementMs: 30_000,
	lockMs: 5000,
};
