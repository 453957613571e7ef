// The ledger on the target: who loads which part of which table, and what is in. Every load claims its parts
// in its own transaction first, by raising their version: a worker that was thought dead then waits, and
// fails, instead of loading its part a second time. It is a fence, not the truth: that is always found by
// comparing both sides. Made at the first load, dropped when the stage is done.
import { TwinsError } from '../../domain/errors.ts';
import type { Session } from '../../platform/session.ts';
import { literal } from '../../platform/sql.ts';
import { LEDGER_SCHEMA } from '../../schema/scope.ts';
import type { Division } from './division.ts';

export interface Part {
	readonly unit: string;
	readonly part: number;
}

interface StoredPart extends Part, Record<string, unknown> {
	readonly version: number;
	readonly round: number;
	/** Rows of its last load; null when the worker died before it noted them. */
	readonly rows: number | null;
}

export interface Ledger {
	/** Makes the ledger on the target, unless this slice found or made it already. */
	ensure(session: Session): Promise<void>;
	/** SQL of the claim, to stand first in the load's transaction. */
	claim(parts: readonly Part[], round: number): string;
	/** The load that claimed these parts was committed. */
	claimed(parts: readonly Part[], round: number): void;
	/** Notes how many rows were loaded: for the report only. */
	record(session: Session, rows: readonly (Part & { readonly rows: number })[]): Promise<void>;
	/** Rows that this job loaded into a unit; null when not known; undefined when nothing was loaded. */
	loadedRows(unit: string): number | null | undefined;
	/** Parts of a unit that were loaded in a round. */
	loadedIn(unit: string, round: number): readonly number[];
	/** True when anything was loaded in a round. */
	anyLoadedIn(round: number): boolean;
	/** How a unit is divided since its first load. */
	divisionOf(unit: string): Division | undefined;
	/** Fixes how a unit is divided, once. Throws `conflict` (passing) when somebody was faster. */
	fixDivision(session: Session, unit: string, division: Division, round: number): Promise<void>;
	/** Reads back how many rows the server noted itself, for loads that COPY does not count. */
	notedRows(session: Session, parts: readonly Part[]): Promise<number>;
}

/** Two workers that make the same objects at once would fail; the scripts are one transaction each. */
const ALONE = `select pg_advisory_xact_lock(hashtext('${LEDGER_SCHEMA} rows'))`;

const TABLES = `
${ALONE};
create schema if not exists ${LEDGER_SCHEMA};
create table if not exists ${LEDGER_SCHEMA}.rows_job (
  only_row bool primary key default true check (only_row),
  job text not null
);
create table if not exists ${LEDGER_SCHEMA}.rows_parts (
  unit text not null,
  part int4 not null,
  version int4 not null,
  round int4 not null,
  rows int8,
  primary key (unit, part)
);
create table if not exists ${LEDGER_SCHEMA}.rows_divisions (
  unit text primary key,
  division jsonb not null
);
create or replace function ${LEDGER_SCHEMA}.rows_claim(claiming text, in_round int4, wanted jsonb)
returns void language plpgsql set search_path = '' as $function$
declare
  taken int4;
begin
  -- Waits for whoever begins a job or ends one; what is read after this is theirs.
  lock table ${LEDGER_SCHEMA}.rows_parts in row exclusive mode;
  if not exists (select from ${LEDGER_SCHEMA}.rows_job where job = claiming) then
    raise exception 'the clone was taken over by another job' using errcode = '40001';
  end if;
  with claims as (
    select w.unit, w.part, w.version
    from jsonb_to_recordset(wanted) as w (unit text, part int4, version int4)
  ), upserted as (
    insert into ${LEDGER_SCHEMA}.rows_parts as p (unit, part, version, round)
    select c.unit, c.part, c.version + 1, in_round from claims c
    order by c.unit, c.part
    on conflict (unit, part) do update
      set version = excluded.version, round = excluded.round, rows = null
      where p.version = excluded.version - 1
    returning 1
  )
  select count(*) into taken from upserted;
  if taken < jsonb_array_length(wanted) then
    raise exception 'another worker loads the same rows' using errcode = '40001';
  end if;
end
$function$`;

/** One transaction: a worker of an earlier job either finishes before it, or finds its job gone. */
const begin = (job: string): string => `
begin;
lock table ${LEDGER_SCHEMA}.rows_parts in access exclusive mode;
delete from ${LEDGER_SCHEMA}.rows_divisions
  where not exists (select from ${LEDGER_SCHEMA}.rows_job where job = ${literal(job)});
delete from ${LEDGER_SCHEMA}.rows_parts
  where not exists (select from ${LEDGER_SCHEMA}.rows_job where job = ${literal(job)});
insert into ${LEDGER_SCHEMA}.rows_job (job) values (${literal(job)})
  on conflict (only_row) do update set job = excluded.job;
commit`;

/** What other components keep in the schema stays, and the schema with it. */
const DROP = `
${ALONE};
drop table if exists ${LEDGER_SCHEMA}.rows_parts, ${LEDGER_SCHEMA}.rows_divisions, ${LEDGER_SCHEMA}.rows_job;
drop function if exists ${LEDGER_SCHEMA}.rows_claim(text, int4, jsonb);
do $$
begin
  if to_regnamespace('${LEDGER_SCHEMA}') is not null then
    drop schema ${LEDGER_SCHEMA};
  end if;
exception when dependent_objects_still_exist then null;
end
$$`;

/** Reads what this job has in the target's ledger; nothing is made yet. */
export async function openLedger(target: Session, job: string): Promise<Ledger> {
	const parts = new Map<string, Map<number, StoredPart>>();
	const divisions = new Map<string, Division>();
	const fixing = new Map<string, Promise<void>>();
	let isMade: Promise<void> | undefined;

	if (await isOurs(target, job)) {
		isMade = Promise.resolve();
		const [stored = [], divided = []] = await target.script(`
select unit, part, version, round, rows from ${LEDGER_SCHEMA}.rows_parts;
select unit, division from ${LEDGER_SCHEMA}.rows_divisions`);
		for (const row of stored as StoredPart[]) remember(row);
		for (const { unit, division } of divided as { unit: string; division: Division }[]) {
			divisions.set(unit, division);
		}
	}

	function remember(part: StoredPart): void {
		const ofUnit = parts.get(part.unit) ?? new Map<number, StoredPart>();
		parts.set(part.unit, ofUnit.set(part.part, part));
	}

	async function store(
		session: Session,
		unit: string,
		division: Division,
		round: number,
	): Promise<void> {
		await ledger.ensure(session);
		// Part 0 stands for the whole table too: a worker that still loads it whole is waited for.
		const first = { unit, part: 0 };
		const stored = await session.script(`
begin;
${ledger.claim([first], round - 1)};
insert into ${LEDGER_SCHEMA}.rows_divisions values (${literal(unit)}, ${literal(JSON.stringify(division))}::jsonb)
  on conflict do nothing returning 1;
commit`);
		ledger.claimed([first], round - 1);
		if (stored[2]?.length === 0) throw overtaken();
		divisions.set(unit, division);
	}

	const versionOf = ({ unit, part }: Part): number => parts.get(unit)?.get(part)?.version ?? 0;

	const ledger: Ledger = {
		ensure: (session) =>
			(isMade ??= (async () => {
				await session.script(`${TABLES};${begin(job)}`);
			})()),
		claim(wanted, round) {
			const list = wanted.map((part) => ({ ...part, version: versionOf(part) }));
			return `select ${LEDGER_SCHEMA}.rows_claim(${literal(job)}, ${round}, ${literal(JSON.stringify(list))}::jsonb)`;
		},
		claimed(claimedParts, round) {
			for (const { unit, part } of claimedParts) {
				remember({ unit, part, version: versionOf({ unit, part }) + 1, round, rows: null });
			}
		},
		async record(session, loaded) {
			for (const part of loaded) {
				const known = parts.get(part.unit)?.get(part.part);
				if (known) remember({ ...known, rows: part.rows });
			}
			await session.query(`
update ${LEDGER_SCHEMA}.rows_parts p set rows = l.rows
from jsonb_to_recordset(${literal(JSON.stringify(loaded))}::jsonb) as l (unit text, part int4, rows int8)
where p.unit = l.unit and p.part = l.part`);
		},
		loadedRows(unit) {
			const ofUnit = parts.get(unit);
			if (!ofUnit) return undefined;
			return [...ofUnit.values()].reduce<number | null>(
				(sum, { rows }) => (sum === null || rows === null ? null : sum + rows),
				0,
			);
		},
		loadedIn: (unit, round) =>
			[...(parts.get(unit)?.values() ?? [])]
				.filter((part) => part.round === round)
				.map(({ part }) => part),
		anyLoadedIn: (round) =>
			[...parts.values()].some((ofUnit) =>
				[...ofUnit.values()].some((part) => part.round === round && part.rows !== 0),
			),
		divisionOf: (unit) => divisions.get(unit),
		fixDivision(session, unit, division, round) {
			if (divisions.has(unit)) return Promise.resolve();
			const known = fixing.get(unit) ?? store(session, unit, division, round);
			fixing.set(unit, known);
			return known;
		},
		async notedRows(session, noted) {
			const [found] = await session.query<{ rows: number }>(`
select coalesce(sum(p.rows), 0)::int8 as rows from ${LEDGER_SCHEMA}.rows_parts p
join jsonb_to_recordset(${literal(JSON.stringify(noted))}::jsonb) as n (unit text, part int4)
  on p.unit = n.unit and p.part = n.part`);
			return found?.rows ?? 0;
		},
	};
	return ledger;
}

/** Removes the ledger from the target, whoever made it; later claims fail then. */
export async function dropLedger(target: Session): Promise<void> {
	await target.script(DROP);
}

async function isOurs(target: Session, job: string): Promise<boolean> {
	const [made] = await target.query(
		`select to_regclass('${LEDGER_SCHEMA}.rows_job') is not null as found`,
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
