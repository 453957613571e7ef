// Indexes that are no constraint's, extended statistics, and what names an index: partitions' indexes, the
// replica identity and the order of clustering.
import type { Kind } from '../fact.ts';
import { address } from '../address.ts';
import { besideTypes, keyFact, RELATION, RELATION_FACT, userTable } from './table-sql.ts';
import { ANY_CHILD, anyIn } from './text.ts';

const INDEX = `pg_catalog.format('%I.%I', n.nspname, x.relname)`;
const FROM = `
from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;
// Found by the index's internal dependency: pg_constraint has no index on conindid.
const OF_CONSTRAINT = (index: string): string =>
	`from pg_catalog.pg_depend kd join pg_catalog.pg_constraint k on k.oid = kd.refobjid and k.conindid = ${index}
    and k.contype in ('p', 'u', 'x')
    where kd.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and kd.objid = ${index}
      and kd.refclassid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and kd.deptype = 'i'`;

/** Id of the fact that owns an index, from its pg_class and pg_namespace. */
const indexFact = (index: string, schema: string): string =>
	`coalesce((select (select ${keyFact('k', `pg_catalog.format('%I.%I', ${schema}.nspname, kc.relname)`)}
    from pg_catalog.pg_class kc where kc.oid = k.conrelid)
    ${OF_CONSTRAINT(`${index}.oid`)}), pg_catalog.format('index:%I.%I', ${schema}.nspname, ${index}.relname))`;

const PARENT_INDEX = `(select ${indexFact('p', 'pn')} from pg_catalog.pg_inherits h
    join pg_catalog.pg_class p on p.oid = h.inhparent
    join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace where h.inhrelid = x.oid)`;

const COMPONENT = `case c.relkind when 'm' then 'views' end as component,
    case c.relkind when 'm' then 'views' end as stage`;

const indexKind: Kind = {
	name: 'index',
	component: 'tables',
	stage: 'relations',
	places: true,
	rows: { block: true },
	read: `
select ${INDEX} as identity, ${besideTypes('index', 'x')} as object,
  array[${address('pg_class', 'x.oid')}] as addresses, ${RELATION_FACT} as parent,
  pg_catalog.jsonb_build_object('definition', pg_catalog.pg_get_indexdef(x.oid), 'unique', i.indisunique,
    'statistics', s.targets) as definition,
  array[pg_catalog.pg_get_indexdef(x.oid)] || coalesce(s.statements, '{}') as create,
  case when not x.relispartition then pg_catalog.format('drop index %s', ${INDEX}) end as drop,
  case when x.relispartition then array[${PARENT_INDEX}] end as needs, ${COMPONENT}${FROM}
cross join lateral (select pg_catalog.jsonb_object_agg(a.attnum, a.attstattarget) as targets,
    pg_catalog.array_agg(pg_catalog.format('alter index %s alter column %s set statistics %s', ${INDEX}, a.attnum,
      a.attstattarget) order by a.attnum) as statements
  from pg_catalog.pg_attribute a where a.attrelid = x.oid and coalesce(a.attstattarget, -1) >= 0) s
where ${userTable(`'r', 'p', 'm'`)} and (i.indisvalid or x.relkind = 'I')
  and not exists (select ${OF_CONSTRAINT('x.oid')})`,
	ways: { definition: 'replace', unique: 'replace', statistics: 'replace' },
};

const indexPartitionKind: Kind = {
	name: 'index_partition',
	mayExist: ANY_CHILD,
	component: 'tables',
	stage: 'relations',
	places: true,
	attribute: { later: true },
	read: `
select ${INDEX} as identity, ${INDEX} as object, '{}'::pg_catalog.text[] as addresses, ${indexFact('x', 'n')} as parent,
  pg_catalog.jsonb_build_object('of', ${PARENT_INDEX}) as definition,
  array[pg_catalog.format('alter index %s attach partition %s',
    (select pg_catalog.format('%I.%I', pn.nspname, p.relname) from pg_catalog.pg_inherits h
    join pg_catalog.pg_class p on p.oid = h.inhparent join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
    where h.inhrelid = x.oid), ${INDEX})] as create,
  array[${PARENT_INDEX}, 'partition:' || ${RELATION}] as needs,
  case when i.indisprimary then 'structure' end as stage${FROM}
where x.relispartition and ${userTable()}`,
	ways: { of: 'follows' },
};

// Postgres lists the columns in the table's order, which an older table may not share with its source.
const statisticsKind: Kind = {
	name: 'statistics',
	mayExist: anyIn('pg_statistic_ext'),
	component: 'tables',
	stage: 'relations',
	places: true,
	read: `
select s.name as identity, 'statistics ' || s.name as object,
  array[${address('pg_statistic_ext', 's.oid')}] as addresses, ${RELATION_FACT} as parent,
  pg_catalog.jsonb_build_object('table', ${RELATION}, 'kinds', s.stxkind,
    'columns', (select pg_catalog.jsonb_agg(a.attname order by a.attname) from pg_catalog.pg_attribute a
      where a.attrelid = s.stxrelid and a.attnum = any (s.stxkeys)),
    'expressions', pg_catalog.to_jsonb(pg_catalog.pg_get_statisticsobjdef_expressions(s.oid)),
    'target', nullif(s.stxstattarget, -1)) as definition,
  array[pg_catalog.pg_get_statisticsobjdef(s.oid)] || case when coalesce(s.stxstattarget, -1) >= 0
    then array[pg_catalog.format('alter statistics %s set statistics %s', s.name, s.stxstattarget)]
      else '{}' end as create,
  pg_catalog.format('drop statistics %s', s.name) as drop, ${COMPONENT}
from (select e.*, pg_catalog.format('%I.%I', en.nspname, e.stxname) as name from pg_catalog.pg_statistic_ext e
  join pg_catalog.pg_namespace en on en.oid = e.stxnamespace) s
join pg_catalog.pg_class c on c.oid = s.stxrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where ${userTable(`'r', 'p', 'm', 'f'`)}`,
	ways: {
		table: 'replace',
		kinds: 'replace',
		columns: 'replace',
		expressions: 'replace',
		target: 'replace',
	},
};

const replicaIdentityKind: Kind = {
	name: 'replica_identity',
	mayExist: anyIn('pg_class', `x.relkind in ('r', 'p', 'm') and x.relreplident <> 'd'`),
	component: 'tables',
	stage: 'structure',
	places: true,
	attribute: { later: true },
	read: `
select ${RELATION} as identity, ${RELATION} as object, '{}'::pg_catalog.text[] as addresses,
  'table:' || ${RELATION} as parent,
  pg_catalog.jsonb_build_object('mode', c.relreplident, 'index', r.name) as definition,
  array[pg_catalog.format('alter table only %s replica identity %s', ${RELATION},
    case c.relreplident when 'f' then 'full' when 'n' then 'nothing'
    else pg_catalog.format('using index %I', r.name) end)] as create,
  pg_catalog.format('alter table only %s replica identity default', ${RELATION}) as drop,
  array[r.fact] as needs, case when r.fact is not null and r.fact not like 'primary_key:%' then 'relations' end as stage
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join lateral (select x.relname as name, ${indexFact('x', 'n')} as fact
  from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
  where i.indrelid = c.oid and i.indisreplident) r on true
where c.relreplident <> 'd' and (c.relreplident <> 'i' or r.name is not null) and ${userTable()}`,
	ways: { mode: 'create', index: 'create' },
};

const clusteredKind: Kind = {
	name: 'clustered',
	mayExist: anyIn('pg_index', 'x.indisclustered', 'indexrelid'),
	component: 'tables',
	stage: 'relations',
	places: true,
	attribute: { later: true },
	read: `
select ${RELATION} as identity, ${RELATION} as object, '{}'::pg_catalog.text[] as addresses, ${RELATION_FACT} as parent,
  pg_catalog.jsonb_build_object('index', pg_catalog.format('%I', x.relname)) as definition,
  array[pg_catalog.format('alter %s %s cluster on %I',
    case c.relkind when 'm' then 'materialized view' else 'table' end, ${RELATION}, x.relname)] as create,
  pg_catalog.format('alter %s %s set without cluster',
    case c.relkind when 'm' then 'materialized view' else 'table' end, ${RELATION}) as drop,
  array[${indexFact('x', 'n')}] as needs, ${COMPONENT}${FROM}
where i.indisclustered and ${userTable(`'r', 'p', 'm'`)}`,
	ways: { index: 'create' },
};

export const indexKinds: readonly Kind[] = [
	indexKind,
	indexPartitionKind,
	statisticsKind,
	replicaIdentityKind,
	clusteredKind,
];
