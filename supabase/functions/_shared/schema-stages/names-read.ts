// Everything of a database that can be renamed, under the oid that it keeps, with the words that rename it. Labels of enums
// are not among it: with them the values of rows change, which is for the guard of rows to see.
import { readAgain } from '../platform/schema-changes.ts';
import { plannedOnce, type Session } from '../platform/postgres/index.ts';
import { keyFact, RELATION, RELATION_FACT } from '../schema/kinds/table-sql.ts';
import { notOfExtension, userSchema } from '../platform/supabase/managed-schemas.ts';

/** Something that can be renamed. */
export interface Named {
	/** Catalog, oid and number of a part; never changes. */
	readonly address: string;
	/** Address of the schema, table or type that it is in; none for schemas. */
	readonly holder: string | null;
	/** Quoted as statements need it. */
	readonly name: string;
	/** Id of the fact that it is or belongs to. */
	readonly fact: string;
	/** Quoted, of what stands directly in a schema. */
	readonly schema: string | null;
	/** `before` schema and name `after` is what is renamed; `verb` is followed by the new name. */
	readonly before: string;
	readonly after: string;
	readonly verb: string;
	/** Where only one thing may have this name; to be completed with the schema, where there is one. */
	readonly spaces: readonly string[];
	/** 0 for schemas, 1 for what is in them, 2 for parts of that: names of the former are in the words of the latter. */
	readonly level: number;
	readonly component: string;
}

const ROUTINE = `pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes))`;
const ON_RELATION = `' on ' || ${RELATION}`;
const SCHEMA = `'2615/' || n.oid`;
const RELATION_WORD = `case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
      when 'S' then 'sequence' when 'f' then 'foreign table'
      when 'c' then 'type' else 'table' end`;
const RELATION_COMPONENT = `case when c.relkind in ('v', 'm') then 'views' else 'tables' end`;
const RELATION_ID = `case c.relkind when 'S' then 'sequence:' || ${RELATION}
      when 'c' then 'composite_type:' || ${RELATION} else ${RELATION_FACT} end`;
const userRelation = (kinds: string): string =>
	`c.relkind in (${kinds}) and ${userSchema('n.nspname')} and ${notOfExtension('pg_class', 'c.oid')}`;

/** Parts of a relation that are renamed with `alter <word> <name> on <relation>`. */
const onRelation = (
	catalog: string,
	alias: string,
	columns: { readonly oid: string; readonly relation: string; readonly name: string },
	fact: string,
	component: string,
	where = 'true',
): string => `
select '${catalog}/' || ${alias}.oid, '1259/' || c.oid, pg_catalog.quote_ident(${alias}.${columns.name}), null, ${fact},
  'alter ${alias} ', ${ON_RELATION},
  ' rename to ', array['${alias} ' || c.oid], 2, ${component}
from pg_catalog.pg_${alias === 'rule' ? 'rewrite' : alias} ${alias}
  join pg_catalog.pg_class c on c.oid = ${alias}.${columns.relation}
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where ${where} and ${userRelation(`'r', 'p', 'v', 'm', 'f'`)}`;

const POLICIES = onRelation(
	'3256',
	'policy',
	{ oid: 'oid', relation: 'polrelid', name: 'polname' },
	`pg_catalog.format('policy:%s.%I', ${RELATION}, policy.polname)`,
	`'policies'`,
);
const TRIGGERS = onRelation(
	'2620',
	'trigger',
	{ oid: 'oid', relation: 'tgrelid', name: 'tgname' },
	`pg_catalog.format('trigger:%s.%I', ${RELATION}, trigger.tgname)`,
	`'triggers'`,
	'not trigger.tgisinternal and trigger.tgparentid = 0',
);
const RULES = onRelation(
	'2618',
	'rule',
	{ oid: 'oid', relation: 'ev_class', name: 'rulename' },
	`pg_catalog.format('rule:%s.%I', ${RELATION}, rule.rulename)`,
	`'views'`,
	`rule.rulename <> '_RETURN'`,
);

const PARTS = `
select '2615/' || n.oid as address, null::pg_catalog.text as holder, pg_catalog.quote_ident(n.nspname) as name,
  null::pg_catalog.text as schema, 'schema:' || pg_catalog.quote_ident(n.nspname) as fact,
  'alter schema ' as before, '' as after, ' rename to ' as verb, array['schema'] as spaces, 0 as level,
  'tables' as component
from pg_catalog.pg_namespace n
  where ${userSchema('n.nspname')} and ${notOfExtension('pg_namespace', 'n.oid')} and n.nspname <> 'public'
union all
select '1259/' || c.oid, ${SCHEMA}, pg_catalog.quote_ident(c.relname), pg_catalog.quote_ident(n.nspname),
  ${RELATION_ID}, 'alter ' || ${RELATION_WORD} || ' ', '',
  ' rename to ', case when c.relkind = 'S' then array['relation']
  else array['relation', 'type'] end, 1, ${RELATION_COMPONENT}
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where ${userRelation(`'r', 'p', 'v', 'm', 'f', 'S', 'c'`)}
  and not exists (select from pg_catalog.pg_depend i where i.classid = 'pg_class'::pg_catalog.regclass
    and i.objid = c.oid and c.relkind = 'S' and i.deptype = 'i')
union all
select '1247/' || t.oid, ${SCHEMA}, pg_catalog.quote_ident(t.typname), pg_catalog.quote_ident(n.nspname),
  case t.typtype when 'e' then 'enum:' when 'd' then 'domain:'
  else 'range:' end || pg_catalog.format('%I.%I', n.nspname, t.typname),
  'alter type ', '', ' rename to ', array['type'], 1, 'tables'
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where t.typtype in ('e', 'd', 'r') and ${userSchema('n.nspname')} and ${notOfExtension('pg_type', 't.oid')}
union all
select '1255/' || p.oid, ${SCHEMA}, pg_catalog.quote_ident(p.proname), pg_catalog.quote_ident(n.nspname), 
  case p.prokind when 'a' then 'aggregate:' else 'function:' end || ${ROUTINE},
  'alter routine ', pg_catalog.format('(%s)', case p.prokind when 'p'
  then pg_catalog.pg_get_function_identity_arguments(p.oid) else pg_catalog.oidvectortypes(p.proargtypes) end),
  ' rename to ', array[pg_catalog.format('routine (%s)', pg_catalog.oidvectortypes(p.proargtypes))], 1, 'functions'
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where ${userSchema('n.nspname')} and ${notOfExtension('pg_proc', 'p.oid')}
  and not exists (select from pg_catalog.pg_depend i where i.classid = 'pg_proc'::pg_catalog.regclass
    and i.objid = p.oid and i.deptype = 'i')
union all
select '1259/' || c.oid || '/' || a.attnum, '1259/' || c.oid, pg_catalog.quote_ident(a.attname), null,
  case when c.relkind in ('r', 'p', 'f') then pg_catalog.format('column:%I.%I.%I', n.nspname, c.relname, a.attname)
  else ${RELATION_ID} end,
  pg_catalog.format('alter %s %s rename %s ', ${RELATION_WORD}, ${RELATION}, case c.relkind when 'c' then 'attribute'
  else 'column' end), '', ' to ',
  array['column ' || c.oid], 2, ${RELATION_COMPONENT}
from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and a.attinhcount = 0 and c.reloftype = 0
  and ${userRelation(`'r', 'p', 'v', 'm', 'f', 'c'`)}
union all
select '2606/' || k.oid, '1259/' || c.oid, pg_catalog.quote_ident(k.conname), null, case k.contype when 'c'
  then pg_catalog.format('check:%s.%I', ${RELATION}, k.conname)
    when 'f' then pg_catalog.format('foreign_key:%s.%I', ${RELATION}, k.conname) else ${keyFact('k', RELATION)} end,
  pg_catalog.format('alter table %s rename constraint ', ${RELATION}), '', ' to ',
  array['constraint ' || c.oid] || case when k.contype in ('p', 'u', 'x')
  then array['relation ' || pg_catalog.quote_ident(n.nspname)] else '{}' end, 2, 'tables'
from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where k.contype in ('c', 'f', 'p', 'u', 'x') and k.coninhcount = 0 and ${userRelation(`'r', 'p', 'f'`)}
union all
select '2606/' || k.oid, '1247/' || t.oid, pg_catalog.quote_ident(k.conname), null,
  pg_catalog.format('domain_check:%I.%I.%I', n.nspname, t.typname, k.conname),
  pg_catalog.format('alter domain %I.%I rename constraint ', n.nspname, t.typname), '', ' to ',
  array['constraint ' || t.oid], 2, 'tables'
from pg_catalog.pg_constraint k join pg_catalog.pg_type t on t.oid = k.contypid
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where k.contype = 'c' and ${userSchema('n.nspname')} and ${notOfExtension('pg_type', 't.oid')}
union all
select '1259/' || x.oid, '1259/' || c.oid, pg_catalog.quote_ident(x.relname), null, 
  pg_catalog.format('index:%I.%I', n.nspname, x.relname), pg_catalog.format('alter index %I.', n.nspname), '',
  ' rename to ', array['relation ' || pg_catalog.quote_ident(n.nspname)], 2, case c.relkind when 'm' then 'views'
  else 'tables' end
from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
  join pg_catalog.pg_class c on c.oid = i.indrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where ${userRelation(`'r', 'p', 'm'`)} and not exists (select from pg_catalog.pg_depend d
    where d.classid = 'pg_class'::pg_catalog.regclass and d.objid = x.oid
  and d.refclassid = 'pg_constraint'::pg_catalog.regclass and d.deptype = 'i')
union all
select '3381/' || s.oid, '1259/' || c.oid, pg_catalog.quote_ident(s.stxname), null,
  pg_catalog.format('statistics:%I.%I', sn.nspname, s.stxname),
  pg_catalog.format('alter statistics %I.', sn.nspname), '',
  ' rename to ', array['statistics ' || pg_catalog.quote_ident(sn.nspname)], 2, case c.relkind when 'm' then 'views'
  else 'tables' end
from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace sn on sn.oid = s.stxnamespace
  join pg_catalog.pg_class c on c.oid = s.stxrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where ${userRelation(`'r', 'p', 'm', 'f'`)}
union all${POLICIES}
union all${TRIGGERS}
union all${RULES}`;

/** What is enough to remember a thing by. */
export type NamedPlace = Pick<
	Named,
	'address' | 'holder' | 'name' | 'fact' | 'level' | 'component'
>;

const NAMES = `select coalesce(pg_catalog.json_agg(q order by q.address), '[]') as names from (${PARTS}) q`;
const PLACES = `select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('address', q.address, 'holder',
    q.holder, 'name', q.name,
  'fact', q.fact, 'level', q.level, 'component', q.component) order by q.address), '[]') as names from (${PARTS}) q`;

// Not checked row by row: it is our own query, and a copy of tens of thousands of columns takes a tenth of a worker's memory.
async function ask<T>(session: Session, query: string): Promise<readonly T[]> {
	const results = await readAgain(session, async () => {
		const { run, remember } = plannedOnce(session, query);
		const rows = await session.script(
			`begin transaction read only; set local search_path = ''; ${run}; commit`,
		);
		remember();
		return rows;
	});
	const row = results.flat().find((row) => 'names' in row);
	return (row?.['names'] ?? []) as readonly T[];
}

/** Everything that can be renamed. */
export const readNamed = (session: Session): Promise<readonly Named[]> => ask(session, NAMES);

/** The same, only as far as it is remembered: less than half as large. */
export const readPlaces = (session: Session): Promise<readonly NamedPlace[]> =>
	ask(session, PLACES);
