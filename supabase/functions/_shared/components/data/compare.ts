// Compares rows of both endpoints on the servers: each adds up the hashes of its rows, we look whether the sums
// are equal. A sum, not an exclusive or: in a table without a key duplicates would cancel out.
import type { EndpointRole } from '../../domain/endpoint-role.ts';
import { both } from '../../platform/both.ts';
import type { Row, Session } from '../../platform/postgres/index.ts';
import { chunkOf, type Partitioning, inChunks } from './partitioning.ts';
import type { Sessions } from './sessions.ts';
import type { HashMethod } from './table.ts';
import type { TableJob } from './plan.ts';

export interface Sum {
	readonly rows: number;
	/** Sum of the hashes, as text: it exceeds 64 bits. */
	readonly hash: string;
}

/** A number of rows in words. */
export const countOf = (rows: number): string =>
	`${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`;

/** What is summed up: the copier's hash of each row, the digest of a verification, or nothing. */
export type Summed = 'hash' | 'digest' | 'nothing';

const total = (tableJob: TableJob, summed: Summed): string =>
	summed === 'nothing'
		? `pg_catalog.count(*) as rows, '0' as hash`
		: `pg_catalog.count(*) as rows, coalesce(pg_catalog.sum(${tableJob[summed]}), 0)::pg_catalog.text as hash`;

/** For each table job whether it has any row, per endpoint. */
export async function haveRows(
	sessions: Sessions,
	tableJobs: readonly TableJob[],
): Promise<readonly { readonly source: boolean; readonly target: boolean }[]> {
	const [source, target] = await both(
		haveRowsOn(sessions.source, tableJobs, 'source'),
		haveRowsOn(sessions.target, tableJobs, 'target'),
	);
	return tableJobs.map((_, index) => ({
		source: source[index] === true,
		target: target[index] === true,
	}));
}

/** For each table job whether it has any row on one endpoint. */
export async function haveRowsOn(
	session: Session,
	tableJobs: readonly TableJob[],
	role: EndpointRole,
): Promise<readonly boolean[]> {
	const found = await perTableJob<{ job_index: number; found: boolean }>(
		session,
		tableJobs.map((tableJob) => `exists (select from ${fromOf(tableJob, role)}) as found`),
	);
	return tableJobs.map((_, index) => found.get(index)?.found === true);
}

/** Which table jobs are equal on both endpoints, in the same order. */
export async function areEqual(
	sessions: Sessions,
	tableJobs: readonly TableJob[],
): Promise<readonly boolean[]> {
	const [source, target] = await both(
		sumsOf(sessions.source, tableJobs, 'source'),
		sumsOf(sessions.target, tableJobs, 'target'),
	);
	return tableJobs.map((_, index) => isSame(source.get(index), target.get(index)));
}

/** Row count and sum of each table job on one endpoint, by index. */
export function sumsOf(
	session: Session,
	tableJobs: readonly TableJob[],
	role: EndpointRole,
	summed: Summed = 'hash',
): Promise<ReadonlyMap<number, Sum>> {
	return perTableJob<Sum & { job_index: number }>(
		session,
		tableJobs.map((tableJob) => `${total(tableJob, summed)} from ${fromOf(tableJob, role)}`),
	);
}

/**
 * The same of the `piece`th of `pieces` parts of a table, cut by its pages on this endpoint: cheap whatever its
 * key, but only the sums of all parts can be compared with the other endpoint's.
 */
export async function sumOfPiece(
	session: Session,
	tableJob: TableJob,
	role: EndpointRole,
	{ piece, pieces }: { readonly piece: number; readonly pieces: number },
	summed: Summed,
): Promise<Sum> {
	const [row] = await session.query<{ pages: number }>(PAGES, [tableJob.key]);
	const at = (part: number): string =>
		`'(${Math.ceil(((row?.pages ?? 0) * part) / pieces)},0)'::pg_catalog.tid`;
	const until = piece + 1 < pieces ? ` and ctid < ${at(piece + 1)}` : '';
	const [sum] = await session.query<Sum & Record<string, unknown>>(
		`select ${total(tableJob, summed)} from ${fromOf(tableJob, role)} where ctid >= ${at(piece)}${until}`,
	);
	return sum ?? { rows: 0, hash: '0' };
}

/**
 * How many rows of the `piece`th of `pieces` parts of the source's table there are, and how many of them the target has
 * as they are, for tables whose target may have more rows: sums of those cannot be compared. Rows have a key, so that
 * none is there twice. Cut by the first 12 bits of the digest; a million rows
 * are 20 MB of text.
 */
export async function sumsOfContained(
	{ source, target }: Sessions,
	{ digest, sourceFrom, targetFrom }: TableJob,
	{ piece, pieces }: { readonly piece: number; readonly pieces: number },
): Promise<{ readonly source: Sum; readonly target: Sum }> {
	const at = (part: number): number => Math.ceil((4096 * part) / pieces);
	// With the very types of Postgres's own operators, so that no user's operator fits better.
	const inPiece = `(${digest} >> 52) & 4095::pg_catalog.int8
  between ${at(piece)}::pg_catalog.int8 and ${at(piece + 1) - 1}::pg_catalog.int8`;
	const [read] = await source.query<{ rows: number; digests: string }>(
		`select pg_catalog.count(*) as rows, coalesce(pg_catalog.array_agg(${digest}), '{}')::pg_catalog.text as digests
from ${sourceFrom} where ${inPiece}`,
	);
	const { rows, digests } = read ?? { rows: 0, digests: '{}' };
	const [found] = await target.query<{ rows: number }>(
		`select pg_catalog.count(*) as rows from pg_catalog.unnest($1::pg_catalog.int8[]) as wanted (digest)
where digest in (select ${digest} from ${targetFrom} where ${inPiece})`,
		[digests],
	);
	return { source: { rows, hash: '0' }, target: { rows: found?.rows ?? 0, hash: '0' } };
}

/** Of a table, or of the largest of its partitions. */
const PAGES = `
select pg_catalog.max(pg_catalog.pg_relation_size(relid)
  / pg_catalog.current_setting('block_size')::pg_catalog.int8)::pg_catalog.int8 as pages
from (
  select $1::pg_catalog.regclass
  union select p.relid from pg_catalog.pg_partition_tree($1::pg_catalog.regclass) p
) as parts (relid)`;

const sumIn = ({ rows, hash }: Row): Sum => ({ rows: Number(rows), hash: String(hash) });

/** Those of `chunks` that differ between the endpoints, ascending. */
export async function differingChunks(
	sessions: Sessions,
	tableJob: TableJob,
	partitioning: Partitioning,
	chunks: readonly number[],
	method: HashMethod,
): Promise<readonly number[]> {
	const where = inChunks(partitioning, chunks, tableJob, method);
	const read = async (role: EndpointRole): Promise<ReadonlyMap<number, Sum>> => {
		// The planner expects as many chunks as rows, and would sort whole rows on disk.
		const [, rows = []] = await sessions[role].script(`
set local enable_sort to off;
select ${chunkOf(partitioning, tableJob, method)} as chunk, ${total(tableJob, 'hash')}
from ${fromOf(tableJob, role)} where ${where} group by 1;
set local enable_sort to default`);
		return new Map(rows.map((row) => [Number(row['chunk']), sumIn(row)]));
	};
	const [source, target] = await both(read('source'), read('target'));
	return chunks.filter((chunk) => !isSame(source.get(chunk), target.get(chunk)));
}

function isSame(one: Sum | undefined, other: Sum | undefined): boolean {
	return (one?.rows ?? 0) === (other?.rows ?? 0) && (one?.hash ?? '0') === (other?.hash ?? '0');
}

export function fromOf(tableJob: TableJob, role: EndpointRole): string {
	return role === 'source' ? tableJob.sourceFrom : tableJob.targetFrom;
}

/** One statement for all table jobs; each part selects one row, numbered by its table job. */
async function perTableJob<R extends { job_index: number }>(
	session: Session,
	parts: readonly string[],
): Promise<ReadonlyMap<number, R>> {
	if (parts.length === 0) return new Map();
	const text = parts
		.map((part, index) => `select ${index} as job_index, ${part}`)
		.join('\nunion all\n');
	const rows = await session.query<R & Record<string, unknown>>(text);
	return new Map(rows.map((row) => [row.job_index, row]));
}
