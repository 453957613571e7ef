// The text of the statement that reads facts: every kind's query, what describes what they found, where each fact stands
// and who needs whom. Who asks with it, and what for, is in read.ts.
import { literal } from '../platform/postgres/index.ts';
import type { Kind } from './fact.ts';
import { KINDS } from './kinds/index.ts';
import { isDropped, narrowScript, STORED_DESCRIPTIONS, STORED_OBJECTS } from './narrow-read.ts';

const NUMBERS: ReadonlyMap<string, number> = new Map(KINDS.map(({ name }, n) => [name, n]));

/** The number of a kind, the same in every statement. */
export function numberOf({ name }: Kind): number {
	const number = NUMBERS.get(name);
	if (number === undefined) throw new Error(`no kind ${name}`);
	return number;
}

// Unqualified names find the kind's own column where its query has one, and else the default beside it.
// Statements are left out where they are not wanted: building them is half the work.
const branch = (kind: Kind, withStatements: boolean): string => `
select k.* from (select null::pg_catalog.text as parent, null::pg_catalog.text as "drop",
  null::pg_catalog.text[] as needs,
  null::pg_catalog.text as component, null::pg_catalog.text as stage, false as folded,
  null::pg_catalog.int4 as position,
  null::pg_catalog.jsonb as parts) d
cross join lateral (
  select ${numberOf(kind)} as kind, ${literal(`${kind.name}:`)} || f.identity as id, f.identity, f.object, f.addresses,
    parent, f.definition, ${withStatements ? 'f."create", "drop"' : 'null::text[] as "create", null::text as "drop"'},
    needs, component, stage, folded, position, ${withStatements ? 'parts' : 'null::jsonb as parts'}
  from (${kind.read}) f) k`;

/** A query of facts, and when it is asked at all: a condition without columns, which costs nothing where it is false. */
interface FactQuery {
	readonly query: string;
	readonly condition?: string;
}

/** How the facts of a reading come: all kinds in one query, or as `narrowScript` stored them. */
export interface Reading {
	/** Runs first. */
	readonly script: string;
	readonly objects: readonly FactQuery[];
	/** Empty when there are none. */
	readonly descriptions: readonly FactQuery[];
}

/**
 * CTEs `<name>_0`, `<name>_1` …, one for each query, and the select of all their rows. As branches of one union all
 * of them were executed at twice the cost (measured: 282 ms against 108 ms).
 */
function unionOf(name: string, queries: readonly FactQuery[]): { ctes: string; rows: string } {
	return {
		ctes: queries.map(({ query }, n) => `${name}_${n} as materialized (${query}),\n`).join(''),
		rows: queries
			.map(
				({ condition }, n) => `select * from ${name}_${n}${condition ? ` where ${condition}` : ''}`,
			)
			.join(' union all '),
	};
}

/** `object` are the facts, `part` their addresses: for what is found by describing others. */
const withObjects = (queries: readonly FactQuery[]): string => {
	const { ctes, rows } = unionOf('objects', queries);
	return `
with ${ctes}object as materialized (
  select o.* from (${rows}) o
  where o.id is not null and pg_catalog.array_position(o."create", null) is null
    and not coalesce(${isDropped('o.addresses[1]')}, false)
), part as materialized (
  select a.address, o.id, pg_catalog.split_part(o.id, ':', 1) as kind
    from object o, pg_catalog.unnest(o.addresses) a (address) where a.address is not null
)`;
};

const describes = (kind: Kind): boolean => kind.attribute?.describes ?? false;

/**
 * All of `kinds` in one query; which of them are asked is said by $1, so that a statement of all kinds is planned once for
 * all questions.
 */
export function wholeReading(withStatements: boolean, kinds: readonly Kind[]): Reading {
	const queries = (some: readonly Kind[]): FactQuery[] =>
		some.map((kind) => ({
			query: branch(kind, withStatements),
			condition: `'${numberOf(kind)}' = any ($1)`,
		}));
	return {
		script: '',
		objects: queries(kinds.filter((kind) => !describes(kind))),
		descriptions: queries(kinds.filter(describes)),
	};
}

export function narrowReading(kinds: readonly Kind[], withStatements: boolean): Reading {
	const texts = (all: readonly Kind[]): string[] => all.map((kind) => branch(kind, withStatements));
	const objects = texts(kinds.filter((kind) => !describes(kind)));
	const descriptions = texts(kinds.filter(describes));
	const stored = { query: STORED_OBJECTS };
	return {
		script: `${narrowScript(objects, descriptions, (query) => withObjects([stored]) + query, withStatements)};\n`,
		objects: [stored],
		descriptions: descriptions.length === 0 ? [] : [{ query: STORED_DESCRIPTIONS }],
	};
}

/**
 * CTEs up to `placed`: every fact with its root and its cell. What is found by describing others (comments,
 * privileges) is of their component and stage. What holds a fact may have been dropped since it was printed.
 */
export function placedFacts({ objects, descriptions }: Reading): string {
	const describing = unionOf('descriptions', descriptions);
	const described = KINDS.map((kind) =>
		[
			numberOf(kind),
			literal(kind.component),
			literal(kind.stage),
			describes(kind),
			kind.attribute === undefined && kind.within !== true,
			kind.rows?.block ?? false,
		].join(', '),
	).join('), (');
	return `${withObjects(objects)},
${describing.ctes}fact as materialized (
  select * from object${
		descriptions.length === 0
			? ''
			: `\n  union all select d.* from (${describing.rows}) d
    where d.id is not null`
	}
), kind (number, component, stage, describes, counts, early) as (values (${described})
), placed as materialized (
  select f.*, w.component as of_component, w.stage as of_stage, k.counts,
    w.stage || '/' || w.component || case when k.early then '/' || pg_catalog.split_part(f.id, ':', 1)
    else '' end as cell,
    case when h.id is null or h.id like 'schema:%' then f.id when g.id is null or g.id like 'schema:%' then h.id
      when r.id is null or r.id like 'schema:%' then g.id else r.id end as root
  from fact f join kind k on k.number = f.kind
  left join fact h on h.id = f.parent left join kind hk on hk.number = h.kind
  left join fact g on g.id = h.parent left join fact r on r.id = g.parent
  cross join lateral (select
    coalesce(f.component, case when k.describes then coalesce(h.component, hk.component) end, k.component) as component,
    coalesce(f.stage, case when k.describes then coalesce(h.stage, hk.stage) end, k.stage) as stage) w
)`;
}

/**
 * CTE `dependency`. What an object's part needs (a view's rewrite rule, a table's row type, an extension's
 * member) counts for the fact that lists the part's address. A sequence's automatic dependency on the column
 * that owns it is left out: it says who drops it, not what it needs. A domain needs functions, operators and
 * sequences only for its default, which is a fact of its own. Of what is no fact, and of extensions, the schema is
 * noted: code of users in it may name its neighbours only.
 */
export const DEPENDENCY = `, dependency as materialized (
  select s.id, n.need
  from (
    select d.classid || '/' || d.objid || '/' || case when d.classid = 1247 and d.refclassid in (1255, 1259, 2617)
        and exists (select from pg_catalog.pg_type y where y.oid = d.objid and y.typtype = 'd') then 'default'
        else d.objsubid::pg_catalog.text end as dependent,
      d.refclassid || '/' || d.refobjid || '/' || d.refobjsubid as referenced, d.refclassid, d.refobjid
    from pg_catalog.pg_depend d
    where d.deptype in ('n', 'a')
      and not (d.deptype = 'a' and d.classid = 1259 and d.refclassid = 1259
        and exists (select from pg_catalog.pg_class c where c.oid = d.objid and c.relkind = 'S'))
    union all
    select d.classid || '/' || d.objid || '/' || d.objsubid, d.refclassid || '/' || d.refobjid || '/0', null, null
    from pg_catalog.pg_shdepend d
    where d.dbid = (select b.oid from pg_catalog.pg_database b where b.datname = pg_catalog.current_database())
  ) d
  join part s on s.address = d.dependent
  left join part t on t.address = d.referenced
  cross join lateral (values (t.id), (case when t.kind is null or t.kind = 'extension'
    then 'schema:' || (pg_catalog.pg_identify_object(d.refclassid, d.refobjid, 0)).schema end)) n (need)
  where s.id <> n.need
)`;
