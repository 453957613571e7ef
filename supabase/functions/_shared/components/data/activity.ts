// Whether rows differ only because the source has been written since they were copied: Postgres counts what is written to
// every table. A clone remembers both counts of when it looked; a verification that finds other rows reads them again.
import * as z from 'zod/mini';
import { both } from '../../platform/both.ts';
import { partitionTree } from '../../platform/locks.ts';
import type { Session } from '../../platform/postgres/index.ts';
import type { Finding } from '../../contract/report.ts';
import type { ReadContext, StageContext } from '../../contract/context.ts';
import type { Sessions } from './sessions.ts';

/** Rows that came or went, rows that changed, and the files they are in: TRUNCATE counts no rows, but makes new ones. */
export const writesSchema = z.record(z.string(), z.tuple([z.number(), z.number(), z.number()]));
export type Writes = z.infer<typeof writesSchema>;

const memorySchema = z.object({ of: z.string(), source: writesSchema, target: writesSchema });
const KEY = 'writes when rows were copied';

const WRITES = `
select n.nspname || '.' || c.relname as object,
  pg_catalog.sum(pg_catalog.pg_stat_get_tuples_inserted(p.relid)
    + pg_catalog.pg_stat_get_tuples_deleted(p.relid))::pg_catalog.float8 as moved,
  pg_catalog.sum(pg_catalog.pg_stat_get_tuples_updated(p.relid))::pg_catalog.float8 as changed,
  pg_catalog.sum(f.relfilenode::pg_catalog.int8)::pg_catalog.float8 as files
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral ${partitionTree('c.oid')} p join pg_catalog.pg_class f on f.oid = p.relid
where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
group by 1`;

/** Writes so far, by table. Not inside a transaction, which would see them as they were at its first look. */
export async function readWrites(session: Session): Promise<Writes> {
	const rows = await session.query<{
		object: string;
		moved: number;
		changed: number;
		files: number;
	}>(WRITES);
	return Object.fromEntries(
		rows.map(({ object, moved, changed, files }) => [object, [moved, changed, files]]),
	);
}

/** Makes a session's own writes count at once, where the server can: they do so a little later by themselves. */
export async function countWrites(session: Session): Promise<void> {
	if (session.serverVersion >= 150000)
		await session.query('select pg_catalog.pg_stat_force_next_flush()');
}

/** Remembers what was written before the rows were read on the source (`seen`), and until now on the target. */
export async function rememberWrites(
	context: Pick<StageContext, 'source' | 'remember'>,
	target: Session,
	seen: Writes,
): Promise<void> {
	await countWrites(target);
	const there = await readWrites(target);
	const known = Object.fromEntries(Object.entries(there).filter(([object]) => object in seen));
	context.remember({ [KEY]: { of: context.source.ref, source: seen, target: known } });
}

/** A finding about the rows of a table; how far their numbers are from each other where both are known. */
export type RowFinding = Finding & { readonly apart?: number };

export interface Activity {
	/** The findings as they are to be reported. Not inside a transaction. */
	judge(findings: readonly RowFinding[]): Promise<readonly Finding[]>;
}

/** Begins to look: what the last clone remembers counts, or what is written from now on. */
export async function watchActivity(
	context: Pick<ReadContext, 'source' | 'memory'>,
	sessions: Sessions,
): Promise<Activity> {
	const memory = memorySchema.safeParse(context.memory[KEY]);
	const isOurs = memory.success && memory.data.of === context.source.ref;
	const [source, target] = await both(readWrites(sessions.source), readWrites(sessions.target));
	const before = { source: { ...source }, target: { ...target } };
	if (isOurs) {
		Object.assign(before.source, memory.data.source);
		Object.assign(before.target, memory.data.target);
	}
	return {
		async judge(findings) {
			if (!findings.some(({ apart }) => apart !== undefined)) return findings.map(asFinding);
			const [here, there] = await both(readWrites(sessions.source), readWrites(sessions.target));
			return findings.map((found) => {
				const written = sourceOnly(found, { before, here, there });
				return written === undefined
					? asFinding(found)
					: movedOn(asFinding(found), written, isOurs);
			});
		},
	};
}

const asFinding = ({ apart: _, ...finding }: RowFinding): Finding => finding;

/** What was written to the source meanwhile, where that explains the difference and nothing was written to the target. */
function sourceOnly(
	{ object, apart }: RowFinding,
	now: {
		readonly before: { readonly source: Writes; readonly target: Writes };
		readonly here: Writes;
		readonly there: Writes;
	},
): string | undefined {
	const [was, is] = [now.before.source[object], now.here[object]];
	const [wasThere, isThere] = [now.before.target[object], now.there[object]];
	if (apart === undefined || !was || !is || !wasThere || !isThere) return undefined;
	if (isThere[0] !== wasThere[0] || isThere[1] !== wasThere[1]) return undefined;
	const [moved, changed] = [is[0] - was[0], is[1] - was[1]];
	// Counters begin again after a crash.
	if (moved < 0 || changed < 0) return undefined;
	const isRewritten = is[2] !== was[2];
	if (!isRewritten && (moved + changed === 0 || apart > moved + changed)) return undefined;
	return [
		...(moved > 0 ? [`${moved.toLocaleString('en')} inserted or deleted`] : []),
		...(changed > 0 ? [`${changed.toLocaleString('en')} updated`] : []),
		...(isRewritten ? ['emptied or written anew'] : []),
	].join(', ');
}

const movedOn = (finding: Finding, written: string, sinceClone: boolean): Finding => ({
	...finding,
	severity: 'warning',
	found: `${finding.found}; ${sinceClone ? 'since the clone' : 'meanwhile'} the source was written (rows ${written}), the target was not`,
	fix: 'Nothing is wrong: the source has moved on. Clone again to bring what is new.',
});
