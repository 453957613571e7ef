// Divides a large table into buckets that mean the same rows on both sides: ranges of the first key column
// where its order does not depend on the server, else classes of a hash. Pages (ctid) would be cheaper to
// read, but mean different rows in each database and in each snapshot.
import type { Session } from '../../platform/session.ts';
import { ident, literal } from '../../platform/sql.ts';
import { hashOf } from './expressions.ts';
import type { HashMethod } from './inspect.ts';
import type { Unit } from './plan.ts';

export type Division =
	| {
			readonly kind: 'range';
			readonly column: string;
			/** Type of the bounds. */
			readonly type: string;
			readonly isText: boolean;
			/** Ascending; bucket i holds values from bound i-1 on and below bound i. */
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

/** Rows looked at to find bounds that make buckets of about equal size; bytes where their number is unknown. */
const SAMPLED_ROWS = 30_000;
const SAMPLED_BYTES = 32 * 1024 * 1024;

/** Bounds travel in the cursor: keys of many characters do not fit it. */
const MOST_BOUND_CHARACTERS = 100_000;

export function bucketCount(division: Division): number {
	return division.kind === 'range' ? division.bounds.length + 1 : division.count;
}

/** A division into about `count` buckets, found on the source. */
export async function divide(source: Session, unit: Unit, count: number): Promise<Division> {
	const byHash: Division = { kind: 'hash', count };
	const name = unit.identity?.[0];
	const column = unit.columns.find((candidate) => candidate.name === name);
	const type = column && SORTED_ALIKE.get(column.baseOid);
	if (!column || type === undefined) return byHash;
	const value = `${ident(column.name)}::${type}${type === 'text' ? ' collate "C"' : ''}`;
	const fractions = Array.from({ length: count - 1 }, (_, index) => (index + 1) / count);
	const share = unit.rows ? SAMPLED_ROWS / unit.rows : SAMPLED_BYTES / unit.bytes;
	const percent = Math.min(100, 100 * share).toFixed(4);
	const sample = unit.isPlain ? ` tablesample system (${percent})` : '';
	const [found] = await source.query<{ bounds: readonly string[] | null }>(`
select to_jsonb((percentile_disc(array[${fractions.join(', ')}]) within group (order by ${value}))::text[]) as bounds
from ${unit.sourceFrom}${sample}`);
	const bounds = [...new Set(found?.bounds ?? [])];
	// A first column with few values would leave buckets too large to move at once.
	if (bounds.length < (count - 1) / 2) return byHash;
	if (bounds.join('').length > MOST_BOUND_CHARACTERS) return byHash;
	return { kind: 'range', column: column.name, type, isText: type === 'text', bounds };
}

function rangeValue(division: Extract<Division, { kind: 'range' }>): string {
	const column = ident(division.column);
	return division.isText ? `(${column}::text collate "C")` : column;
}

/** SQL expression: the bucket of a row. */
export function bucketOf(division: Division, unit: Unit, method: HashMethod): string {
	if (division.kind === 'range') {
		const bounds = division.bounds.map((bound) => literal(bound).trim()).join(', ');
		const value = division.isText
			? rangeValue(division)
			: `${ident(division.column)}::${division.type}`;
		return `coalesce(width_bucket(${value}, array[${bounds}]::${division.type}[]), 0)`;
	}
	const comparables = unit.columns
		.filter(({ name }) => unit.identity?.includes(name) ?? true)
		.map(({ comparable }) => comparable);
	return `((${hashOf(comparables, method)} & 9223372036854775807) % ${division.count})::int4`;
}

/** SQL condition: the row is in one of the buckets (ascending). Ranges can use the key's index. */
export function inBuckets(
	division: Division,
	buckets: readonly number[],
	unit: Unit,
	method: HashMethod,
): string {
	if (buckets.length === bucketCount(division)) return 'true';
	if (division.kind === 'hash') {
		return `${bucketOf(division, unit, method)} in (${buckets.join(', ')})`;
	}
	const value = rangeValue(division);
	const bound = (index: number): string =>
		`${literal(division.bounds[index] ?? '').trim()}::${division.type}`;
	const conditions = runs(buckets).map(([first, last]) => {
		const parts = [
			...(first > 0 ? [`${value} >= ${bound(first - 1)}`] : []),
			...(last < division.bounds.length ? [`${value} < ${bound(last)}`] : []),
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
