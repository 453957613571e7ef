// Owners that are roles of the user. Everything is created by postgres; what a custom role owns on the source
// is handed over where the target lets it, and what the platform's roles own there stays with postgres.
import type { Kind } from '../fact.ts';
import { platformRole } from '../../platform/supabase/managed-schemas.ts';

const owned = (catalog: string, number: number, owner: string, word: string): string => `
  select p.id, r.rolname, ${word} as word, o.identity
  from ${catalog} x join pg_roles r on r.oid = x.${owner} join part p on p.address = '${number}/' || x.oid || '/0'
  cross join lateral pg_identify_object('${catalog}'::regclass, x.oid, 0) o
  where not ${platformRole('r.rolname')} and p.kind not in ('extension', 'column')`;

export const ownerKind: Kind = {
	name: 'owner',
	component: 'tables',
	stage: 'structure',
	attribute: { later: true, describes: true },
	report: {
		refusal: {
			outcome: 'adapted',
			why: 'made, but owned by postgres: the target does not let the owner follow',
			fix: 'Give the owner CREATE on the schema and make postgres a member of it, then clone again.',
		},
	},
	read: `
select w.id as identity, w.identity as object, '{}'::text[] as addresses, w.id as parent, jsonb_build_object('owner', w.rolname) as definition,
  array[format('alter %s %s owner to %I', w.word, w.identity, w.rolname)] as "create",
  format('alter %s %s owner to postgres', w.word, w.identity) as "drop", array[format('role:%I', w.rolname), format('membership:%I to postgres', w.rolname)] as needs
from (${[
		owned('pg_namespace', 2615, 'nspowner', `'schema'`),
		owned(
			'pg_class',
			1259,
			'relowner',
			`case x.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table' else 'table' end`,
		) +
			` and x.relkind in ('r', 'p', 'v', 'm', 'S', 'f')` +
			// A sequence of a column has the owner of its table, always.
			` and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = x.oid
      and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i') and x.relkind = 'S')`,
		owned('pg_type', 1247, 'typowner', `'type'`) +
			` and (x.typtype <> 'c' or exists (select from pg_class c where c.oid = x.typrelid and c.relkind = 'c')) and x.typelem = 0 and x.typtype <> 'm'`,
		owned('pg_proc', 1255, 'proowner', `'routine'`),
	].join('\n  union all')}
) w`,
	change: (source) => ({ how: 'alter', statements: source.create }),
};
