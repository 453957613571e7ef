// Columns of tables and foreign tables, their defaults and their NOT NULL. Columns are made with a new table;
// their own statements are for tables that exist. Postgres has no way to move a column, so the order of an
// existing table's columns stays.
import type { Change, ChangeContext, Fact, Kind } from '../fact.ts';
import { literal } from '../../platform/sql.ts';
import { movedTo } from '../names.ts';
import { address } from '../scope.ts';
import { emptied, inTheWay, restingOn } from './rebuild-type.ts';
import {
	COLUMN_COLLATION,
	COLUMN_SETTINGS,
	COLUMN_TEXT,
	COLUMN_TYPE,
	IDENTITY_OPTIONS,
	optionChanges,
	optionObject,
	RELATION,
	RELATION_FACT,
	SIMPLE_DEFAULT,
	userTable,
} from './table-sql.ts';

const NAME = `format('%s.%I', ${RELATION}, a.attname)`;
const FROM = `
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
join pg_type y on y.oid = a.atttypid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped and ${userTable(`'r', 'p', 'f'`)}`;

/** Made by the parent's: with a partition or child, or by adding it there. */
const INHERITED = `(a.attinhcount > 0)`;

const columnKind: Kind = {
	name: 'column',
	component: 'tables',
	stage: 'structure',
	within: true,
	holdsRows: (fact) => fact.definition['generated'] === null,
	read: `
select ${NAME} as identity, ${NAME} as object,
  array[${address('pg_class', 'c.oid', 'a.attnum')}]
    || case when a.attgenerated <> '' then array[${address('pg_attrdef', 'd.oid')}] else '{}' end
    || case when a.attidentity <> '' then array(select ${address('pg_class', 'i.objid')} from pg_depend i where i.classid = 'pg_class'::regclass
         and i.refclassid = 'pg_class'::regclass and i.refobjid = a.attrelid and i.refobjsubid = a.attnum and i.deptype = 'i') else '{}' end as addresses,
  ${RELATION_FACT} as parent,
  jsonb_build_object('table', ${RELATION}, 'name', format('%I', a.attname), 'type', ${COLUMN_TYPE}, 'collation', ${COLUMN_COLLATION},
    'generated', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end,
    'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
    'sequence', case when a.attidentity <> '' then ${IDENTITY_OPTIONS} end,
    'storage', a.attstorage,
    'compression', nullif(a.attcompression, ''), 'statistics', nullif(a.attstattarget, -1),
    'options', ${optionObject('a.attoptions')}, 'foreign_options', ${optionObject('a.attfdwoptions')},
    'inherited', case when c.reloftype <> 0 then 'from type' when ${INHERITED} then 'from parent' end) as definition,
  case when c.reloftype <> 0 then '{}'::text[]
    else array[format('alter table %s add column %s%I %s', ${RELATION}, case when ${INHERITED} then 'if not exists ' else '' end, a.attname, ${COLUMN_TEXT})]
      || ${COLUMN_SETTINGS} end as "create",
  case when not ${INHERITED} and c.reloftype = 0 then format('alter table %s drop column %I', ${RELATION}, a.attname) end as "drop",
  case when ${INHERITED} then array(select format('column:%I.%I.%I', pn.nspname, p.relname, a.attname) from pg_inherits i
    join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
    join pg_attribute pa on pa.attrelid = p.oid and pa.attname = a.attname where i.inhrelid = c.oid) end as needs,
  true as folded, a.attnum::int4 as position${FROM}`,
	change: changeColumn,
};

const STORAGE: Readonly<Record<string, string>> = {
	p: 'plain',
	e: 'external',
	m: 'main',
	x: 'extended',
};

function changeColumn(source: Fact, target: Fact, sides: ChangeContext): Change {
	const [to, from] = [source.definition, target.definition];
	const differs = (key: string): boolean => !same(to[key], from[key]);
	const alter = (action: string): string =>
		`alter table ${String(to['table'])} alter column ${String(to['name'])} ${action}`;
	if (differs('generated') && to['generated'] !== null) {
		if (from['generated'] !== null) return { how: 'replace' };
		if (target.drop === null) return { how: 'alter', statements: [] };
		// Its values are computed from now on, so that those it has need not be kept.
		return {
			how: 'around',
			apart: restingOn(target, sides.target),
			statements: [target.drop, ...source.create],
		};
	}
	const statements = [
		...(differs('generated') ? [alter('drop expression')] : []),
		...identityChanges(source, target, sides, alter),
		...settingChanges(source, target),
	];
	// What a child inherits changes with its parent.
	if ((differs('type') || differs('collation')) && to['inherited'] === null) {
		const collation = to['collation'] === null ? '' : ` collate ${String(to['collation'])}`;
		const name = String(to['name']);
		const type = String(to['type']);
		const retype = (through: string): string =>
			alter(`type ${type}${collation} using ${name}${through}::${type}`);
		return {
			how: 'around',
			apart: inTheWay(target, sides.target),
			statements: [retype(''), ...statements],
			// Types without a cast between them still have their text in common.
			otherwise: [
				[retype('::text'), ...statements],
				...(sides.mirrored
					? [[...emptied([String(to['table'])]), retype('::text'), ...statements]]
					: []),
			],
		};
	}
	return { how: 'alter', statements };
}

const same = (a: unknown, b: unknown): boolean =>
	JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

function identityChanges(
	source: Fact,
	target: Fact,
	sides: {
		target: { byId: ReadonlyMap<string, Fact> };
		source: { byId: ReadonlyMap<string, Fact> };
	},
	alter: (action: string) => string,
): string[] {
	const [to, from] = [source.definition, target.definition];
	if (same(to['identity'], from['identity']) && same(to['sequence'], from['sequence'])) return [];
	if (to['identity'] === null) return [alter('drop identity')];
	const options = String(to['sequence']);
	const [, sequence = '', rest = ''] = /^sequence name (.*?) (start with .*)$/.exec(options) ?? [];
	if (from['identity'] === null) {
		// A serial column became an identity column: its old sequence has the name that is needed now.
		const taken =
			sides.target.byId.has(`sequence:${sequence}`) &&
			!sides.source.byId.has(`sequence:${sequence}`);
		return [
			...(taken ? [alter('drop default'), `drop sequence if exists ${sequence}`] : []),
			alter('set not null'),
			alter(`add generated ${String(to['identity'])} as identity (${options})`),
		];
	}
	const [, existing = sequence, restNow = ''] =
		/^sequence name (.*?) (start with .*)$/.exec(String(from['sequence'])) ?? [];
	const settings =
		rest === restNow
			? ''
			: ` ${rest.replace(/(start with|increment by|minvalue|maxvalue|cache|no cycle|cycle)(?= |$)/g, 'set $1')}`;
	return [
		...(existing === sequence ? [] : movedTo('sequence', existing, sequence)),
		...(to['identity'] === from['identity'] && settings === ''
			? []
			: [alter(`set generated ${String(to['identity'])}${settings}`)]),
	];
}

function settingChanges(source: Fact, target: Fact): string[] {
	const [to, from] = [source.definition, target.definition];
	const differs = (key: string): boolean => !same(to[key], from[key]);
	const actions: string[] = [];
	// A new type brings its own storage: that is seen in the next round.
	if (differs('storage') && !differs('type'))
		actions.push(`set storage ${STORAGE[String(to['storage'])] ?? 'extended'}`);
	if (differs('compression')) {
		const method = { p: 'pglz', l: 'lz4' }[String(to['compression'])] ?? 'default';
		actions.push(`set compression ${method}`);
	}
	if (differs('statistics')) actions.push(`set statistics ${String(to['statistics'] ?? -1)}`);
	actions.push(...optionChanges(to['options'], from['options']));
	if (differs('foreign_options')) actions.push(`options (${foreignOptions(to, from)})`);
	return actions.map(
		(action) =>
			`alter table only ${String(to['table'])} alter column ${String(to['name'])} ${action}`,
	);
}

type Definition = Readonly<Record<string, unknown>>;

function foreignOptions(to: Definition, from: Definition): string {
	return optionActions(to['foreign_options'], from['foreign_options']);
}

/** `add name 'value', set …, drop …`: options of foreign servers, tables and their columns. */
export function optionActions(wanted: unknown, existing: unknown): string {
	const entries = (value: unknown): Map<string, string> =>
		new Map(Object.entries(value ?? {}).map(([name, text]) => [name, String(text)]));
	const [to, from] = [entries(wanted), entries(existing)];
	return [
		...[...to]
			.filter(([name, value]) => from.get(name) !== value)
			.map(
				([name, value]) =>
					`${from.has(name) ? 'set' : 'add'} "${name.replaceAll('"', '""')}" ${literal(value)}`,
			),
		...[...from.keys()]
			.filter((name) => !to.has(name))
			.map((name) => `drop "${name.replaceAll('"', '""')}"`),
	].join(', ');
}

const defaultKind: Kind = {
	name: 'default',
	component: 'tables',
	stage: 'structure',
	attribute: true,
	apart: true,
	read: `
select ${NAME} as identity, ${NAME} as object, array[${address('pg_attrdef', 'd.oid')}] as addresses, 'column:' || ${NAME} as parent,
  jsonb_build_object('expression', pg_get_expr(d.adbin, d.adrelid)) as definition,
  array[format('alter table only %s alter column %I set default %s', ${RELATION}, a.attname, pg_get_expr(d.adbin, d.adrelid))] as "create",
  format('alter table only %s alter column %I drop default', ${RELATION}, a.attname) as "drop",
  (${SIMPLE_DEFAULT} and (c.relispartition or a.attislocal)) as folded${FROM} and d.oid is not null and a.attgenerated = ''`,
	change: (source) => ({ how: 'alter', statements: source.create }),
};

// Made with a new table; on an existing one after the rows, which may be what fills the column.
const notNullKind: Kind = {
	name: 'not_null',
	component: 'tables',
	stage: 'relations',
	attribute: true,
	apart: true,
	early: true,
	read: `
select ${NAME} as identity, ${NAME} as object, '{}'::text[] as addresses, 'column:' || ${NAME} as parent, '{}'::jsonb as definition,
  array[format('alter table %s alter column %I set not null', ${RELATION}, a.attname)] as "create",
  format('alter table %s alter column %I drop not null', ${RELATION}, a.attname) as "drop",
  (c.relispartition or a.attislocal) as folded${FROM} and a.attnotnull and a.attidentity = ''`,
	// Loaded rows have nothing for a column that the source does not have. A primary key holds it in place.
	givesWay: ({ identity, parent }, target) =>
		!target.byId.has(`default:${identity}`) &&
		(target.dependents.get(parent ?? '') ?? []).every((id) => !id.startsWith('primary_key:')),
	change: () => ({ how: 'alter', statements: [] }),
};

export const columnKinds: readonly Kind[] = [columnKind, defaultKind, notNullKind];
