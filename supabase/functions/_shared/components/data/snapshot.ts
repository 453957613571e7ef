// One moment of the source for all slices of a round. The locks come before the snapshot: TRUNCATE is not seen by
// snapshots, a table emptied in between would look as if it had no rows. A slice that ends before the round keeps its
// transaction open until the next one has the same snapshot; where that fails, the next one takes a snapshot of its own.
import * as z from 'zod/mini';
import { sqlstateOf } from '../../domain/errors.ts';
import { isLocked } from '../../platform/locks.ts';
import { type Session, literal } from '../../platform/postgres/index.ts';
import type { TableJob } from './plan.ts';
import { isOfOneTable } from './trouble.ts';

const READ_ONLY = 'begin isolation level repeatable read read only';

/** Where a snapshot can be had, in the cursor. */
export const momentSchema = z.object({
	/** Name under which the last slice exported it. */
	snapshot: z.string(),
	/** When it was taken: milliseconds since 1970. */
	takenAt: z.number(),
	/** Slices that have read it. */
	slices: z.int(),
});
export type Moment = Readonly<z.infer<typeof momentSchema>>;

/** A snapshot that is held keeps vacuum from removing what the whole source updates and deletes meanwhile. */
const LONGEST_MOMENT_MS = 60 * 60 * 1000;

/** Whether a snapshot is young enough to be held on. */
export const isYoung = ({ takenAt }: Pick<Moment, 'takenAt'>): boolean =>
	Date.now() - takenAt < LONGEST_MOMENT_MS;

export interface Snapshot extends Moment {
	/** Table jobs that could not be locked, with the reason. */
	readonly refused: ReadonlyMap<TableJob, unknown>;
}

/** What of a snapshot outlasts the slice. */
export const momentOf = ({ snapshot, takenAt, slices }: Snapshot): Moment => ({
	snapshot,
	takenAt,
	slices,
});

/** Begins the transaction that the snapshot lives in, with a savepoint to come back to after errors. */
export async function takeSnapshot(
	source: Session,
	tableJobs: readonly TableJob[],
): Promise<Snapshot> {
	const { snapshot, refused } = await begin(source, tableJobs, READ_ONLY);
	// Not before: locks may have been waited for.
	return { snapshot, refused, takenAt: Date.now(), slices: 1 };
}

/**
 * The same moment as an earlier slice's, which waits for it. Undefined when that has ended, or when a table was
 * emptied or written anew since: a snapshot does not see that. Throws what `takeSnapshot` throws.
 */
export async function continueSnapshot(
	source: Session,
	tableJobs: readonly TableJob[],
	{ snapshot, takenAt, slices }: Moment,
): Promise<Snapshot | undefined> {
	const beginning = `${READ_ONLY}; set transaction snapshot ${literal(snapshot)}`;
	try {
		const joined = await begin(source, tableJobs, beginning);
		const lockable = tableJobs.filter((tableJob) => !joined.refused.has(tableJob));
		await takeOver(source, snapshot);
		if (await areAsTheyWere(source, lockable)) {
			return { ...joined, takenAt, slices: slices + 1 };
		}
		await source.query('rollback');
		return undefined;
	} catch (error) {
		if (!isGone(error)) throw error;
		await source.query('rollback');
		return undefined;
	}
}

/** How long a snapshot waits for the next slice: about as long as a worker needs to come, at its slowest. */
const LONGEST_WAIT_MS = 30_000;
const LOOK_EVERY_MS = 50;

/**
 * Offers the snapshot of the session's transaction to another slice. The function returned waits until it is read there as
 * well, and ends the transaction. Whoever offers holds a lock, which the other asks for when it has the
 * snapshot: so neither can miss the other, however short a slice is.
 */
export async function offerSnapshot(
	source: Session,
	{ snapshot }: Moment,
): Promise<() => Promise<void>> {
	await source.query(`select pg_catalog.pg_advisory_xact_lock(${handingOn(snapshot)})`);
	return () => waitForReader(source, snapshot);
}

async function waitForReader(source: Session, snapshot: string): Promise<void> {
	const until = performance.now() + LONGEST_WAIT_MS;
	for (let isAsked = false; !isAsked && performance.now() < until;) {
		await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
		const [row] = await source.query<{ asked: boolean }>(`
select exists (
  select from pg_catalog.pg_locks l
  where l.locktype = 'advisory' and not l.granted and l.objsubid = 1
    and (l.classid::pg_catalog.int8 << 32 | l.objid::pg_catalog.int8) = ${handingOn(snapshot)}
) as asked`);
		isAsked = row?.asked === true;
	}
	await source.query('rollback');
}

/** Tells the slice that hands a snapshot on that this session has it, and waits for its end. */
async function takeOver(source: Session, snapshot: string): Promise<void> {
	try {
		await source.query(`select pg_catalog.pg_advisory_xact_lock_shared(${handingOn(snapshot)})`);
	} catch (error) {
		// It hangs, and will find out by itself.
		if (!isLocked(error)) throw error;
		await recoverSnapshot(source);
	}
}

/** A second session at the same moment, while the first one's transaction lasts. */
export async function joinSnapshot(source: Session, { snapshot }: Moment): Promise<void> {
	await source.script(
		`${READ_ONLY}; set transaction snapshot ${literal(snapshot)}; savepoint twins`,
	);
}

/** Makes the transaction usable again after an error, at the same moment. */
export async function recoverSnapshot(source: Session): Promise<void> {
	await source.query('rollback to savepoint twins');
}

async function begin(
	source: Session,
	tableJobs: readonly TableJob[],
	beginning: string,
): Promise<Pick<Snapshot, 'snapshot' | 'refused'>> {
	const refused = new Map<TableJob, unknown>();
	try {
		const snapshot = await exportSnapshot(source, `${beginning}; ${lock(tableJobs)};`);
		return { snapshot, refused };
	} catch (error) {
		if (!isOfOneTable(error) || isGone(error)) throw error;
	}
	await source.script(`rollback; ${beginning}`);
	for (const tableJob of tableJobs) {
		try {
			// LOCK takes no snapshot, nor does SAVEPOINT: the moment is still to come.
			await source.script(`savepoint one; ${lock([tableJob])}; release savepoint one`);
		} catch (error) {
			if (!isOfOneTable(error)) throw error;
			// A savepoint left open would be a subtransaction, and those export no snapshot.
			await source.script('rollback to savepoint one; release savepoint one');
			refused.set(tableJob, error);
		}
	}
	return { snapshot: await exportSnapshot(source), refused };
}

/** The snapshot's name; `before` runs in the same round trip. */
async function exportSnapshot(source: Session, before = ''): Promise<string> {
	const results = await source.script(
		`${before} select pg_catalog.pg_export_snapshot() as id; savepoint twins`,
	);
	return String(results.at(-2)?.[0]?.['id']);
}

/** The lock of whoever hands a snapshot on. */
const handingOn = (snapshot: string): string =>
	`pg_catalog.hashtextextended(${literal(`twins snapshot ${snapshot}`)}, 0)`;

/** The transaction that exported a snapshot is over, or just about to be; 42704 comes from version 16 on. */
const isGone = (error: unknown): boolean =>
	['22023', '42704', '55000'].includes(sqlstateOf(error) ?? '');

/**
 * Whether the tables still have the files that they had at the moment of the transaction's snapshot. The catalog is
 * read as it was then, the function answers what is so now.
 */
async function areAsTheyWere(source: Session, tableJobs: readonly TableJob[]): Promise<boolean> {
	if (tableJobs.length === 0) return true;
	const tables = tableJobs.map(({ key }) => `(${literal(key)}::pg_catalog.regclass)`).join(', ');
	const [changed] = await source.query<{ found: boolean }>(`
select exists (
  select from (values ${tables}) as t (relid)
  cross join lateral (select t.relid union select p.relid from pg_catalog.pg_partition_tree(t.relid) p) as part (relid)
  left join pg_catalog.pg_class as c on c.oid = part.relid
  where pg_catalog.pg_relation_filenode(part.relid) is distinct from nullif(c.relfilenode, 0)
) as found`);
	return changed?.found === false;
}

function lock(tableJobs: readonly TableJob[]): string {
	if (tableJobs.length === 0) return 'select 1';
	const tables = tableJobs.map(({ key, isTree }) => `${isTree ? '' : 'only '}${key}`);
	return `lock table ${tables.join(', ')} in access share mode`;
}
