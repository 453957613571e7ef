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

/** Row count and hash of each unit on one side, by index. */
export function sumsOf(
	session: Session,
	units: readonly Unit[],
	side: 'source' | 'target',
): Promise<ReadonlyMap<number, Sum>> {
	return unitwise<Sum & { unit: number }>(
		session,
		units.map((unit) => `${TOTAL(unit)} from ${fromOf(unit, side)}`),
	);
}

/** Row count of each unit on one side, by index. */
export async function countsOf(
	session: Session,
	units: readonly Unit[],
	side: 'source' | 'target',
): Promise<ReadonlyMap<number, number>> {
	const found = await unitwise<{ unit: number; rows: number }>(
		session,
		units.map((unit) => `count(*) as rows from ${fromOf(unit, side)}`),
	);
	return new Map([...found].map(([index, { rows }]) => [index, rows]));
}

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
