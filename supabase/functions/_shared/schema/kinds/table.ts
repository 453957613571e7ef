// Tables, with what makes them what they are: persistence, partitioning, inheritance, storage options. A new
// table is created with its columns in the source's order, simple defaults and checks included.
import type { Fact, Kind, RowsBrought, Way } from '../fact.ts';
import { literal } from '../../platform/postgres/index.ts';
import { address } from '../address.ts';
import { placeRows } from './partition-rows.ts';
import {
	COLUMN_SETTINGS,
	COLUMN_TEXT,
	DEFAULT,
	foldable,
	optionChanges,
	optionObject,
	optionText,
	RELATION,
	SIMPLE_DEFAULT,
	userTable,
} from './table-sql.ts';
import { ANY_CHILD } from './text.ts';

// A partition is created by itself, with all its columns, and attached afterwards: its order of columns may
// not be its parent's. A child of plain inheritance lists only its own.
const BODY = `(select pg_catalog.string_agg(line, ', ' order by rank, place, name) from (
    select 1 as rank, a.attnum as place, '' as name,
      case when c.reloftype = 0 then pg_catalog.format('%I ', a.attname) || ${COLUMN_TEXT}
        || case when a.attnotnull then ' not null' else '' end
        else pg_catalog.format('%I with options', a.attname) || case when a.attnotnull then ' not null' else '' end
          || case when ${SIMPLE_DEFAULT} then ' default ' || ${DEFAULT} else '' end end as line
    from pg_catalog.pg_attribute a join pg_catalog.pg_type y on y.oid = a.atttypid
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and (c.relispartition or a.attislocal)
      and (c.reloftype = 0 or a.attnotnull or ${SIMPLE_DEFAULT})
    union all
    select 2, 0, k.conname, pg_catalog.format('constraint %I ', k.conname) || pg_catalog.pg_get_constraintdef(k.oid)
    from pg_catalog.pg_constraint k
    where k.conrelid = c.oid and k.contype = 'c' and k.convalidated and (c.relispartition or k.conislocal)
      and ${foldable('pg_constraint', 'k.oid')}
  ) b)`;

const PARENTS = `(select pg_catalog.string_agg(pg_catalog.format('%I.%I', pn.nspname, p.relname), ', '
    order by i.inhseqno)
    from pg_catalog.pg_inherits i join pg_catalog.pg_class p on p.oid = i.inhparent
    join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
    where i.inhrelid = c.oid and not c.relispartition)`;

const OF_TYPE = `case when c.reloftype <> 0 then pg_catalog.format_type(c.reloftype, null) end`;
const METHOD = `(select m.amname from pg_catalog.pg_am m where m.oid = c.relam and m.amname <> 'heap')`;

const CREATE = `pg_catalog.format('create%s table %s%s', case c.relpersistence when 'u' then ' unlogged' else '' end,
    ${RELATION},
    case when c.reloftype = 0 then pg_catalog.format(' (%s)', coalesce(${BODY}, '')) else ' of ' || ${OF_TYPE}
      || coalesce(' (' || ${BODY} || ')', '') end)
    || coalesce(' inherits (' || ${PARENTS} || ')', '')
    || case when c.relkind = 'p' then ' partition by ' || pg_catalog.pg_get_partkeydef(c.oid) else '' end
    || coalesce(' using ' || pg_catalog.quote_ident(${METHOD}), '')
    || coalesce(' with (' || nullif(pg_catalog.concat_ws(', ', ${optionText('c.reloptions')},
      ${optionText('t.reloptions', 'toast.')}), '') || ')', '')`;

const SETTINGS = `coalesce((select pg_catalog.array_agg(s.statement order by a.attnum, s.place)
    from pg_catalog.pg_attribute a join pg_catalog.pg_type y on y.oid = a.atttypid
    cross join lateral pg_catalog.unnest(${COLUMN_SETTINGS}) with ordinality s (statement, place)
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '{}')`;

/** Of an attribute that only a new table can have, by its name for people. */
const fixed = (name: string): Way => ({
	decide: ({ identity }, _, { rows }) =>
		rows.brings(identity)
			? { how: 'replace', empties: true }
			: {
					how: 'leave',
					why: `a table cannot change its ${name} in place; made anew it would lose rows that this clone does not bring`,
					fix: 'Clone all its rows (no row limit, ignore rule or strategy) and drop columns that only the target has; or rename the table on the target, then clone again.',
				},
});

/** `alter table` with the actions. */
const altered = (actions: (to: Definition, from: Definition) => readonly string[]): Way => ({
	alter: (source, target) =>
		actions(source.definition, target.definition).map(
			(action) => `alter table ${source.identity} ${action}`,
		),
});

type Definition = Fact['definition'];

const tableKind: Kind = {
	name: 'table',
	component: 'tables',
	stage: 'structure',
	names: ['relation', 'type'],
	rows: { held: true },
	read: `
select ${RELATION} as identity, ${RELATION} as object,
  array[${address('pg_class', 'c.oid')}, ${address('pg_type', 'c.reltype')},
    (select ${address('pg_type', 'r.typarray')} from pg_catalog.pg_type r where r.oid = c.reltype)] as addresses,
  pg_catalog.format('schema:%I', n.nspname) as parent,
  pg_catalog.jsonb_build_object('persistence', c.relpersistence,
    'partition_by', case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
    'of_type', ${OF_TYPE}, 'access_method', ${METHOD}, 'options', ${optionObject('c.reloptions')},
    'toast_options', ${optionObject('t.reloptions')}) as definition,
  array[${CREATE}] || ${SETTINGS} as create,
  pg_catalog.format('drop table %s', ${RELATION}) as drop
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_class t on t.oid = c.reltoastrelid
where ${userTable()}`,
	ways: {
		partition_by: fixed('partition key'),
		access_method: fixed('access method'),
		persistence: altered((to) => [`set ${to['persistence'] === 'u' ? 'unlogged' : 'logged'}`]),
		of_type: altered((to) => [to['of_type'] === null ? 'not of' : `of ${String(to['of_type'])}`]),
		options: altered((to, from) => optionChanges(to['options'], from['options'])),
		toast_options: altered((to, from) =>
			optionChanges(to['toast_options'], from['toast_options'], 'toast.'),
		),
	},
};

// It does not need the columns it inherits: they come and go with it. Its own must be NOT NULL where the parent's
// are. One that an older table lacks makes the statement fail until the next round.
const inheritanceKind: Kind = {
	name: 'inheritance',
	mayExist: ANY_CHILD,
	component: 'tables',
	stage: 'structure',
	attribute: { ties: true },
	read: `
select pg_catalog.format('%s inherits %s', ${RELATION}, p.name) as identity, ${RELATION} as object,
  '{}'::pg_catalog.text[] as addresses,
  'table:' || ${RELATION} as parent, '{}'::pg_catalog.jsonb as definition,
  array(select pg_catalog.format('alter table %s alter column %I set not null', ${RELATION}, a.attname)
      from pg_catalog.pg_attribute a
      join pg_catalog.pg_attribute pa on pa.attrelid = i.inhparent and pa.attname = a.attname and pa.attnotnull
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attislocal order by a.attnum)
    || pg_catalog.format('alter table %s inherit %s', ${RELATION}, p.name) as create,
  pg_catalog.format('alter table %s no inherit %s', ${RELATION}, p.name) as drop,
  array['table:' || p.name] as needs, true as folded
from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class pc on pc.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace
cross join lateral (select pg_catalog.format('%I.%I', pn.nspname, pc.relname) as name) p
where not c.relispartition and ${userTable()}`,
	ways: {},
};

/** Detached, then attached anew. */
const ATTACHED: Way = {
	decide: (source, target, { rows }) => {
		const detached = target.drop === null ? [] : [target.drop];
		return {
			how: 'recreate_dependents',
			dropFirst: [],
			statements: [...detached, ...attached(source)],
			otherwise: [[...detached, placed(source, rows), ...source.create]],
		};
	},
};

// Of no relation, as a bound names none: printing it then takes no lock.
const BOUND = 'pg_catalog.pg_get_expr(c.relpartbound, 0)';
const DEFAULT_PARTITION = `(select pg_catalog.format('%I.%I', dn.nspname, dc.relname)
    from pg_catalog.pg_partitioned_table t
  join pg_catalog.pg_class dc on dc.oid = t.partdefid join pg_catalog.pg_namespace dn on dn.oid = dc.relnamespace
  where t.partrelid = pc.oid and t.partdefid <> c.oid)`;

// Attached once the partition has its key, so that the parent takes this key over instead of making another. Where the
// source has a default partition, the target's may still hold rows that belong to this one.
const partitionKind: Kind = {
	name: 'partition',
	mayExist: ANY_CHILD,
	component: 'tables',
	stage: 'structure',
	attribute: { ties: true, later: true },
	rows: { moved: true },
	read: `
select ${RELATION} as identity, ${RELATION} as object, '{}'::pg_catalog.text[] as addresses,
  case c.relkind when 'f' then 'foreign_table:' else 'table:' end || ${RELATION} as parent,
  pg_catalog.jsonb_build_object('of', p.name, 'bound', ${BOUND}) as definition,
  array[pg_catalog.format('alter table only %s attach partition %s ', p.name, ${RELATION}) || ${BOUND}] as create,
  pg_catalog.jsonb_build_object('fallback', ${DEFAULT_PARTITION}) as parts,
  pg_catalog.format('alter table %s detach partition %s', p.name, ${RELATION}) as drop,
  array['table:' || p.name]
    || array(select case k.contype when 'p' then 'primary_key:'
      || ${RELATION} else pg_catalog.format('check:%s.%I', ${RELATION}, k.conname) end
    from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'c')) as needs
from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class pc on pc.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace
cross join lateral (select pg_catalog.format('%I.%I', pn.nspname, pc.relname) as name) p
where c.relispartition and ${userTable(`'r', 'p', 'f'`)}`,
	create: attached,
	// The parent may have more on the target than on the source.
	otherwise: (fact, { rows }) => [
		fitInto(fact.identity, String(fact.definition['of'])),
		placed(fact, rows),
		...fact.create,
	],
	ways: { of: ATTACHED, bound: ATTACHED },
};

/** Where the source has a default partition, rows of the target's are moved first. */
function attached({ identity, definition, create, parts }: Fact): readonly string[] {
	const fallback = parts?.['fallback'] ?? null;
	if (fallback === null) return create;
	const [parent, bound] = [String(definition['of']), String(definition['bound'])];
	return [placeRows({ parent, table: identity, bound, mayGo: false, from: [fallback] }), ...create];
}

const placed = ({ identity, definition }: Fact, rows: RowsBrought): string => {
	const parent = String(definition['of']);
	return placeRows({
		parent,
		table: identity,
		bound: String(definition['bound']),
		mayGo: rows.below(identity).every((table) => rows.brings(table)),
		from: rows.below(parent).filter((table) => !rows.below(table).some(rows.leaves)),
	});
};

/** Gives a table the columns and checks that it lacks to become a partition. Both names are qualified and quoted. */
const fitInto = (table: string, parent: string): string =>
	`do ${literal(`declare addition pg_catalog.text;
begin
  for addition in
    select pg_catalog.format('column %I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))
      || case when a.attgenerated <> ''
           then pg_catalog.format(' generated always as (%s) stored', pg_catalog.pg_get_expr(d.adbin, d.adrelid))
           else coalesce(' default ' || ${DEFAULT}, '') end
      || case when a.attnotnull then ' not null' else '' end
    from pg_catalog.pg_attribute a left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = ${literal(parent)}::pg_catalog.regclass and a.attnum > 0 and not a.attisdropped
      and a.attname not in (select t.attname from pg_catalog.pg_attribute t
        where t.attrelid = ${literal(table)}::pg_catalog.regclass and not t.attisdropped)
    union all
    select pg_catalog.format('constraint %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid))
    from pg_catalog.pg_constraint k
    where k.conrelid = ${literal(parent)}::pg_catalog.regclass and k.contype = 'c' and k.conname not in (
      select t.conname from pg_catalog.pg_constraint t where t.conrelid = ${literal(table)}::pg_catalog.regclass)
  loop
    execute ${literal(`alter table ${table} add `)} || addition;
  end loop;
end`)}`;

export const tableKinds: readonly Kind[] = [tableKind, inheritanceKind, partitionKind];
