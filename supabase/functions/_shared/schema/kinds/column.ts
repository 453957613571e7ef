// Columns of tables and foreign tables, their defaults and their NOT NULL. Columns are made with a new table;
// their own statements are for tables that exist. Postgres has no way to move a column, so the order of an
// existing table's columns stays.
import type { Change, ChangeContext, Fact, Kind, Way } from '../fact.ts';
import { literal } from '../../platform/postgres/index.ts';
import { movedTo } from '../names.ts';
import { address } from '../address.ts';
import { childrenOf } from '../planning.ts';
import { emptied, blockersOf, restingOn } from './rebuild-type.ts';
import {
	COLUMN_COLLATION,
	COLUMN_SETTINGS,
	COLUMN_TEXT,
	COLUMN_TYPE,
	DEFAULT,
	IDENTITY_SETTINGS,
	ofIdentity,
	optionChanges,
	foreignOptionObject,
	optionObject,
	RELATION,
	RELATION_FACT,
	SIMPLE_DEFAULT,
	userTable,
} from './table-sql.ts';

const NAME = `pg_catalog.format('%s.%I', ${RELATION}, a.attname)`;
const FROM = `
from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type y on y.oid = a.atttypid
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped and ${userTable(`'r', 'p', 'f'`)}`;

/** Made by the parent's: with a partition or child, or by adding it there. */
const INHERITED = `(a.attinhcount > 0)`;

/**
 * Checks of domains inside the column's type. Postgres adds none to a domain that is stored within other types, so
 * that they come before the column.
 */
const NESTED_CHECKS = `array(
    with recursive within (type, nested) as (
      select a.atttypid, false
      union
      select i.type, w.nested or t.typtype <> 'd' from within w join pg_catalog.pg_type t on t.oid = w.type
      cross join lateral (
        select t.typelem union select t.typbasetype
        union select b.atttypid from pg_catalog.pg_attribute b
          where b.attrelid = t.typrelid and b.attnum > 0 and not b.attisdropped
        union select r.rngsubtype from pg_catalog.pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)) i (type)
      where i.type >= 16384)
    select pg_catalog.format('domain_check:%I.%I.%I', dn.nspname, dt.typname, k.conname)
    from within w join pg_catalog.pg_constraint k on k.contypid = w.type and k.contype = 'c'
    join pg_catalog.pg_type dt on dt.oid = w.type join pg_catalog.pg_namespace dn on dn.oid = dt.typnamespace
    where w.nested)`;

/** Its rows wait as text while its type, or a domain within it, is made anew. */
function asText({ definition }: Fact): { away: string; back: string } | undefined {
	if (definition['generated'] !== null || definition['identity'] !== null) return undefined;
	if (definition['inherited'] === 'from type') return undefined;
	// What a child inherits goes with its parent's.
	if (definition['inherited'] !== null) return { away: '', back: '' };
	const name = String(definition['name']);
	const retype = (type: string, collation = ''): string =>
		`alter table ${String(definition['table'])} alter column ${name} type ${type}${collation} using ${name}::${type}`;
	const collation =
		definition['collation'] === null ? '' : ` collate ${String(definition['collation'])}`;
	return {
		away: retype('pg_catalog.text'),
		back: retype(String(definition['type']), collation),
	};
}

const STORAGE: Readonly<Record<string, string>> = {
	p: 'plain',
	e: 'external',
	m: 'main',
	x: 'extended',
};

const COMPRESSION: Readonly<Record<string, string>> = { p: 'pglz', l: 'lz4' };

type Definition = Fact['definition'];

/** `alter column` with the actions, which keep every value. */
const setting = (actions: (to: Definition, from: Definition) => readonly string[]): Way => ({
	keepsRows: true,
	alter: ({ definition: to }, { definition: from }) =>
		actions(to, from).map(
			(action) =>
				`alter table only ${String(to['table'])} alter column ${String(to['name'])} ${action}`,
		),
});

/** What a column is, its values and where it is from hang together. */
const COLUMN: Way = { decide: changeColumn };

const columnKind: Kind = {
	name: 'column',
	component: 'tables',
	stage: 'structure',
	within: true,
	rows: { held: (fact) => fact.definition['generated'] === null, shaped: true, stepAside: asText },
	read: `
select ${NAME} as identity, ${NAME} as object,
  array[${address('pg_class', 'c.oid', 'a.attnum')}]
    || case when a.attgenerated <> '' then array[${address('pg_attrdef', 'd.oid')}] else '{}' end
    || case when a.attidentity <> '' then array(select ${address('pg_class', 'i.objid')} from pg_catalog.pg_depend i
      where i.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
         and i.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and i.refobjid = a.attrelid
         and i.refobjsubid = a.attnum and i.deptype = 'i') else '{}' end as addresses,
  ${RELATION_FACT} as parent,
  pg_catalog.jsonb_build_object('table', ${RELATION}, 'name', pg_catalog.format('%I', a.attname),
    'type', ${COLUMN_TYPE}, 'collation', ${COLUMN_COLLATION},
    'generated', case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
    'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
    'sequence', case when a.attidentity <> ''
      then ${ofIdentity(`pg_catalog.format('%I.%I', sn.nspname, s.relname)`)} end,
    'sequence_settings', case
      when a.attidentity <> '' then ${ofIdentity(`pg_catalog.to_jsonb(${IDENTITY_SETTINGS})`)} end,
    'storage', a.attstorage,
    'compression', nullif(a.attcompression, ''), 'statistics', nullif(a.attstattarget, -1),
    'options', ${optionObject('a.attoptions')}, 'foreign_options', ${foreignOptionObject('a.attfdwoptions')},
    'inherited', case when c.reloftype <> 0 then 'from type' when ${INHERITED} then 'from parent' end,
    'local', case when ${INHERITED} and not c.relispartition then a.attislocal end) as definition,
  case when c.reloftype <> 0 then '{}'::pg_catalog.text[]
    else array[pg_catalog.format('alter table %s add column %s%I %s', ${RELATION},
      case when ${INHERITED} then 'if not exists ' else '' end, a.attname, ${COLUMN_TEXT}
      || case when a.attgenerated <> '' and a.attnotnull then ' not null' else '' end)]
      || ${COLUMN_SETTINGS} end as create,
  case when not ${INHERITED} and c.reloftype = 0 then pg_catalog.format('alter table %s drop column %I', ${RELATION},
    a.attname) end as drop,
  case when ${INHERITED} then array(select pg_catalog.format('column:%I.%I.%I', pn.nspname, p.relname, a.attname)
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class p on p.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
    join pg_catalog.pg_attribute pa on pa.attrelid = p.oid and pa.attname = a.attname where i.inhrelid = c.oid)
      else '{}' end
    || case when a.atttypid >= 16384 then ${NESTED_CHECKS} else '{}' end as needs,
  true as folded, a.attnum::pg_catalog.int4 as position,
  case when y.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
    then pg_catalog.jsonb_build_object('element', pg_catalog.format_type(y.typelem, null)) end as parts${FROM}`,
	ways: {
		table: 'never',
		name: 'never',
		type: COLUMN,
		collation: COLUMN,
		generated: COLUMN,
		identity: COLUMN,
		sequence: COLUMN,
		sequence_settings: COLUMN,
		// A new type brings its own storage: that is seen in the next round.
		storage: setting((to, from) =>
			to['type'] === from['type']
				? [`set storage ${STORAGE[String(to['storage'])] ?? 'extended'}`]
				: [],
		),
		compression: setting((to) => [
			`set compression ${COMPRESSION[String(to['compression'])] ?? 'default'}`,
		]),
		statistics: setting((to) => [`set statistics ${String(to['statistics'] ?? -1)}`]),
		options: setting((to, from) => optionChanges(to['options'], from['options'])),
		foreign_options: setting((to, from) => [
			`options (${optionActions(to['foreign_options'], from['foreign_options'])})`,
		]),
		inherited: COLUMN,
		local: COLUMN,
	},
};

function changeColumn(source: Fact, target: Fact, context: ChangeContext): Change {
	const [to, from] = [source.definition, target.definition];
	const differs = (key: string): boolean => !same(to[key], from[key]);
	const alter = (action: string): string =>
		`alter table ${String(to['table'])} alter column ${String(to['name'])} ${action}`;
	if (differs('generated') && to['generated'] !== null) {
		if (from['generated'] !== null) return { how: 'replace' };
		if (target.drop === null) return { how: 'alter', statements: [] };
		// Its values are computed from now on, so that those it has need not be kept.
		return {
			how: 'recreate_dependents',
			dropFirst: restingOn(target, context.target),
			statements: [target.drop, ...source.create],
		};
	}
	const statements = [
		...(differs('generated') ? [alter('drop expression')] : []),
		...identityChanges(source, target, context, alter),
	];
	// What a child inherits changes with its parent.
	if ((differs('type') || differs('collation')) && to['inherited'] === null) {
		const empty = emptied(context.rows.below(String(to['table'])), context.rows);
		const collation = to['collation'] === null ? '' : ` collate ${String(to['collation'])}`;
		const name = String(to['name']);
		const type = String(to['type']);
		const retype = (through: string): string =>
			alter(`type ${type}${collation} using ${name}${through}::${type}`);
		return {
			how: 'recreate_dependents',
			dropFirst: blockersOf(target, context.target),
			statements: [retype(''), ...statements],
			// Types without a cast between them still have their text in common.
			otherwise: [
				[retype('::pg_catalog.text'), ...statements],
				...(empty.length > 0 ? [[...empty, retype('::pg_catalog.text'), ...statements]] : []),
			],
		};
	}
	const holder = target.needs.find(
		(id) => id.startsWith('column:') && context.target.byId.has(id) && !context.source.byId.has(id),
	);
	if (statements.length === 0 && holder !== undefined)
		return {
			how: 'leave',
			outcome: 'skipped',
			why: `the target’s is tied to ${holder.slice('column:'.length)}, which only the target has`,
			fix: 'Nothing to do, if that is right; else detach the table from that parent on the target.',
		};
	if (statements.length === 0 && differs('local') && same(to['inherited'], from['inherited']))
		return changeLocality(source, context);
	return { how: 'alter', statements, keepsRows: true };
}

/**
 * Whether a child has a column by itself, and keeps it when its parent loses it. Attached anew, it has all of them; but
 * nothing takes that away again.
 */
function changeLocality(source: Fact, { source: wanted, target }: ChangeContext): Change {
	const table = source.parent ?? '';
	const isOwn = childrenOf(wanted, table).every(({ definition }) => definition['local'] !== false);
	if (!isOwn)
		return {
			how: 'leave',
			outcome: 'skipped',
			why:
				source.definition['local'] === true
					? 'the column is only inherited on the target: it goes when its parent loses it'
					: 'the column is the table’s own as well on the target: it stays there when its parent loses it',
			fix: 'Drop the table on the target, then clone again.',
		};
	const links = childrenOf(target, table).filter(({ kind }) => kind === 'inheritance');
	return {
		how: 'alter',
		keepsRows: true,
		statements: [
			...links.flatMap(({ drop }) => drop ?? []),
			...links.flatMap(({ create }) => create),
		],
	};
}

const same = (a: unknown, b: unknown): boolean =>
	JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

function identityChanges(
	source: Fact,
	target: Fact,
	context: {
		target: { byId: ReadonlyMap<string, Fact> };
		source: { byId: ReadonlyMap<string, Fact> };
	},
	alter: (action: string) => string,
): string[] {
	const [to, from] = [source.definition, target.definition];
	const isSame = ['identity', 'sequence', 'sequence_settings'].every((key) =>
		same(to[key], from[key]),
	);
	if (isSame) return [];
	if (to['identity'] === null) return [alter('drop identity')];
	const sequence = String(to['sequence']);
	const settings = settingsOf(to);
	if (from['identity'] === null) {
		// A serial column became an identity column: its old sequence has the name that is needed now.
		const taken =
			context.target.byId.has(`sequence:${sequence}`) &&
			!context.source.byId.has(`sequence:${sequence}`);
		return [
			...(taken ? [alter('drop default'), `drop sequence if exists ${sequence}`] : []),
			alter('set not null'),
			alter(
				`add generated ${String(to['identity'])} as identity (sequence name ${sequence} ${settings.join(' ')})`,
			),
		];
	}
	const existing = String(from['sequence']);
	const set = same(settings, settingsOf(from)) ? [] : settings.map((setting) => `set ${setting}`);
	return [
		...(existing === sequence ? [] : movedTo('sequence', existing, sequence)),
		...(to['identity'] === from['identity'] && set.length === 0
			? []
			: [alter([`set generated ${String(to['identity'])}`, ...set].join(' '))]),
	];
}

const settingsOf = ({ sequence_settings: settings }: Definition): string[] =>
	Array.isArray(settings) ? settings.map(String) : [];

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
	attribute: { later: true },
	read: `
select ${NAME} as identity, ${NAME} as object, array[${address('pg_attrdef', 'd.oid')}] as addresses,
  'column:' || ${NAME} as parent,
  pg_catalog.jsonb_build_object('expression', ${DEFAULT}) as definition,
  array[pg_catalog.format('alter table only %s alter column %I set default ', ${RELATION}, a.attname)
    || ${DEFAULT}] as create,
  pg_catalog.format('alter table only %s alter column %I drop default', ${RELATION}, a.attname) as drop,
  (${SIMPLE_DEFAULT} and (c.relispartition or a.attislocal)) as folded${FROM} and d.oid is not null
    and a.attgenerated = ''`,
	ways: { expression: 'create' },
};

// Made with a new table; on an existing one after the rows, which may be what fills the column.
const notNullKind: Kind = {
	name: 'not_null',
	component: 'tables',
	stage: 'relations',
	attribute: {
		later: true,
		// Loaded rows have nothing for a column that the source does not have. A primary key holds it in place.
		givesWay: {
			when: ({ identity, parent }, target) =>
				!target.byId.has(`default:${identity}`) &&
				(target.dependents.get(parent ?? '') ?? []).every((id) => !id.startsWith('primary_key:')),
			why: 'NOT NULL is taken off this column, which only the target has: rows of the source have no value for it',
			fix: 'To keep it, give the column a default and set NOT NULL again on the target: then it stays.',
		},
	},
	rows: { block: true },
	read: `
select ${NAME} as identity, ${NAME} as object, '{}'::pg_catalog.text[] as addresses, 'column:' || ${NAME} as parent,
  '{}'::pg_catalog.jsonb as definition,
  array[pg_catalog.format('alter table %s alter column %I set not null', ${RELATION}, a.attname)] as create,
  pg_catalog.format('alter table %s alter column %I drop not null', ${RELATION}, a.attname) as drop,
  (c.relispartition or a.attislocal) as folded${FROM} and a.attnotnull and a.attidentity = ''`,
	ways: {},
};

export const columnKinds: readonly Kind[] = [columnKind, defaultKind, notNullKind];
