// Types of the user: enums, composite types, domains with their checks, ranges. Base types need C functions
// that only a superuser can name; they are read so that what fails has a name.
import type { Change, ChangeContext, Fact, Kind, Way } from '../fact.ts';
import { literal } from '../../platform/postgres/index.ts';
import { align } from '../align.ts';
import { address } from '../address.ts';
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';
import { rebuildType, storedWithin } from './rebuild-type.ts';
import { onlyValidates } from './constraint.ts';
import { foldable } from './table-sql.ts';
import { anyIn } from './text.ts';

const NAME = `pg_catalog.format('%I.%I', n.nspname, t.typname)`;
const ADDRESSES = `array[${address('pg_type', 't.oid')}, ${address('pg_type', 't.typarray')}]`;
const OF_USER = `${ofUser('t.typowner')} and ${notOfExtension('pg_type', 't.oid')}`;
const PARENT = `pg_catalog.format('schema:%I', n.nspname)`;

const enumKind: Kind = {
	name: 'enum',
	component: 'tables',
	stage: 'structure',
	names: ['type'],
	making: { alone: true },
	rows: { shaped: 'as on the source' },
	read: `
select ${NAME} as identity, ${NAME} as object, ${ADDRESSES} as addresses, ${PARENT} as parent,
  pg_catalog.jsonb_build_object('labels', coalesce(e.labels, '[]'::pg_catalog.jsonb)) as definition,
  array[pg_catalog.format('create type %s as enum (%s)', ${NAME}, e.quoted)] as create,
  pg_catalog.format('drop type %s', ${NAME}) as drop
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
cross join lateral (select pg_catalog.jsonb_agg(l.enumlabel order by l.enumsortorder) as labels,
    pg_catalog.string_agg(pg_catalog.quote_literal(l.enumlabel), ', ' order by l.enumsortorder) as quoted
  from pg_catalog.pg_enum l where l.enumtypid = t.oid) e
where t.typtype = 'e' and ${OF_USER}`,
	ways: { labels: { decide: changeLabels } },
};

function changeLabels(source: Fact, target: Fact, context: ChangeContext): Change {
	const wanted = labelsOf(source);
	const existing = labelsOf(target);
	const changes = labelChanges(source.identity, wanted, existing);
	// A label that goes was renamed.
	const keepsRows = existing.every((label) => wanted.includes(label));
	if (changes) return { how: 'alter', statements: changes, keepsRows };
	return rebuildType(source, target, context);
}

const labelsOf = (fact: Fact): string[] => {
	const labels = fact.definition['labels'];
	return Array.isArray(labels) ? labels.map(String) : [];
};

/**
 * From one list of labels to the other in place: what stands between two labels that both have was renamed, one
 * by one, and what is left over was added. Null when labels were moved or removed.
 */
export function labelChanges(
	type: string,
	wanted: readonly string[],
	existing: readonly string[],
): string[] | null {
	const stretches = align(wanted, existing);
	if (!stretches || stretches.some((part) => part.existing.length > part.wanted.length))
		return null;
	const place = (label: string, next: string | undefined): string => {
		const before = wanted[wanted.indexOf(label) - 1];
		if (before !== undefined) return ` after ${literal(before)}`;
		return next === undefined ? '' : ` before ${literal(next)}`;
	};
	const renames = stretches.flatMap((part) =>
		part.existing.map(
			(old, at) =>
				`alter type ${type} rename value ${literal(old)} to ${literal(part.wanted[at] ?? '')}`,
		),
	);
	const additions = stretches.flatMap(({ wanted: labels, existing: renamed, next }) =>
		labels
			.slice(renamed.length)
			.map(
				(label) =>
					`alter type ${type} add value if not exists ${literal(label)}${place(label, next)}`,
			),
	);
	return [...renames, ...additions];
}

const compositeKind: Kind = {
	name: 'composite_type',
	mayExist: anyIn('pg_class', `x.relkind = 'c'`),
	component: 'tables',
	stage: 'structure',
	names: ['relation', 'type'],
	rows: { shaped: true },
	read: `
select ${NAME} as identity, ${NAME} as object,
  ${ADDRESSES} || array[${address('pg_class', 'c.oid')}] || array(select ${address('pg_class', 'c.oid', 'a.attnum')}
    from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as addresses,
  ${PARENT} as parent, pg_catalog.jsonb_build_object('attributes', coalesce(f.attributes,
    '[]'::pg_catalog.jsonb)) as definition,
  array[pg_catalog.format('create type %s as (%s)', ${NAME}, f.text)] as create,
  pg_catalog.format('drop type %s', ${NAME}) as drop
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
join pg_catalog.pg_class c on c.oid = t.typrelid
cross join lateral (
  select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(pg_catalog.format('%I', a.attname),
    pg_catalog.format_type(a.atttypid, a.atttypmod) || collation_text) order by a.attnum) as attributes,
    pg_catalog.string_agg(pg_catalog.format('%I %s%s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
      collation_text), ', ' order by a.attnum) as text
  from pg_catalog.pg_attribute a join pg_catalog.pg_type y on y.oid = a.atttypid
  left join pg_catalog.pg_collation o on o.oid = a.attcollation and a.attcollation <> y.typcollation
  left join pg_catalog.pg_namespace s on s.oid = o.collnamespace
  cross join lateral (select case when o.oid is null then '' else pg_catalog.format(' collate %I.%I', s.nspname,
    o.collname) end as collation_text) k
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
) f
where t.typtype = 'c' and c.relkind = 'c' and ${OF_USER}`,
	ways: { attributes: { decide: changeAttributes } },
};

function changeAttributes(source: Fact, target: Fact, context: ChangeContext): Change {
	const statements = attributeChanges(source, target);
	if (!dropsAttributes(source, target)) return { how: 'alter', statements, keepsRows: true };
	// Rows of the type are carried over through text; where they do not fit, attribute by attribute.
	const rebuilt = rebuildType(source, target, context);
	return rebuilt.how === 'recreate_dependents'
		? { ...rebuilt, otherwise: [statements, ...(rebuilt.otherwise ?? [])] }
		: { how: 'alter', statements };
}

type Attribute = readonly [name: string, type: string];
const attributesOf = (fact: Fact): Attribute[] => {
	const attributes = fact.definition['attributes'];
	if (!Array.isArray(attributes)) return [];
	return attributes.map((entry: unknown): Attribute =>
		Array.isArray(entry) ? [String(entry[0]), String(entry[1])] : ['', ''],
	);
};

/** How many they have in common from the first on. */
function sameAttributes(wanted: readonly Attribute[], existing: readonly Attribute[]): number {
	let same = 0;
	while (same < wanted.length && wanted[same]?.join(' ') === existing[same]?.join(' ')) same += 1;
	return same;
}

function dropsAttributes(source: Fact, target: Fact): boolean {
	const existing = attributesOf(target);
	return sameAttributes(attributesOf(source), existing) < existing.length;
}

/**
 * From one list of attributes to the other. Attributes can only be added at the end, and Postgres changes the
 * type of none that is stored: from the first difference on, all are dropped and added again.
 */
export function attributeChanges(source: Fact, target: Fact): string[] {
	const wanted = attributesOf(source);
	const existing = attributesOf(target);
	const same = sameAttributes(wanted, existing);
	const actions = [
		...existing.slice(same).map(([name]) => `drop attribute ${name} cascade`),
		...wanted.slice(same).map(([name, type]) => `add attribute ${name} ${type} cascade`),
	];
	return actions.length === 0 ? [] : [`alter type ${source.identity} ${actions.join(', ')}`];
}

/** The default of the domain `t` can stand in the text that makes it. */
const SIMPLE_STANDARD = foldable('pg_type', 't.oid');

const REBUILT: Way = { decide: rebuildType };

const changeNotNull = (
	{ id, identity, definition }: Fact,
	_: Fact,
	pair: ChangeContext,
): Change => ({
	how: 'recreate_dependents',
	dropFirst: storedWithin(id, pair.target),
	statements: [
		`alter domain ${identity} ${definition['not_null'] === true ? 'set' : 'drop'} not null`,
	],
});

const ANY_DOMAIN = anyIn('pg_type', `x.typtype = 'd'`);

const domainKind: Kind = {
	name: 'domain',
	mayExist: ANY_DOMAIN,
	component: 'tables',
	stage: 'structure',
	names: ['type'],
	rows: { shaped: true },
	read: `
select ${NAME} as identity, ${NAME} as object, ${ADDRESSES} as addresses, ${PARENT} as parent,
  pg_catalog.jsonb_build_object('type', d.type, 'collation', d.collation, 'not_null', t.typnotnull) as definition,
  array[pg_catalog.format('create domain %s as %s', ${NAME}, d.type)
    || coalesce(' collate ' || d.collation, '')
    || case when ${SIMPLE_STANDARD} then coalesce(' default ' || d.standard, '') else '' end
    || case when t.typnotnull then ' not null' else '' end || coalesce(d.checks, '')] as create,
  pg_catalog.format('drop domain %s', ${NAME}) as drop
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
join pg_catalog.pg_type b on b.oid = t.typbasetype
cross join lateral (select pg_catalog.format_type(t.typbasetype, t.typtypmod) as type,
  (select pg_catalog.format('%I.%I', s.nspname, o.collname) from pg_catalog.pg_collation o
    join pg_catalog.pg_namespace s on s.oid = o.collnamespace
    where o.oid = t.typcollation and t.typcollation <> b.typcollation) as collation,
  pg_catalog.pg_get_expr(t.typdefaultbin, 0) as standard,
  (select pg_catalog.string_agg(pg_catalog.format(' constraint %I ', k.conname)
    || pg_catalog.pg_get_constraintdef(k.oid), '' order by k.conname)
    from pg_catalog.pg_constraint k
    where k.contypid = t.oid and k.contype = 'c' and k.convalidated
      and ${foldable('pg_constraint', 'k.oid')}) as checks) d
where t.typtype = 'd' and ${OF_USER}`,
	ways: { type: REBUILT, collation: REBUILT, not_null: { decide: changeNotNull } },
};

// Separate from the domain, so that the functions it calls can be made anew without the columns of the domain. What
// pg_depend says of it is read under an address of its own: see DEPENDENCY in reading.ts.
const domainDefaultKind: Kind = {
	name: 'domain_default',
	mayExist: ANY_DOMAIN,
	component: 'tables',
	stage: 'structure',
	attribute: { later: true },
	read: `
select ${NAME} as identity, ${NAME} as object, array[${address('pg_type', 't.oid', `'default'`)}] as addresses,
  'domain:' || ${NAME} as parent,
  pg_catalog.jsonb_build_object('expression', pg_catalog.pg_get_expr(t.typdefaultbin, 0)) as definition,
  array[pg_catalog.format('alter domain %s set default %s', ${NAME},
    pg_catalog.pg_get_expr(t.typdefaultbin, 0))] as create,
  pg_catalog.format('alter domain %s drop default', ${NAME}) as drop, ${SIMPLE_STANDARD} as folded
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where t.typtype = 'd' and t.typdefaultbin is not null and ${OF_USER}`,
	ways: { expression: 'create' },
};

const CHECK: Way = {
	decide: (source, target, pair) => {
		if (!onlyValidates(source, target)) return { how: 'replace' };
		const { domain, name } = source.definition;
		return {
			how: 'recreate_dependents',
			dropFirst: storedWithin(`domain:${String(domain)}`, pair.target),
			statements: [`alter domain ${String(domain)} validate constraint ${String(name)}`],
		};
	},
};

const domainCheckKind: Kind = {
	name: 'domain_check',
	mayExist: ANY_DOMAIN,
	component: 'tables',
	stage: 'structure',
	within: true,
	read: `
select pg_catalog.format('%s.%I', ${NAME}, k.conname) as identity,
  pg_catalog.format('%s.%I', ${NAME}, k.conname) as object,
  array[${address('pg_constraint', 'k.oid')}] as addresses, 'domain:' || ${NAME} as parent,
  pg_catalog.jsonb_build_object('domain', ${NAME}, 'name', pg_catalog.format('%I', k.conname),
    'definition', pg_catalog.pg_get_constraintdef(k.oid), 'validated', k.convalidated) as definition,
  array[pg_catalog.format('alter domain %s add constraint %I ', ${NAME}, k.conname)
    || pg_catalog.pg_get_constraintdef(k.oid)] as create,
  pg_catalog.format('alter domain %s drop constraint %I', ${NAME}, k.conname) as drop,
  (k.convalidated and ${foldable('pg_constraint', 'k.oid')}) as folded
from pg_catalog.pg_constraint k join pg_catalog.pg_type t on t.oid = k.contypid
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where k.contype = 'c' and ${OF_USER}`,
	rows: { shaped: true },
	making: {
		displaces: ({ parent, definition }, target) =>
			parent === null || definition['validated'] !== true ? [] : storedWithin(parent, target),
	},
	ways: { domain: 'never', name: 'never', definition: CHECK, validated: CHECK },
};

const rangeKind: Kind = {
	name: 'range',
	mayExist: anyIn('pg_range', undefined, 'rngtypid'),
	component: 'tables',
	stage: 'structure',
	names: ['type'],
	rows: { shaped: true },
	read: `
select ${NAME} as identity, ${NAME} as object,
  ${ADDRESSES} || array(select ${address('pg_type', 'm.oid')} from pg_catalog.pg_type m
    where m.oid in (r.rngmultitypid,
      (select typarray from pg_catalog.pg_type where oid = r.rngmultitypid))) as addresses,
  ${PARENT} as parent, pg_catalog.jsonb_build_object('options', o.text) as definition,
  array[pg_catalog.format('create type %s as range (%s)', ${NAME}, o.text)] as create,
  pg_catalog.format('drop type %s', ${NAME}) as drop
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
join pg_catalog.pg_range r on r.rngtypid = t.oid
join pg_catalog.pg_type s on s.oid = r.rngsubtype
left join pg_catalog.pg_opclass p on p.oid = r.rngsubopc left join pg_catalog.pg_namespace pn on pn.oid = p.opcnamespace
left join pg_catalog.pg_collation l on l.oid = r.rngcollation and r.rngcollation <> s.typcollation
left join pg_catalog.pg_namespace ln on ln.oid = l.collnamespace
left join pg_catalog.pg_type m on m.oid = r.rngmultitypid
left join pg_catalog.pg_namespace mn on mn.oid = m.typnamespace
cross join lateral (select pg_catalog.concat_ws(', ', 'subtype = ' || pg_catalog.format_type(r.rngsubtype, null),
  case when not p.opcdefault then pg_catalog.format('subtype_opclass = %I.%I', pn.nspname, p.opcname) end,
  case when l.oid is not null then pg_catalog.format('collation = %I.%I', ln.nspname, l.collname) end,
  case when r.rngcanonical <> 0 then 'canonical = ' || r.rngcanonical::pg_catalog.regproc end,
  case when r.rngsubdiff <> 0 then 'subtype_diff = ' || r.rngsubdiff::pg_catalog.regproc end,
  pg_catalog.format('multirange_type_name = %I.%I', mn.nspname, m.typname)) as text) o
where t.typtype = 'r' and ${OF_USER}`,
	ways: { options: 'replace' },
};

const baseKind: Kind = {
	name: 'base_type',
	mayExist: anyIn(
		'pg_type',
		`x.typtype in ('b', 'p') and not exists (select from pg_catalog.pg_type e where e.typarray = x.oid)`,
	),
	component: 'tables',
	stage: 'structure',
	names: ['type'],
	read: `
select ${NAME} as identity, ${NAME} as object, ${ADDRESSES} as addresses, ${PARENT} as parent,
  pg_catalog.jsonb_build_object('defined', t.typisdefined) as definition,
  array[case when t.typisdefined
    then pg_catalog.format('create type %s (input = %s, output = %s, internallength = %s)', ${NAME}, t.typinput,
      t.typoutput,
      case when t.typlen = -1 then 'variable' else t.typlen::pg_catalog.text end)
    else pg_catalog.format('create type %s', ${NAME}) end] as create,
  pg_catalog.format('drop type %s', ${NAME}) as drop
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where (t.typtype = 'b' or (t.typtype = 'p' and not t.typisdefined)) and ${OF_USER}
  and not exists (select from pg_catalog.pg_type e where e.typarray = t.oid)`,
	ways: {
		defined: {
			decide: () => ({
				how: 'leave',
				why: 'a base type cannot be changed',
				fix: 'Make it on the target by hand.',
			}),
		},
	},
	report: {
		refusal: {
			outcome: 'skipped',
			why: 'only a superuser may create base types',
			fix: 'Use a domain or an extension in its place.',
		},
	},
};

export const typeKinds: readonly Kind[] = [
	baseKind,
	enumKind,
	compositeKind,
	rangeKind,
	domainKind,
	domainDefaultKind,
	domainCheckKind,
];
