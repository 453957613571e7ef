// Constraints of tables. Primary keys are made with the structure, because rows are matched by them; unique,
// exclusion and foreign keys after the rows. Keys are made with ONLY and attached, as partitioned tables need.
import type { Change, Fact, Kind, SchemaStage } from '../fact.ts';
import { address } from '../scope.ts';
import {
	foldable,
	keyFact,
	optionChanges,
	optionObject,
	optionText,
	RELATION,
	RELATION_FACT,
	userTable,
} from './table-sql.ts';

const NAME = `format('%s.%I', ${RELATION}, k.conname)`;
const DEFINITION = `regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')`;
const FROM = `
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace`;
const DROP = `format('alter table %s drop constraint %I', ${RELATION}, k.conname)`;

/** Equal but for being checked on rows that were there before. */
function onlyValidates(source: Fact, target: Fact): boolean {
	return (
		source.definition['definition'] === target.definition['definition'] &&
		source.definition['validated'] === true
	);
}

function changeValidated(source: Fact, target: Fact): Change {
	if (!onlyValidates(source, target)) return { how: 'replace' };
	const { table, name } = source.definition;
	return {
		how: 'alter',
		statements: [`alter table ${String(table)} validate constraint ${String(name)}`],
	};
}

/** Rows that do not keep to it leave it in place, unchecked, and said so. */
const unchecked = (fact: Fact): readonly string[] =>
	fact.definition['validated'] === true
		? fact.create.map((statement) => `${statement} not valid`)
		: [];

const checkKind: Kind = {
	name: 'check',
	component: 'tables',
	stage: 'relations',
	within: true,
	early: true,
	read: `
select ${NAME} as identity, ${NAME} as object, array[${address('pg_constraint', 'k.oid')}] as addresses, ${RELATION_FACT} as parent,
  jsonb_build_object('table', ${RELATION}, 'name', format('%I', k.conname), 'definition', ${DEFINITION}, 'validated', k.convalidated) as definition,
  array[format('alter table %s add constraint %I %s', ${RELATION}, k.conname, pg_get_constraintdef(k.oid))] as "create",
  case when k.coninhcount = 0 then ${DROP} end as "drop",
  (k.convalidated and ${foldable('pg_constraint', 'k.oid')}) as folded${FROM}
where k.contype = 'c' and (k.coninhcount = 0 or (k.conislocal and not c.relispartition)) and ${userTable(`'r', 'p', 'f'`)}`,
	change: changeValidated,
	otherwise: unchecked,
};

const CHILD_OF = `(select ${keyFact('pk', "format('%I.%I', pn.nspname, p.relname)")}
    from pg_constraint pk join pg_class p on p.oid = pk.conrelid join pg_namespace pn on pn.oid = p.relnamespace where pk.oid = k.conparentid)`;

/**
 * A key and its index, which always bear one name. A partition's goes with its parent's; but its primary key
 * holds the partition to its parent: where it must go, the partition is detached first, and keeps it.
 */
const keyKind = (name: string, letter: string, stage: SchemaStage, early: boolean): Kind => ({
	name,
	component: 'tables',
	stage,
	early,
	read: `
select ${letter === 'p' ? RELATION : NAME} as identity, ${NAME} as object,
  array[${address('pg_constraint', 'k.oid')}, ${address('pg_class', 'k.conindid')}] as addresses,
  ${RELATION_FACT} as parent,
  jsonb_build_object('table', ${RELATION}, 'name', format('%I', k.conname), 'index', format('%I.%I', n.nspname, x.relname), 'definition', ${DEFINITION},
    'options', ${optionObject('x.reloptions')}) as definition,
  array[format('alter table only %s add constraint %I %s', ${RELATION}, k.conname, pg_get_constraintdef(k.oid))]
    || case when x.reloptions is null then '{}' else array[format('alter index %I.%I set (%s)', n.nspname, x.relname, ${optionText('x.reloptions')})] end as "create",
  ${letter === 'p' ? DROP : `case when k.conparentid = 0 then ${DROP} end`} as "drop",
  case when k.conparentid <> 0 then array[${CHILD_OF}] end as needs${FROM} join pg_class x on x.oid = k.conindid
where k.contype = '${letter}' and ${userTable()}`,
	change: changeKey,
});

function changeKey(source: Fact, target: Fact): Change {
	const [to, from] = [source.definition, target.definition];
	if (to['definition'] !== from['definition']) return { how: 'replace' };
	const renamed =
		to['name'] === from['name']
			? []
			: [
					`alter table ${String(to['table'])} rename constraint ${String(from['name'])} to ${String(to['name'])}`,
				];
	const options = optionChanges(to['options'], from['options']).map(
		(action) => `alter index ${String(to['index'])} ${action}`,
	);
	return { how: 'alter', statements: [...renamed, ...options] };
}

// A clone of some rows only may break it.
const foreignKeyKind: Kind = {
	name: 'foreign_key',
	component: 'tables',
	stage: 'relations',
	read: `
select ${NAME} as identity, ${NAME} as object, array[${address('pg_constraint', 'k.oid')}] as addresses, ${RELATION_FACT} as parent,
  jsonb_build_object('table', ${RELATION}, 'name', format('%I', k.conname), 'definition', ${DEFINITION}, 'validated', k.convalidated,
    'partitioned', c.relkind = 'p') as definition,
  array[format('alter table %s add constraint %I %s', ${RELATION}, k.conname, pg_get_constraintdef(k.oid))] as "create",
  ${DROP} as "drop"${FROM}
where k.contype = 'f' and k.conparentid = 0 and ${userTable()}`,
	change: changeValidated,
	otherwise: (fact) => (fact.definition['partitioned'] === false ? unchecked(fact) : []),
};

export const constraintKinds: readonly Kind[] = [
	checkKind,
	keyKind('primary_key', 'p', 'structure', false),
	keyKind('unique_constraint', 'u', 'relations', true),
	keyKind('exclusion_constraint', 'x', 'relations', true),
	foreignKeyKind,
];
