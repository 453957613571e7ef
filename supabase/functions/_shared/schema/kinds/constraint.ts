// Constraints of tables. Primary keys are made with the structure, because rows are matched by them; unique,
// exclusion and foreign keys after the rows. Keys are made with ONLY and attached, as partitioned tables need.
import type { Thing } from '../../domain/thing.ts';
import type { Change, ChangeContext, Fact, Kind, SchemaStage, Way } from '../fact.ts';
import { address } from '../address.ts';
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
import { whilePrivileged, ANY_CHILD, anyIn } from './text.ts';

const NAME = `pg_catalog.format('%s.%I', ${RELATION}, k.conname)`;
const DEFINITION = `pg_catalog.pg_get_constraintdef(k.oid)`;
const FROM = `
from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;
const ADD = `pg_catalog.format('alter table %s add constraint %I ', ${RELATION}, k.conname) || ${DEFINITION}`;
const DROP = `pg_catalog.format('alter table %s drop constraint %I', ${RELATION}, k.conname)`;

/** Equal but for being checked on rows that were there before, which Postgres prints last. */
export function onlyValidates({ definition: to }: Fact, { definition: from }: Fact): boolean {
	const unchecked = `${String(to['definition'])} NOT VALID`;
	return (
		to['validated'] === true && from['validated'] === false && from['definition'] === unchecked
	);
}

function changeDefinition(source: Fact, target: Fact): Change {
	if (!onlyValidates(source, target)) return { how: 'replace' };
	const { table, name } = source.definition;
	return {
		how: 'alter',
		statements: [`alter table ${String(table)} validate constraint ${String(name)}`],
	};
}

const DEFINITION_WAY: Way = { decide: changeDefinition };

/** Rows that do not keep to it leave it in place, unchecked, and said so. */
const unchecked = ({ create, definition, parts }: Fact): readonly string[] =>
	definition['validated'] === true
		? create.map((statement) =>
				statement === parts?.['add'] ? `${statement} not valid` : statement,
			)
		: [];

const ADD_PART = `pg_catalog.jsonb_build_object('add', ${ADD}) as parts`;

const checkKind: Kind = {
	name: 'check',
	component: 'tables',
	stage: 'relations',
	within: true,
	rows: { block: true },
	read: `
select ${NAME} as identity, ${NAME} as object, array[${address('pg_constraint', 'k.oid')}] as addresses,
  ${RELATION_FACT} as parent,
  pg_catalog.jsonb_build_object('table', ${RELATION}, 'name', pg_catalog.format('%I', k.conname),
    'definition', ${DEFINITION}, 'validated', k.convalidated) as definition,
  array[${ADD}] as create, ${ADD_PART},
  case when k.coninhcount = 0 then ${DROP} end as drop,
  (k.convalidated and ${foldable('pg_constraint', 'k.oid')}) as folded${FROM}
where k.contype = 'c' and (k.coninhcount = 0 or (k.conislocal and not c.relispartition))
  and ${userTable(`'r', 'p', 'f'`)}`,
	ways: { table: 'never', name: 'never', definition: DEFINITION_WAY, validated: DEFINITION_WAY },
	otherwise: unchecked,
};

/** A check or foreign key that a child or partition has from its parent, under the same name. */
const COPY = `
from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_inherits i on i.inhrelid = c.oid
join pg_catalog.pg_constraint pk on pk.conrelid = i.inhparent and pk.conname = k.conname and pk.contype = k.contype
join pg_catalog.pg_class p on p.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
where ((k.contype = 'c' and k.coninhcount > 0 and not (k.conislocal and not c.relispartition))
  or (k.contype = 'f' and k.conparentid = pk.oid))
  and i.inhseqno = 1 and ${userTable(`'r', 'p', 'f'`)}`;

// Made by its parent's: only what is said of it needs statements.
const copyKind: Kind = {
	name: 'constraint_copy',
	mayExist: ANY_CHILD,
	component: 'tables',
	stage: 'relations',
	within: true,
	read: `
select ${NAME} as identity, ${NAME} as object, array[${address('pg_constraint', 'k.oid')}] as addresses,
  ${RELATION_FACT} as parent,
  '{}'::pg_catalog.jsonb as definition, '{}'::pg_catalog.text[] as create,
  array[case k.contype when 'c' then 'check:' else 'foreign_key:' end
    || pg_catalog.format('%I.%I.%I', pn.nspname, p.relname, k.conname),
    'constraint_copy:' || pg_catalog.format('%I.%I.%I', pn.nspname, p.relname, k.conname),
    'partition:' || ${RELATION}] as needs${COPY}`,
	ways: {},
};

/** One whose rows were checked although the parent's were not. */
const validatedCopyKind: Kind = {
	name: 'validated_copy',
	mayExist: ANY_CHILD,
	component: 'tables',
	stage: 'relations',
	within: true,
	read: `
select ${NAME} as identity, ${NAME} as object, '{}'::pg_catalog.text[] as addresses, ${RELATION_FACT} as parent,
  '{}'::pg_catalog.jsonb as definition,
  array[pg_catalog.format('alter table %s validate constraint %I', ${RELATION}, k.conname)] as create,
  array['constraint_copy:' || ${NAME}] as needs${COPY} and k.contype = 'c' and k.convalidated and not pk.convalidated`,
	ways: {},
};

const CHILD_OF = `(select ${keyFact('pk', `pg_catalog.format('%I.%I', pn.nspname, p.relname)`)}
    from pg_catalog.pg_constraint pk join pg_catalog.pg_class p on p.oid = pk.conrelid
    join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace where pk.oid = k.conparentid)`;

/**
 * A key and its index, which always bear one name. A partition's goes with its parent's; but its primary key
 * holds the partition to its parent: where it must go, the partition is detached first, and keeps it.
 */
const keyKind = (name: Thing, letter: string, stage: SchemaStage, early: boolean): Kind => ({
	name,
	...(letter === 'x' ? { mayExist: anyIn('pg_constraint', `x.contype = 'x'`) } : {}),
	component: 'tables',
	stage,
	rows: { block: early },
	read: `
select ${letter === 'p' ? RELATION : NAME} as identity, ${NAME} as object,
  array[${address('pg_constraint', 'k.oid')}, ${address('pg_class', 'k.conindid')}] as addresses,
  ${RELATION_FACT} as parent,
  pg_catalog.jsonb_build_object('table', ${RELATION}, 'name', pg_catalog.format('%I', k.conname),
    'index', pg_catalog.format('%I.%I', n.nspname, x.relname), 'definition', ${DEFINITION},
    'options', ${optionObject('x.reloptions')}) as definition,
  array[pg_catalog.format('alter table only %s add constraint %I ', ${RELATION}, k.conname)
    || pg_catalog.pg_get_constraintdef(k.oid)]
    || case when x.reloptions is null then '{}'
      else array[pg_catalog.format('alter index %I.%I set (%s)', n.nspname, x.relname,
        ${optionText('x.reloptions')})] end as create,
  ${letter === 'p' ? DROP : `case when k.conparentid = 0 then ${DROP} end`} as drop,
  case when k.conparentid <> 0 then array[${CHILD_OF}] end as needs${FROM}
    join pg_catalog.pg_class x on x.oid = k.conindid
where k.contype = '${letter}' and ${userTable()}`,
	ways: {
		table: 'never',
		name: { alter: renameKeys },
		index: 'follows',
		definition: 'replace',
		options: { alter: changeOptions },
	},
});

function changeOptions({ definition: to }: Fact, { definition: from }: Fact): string[] {
	return optionChanges(to['options'], from['options']).map(
		(action) => `alter index ${String(to['index'])} ${action}`,
	);
}

/** Keys that wait for each other's names are renamed together, by the first of them. */
function renameKeys(_: Fact, key: Fact, context: ChangeContext): string[] {
	const ring = namesInTurn(key, context);
	const rename = ({ definition }: Fact, from: string, to: string): string =>
		`alter table ${String(definition['table'])} rename constraint ${from} to ${to}`;
	const now = ({ definition }: Fact): string => String(definition['name']);
	const wanted = ({ id }: Fact): string => String(context.source.byId.get(id)?.definition['name']);
	if (ring.length === 1) return [rename(key, now(key), wanted(key))];
	if (ring.some(({ id }) => id < key.id)) return [];
	return [
		...ring.map((one, at) => rename(one, now(one), `_twins_renamed_${at}`)),
		...ring.map((one, at) => rename(one, `_twins_renamed_${at}`, wanted(one))),
	];
}

/** The target's keys each of which has the name that the one before it is to have, the last one's is this one's. */
function namesInTurn(
	key: Fact,
	{ source, target }: Pick<ChangeContext, 'source' | 'target'>,
): readonly Fact[] {
	const ring = [key];
	for (let last = key; ;) {
		const name = source.byId.get(last.id)?.definition['index'];
		const holder = [...target.byId.values()].find(
			({ kind, definition }) => kind === key.kind && definition['index'] === name,
		);
		if (holder?.id === key.id) return ring;
		const wanted = holder && source.byId.get(holder.id);
		const isRenamed = wanted?.definition['definition'] === holder?.definition['definition'];
		if (!holder || !wanted || !isRenamed || ring.includes(holder)) return [key];
		ring.push(holder);
		last = holder;
	}
}

const POINTED_TO = {
	oid: 'r.oid',
	owner: 'r.relowner',
	name: `pg_catalog.format('%I.%I', rn.nspname, r.relname)`,
};

// A clone of some rows only may break it.
const foreignKeyKind: Kind = {
	name: 'foreign_key',
	component: 'tables',
	stage: 'relations',
	read: `
select ${NAME} as identity, ${NAME} as object, array[${address('pg_constraint', 'k.oid')}] as addresses,
  ${RELATION_FACT} as parent,
  pg_catalog.jsonb_build_object('table', ${RELATION}, 'name', pg_catalog.format('%I', k.conname),
    'definition', ${DEFINITION}, 'validated', k.convalidated,
    'partitioned', c.relkind = 'p') as definition,
  ${whilePrivileged('references', POINTED_TO, `array[${ADD}]`)} as create,
  pg_catalog.jsonb_build_object('add', ${ADD}, 'references', rn.nspname || '.' || r.relname) as parts,
  ${DROP} as drop${FROM} join pg_catalog.pg_class r on r.oid = k.confrelid
    join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
where k.contype = 'f' and k.conparentid = 0 and ${userTable()}`,
	ways: {
		table: 'never',
		name: 'never',
		definition: DEFINITION_WAY,
		validated: DEFINITION_WAY,
		partitioned: 'follows',
	},
	otherwise: (fact) => (fact.definition['partitioned'] === false ? unchecked(fact) : []),
};

export const constraintKinds: readonly Kind[] = [
	checkKind,
	copyKind,
	validatedCopyKind,
	keyKind('primary_key', 'p', 'structure', false),
	keyKind('unique_constraint', 'u', 'relations', true),
	keyKind('exclusion_constraint', 'x', 'relations', true),
	foreignKeyKind,
];
