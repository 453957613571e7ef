// Locks that others hold: for how long they are waited for, and who holds them on what. What a clone waits for is a lock of
// a relation nearly always; a lock that has been held for long is not waited for as if it were to go in a moment.
import { sqlstateOf, TwinsError } from '../domain/errors.ts';
import type { Row, Session } from './postgres/index.ts';

/** Not got in time, or given up because two waited for each other: it may be free a little later. */
export const isLocked = (error: unknown): boolean =>
	['55P03', '40P01'].includes(sqlstateOf(error) ?? '');

/** What to do about a lock. */
export const LOCK_FIX =
	'End that session (select pg_terminate_backend(…) with the number of the process) or wait for it, then clone again.';

/** Whoever has been at work this long will not be done in a moment. */
const LASTING =
	"coalesce(nullif(pg_catalog.current_setting('twins.lasting_lock', true), ''), '15 s')::pg_catalog.interval";
/** The same for readers, who wait several times in a slice. */
const LASTING_FOR_READERS = "interval '3 seconds'";

/** SQL: relations that nobody can read now, with who keeps them so. Our own slices keep them for the length of a load. */
export const CLOSED_RELATIONS = `(select l.relation, l.pid, a.xact_start, a.application_name = 'twins' as is_ours,
    a.xact_start < pg_catalog.clock_timestamp() - ${LASTING} as is_lasting
  from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.pid <> pg_catalog.pg_backend_pid()
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()))`;

const patience = (lasting: string, few: string, usual: string, scope: boolean): string =>
	`select pg_catalog.set_config('lock_timeout', case when exists (select from ${CLOSED_RELATIONS} l
  where l.is_ours is distinct from true and l.xact_start < pg_catalog.clock_timestamp() - ${lasting}) then '${few}' else '${usual}' end, ${scope})`;

/** SQL for within a transaction that reads catalogs: a lock is waited for as long as it is worth it. */
export const READERS_PATIENCE = patience(LASTING_FOR_READERS, '20ms', '2s', true);

/** The same for one that changes the schema. Everybody else who wants the table waits behind us. */
export const WRITERS_PATIENCE = patience(LASTING, '300ms', '5s', true);

/** The same for a session that reads and loads rows, for as long as it is used. */
export const sessionPatience = (usualMs: number): string =>
	patience(LASTING, `${Math.min(usualMs, 300)}ms`, `${usualMs}ms`, false);

/** For one whose holder is looked for meanwhile. */
const NAMING_MS = 400;
export const NAMING_PATIENCE = `set local lock_timeout = ${NAMING_MS}`;
const LOOK_MS = 40;

/** SQL text for people: which relation (its oid) the process of that number locks, and whose it is. */
export const holderText = (relation: string, pid: string): string =>
	`pg_catalog.format('%s is locked by process %s%s', coalesce((select pg_catalog.concat_ws('.', n.nspname, c.relname)
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = ${relation}), 'what it needs'), ${pid}, (
    select pg_catalog.string_agg(word, '') from (
      select pg_catalog.concat(' (', nullif(pg_catalog.concat_ws(', ', nullif(a.application_name, ''), 'user ' || a.usename,
        pg_catalog.to_char(a.xact_start at time zone 'UTC', '"since" HH24:MI:SS "UTC"')), ''), ')') as word
      from pg_catalog.pg_stat_activity a where a.pid = ${pid}) words where word <> ' ()'))`;

/** For what is known to be locked: whether it is so still. */
export const NO_PATIENCE = 'set local lock_timeout = 1';

/** Who holds what somebody waits for, in words, and whether that has lasted so long that it will last on. */
export interface LockHolder {
	readonly text: string;
	readonly lasting: boolean;
	/** Sessions of ours, which will be done. */
	readonly ours: boolean;
}

const WAITED_FOR = `
select ${holderText('w.relation', 'b.pid')} as text,
  coalesce(s.xact_start < pg_catalog.clock_timestamp() - ${LASTING}, false) as lasting,
  coalesce(s.application_name = 'twins', false) as ours
from pg_catalog.pg_locks w cross join pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) b (pid)
left join pg_catalog.pg_stat_activity s on s.pid = b.pid
where w.pid = $1::int and not w.granted order by s.xact_start limit 1`;

/**
 * Does `work` on a session and looks from another one for what keeps it waiting. No holder where it did not wait, or
 * where no other session can be had.
 */
export async function watched<T>(
	session: Session,
	other: () => Promise<Session>,
	work: () => Promise<T>,
): Promise<{ readonly answer: T; readonly holder: LockHolder | undefined }> {
	const [self] = await session.query<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid');
	const watcher = await other().catch(() => undefined);
	const found: { holder?: LockHolder | undefined; isOver: boolean } = { isOver: false };
	const looking = (async () => {
		while (watcher && !found.isOver && !found.holder) {
			[found.holder] = await watcher.query<LockHolder>(WAITED_FOR, [self?.pid ?? 0]);
			await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
		}
	})().catch(() => undefined);
	try {
		return { answer: await work(), holder: found.holder };
	} finally {
		found.isOver = true;
		await looking;
	}
}

/**
 * SQL: a partitioned table (its oid) and all partitions below it, with their levels. `pg_partition_tree` opens each of
 * them, and waits for whoever has locked it.
 */
export const partitionTree = (oid: string): string => `(
  with recursive tree (relid, parentrelid, level) as (
    select ${oid}::pg_catalog.oid, null::pg_catalog.oid, 0
    union all
    select i.inhrelid, i.inhparent, t.level + 1 from tree t join pg_catalog.pg_inherits i on i.inhparent = t.relid
    where exists (select from pg_catalog.pg_class p where p.oid = t.relid and p.relkind = 'p'))
  select * from tree)`;

const HOLDERS = `
select ${holderText('l.relation', 'l.pid')} as text,
  coalesce(a.xact_start < pg_catalog.clock_timestamp() - ${LASTING}, false) as lasting, false as ours
from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
where l.locktype = 'relation' and l.granted and l.pid <> pg_catalog.pg_backend_pid()
  and (l.mode = 'AccessExclusiveLock' or $2::bool) and a.application_name is distinct from 'twins'
  and l.relation in (select p.oid from (select pg_catalog.to_regclass($1)::pg_catalog.oid as oid
    union select t.relid from ${partitionTree('pg_catalog.to_regclass($1)')} t
    -- Values of a column that are rows of a table.
    union select y.typrelid from pg_catalog.pg_attribute c join pg_catalog.pg_type e on e.oid = c.atttypid
      join pg_catalog.pg_type y on y.oid in (e.oid, e.typelem) and y.typrelid <> 0
      where c.attrelid = pg_catalog.to_regclass($1) and c.attnum > 0) p)
order by l.mode = 'AccessExclusiveLock' desc, a.xact_start limit 1`;

/** Who else holds a lock on the relation or a partition of it; of readers who get in the way of writers, too. */
export async function holderOf(
	session: Session,
	relation: string,
	way: 'reading' | 'writing',
): Promise<LockHolder | undefined> {
	const [row] = await session.query<LockHolder>(HOLDERS, [relation, way === 'writing']);
	return row;
}

/** A relation that somebody else keeps closed. */
export interface ClosedRelation extends LockHolder {
	/** Quoted, with its schema. */
	readonly name: string;
	readonly pid: number;
}

// A change of a partitioned table changes its partitions.
const CLOSED_BY_OTHERS = `
select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, l.pid, ${holderText('l.relation', 'l.pid')} as text,
  coalesce(l.is_lasting, false) as lasting, false as ours
from ${CLOSED_RELATIONS} l
cross join lateral (
  with recursive up (oid) as (
    select l.relation union select i.inhparent from up join pg_catalog.pg_inherits i on i.inhrelid = up.oid)
  select oid from up) u
join pg_catalog.pg_class c on c.oid = u.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where l.is_ours is distinct from true
order by l.is_lasting desc nulls last`;

/** What others keep closed now, by name. */
export async function closedByOthers(
	session: Session,
): Promise<ReadonlyMap<string, ClosedRelation>> {
	const rows = await session.query<ClosedRelation & Row>(CLOSED_BY_OTHERS);
	return new Map(rows.toReversed().map((row) => [unquoted(row.name), row]));
}

/** Some texts quote names always, others where they must. */
const unquoted = (text: string): string => text.replaceAll('"', '');

/**
 * The first closed relation that one of these is or is about: ids of facts (`column:public.t.a`), or names as reports have
 * them (`public.t in a_publication`).
 */
export function closedAmong(
	objects: Iterable<string>,
	closed: ReadonlyMap<string, ClosedRelation>,
): ClosedRelation | undefined {
	if (closed.size === 0) return undefined;
	for (const object of objects) {
		const name = unquoted(object.slice(object.indexOf(':') + 1));
		for (const [relation, held] of closed)
			if (
				name === relation ||
				[`${relation}.`, `${relation} `].some((start) => name.startsWith(start))
			)
				return held;
	}
	return undefined;
}

/**
 * Runs statements in a transaction that waits for locks as it is worth, not at all for a relation that is known to be
 * closed by a process that has been waited for (`waitedFor`, kept by the caller). Throws what the server says, with the
 * holder's name where it was for a lock. Not inside a transaction.
 */
export async function runUnlocked(
	session: Session,
	statements: readonly string[],
	relations: readonly string[],
	waitedFor: Set<number>,
): Promise<void> {
	const holder = closedAmong(relations, await closedByOthers(session));
	const isInVain = holder !== undefined && (holder.lasting || waitedFor.has(holder.pid));
	const patience = isInVain ? NO_PATIENCE : WRITERS_PATIENCE;
	if (holder) waitedFor.add(holder.pid);
	try {
		await session.script(
			`begin; set local search_path = pg_catalog, public, extensions; ${patience}; ${statements.join('; ')}; commit`,
		);
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'database_refused') throw error;
		await session.query('rollback');
		if (!holder || !isLocked(error)) throw error;
		throw new TwinsError(error.code, holder.text, LOCK_FIX, error.details);
	}
}

const CLOSED = `
select ${holderText('l.relation', 'l.pid')} as text, coalesce(l.is_lasting, false) as lasting, coalesce(l.is_ours, false) as ours
from ${CLOSED_RELATIONS} l order by l.xact_start`;

/**
 * The error of a lock not got in time, with who keeps relations of one of the databases closed; where he has done so for
 * long, it does not pass. Any other error, and one that has a name already, as it is. `connect` opens other sessions.
 */
export async function namingClosed(
	error: unknown,
	connect: readonly (() => Promise<Session>)[],
): Promise<unknown> {
	if (!(error instanceof TwinsError) || !isLocked(error) || error.fix === LOCK_FIX) return error;
	const closed: LockHolder[] = [];
	for (const open of connect) {
		const session = await open().catch(() => undefined);
		closed.push(...((await session?.query<LockHolder>(CLOSED).catch(() => [])) ?? []));
	}
	const others = closed.filter(({ ours }) => !ours);
	if (others.length === 0) return error;
	const passing = others.every(({ lasting }) => !lasting);
	const text = [...new Set(others.map((one) => one.text))].join('; ');
	return new TwinsError(error.code, text, LOCK_FIX, { ...error.details, passing });
}

/** The error of a lock not got in time on the relation, with whose lock it is; any other error as it is. */
export async function namingHolder(
	error: unknown,
	relation: string,
	{ source, target }: { readonly source: Session; readonly target: Session },
): Promise<{ readonly error: unknown; readonly lasting: boolean }> {
	if (!(error instanceof TwinsError) || !isLocked(error)) return { error, lasting: false };
	const holder =
		(await holderOf(source, relation, 'reading')) ?? (await holderOf(target, relation, 'writing'));
	if (holder === undefined) return { error, lasting: false };
	const named = new TwinsError(error.code, holder.text, LOCK_FIX, error.details);
	return { error: named, lasting: holder.lasting };
}
