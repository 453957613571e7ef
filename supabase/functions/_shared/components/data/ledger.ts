// The ledger on the target: who loads which chunk of which table, and what is in. Every load claims its chunks
// in its own transaction first, by raising their version: a worker that was thought dead then waits, and
// fails, instead of loading its chunk a second time. It is a fence, not the truth: that is always found by
// comparing both endpoints. Made at the first load, dropped when the stage is done.
import { TwinsError } from '../../domain/errors.ts';
import { type Session, literal } from '../../platform/postgres/index.ts';
import { LEDGER_SCHEMA } from '../../contract/ledger.ts';
import type { Partitioning } from './partitioning.ts';

export interface Chunk {
	readonly relation: string;
	readonly chunk: number;
}

interface StoredChunk extends Chunk, Record<string, unknown> {
	readonly version: number;
	readonly round: number;
	/** Rows of its last load; null when the worker died before it noted them. */
	readonly rows: number | null;
}

export interface Ledger {
	/** Makes the ledger on the target, unless this slice found or made it already. */
	ensure(session: Session): Promise<void>;
	/** SQL of the claim, to stand first in the load's transaction. */
	claim(chunks: readonly Chunk[], round: number): string;
	/** The load that claimed these chunks was committed. */
	claimed(chunks: readonly Chunk[], round: number): void;
	/** Notes how many rows were loaded: for the report only. */
	record(session: Session, rows: readonly (Chunk & { readonly rows: number })[]): Promise<void>;
	/** Rows that this job loaded into a relation; null when not known; undefined when nothing was loaded. */
	loadedRows(relation: string): number | null | undefined;
	/** Chunks of a relation that were loaded in a round. */
	loadedIn(relation: string, round: number): readonly number[];
	/** True when anything was loaded in a round. */
	anyLoadedIn(round: number): boolean;
	/** How a relation is cut into chunks since its first load. */
	partitioningOf(relation: string): Partitioning | undefined;
	/** Fixes how a relation is cut into chunks, once. Throws `conflict` (passing) when somebody was faster. */
	fixPartitioning(
		session: Session,
		relation: string,
		partitioning: Partitioning,
		round: number,
	): Promise<void>;
	/** Reads back how many rows the server noted itself, for loads that COPY does not count. */
	notedRows(session: Session, chunks: readonly Chunk[]): Promise<number>;
}

/** Two workers that make the same objects at once would fail; the scripts are one transaction each. */
const ALONE = `select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('${LEDGER_SCHEMA} rows'))`;

const TABLES = `
${ALONE};
create schema if not exists ${LEDGER_SCHEMA};
create table if not exists ${LEDGER_SCHEMA}.rows_job (
  only_row bool primary key default true check (only_row),
  job text not null
);
create table if not exists ${LEDGER_SCHEMA}.rows_chunks (
  relation text not null,
  chunk int4 not null,
  version int4 not null,
  round int4 not null,
  rows int8,
  primary key (relation, chunk)
);
create table if not exists ${LEDGER_SCHEMA}.rows_partitionings (
  relation text primary key,
  partitioning jsonb not null
);
create or replace function ${LEDGER_SCHEMA}.rows_claim(claiming text, in_round int4, wanted jsonb)
returns void language plpgsql set search_path = '' as $function$
declare
  taken int4;
begin
  -- Waits for whoever begins a job or ends one; what is read after this is theirs.
  lock table ${LEDGER_SCHEMA}.rows_chunks in row exclusive mode;
  if not exists (select from ${LEDGER_SCHEMA}.rows_job where job = claiming) then
    raise exception 'the clone was taken over by another job' using errcode = '40001';
  end if;
  with claims as (
    select w.relation, w.chunk, w.version
    from pg_catalog.jsonb_to_recordset(wanted) as w (relation text, chunk int4, version int4)
  ), upserted as (
    insert into ${LEDGER_SCHEMA}.rows_chunks as p (relation, chunk, version, round)
    select c.relation, c.chunk, c.version + 1, in_round from claims c
    order by c.relation, c.chunk
    on conflict (relation, chunk) do update
      set version = excluded.version, round = excluded.round, rows = null
      where p.version = excluded.version - 1
    returning 1
  )
  select pg_catalog.count(*) into taken from upserted;
  if taken < pg_catalog.jsonb_array_length(wanted) then
    raise exception 'another worker loads the same rows' using errcode = '40001';
  end if;
end
$function$`;

/** One transaction: a worker of an earlier job either finishes before it, or finds its job gone. */
const begin = (job: string): string => `
begin;
lock table ${LEDGER_SCHEMA}.rows_chunks in access exclusive mode;
delete from ${LEDGER_SCHEMA}.rows_partitionings
  where not exists (select from ${LEDGER_SCHEMA}.rows_job where job = ${literal(job)});
delete from ${LEDGER_SCHEMA}.rows_chunks
  where not exists (select from ${LEDGER_SCHEMA}.rows_job where job = ${literal(job)});
insert into ${LEDGER_SCHEMA}.rows_job (job) values (${literal(job)})
  on conflict (only_row) do update set job = excluded.job;
commit`;

/** Reads what this job has in the target's ledger; nothing is made yet. */
export async function openLedger(target: Session, job: string): Promise<Ledger> {
	const chunks = new Map<string, Map<number, StoredChunk>>();
	const partitionings = new Map<string, Partitioning>();
	const fixing = new Map<string, Promise<void>>();
	let isMade: Promise<void> | undefined;

	if (await isOurs(target, job)) {
		isMade = Promise.resolve();
		const [stored = [], divided = []] = await target.script(`
select relation, chunk, version, round, rows from ${LEDGER_SCHEMA}.rows_chunks;
select relation, partitioning from ${LEDGER_SCHEMA}.rows_partitionings`);
		for (const row of stored as StoredChunk[]) keep(row);
		for (const { relation, partitioning } of divided as {
			relation: string;
			partitioning: Partitioning;
		}[]) {
			partitionings.set(relation, partitioning);
		}
	}

	function keep(chunk: StoredChunk): void {
		const ofTable = chunks.get(chunk.relation) ?? new Map<number, StoredChunk>();
		chunks.set(chunk.relation, ofTable.set(chunk.chunk, chunk));
	}

	async function store(
		session: Session,
		relation: string,
		partitioning: Partitioning,
		round: number,
	): Promise<void> {
		await ledger.ensure(session);
		// Chunk 0 stands for the whole table too: a worker that still loads it whole is waited for.
		const first = { relation, chunk: 0 };
		const stored = await session.script(`
begin;
${ledger.claim([first], round - 1)};
insert into ${LEDGER_SCHEMA}.rows_partitionings
values (${literal(relation)}, ${literal(JSON.stringify(partitioning))}::pg_catalog.jsonb)
  on conflict do nothing returning 1;
commit`);
		ledger.claimed([first], round - 1);
		if (stored[2]?.length === 0) throw overtaken();
		partitionings.set(relation, partitioning);
	}

	const versionOf = ({ relation, chunk }: Chunk): number =>
		chunks.get(relation)?.get(chunk)?.version ?? 0;

	const ledger: Ledger = {
		ensure: (session) =>
			(isMade ??= (async () => {
				await session.script(`${TABLES};${begin(job)}`);
			})()),
		claim(wanted, round) {
			const list = wanted.map((chunk) => ({ ...chunk, version: versionOf(chunk) }));
			return `select ${LEDGER_SCHEMA}.rows_claim(${literal(job)}, ${round}, ${literal(JSON.stringify(list))}::pg_catalog.jsonb)`;
		},
		claimed(claimedChunks, round) {
			for (const { relation, chunk } of claimedChunks) {
				keep({ relation, chunk, version: versionOf({ relation, chunk }) + 1, round, rows: null });
			}
		},
		async record(session, loaded) {
			for (const chunk of loaded) {
				const known = chunks.get(chunk.relation)?.get(chunk.chunk);
				if (known) keep({ ...known, rows: chunk.rows });
			}
			await session.query(`
update ${LEDGER_SCHEMA}.rows_chunks p set rows = l.rows
from pg_catalog.jsonb_to_recordset(${literal(JSON.stringify(loaded))}::pg_catalog.jsonb)
  as l (relation text, chunk int4, rows int8)
where p.relation = l.relation and p.chunk = l.chunk`);
		},
		loadedRows(relation) {
			const ofTable = chunks.get(relation);
			if (!ofTable) return undefined;
			return [...ofTable.values()].reduce<number | null>(
				(sum, { rows }) => (sum === null || rows === null ? null : sum + rows),
				0,
			);
		},
		loadedIn: (relation, round) =>
			[...(chunks.get(relation)?.values() ?? [])]
				.filter((chunk) => chunk.round === round)
				.map(({ chunk }) => chunk),
		anyLoadedIn: (round) =>
			[...chunks.values()].some((ofTable) =>
				[...ofTable.values()].some((chunk) => chunk.round === round && chunk.rows !== 0),
			),
		partitioningOf: (relation) => partitionings.get(relation),
		fixPartitioning(session, relation, partitioning, round) {
			if (partitionings.has(relation)) return Promise.resolve();
			const known = fixing.get(relation) ?? store(session, relation, partitioning, round);
			fixing.set(relation, known);
			return known;
		},
		async notedRows(session, noted) {
			const [found] = await session.query<{ rows: number }>(`
select coalesce(pg_catalog.sum(p.rows), 0)::pg_catalog.int8 as rows from ${LEDGER_SCHEMA}.rows_chunks p
join pg_catalog.jsonb_to_recordset(${literal(JSON.stringify(noted))}::pg_catalog.jsonb) as n (relation text, chunk int4)
  on p.relation = n.relation and p.chunk = n.chunk`);
			return found?.rows ?? 0;
		},
	};
	return ledger;
}

async function isOurs(target: Session, job: string): Promise<boolean> {
	const [made] = await target.query(
		`select pg_catalog.to_regclass('${LEDGER_SCHEMA}.rows_job') is not null as found`,
	);
	if (made?.['found'] !== true) return false;
	const [row] = await target.query(`select job from ${LEDGER_SCHEMA}.rows_job`);
	return row?.['job'] === job;
}

function overtaken(): TwinsError {
	return new TwinsError(
		'conflict',
		'Another worker of this clone divides the same table',
		'Nothing to do: the step is repeated.',
		{ passing: true },
	);
}
