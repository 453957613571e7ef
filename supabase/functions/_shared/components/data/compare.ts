// Compares rows of both sides on the servers: each adds up the hashes of its rows, we look whether the sums
// are equal. A sum, not an exclusive or: in a table without a key duplicates would cancel out.
import type { Session } from '../../platform/session.ts';
import { bucketOf, type Division, inBuckets } from './division.ts';
import type { HashMethod } from './inspect.ts';
import type { Unit } from './plan.ts';

export interface Sum {
	readonly rows: number;
	/** Sum of the hashes, as text: it exceeds 64 bits. */
	readonly hash: string;
}

export interface Ends {
	readonly source: Session;
	readonly target: Session;
}

const COUNT = `count(*) as rows, '0' as hash`;
const TOTAL = (unit: Unit) => `count(*) as rows, coalesce(sum(${unit.hash}), 0)::text as hash`;

/** For each unit whether it has any row, per side. */
export async function haveRows(
	ends: Ends,
	units: readonly Unit[],
): Promise<readonly { readonly source: boolean; readonly target: boolean }[]> {
	const [source, target] = await Promise.all([
		haveRowsOn(ends.source, units, 'source'),
		haveRowsOn(ends.target, units, 'target'),
	]);
	return units.map((_, index) => ({
		source: source[index] === true,
		target: target[index] === true,
	}));
}

/** For each unit whether it has any row on one side. */
export async function haveRowsOn(
	session: Session,
	units: readonly Unit[],
	side: 'source' | 'target',
): Promise<readonly boolean[]> {
	const found = await unitwise<{ unit: number; found: boolean }>(
		session,
		units.map((unit) => `exists (select from ${fromOf(unit, side)}) as found`),
	);
	return units.map((_, index) => found.get(index)?.found === true);
}

/** Which units are equal on both sides, in the same order. */
export async function areEqual(ends: Ends, units: readonly Unit[]): Promise<readonly boolean[]> {
	const [source, target] = await Promise.all([
		sumsOf(ends.source, units, 'source'),
		sumsOf(ends.target, units, 'target'),
	]);
	return units.map((_, index) => isSame(source.get(index), target.get(index)));
}

/** Row count and hash of each unit on one side, by index. Without `content` the hash stays 0. */
export function sumsOf(
	session: Session,
	units: readonly Unit[],
	side: 'source' | 'target',
	content = true,
): Promise<ReadonlyMap<number, Sum>> {
	return unitwise<Sum & { unit: number }>(
		session,
		units.map((unit) => `${content ? TOTAL(unit) : COUNT} from ${fromOf(unit, side)}`),
	);
}

/**
 * The same of the `piece`th of `pieces` parts of a table, cut by its pages on this side: cheap whatever its
 * key, but only the sums of all parts can be compared with the other side's.
 */
export async function sumOfPiece(
	session: Session,
	unit: Unit,
	side: 'source' | 'target',
	{ piece, pieces }: { readonly piece: number; readonly pieces: number },
	content: boolean,
): Promise<Sum> {
	const [row] = await session.query<{ pages: number }>(PAGES, [unit.key]);
	const at = (part: number): string =>
		`'(${Math.ceil(((row?.pages ?? 0) * part) / pieces)},0)'::tid`;
	const until = piece + 1 < pieces ? ` and ctid < ${at(piece + 1)}` : '';
	const [sum] = await session.query<Sum & Record<string, unknown>>(
		`select ${content ? TOTAL(unit) : COUNT} from ${fromOf(unit, side)} where ctid >= ${at(piece)}${until}`,
	);
	return sum ?? { rows: 0, hash: '0' };
}

/** Of a table, or of the largest of its partitions. */
const PAGES = `
select max(pg_relation_size(relid) / current_setting('block_size')::int8)::int8 as pages
from (select $1::regclass union select p.relid from pg_partition_tree($1::regclass) p) as parts (relid)`;

/** Those of `buckets` that differ between the sides, ascending. */
export async function differingBuckets(
	ends: Ends,
	unit: Unit,
	division: Division,
	buckets: readonly number[],
	method: HashMethod,
): Promise<readonly number[]> {
	const where = inBuckets(division, buckets, unit, method);
	const read = async (side: 'source' | 'target'): Promise<ReadonlyMap<number, Sum>> => {
		const rows = await ends[side].query<{ bucket: number } & Sum & Record<string, unknown>>(`
select ${bucketOf(division, unit, method)} as bucket, ${TOTAL(unit)}
from ${fromOf(unit, side)} where ${where} group by 1`);
		return new Map(rows.map((row) => [row.bucket, row]));
	};
	const [source, target] = await Promise.all([read('source'), read('target')]);
	return buckets.filter((bucket) => !isSame(source.get(bucket), target.get(bucket)));
}

function isSame(one: Sum | undefined, other: Sum | undefined): boolean {
	return (one?.rows ?? 0) === (other?.rows ?? 0) && (one?.hash ?? '0') === (other?.hash ?? '0');
}

export function fromOf(unit: Unit, side: 'source' | 'target'): string {
	return side === 'source' ? unit.sourceFrom : unit.targetFrom;
}

/** One statement for all units; each part selects one row, numbered by its unit. */
async function unitwise<R extends { unit: number }>(
	session: Session,
	parts: readonly string[],
): Promise<ReadonlyMap<number, R>> {
	if (parts.length === 0) return new Map();
	const text = parts.map((part, index) => `select ${index} as unit, ${part}`).join('\nunion all\n');
	const rows = await session.query<R & Record<string, unknown>>(text);
	return new Map(rows.map((row) => [row.unit, row]));
}
