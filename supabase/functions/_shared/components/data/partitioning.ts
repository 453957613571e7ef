// Cuts a large table into chunks that mean the same rows on both endpoints: ranges of the first key column
// where its order does not depend on the server, else classes of a hash. Pages (ctid) would be cheaper to
// read, but mean different rows in each database and in each snapshot.
import { ident, literal } from '../../platform/postgres/index.ts';
import type { Sessions } from './sessions.ts';
import { hashOf } from './expressions.ts';
import type { HashMethod } from './table.ts';
import type { TableJob } from './plan.ts';

export type Partitioning =
	| {
			readonly kind: 'range';
			readonly column: string;
			/** Type of the bounds. */
			readonly type: string;
			readonly isText: boolean;
			/** Ascending; chunk i holds values from bound i-1 on and below bound i. */
			readonly bounds: readonly string[];
	  }
	| { readonly kind: 'hash'; readonly count: number };

/** Types that sort alike everywhere, text by its bytes; with the name used for bounds. */
const SORTED_ALIKE: ReadonlyMap<number, string> = new Map([
	[20, 'int8'],
	[21, 'int8'],
	[23, 'int8'],
	[25, 'text'],
	[1043, 'text'],
	[1082, 'date'],
	[1114, 'timestamp'],
	[1184, 'timestamptz'],
	[2950, 'uuid'],
]);

/**
 * Rows looked at to find bounds that make chunks of about equal size; bytes where their number is unknown. As many as are
 * sorted within the memory that a server gives by default, without a temporary file.
 */
const SAMPLED_ROWS = 30_000;
const SAMPLED_BYTES = 4 * 1024 * 1024;

/** Bounds travel in the cursor: keys of many characters do not fit it. */
const MOST_BOUND_CHARACTERS = 100_000;

export function chunkCount(partitioning: Partitioning): number {
	return partitioning.kind === 'range' ? partitioning.bounds.length + 1 : partitioning.count;
}

/** A partitioning into about `count` chunks, found on the endpoint where the table is larger. */
export async function choosePartitioning(
	sessions: Sessions,
	tableJob: TableJob,
	count: number,
): Promise<Partitioning> {
	const byHash: Partitioning = { kind: 'hash', count };
	const name = tableJob.identity?.[0];
	const column = tableJob.columns.find((candidate) => candidate.name === name);
	const type = column && SORTED_ALIKE.get(column.baseOid);
	if (!column || type === undefined) return byHash;
	const value = `${ident(column.name)}::${type}${type === 'text' ? ' collate "C"' : ''}`;
	const fractions = Array.from({ length: count - 1 }, (_, index) => (index + 1) / count);
	const role = tableJob.isLargerOnTarget ? 'target' : 'source';
	// Of a limited table the number is that of all its rows, the bytes are those of its part.
	const onSource = tableJob.isLimited ? null : tableJob.rows;
	const rows = role === 'source' ? onSource : tableJob.targetRows;
	const share = rows ? SAMPLED_ROWS / rows : SAMPLED_BYTES / tableJob.bytes;
	const sampled = Math.min(1, share);
	// Not everything can be sampled by its pages. All of it is read then, but no more keys sorted than otherwise.
	const sample = tableJob.isPlain
		? ` tablesample system (${(100 * sampled).toFixed(4)})`
		: ` where pg_catalog.random() < ${sampled.toFixed(6)}::pg_catalog.float8`;
	const [found] = await sessions[role].query<{ bounds: readonly string[] | null }>(`
select pg_catalog.to_jsonb((pg_catalog.percentile_disc(array[${fractions.join(', ')}]::pg_catalog.float8[])
  within group (order by ${value}))::pg_catalog.text[]) as bounds
from ${role === 'source' ? tableJob.sourceFrom : tableJob.targetFrom}${sample}`);
	const bounds = [...new Set(found?.bounds ?? [])];
	// A first column with few values would leave chunks too large to move at once.
	if (bounds.length < (count - 1) / 2) return byHash;
	if (bounds.join('').length > MOST_BOUND_CHARACTERS) return byHash;
	return { kind: 'range', column: column.name, type, isText: type === 'text', bounds };
}

function rangeValue(partitioning: Extract<Partitioning, { kind: 'range' }>): string {
	const column = ident(partitioning.column);
	return partitioning.isText ? `(${column}::pg_catalog.text collate "C")` : column;
}

/** SQL expression: the chunk of a row. */
export function chunkOf(
	partitioning: Partitioning,
	tableJob: TableJob,
	method: HashMethod,
): string {
	if (partitioning.kind === 'range') {
		const bounds = partitioning.bounds.map((bound) => literal(bound).trim()).join(', ');
		const value = partitioning.isText
			? rangeValue(partitioning)
			: `${ident(partitioning.column)}::${partitioning.type}`;
		return `coalesce(pg_catalog.width_bucket(${value}, array[${bounds}]::${partitioning.type}[]), 0)`;
	}
	const comparables = tableJob.columns
		.filter(({ name }) => tableJob.identity?.includes(name) ?? true)
		.map(({ comparable }) => comparable);
	return `((${hashOf(comparables, method)} & 9223372036854775807::pg_catalog.int8)
  % ${partitioning.count}::pg_catalog.int8)::pg_catalog.int4`;
}

/** SQL condition: the row is in one of the chunks (ascending). Ranges can use the key's index. */
export function inChunks(
	partitioning: Partitioning,
	chunks: readonly number[],
	tableJob: TableJob,
	method: HashMethod,
): string {
	if (chunks.length === chunkCount(partitioning)) return 'true';
	if (partitioning.kind === 'hash') {
		return `${chunkOf(partitioning, tableJob, method)} in (${chunks.join(', ')})`;
	}
	const value = rangeValue(partitioning);
	const bound = (index: number): string =>
		`${literal(partitioning.bounds[index] ?? '').trim()}::${partitioning.type}`;
	const conditions = runs(chunks).map(([first, last]) => {
		const parts = [
			...(first > 0 ? [`${value} operator(pg_catalog.>=) ${bound(first - 1)}`] : []),
			...(last < partitioning.bounds.length
				? [`${value} operator(pg_catalog.<) ${bound(last)}`]
				: []),
		];
		const within = `(${parts.join(' and ')})`;
		// The source's key has no nulls; the target's column may.
		return first === 0 ? `(${within} or ${value} is null)` : within;
	});
	return `(${conditions.join(' or ')})`;
}

/** Ascending numbers as runs [first, last]: 1, 2, 3, 7 → [1, 3], [7, 7]. */
export function runs(numbers: readonly number[]): readonly (readonly [number, number])[] {
	const found: [number, number][] = [];
	for (const number of numbers) {
		const last = found.at(-1);
		if (last && last[1] === number - 1) last[1] = number;
		else found.push([number, number]);
	}
	return found;
}
