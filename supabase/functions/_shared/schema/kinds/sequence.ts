// Sequences that are objects of their own; those of identity columns are reported with the column. Positions
// are rows and belong to the component `data`.
import type { Change, Fact, Kind } from '../fact.ts';
import { partsOf } from '../names.ts';
import { address } from '../address.ts';
import { besideTypes } from './table-sql.ts';
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';

const NAME = `pg_catalog.format('%I.%I', n.nspname, c.relname)`;
const OPTIONS = `pg_catalog.format('as %s start with %s increment by %s minvalue %s maxvalue %s cache %s %s',
    pg_catalog.format_type(q.seqtypid, null),
  q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, case when q.seqcycle then 'cycle' else 'no cycle' end)`;

const ownSequences = `
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_sequence q on q.seqrelid = c.oid
where ${ofUser('c.relowner')} and ${notOfExtension('pg_class', 'c.oid')}
  and not exists (select from pg_catalog.pg_depend i where i.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and i.objid = c.oid and i.deptype = 'i')`;

function changeOptions({ identity, definition }: Fact): Change {
	const statement = `alter sequence ${identity} ${String(definition['options'])}`;
	return {
		how: 'recreate_dependents',
		dropFirst: [],
		statements: [statement],
		// Where it stands now may be outside its new bounds.
		otherwise: [[`${statement} restart`]],
	};
}

const changePersistence = ({ identity, definition }: Fact): string[] => [
	`alter sequence ${identity} set ${definition['persistence'] === 'u' ? 'unlogged' : 'logged'}`,
];

const sequenceKind: Kind = {
	name: 'sequence',
	component: 'tables',
	stage: 'structure',
	names: ['relation'],
	rows: { held: true },
	read: `
select ${NAME} as identity, ${besideTypes('sequence', 'c')} as object,
  array[${address('pg_class', 'c.oid')}] as addresses,
  pg_catalog.format('schema:%I', n.nspname) as parent,
  pg_catalog.jsonb_build_object('options', ${OPTIONS}, 'persistence', c.relpersistence) as definition,
  array[pg_catalog.format('create%s sequence %s %s', case c.relpersistence when 'u' then ' unlogged' else '' end,
    ${NAME}, ${OPTIONS})] as create,
  pg_catalog.format('drop sequence %s', ${NAME}) as drop${ownSequences}`,
	// Postgres makes a type beside a sequence of its name, but no sequence beside a type.
	otherwise: ({ identity, create }) => {
		const [schema, name] = partsOf(identity);
		return [
			`alter type ${identity} rename to _twins_type`,
			...create,
			`alter type ${schema}._twins_type rename to ${name}`,
		];
	},
	ways: { options: { decide: changeOptions }, persistence: { alter: changePersistence } },
};

const sequenceOwnerKind: Kind = {
	name: 'sequence_owner',
	component: 'tables',
	stage: 'structure',
	attribute: { ties: true, later: true },
	read: `
select o.sequence as identity, o.sequence as object, '{}'::pg_catalog.text[] as addresses,
  'sequence:' || o.sequence as parent,
  pg_catalog.jsonb_build_object('column', o.owner) as definition,
  array[pg_catalog.format('alter sequence %s owned by %s', o.sequence, o.owner)] as create,
  pg_catalog.format('alter sequence %s owned by none', o.sequence) as drop,
  array['column:' || o.owner, 'table:' || o.owning_table] as needs
from (
  select ${NAME} as sequence, pg_catalog.format('%I.%I.%I', tn.nspname, t.relname, a.attname) as owner,
    pg_catalog.format('%I.%I', tn.nspname, t.relname) as owning_table
  from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid = d.objid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_class t on t.oid = d.refobjid join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
  where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype = 'a' and c.relkind = 'S'
    and d.refobjsubid > 0 and ${ofUser('c.relowner')} and ${notOfExtension('pg_class', 'c.oid')}
) o`,
	ways: { column: 'create' },
};

export const sequenceKinds: readonly Kind[] = [sequenceKind, sequenceOwnerKind];
