// Views and materialized views. The contents of materialized views are no facts: a stage of
// the views component refreshes them once the rows are there.
import type { Fact, Kind, ReportRules, Way } from '../fact.ts';
import { ident, literal } from '../../platform/postgres/index.ts';
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';
import { DEFAULT, optionChanges, optionObject, optionText } from './table-sql.ts';
import { relationAddresses, withoutSpace, anyIn } from './text.ts';

const name = `pg_catalog.format('%I.%I', n.nspname, c.relname)`;
const ownedBy = (relkinds: string): string => `from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in (${relkinds}) and ${ofUser('c.relowner')} and ${notOfExtension('pg_class', 'c.oid')}`;

/** `[["name", "type"], …]`: what `create or replace view` may extend but not change. */
const columns = `(select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(a.attname,
    pg_catalog.concat_ws(' ', pg_catalog.format_type(a.atttypid, a.atttypmod),
      (select pg_catalog.format('collate %I.%I', s.nspname, l.collname) from pg_catalog.pg_collation l
       join pg_catalog.pg_namespace s on s.oid = l.collnamespace
       where l.oid = a.attcollation and l.collname <> 'default'))) order by a.attnum)
    from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`;

const query = `pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';')`;

const defaultsOf = (row: string): string => `from pg_catalog.pg_attrdef d
    join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    where d.adrelid = ${row}`;

const readViews = `
select ${name} as identity, ${name} as object, ${relationAddresses('c.oid')} as addresses,
  'schema:' || pg_catalog.quote_ident(n.nspname) as parent,
  pg_catalog.jsonb_build_object('query', ${withoutSpace(query)}, 'columns', ${columns},
    'options', ${optionObject('c.reloptions')},
    'defaults', coalesce((select pg_catalog.jsonb_object_agg(pg_catalog.quote_ident(a.attname),
      ${DEFAULT}) ${defaultsOf('c.oid')}), '{}')) as definition,
  array[pg_catalog.format('create or replace view %s%s as %s', ${name},
    ' with (' || ${optionText('c.reloptions')} || ')', ${query})]
    || array(select pg_catalog.format('alter view %s alter column %I set default %s', ${name}, a.attname,
      ${DEFAULT}) ${defaultsOf('c.oid')} order by a.attnum) as create,
  'drop view ' || ${name} as drop
${ownedBy(`'v'`)}
order by 1`;

/** True when the target's columns are the first of the source's, unchanged. */
function growsAtTheEnd(source: Fact, target: Fact): boolean {
	const wanted = source.definition['columns'];
	const present = target.definition['columns'];
	if (!Array.isArray(wanted) || !Array.isArray(present)) return false;
	return present.every((column, at) => JSON.stringify(column) === JSON.stringify(wanted[at]));
}

function entries(value: unknown): readonly (readonly [string, unknown])[] {
	return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

const columnNames = ({ definition }: Fact): readonly string[] =>
	Array.isArray(definition['columns'])
		? definition['columns'].map((column: unknown) => String(Array.isArray(column) ? column[0] : ''))
		: [];

/** A view is its query: columns that only the target's has go with it. */
const LOSES: ReportRules = {
	loses: (source, target) => {
		const wanted = new Set(columnNames(source));
		return columnNames(target).filter((name) => !wanted.has(name));
	},
};

/** In place where Postgres allows it, so that views, grants and policies on top stay untouched. */
const COLUMNS: Way = {
	decide: (source, target) => {
		const empty = emptyView(source);
		if (!growsAtTheEnd(source, target) || empty === undefined) return { how: 'replace' };
		// One that reads its own new columns through a function needs to have them first.
		return {
			how: 'recreate_dependents',
			dropFirst: [],
			statements: source.create,
			otherwise: [[empty, ...source.create]],
		};
	},
};

/** Defaults that the source lacks are taken away; the others are among the statements that make the view. */
function changeDefaults(source: Fact, target: Fact): string[] {
	const wanted = new Map(entries(source.definition['defaults']));
	const dropped = entries(target.definition['defaults'])
		.filter(([column]) => !wanted.has(column))
		.map(([column]) => `alter view ${target.identity} alter column ${column} drop default`);
	return [...source.create, ...dropped];
}

/** Its columns, all of them null. */
function emptyView({ identity, definition }: Fact): string | undefined {
	const { columns } = definition;
	if (!Array.isArray(columns)) return undefined;
	const list = columns.map((column: unknown) =>
		Array.isArray(column) ? `null::${String(column[1])} as ${ident(String(column[0]))}` : '',
	);
	return `create or replace view ${identity} as select ${list.join(', ')}`;
}

const viewKind: Kind = {
	name: 'view',
	component: 'views',
	stage: 'views',
	names: ['relation', 'type'],
	read: readViews,
	ways: {
		query: 'create',
		columns: COLUMNS,
		options: 'create',
		defaults: { alter: changeDefaults },
	},
	making: { standIn: emptyView },
	report: LOSES,
};

/** Statements for settings of columns beyond their query: storage, compression, statistics. */
const settings = `(select coalesce(pg_catalog.jsonb_agg(
      pg_catalog.format('alter materialized view %s alter column %I set %s', ${name}, a.attname, s.text)
      order by a.attnum, s.text), '[]')
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_type y on y.oid = a.atttypid
    cross join lateral (values
      (case when a.attstorage <> y.typstorage then 'storage ' || case a.attstorage
        when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end end),
      (case a.attcompression when 'p' then 'compression pglz' when 'l' then 'compression lz4' end),
      (case when coalesce(a.attstattarget, -1) >= 0 then 'statistics ' || a.attstattarget end),
      ('(' || ${optionText('a.attoptions')} || ')')) s (text)
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and s.text is not null)`;

const readMaterializedViews = `
select ${name} as identity, ${name} as object, ${relationAddresses('c.oid')} as addresses,
  'schema:' || pg_catalog.quote_ident(n.nspname) as parent,
  pg_catalog.jsonb_build_object('query', ${withoutSpace(query)}, 'columns', ${columns},
    'access_method', (select m.amname from pg_catalog.pg_am m where m.oid = c.relam),
    'options', ${optionObject('c.reloptions')},
    'settings', ${settings}) as definition,
  array[pg_catalog.format('create materialized view %s using %I%s as %s with no data', ${name},
    (select m.amname from pg_catalog.pg_am m where m.oid = c.relam),
    ' with (' || ${optionText('c.reloptions')} || ')', ${query})]
    || array(select pg_catalog.jsonb_array_elements_text(${settings})) as create,
  'drop materialized view ' || ${name} as drop
${ownedBy(`'m'`)}
order by 1`;

const changeOptions = (source: Fact, target: Fact): string[] =>
	optionChanges(source.definition['options'], target.definition['options']).map(
		(action) => `alter materialized view ${source.identity} ${action}`,
	);

const materializedViewKind: Kind = {
	name: 'materialized_view',
	mayExist: anyIn('pg_class', `x.relkind = 'm'`),
	component: 'views',
	stage: 'views',
	names: ['relation', 'type'],
	read: readMaterializedViews,
	ways: {
		query: 'replace',
		columns: 'replace',
		access_method: 'replace',
		options: { alter: changeOptions },
		settings: 'replace',
	},
	report: LOSES,
	rows: {
		refill: ({ identity }) => {
			// Settings have plain names.
			const code = [...identity].map((letter) => letter.codePointAt(0)?.toString(16)).join('_');
			const setting = literal(`twins.filled_${code}`);
			const refresh = literal(`refresh materialized view ${identity}`);
			const block = `begin if pg_catalog.current_setting(${setting}) = 'true' then execute ${refresh}; end if; end`;
			return {
				before: `select pg_catalog.set_config(${setting},
    (select c.relispopulated::pg_catalog.text from pg_catalog.pg_class c
      where c.oid = ${literal(identity)}::pg_catalog.regclass), true)`,
				after: `do ${literal(block)}`,
			};
		},
	},
};

export const viewKinds: readonly Kind[] = [viewKind, materializedViewKind];
