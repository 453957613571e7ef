// Reads one database as facts: every kind's query and the dependencies between their results, in one
// statement and one round trip, so that Postgres and not we pay for the joins.
import type { ComponentKey } from '../domain/component.ts';
import type { Session } from '../platform/session.ts';
import { literal } from '../platform/sql.ts';
import type { Fact, Facts, Kind, SchemaStage } from './fact.ts';
import { KINDS } from './kinds/index.ts';

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
	component: ComponentKey | null,
	stage: SchemaStage | null,
	folded: boolean | null,
];

// Unqualified names find the kind's own column where its query has one, and else the default beside it.
const branch = (kind: Kind, number: number): string => `
select k.* from (select null::text as parent, null::text as "drop", null::text[] as needs,
  null::text as component, null::text as stage, false as folded, null::int4 as position) d
cross join lateral (
  select ${number} as kind, ${literal(`${kind.name}:`)} || f.identity as id, f.identity, f.object, f.addresses,
    parent, f.definition, f."create", "drop", needs, component, stage, folded, position
  from (${kind.read}) f) k`;

/**
 * The statement. A dependency of an object's part (a view's rewrite rule, a table's row type, an
 * extension's member) counts for the fact that lists the part's address. A sequence's automatic
 * dependency on the column that owns it is left out: it says who drops it, not what it needs.
 */
function factsQuery(kinds: readonly Kind[]): string {
	const numbered = kinds.map((kind, number) => ({ kind, text: branch(kind, number) }));
	const union = (describes: boolean): string =>
		numbered
			.filter(({ kind }) => (kind.describes ?? false) === describes)
			.map(({ text }) => text)
			.join('\nunion all');
	const descriptions = union(true);
	return `
with object as materialized (${union(false)}
), part as materialized (
  select a.address, o.id, pg_catalog.split_part(o.id, ':', 1) as kind from object o, pg_catalog.unnest(o.addresses) a (address) where a.address is not null
), fact as materialized (
  select * from object${descriptions === '' ? '' : `\n  union all ${descriptions}`}
), dependency as (
  select s.id, pg_catalog.array_agg(distinct t.id) as needs
  from (
    select d.classid || '/' || d.objid || '/' || d.objsubid as dependent, d.refclassid || '/' || d.refobjid || '/' || d.refobjsubid as referenced
    from pg_catalog.pg_depend d
    where d.deptype in ('n', 'a')
      and not (d.deptype = 'a' and d.classid = 1259 and d.refclassid = 1259
        and exists (select from pg_catalog.pg_class c where c.oid = d.objid and c.relkind = 'S'))
    union all
    select d.classid || '/' || d.objid || '/' || d.objsubid, d.refclassid || '/' || d.refobjid || '/0'
    from pg_catalog.pg_shdepend d
    where d.dbid = (select b.oid from pg_catalog.pg_database b where b.datname = pg_catalog.current_database())
  ) d
  join part s on s.address = d.dependent
  join part t on t.address = d.referenced
  where s.id <> t.id
  group by s.id
)
select pg_catalog.json_agg(pg_catalog.json_build_array(f.kind, f.identity, f.object, f.parent, f.definition,
  f."create", f."drop", case when f.needs is null then d.needs else f.needs || d.needs end,
  f.component, f.stage, f.folded) order by f.kind, case when f.position is not null then f.parent end collate "C", f.position, f.identity collate "C") as facts
from fact f left join dependency d on d.id = f.id`;
}

/** Inherits component and stage of attributes from what they describe, so that a stage takes both. */
function resolve(packed: PackedFact, kinds: readonly Kind[], known: Map<string, Fact>): Fact {
	const [number, identity, object, parent, definition, create, drop, needs, component, stage] =
		packed;
	const kind = kinds[number];
	if (!kind) throw new Error(`no kind number ${number}`);
	const holder = parent !== null && kind.attribute ? known.get(parent) : undefined;
	return {
		id: `${kind.name}:${identity}`,
		kind: kind.name,
		identity,
		object,
		parent,
		definition,
		create: create ?? [],
		drop,
		needs: parent === null ? (needs ?? []) : [parent, ...(needs ?? [])],
		component: component ?? holder?.component ?? kind.component,
		stage: stage ?? holder?.stage ?? kind.stage,
		folded: packed[10] === true,
	};
}

/** Facts by id, with who needs whom turned round. Needs that are no facts (the platform's) are dropped. */
export function indexFacts(facts: Iterable<Fact>): Facts {
	const byId = new Map<string, Fact>();
	for (const fact of facts) byId.set(fact.id, fact);
	const dependents = new Map<string, string[]>();
	for (const [id, fact] of byId) {
		const needs = [...new Set(fact.needs)].filter((need) => need !== id && byId.has(need));
		byId.set(id, { ...fact, needs });
		for (const need of needs) {
			const list = dependents.get(need);
			if (list) list.push(id);
			else dependents.set(need, [id]);
		}
	}
	return { byId, dependents };
}

/** All facts of the session's database, in one consistent read. Throws what the session throws. */
export async function readFacts(session: Session, kinds: readonly Kind[] = KINDS): Promise<Facts> {
	const results = await session.script(
		`begin transaction isolation level repeatable read read only;
set local search_path = '';
set local quote_all_identifiers = off;
set local jit = off;
set local statement_timeout = '120s';
set local work_mem = '64MB';
${factsQuery(kinds)};
commit`,
	);
	const rows = results.flat().filter((row) => 'facts' in row);
	const packed = (rows[0]?.['facts'] ?? []) as PackedFact[];
	const known = new Map<string, Fact>();
	for (const row of packed) {
		const fact = resolve(row, kinds, known);
		known.set(fact.id, fact);
	}
	return indexFacts(known.values());
}
