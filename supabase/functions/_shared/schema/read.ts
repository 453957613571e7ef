// Reads databases as facts. One statement holds every kind's query and joins the dependencies between their
// results, so that Postgres and not we pay for it; three ways to look at it differ in what comes back.
import type { ComponentKey } from '../domain/component.ts';
import type { Thing } from '../domain/thing.ts';
import { isLocked, READERS_PATIENCE } from '../platform/locks.ts';
import { readAgain } from '../platform/schema-changes.ts';
import { literal, isPlanned, plannedOnce, type Session } from '../platform/postgres/index.ts';
import { schemaOf } from './names.ts';
import type { Fact, FactRow, Facts, Kind, SchemaStage } from './fact.ts';
import { KINDS } from './kinds/index.ts';
import { anyBeside, forgetKinds, presentKinds } from './present-kinds.ts';
import { UNEXPLAINED } from './narrow-read.ts';
import {
	DEPENDENCY,
	narrowReading,
	numberOf,
	placedFacts,
	type Reading,
	wholeReading,
} from './reading.ts';
import { allRead } from './unread.ts';

/** One fact as the statement packs it: kind's number, then FactRow's columns. */
type PackedFact = [
	kind: number,
	identity: string,
	object: string,
	parent: string | null,
	definition: Readonly<Record<string, unknown>>,
	create: readonly string[] | null,
	drop: string | null,
	needs: readonly string[] | null,
	component: ComponentKey,
	stage: SchemaStage,
	folded: boolean | null,
	parts: FactRow['parts'],
];

/** Checksum, number of the objects (attributes and parts not counted) and of all facts of one cell. */
export type Cell = readonly [hash: string, objects: number, facts: number];

/**
 * A whole database in short: per root (an object with no parent but its schema) and cell (`stage/component`,
 * or `stage/component/kind` for kinds that are `early`) a checksum over ids and definitions.
 */
export type Digest = ReadonlyMap<string, ReadonlyMap<string, Cell>>;

/** Cells of roots: root → cells. */
export type Cells = ReadonlyMap<string, ReadonlySet<string>>;

/** An object of the source by name only. */
export interface NamedObject {
	readonly kind: Thing;
	readonly component: ComponentKey;
	readonly stage: SchemaStage;
	readonly object: string;
}

/** Attempts before the facts are read one kind after the other. */
const WHOLE_ATTEMPTS = 2;

/** Once something was locked, for this long the session does not try to read all at once: it costs as much again. */
const LOCKED_MS = 10_000;
const lockedUntil = new WeakMap<Session, number>();

interface Question {
	/** SQL, evaluated over `placed` and, with statements, `dependency`. $1 are the numbers of the kinds. */
	readonly expression: string;
	/** Statements of facts come along with dependencies. */
	readonly withStatements: boolean;
	/** Array constants that the expression calls $2, $3 … */
	readonly lists: readonly string[];
	readonly path?: string | undefined;
}

/** Schemas whose names are not printed, quoted, as `set search_path to …` has them: none, if left out. */
export type PrintedPath = string | undefined;

/**
 * Evaluates an expression over the facts of some kinds in a consistent, read-only transaction with predictable
 * printing; and again, in smaller parts, when what is printed is dropped meanwhile or locked by others. The expressions
 * are few, because planning one takes longer than reading a small schema.
 */
async function ask(
	session: Session,
	kinds: readonly Kind[],
	{ expression, withStatements, lists, path }: Question,
): Promise<unknown> {
	let isWaiting = performance.now() < (lockedUntil.get(session) ?? 0);
	const { answer } = await readAgain(session, async (attempt) => {
		const isNarrow = isWaiting || attempt > WHOLE_ATTEMPTS;
		const unexplained = isNarrow ? UNEXPLAINED : 'null::json';
		const present = await presentKinds(session);
		const others = isNarrow ? 'false' : anyBeside(present);
		const textOf = (of: Reading): string => `${placedFacts(of)}${withStatements ? DEPENDENCY : ''}
select ${expression} as answer, ${unexplained} as unexplained, ${others} as others`;
		const { reading, text } = isNarrow
			? asText(narrowReading(kinds, withStatements), textOf)
			: fewestPlanned(session, kinds, present, withStatements, textOf);
		const numbers = textArray(kinds.map((kind) => String(numberOf(kind))));
		const { run, remember } = plannedOnce(session, text, [numbers, ...lists]);
		const reads = session.script(
			`begin transaction isolation level repeatable read read only;
set local search_path = ${path ?? "''"};
set local quote_all_identifiers = off;
set local jit = off;
set local plan_cache_mode = force_generic_plan;
set local statement_timeout = '120s';
set local work_mem = '64MB';
${READERS_PATIENCE};
${reading.script}${run};
commit`,
		);
		const results = await reads.catch((error: unknown) => {
			if (isNarrow || !isLocked(error)) throw error;
			isWaiting = true;
			lockedUntil.set(session, performance.now() + LOCKED_MS);
		});
		if (results === undefined) {
			await session.script('rollback');
			return undefined;
		}
		remember();
		const row = results.flat().find((row) => 'answer' in row);
		if (row?.['others'] === true) {
			forgetKinds(session);
			return undefined;
		}
		return (row?.['unexplained'] ?? null) === null ? { answer: row?.['answer'] ?? [] } : undefined;
	});
	return answer;
}

interface ReadingText {
	readonly reading: Reading;
	readonly text: string;
}

const asText = (reading: Reading, textOf: (reading: Reading) => string): ReadingText => ({
	reading,
	text: textOf(reading),
});

/**
 * The statement that takes the least planning, which costs more than all else while a schema is small: the one of all kinds
 * where the session has planned it, else one of the few that are asked.
 */
function fewestPlanned(
	session: Session,
	kinds: readonly Kind[],
	present: ReadonlySet<Kind>,
	withStatements: boolean,
	textOf: (reading: Reading) => string,
): ReadingText {
	const whole = asText(wholeReading(withStatements, [...present]), textOf);
	const asked = kinds.filter((kind) => present.has(kind));
	if (asked.length * 2 > present.size || isPlanned(session, whole.text)) return whole;
	return asText(wholeReading(withStatements, asked), textOf);
}

/** What is asked of the facts without their statements: $2 says which of the two, or both. */
const IN_SHORT = `pg_catalog.json_build_array(
case when 'digest' = any ($2) then (select pg_catalog.json_agg(pg_catalog.json_build_array(c.root, c.cells)) from (
  select b.root, pg_catalog.json_object_agg(b.cell, pg_catalog.json_build_array(b.hash, b.objects, b.facts)) as cells
    from (
    select p.root, p.cell, pg_catalog.md5(pg_catalog.string_agg(p.id || p.definition::pg_catalog.text, ''
      order by p.id collate "C")) as hash,
      pg_catalog.count(*) filter (where p.counts) as objects, pg_catalog.count(*) as facts
    from placed p group by p.root, p.cell) b
  group by b.root) c) end,
case when 'names' = any ($2) then (
  select pg_catalog.json_agg(pg_catalog.json_build_array(pg_catalog.split_part(p.id, ':', 1), p.of_component,
    p.of_stage, p.object) order by p.kind, p.identity collate "C")
  from placed p where p.counts) end)`;

async function askInShort(
	session: Session,
	kinds: readonly Kind[],
	what: readonly ('digest' | 'names')[],
	path: PrintedPath,
): Promise<{ readonly digest: Digest; readonly names: readonly NamedObject[] }> {
	const lists = [textArray(what)];
	const answer = await ask(session, kinds, {
		expression: IN_SHORT,
		withStatements: false,
		lists,
		path,
	});
	const [roots, names] = answer as [
		[string, Record<string, Cell>][] | null,
		[Thing, ComponentKey, SchemaStage, string][] | null,
	];
	return {
		digest: new Map((roots ?? []).map(([root, cells]) => [root, new Map(Object.entries(cells))])),
		names: (names ?? []).map(([kind, component, stage, object]) => ({
			kind,
			component,
			stage,
			object,
		})),
	};
}

/**
 * The facts of the cells $3 or with the ids $4, or all; and who needs whom in the whole database, if asked by $2. What is
 * in a schema counts as needing it only for the schemas $5: a change of others does not concern all that is in them.
 */
const IN_FULL = `pg_catalog.json_build_array(
(select pg_catalog.json_agg(pg_catalog.json_build_array(f.kind, f.identity, f.object, f.parent, f.definition,
  f."create", f."drop", case when f.needs is null then d.needs
    else pg_catalog.array_remove(f.needs, null) || d.needs end,
  f.of_component, f.of_stage, f.folded, f.parts)
  order by f.kind, case when f.position is not null then f.parent end collate "C", f.position, f.identity collate "C")
from placed f left join (select id, pg_catalog.array_agg(distinct need) as needs from dependency
  group by id) d on d.id = f.id
where 'all' = any ($2) or f.cell || ' ' || f.root in (select pg_catalog.unnest($3))
  or f.id in (select pg_catalog.unnest($4))),
case when 'dependents' = any ($2) then (select pg_catalog.json_agg(pg_catalog.json_build_array(e.need, e.ids)) from (
  select u.need, pg_catalog.array_agg(u.id) as ids from (
    select id, need from dependency
    union select p.id, p.parent from placed p where p.parent is not null
    union select p.id, n from placed p, pg_catalog.unnest(p.needs) n) u
  where u.need not like 'schema:%' or u.need = any ($5)
  group by u.need) e) end)`;

interface FactsAsked {
	/** Its cells, and their roots. */
	readonly cells?: Cells;
	readonly ids?: Iterable<string>;
	/** Who needs whom comes along, with the schemas that count. */
	readonly dependents?: readonly string[];
	readonly path?: PrintedPath;
}

/** Without an argument all facts. */
async function askInFull(
	session: Session,
	kinds: readonly Kind[],
	asked?: FactsAsked,
): Promise<{ facts: Fact[]; dependents: Map<string, string[]> }> {
	const { cells = new Map(), ids = [], dependents, path } = asked ?? {};
	const what = [...(asked ? [] : ['all']), ...(dependents ? ['dependents'] : [])];
	const keys = [...cells].flatMap(([root, set]) => [...set].map((cell) => `${cell} ${root}`));
	const lists = [what, keys, new Set([...ids, ...cells.keys()]), dependents ?? []].map(textArray);
	const question = { expression: IN_FULL, withStatements: true, lists, path };
	const answer = await ask(session, kinds, question);
	const [facts, edges] = answer as [unknown, [string, string[]][] | null];
	return { facts: unpack(facts ?? []), dependents: new Map(edges ?? []) };
}

const isRoutine = (id: string): boolean =>
	id.startsWith('function:') || id.startsWith('aggregate:');

function unpack(answer: unknown): Fact[] {
	return (answer as PackedFact[]).map((fact): Fact => {
		const [number, identity, object, parent, definition, create, drop, needs, component, stage] =
			fact;
		const kind = KINDS[number];
		const routines = needs?.filter(isRoutine) ?? [];
		const id = `${kind?.name ?? ''}:${identity}`;
		const schemas = new Set(
			[id, parent ?? '', ...(needs ?? [])].flatMap((one) => schemaOf(one) ?? []),
		);
		if (!kind) throw new Error(`no kind number ${number}`);
		return {
			id,
			kind: kind.name,
			identity,
			object,
			parent,
			definition,
			create: create ?? [],
			drop,
			needs: parent === null ? (needs ?? []) : [parent, ...(needs ?? [])],
			component,
			stage,
			folded: fact[10] === true,
			...(fact[11] == null ? {} : { parts: fact[11] }),
			...(routines.length > 0 ? { routines } : {}),
			schemas: [...schemas],
		};
	});
}

/** Facts by id, with who needs whom turned round. Needs that are no facts (the platform's) are dropped. */
export function indexFacts(facts: Iterable<Fact>): Facts {
	const byId = new Map<string, Fact>();
	for (const fact of facts) byId.set(fact.id, fact);
	for (const [id, fact] of byId) {
		const needs = [...new Set(fact.needs)].filter((need) => need !== id && byId.has(need));
		byId.set(id, { ...fact, needs });
	}
	return { byId, dependents: dependentsIn(byId.values()) };
}

/** Who needs whom, turned round: by the id of what is needed. */
export function dependentsIn(facts: Iterable<Pick<Fact, 'id' | 'needs'>>): Map<string, string[]> {
	const dependents = new Map<string, string[]>();
	for (const { id, needs } of facts) {
		for (const need of needs) {
			const list = dependents.get(need);
			if (list) list.push(id);
			else dependents.set(need, [id]);
		}
	}
	return dependents;
}

/** Select of every address that is a fact's: what has another is read by no kind. */
export const factAddresses = (kinds: readonly Kind[]): string =>
	kinds
		.filter((kind) => kind.attribute?.describes !== true)
		.map((kind) => `select pg_catalog.unnest(f.addresses) as address from (${kind.read}) f`)
		.join('\nunion ');

/** All facts of the session's database. Throws what the session throws, and where somebody locks one of them. */
export const readFacts = async (
	session: Session,
	kinds: readonly Kind[] = KINDS,
): Promise<Facts> => {
	const { facts } = await askInFull(session, kinds);
	return indexFacts(allRead(facts));
};

/** The database in short: a few hundred bytes per object instead of all its facts. Roots are among `kinds`. */
export async function readDigest(
	session: Session,
	kinds: readonly Kind[] = KINDS,
	path?: PrintedPath,
): Promise<Digest> {
	return (await askInShort(session, kinds, ['digest'], path)).digest;
}

/** The same with the names of all objects: no slower than either. */
export const readDigestAndNames = (
	session: Session,
	kinds: readonly Kind[],
): ReturnType<typeof askInShort> => askInShort(session, kinds, ['digest', 'names'], undefined);

const arrayElement = (value: string): string =>
	`"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** As one constant, which the parser takes as a whole: there may be tens of thousands of them. */
const textArray = (values: Iterable<string>): string =>
	`${literal(`{${[...values].map(arrayElement).join(',')}}`)}::pg_catalog.text[]`;

/** The facts of the given cells and of `ids`, and the roots of the cells. */
export const readCells = async (
	session: Session,
	cells: Cells,
	ids: Iterable<string>,
	path?: PrintedPath,
): Promise<Fact[]> => (await askInFull(session, KINDS, { cells, ids, path })).facts;

/**
 * The facts of the given cells, and who needs whom in the whole database. What is in a schema counts as needing it
 * only for the schemas of `going`.
 */
export const readCellsWithDependents = (
	session: Session,
	cells: Cells,
	going: readonly string[],
	path?: PrintedPath,
): Promise<{ facts: Fact[]; dependents: Map<string, string[]> }> =>
	askInFull(session, KINDS, {
		cells,
		dependents: going.filter((id) => id.startsWith('schema:')),
		path,
	});

/** Names of all objects, attributes and parts left out. */
export async function readNames(
	session: Session,
	kinds: readonly Kind[] = KINDS,
	path?: PrintedPath,
): Promise<readonly NamedObject[]> {
	return (await askInShort(session, kinds, ['names'], path)).names;
}
