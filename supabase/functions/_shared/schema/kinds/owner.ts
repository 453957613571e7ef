// Owners that are roles of the user. Everything is created by postgres; what a custom role owns on the source
// is handed over where the target lets it, and what the platform's roles own there stays with postgres.
import type { Kind } from '../fact.ts';
import { address, type Catalog } from '../address.ts';
import { platformRole } from '../../platform/supabase/managed-schemas.ts';

interface Owned {
	readonly catalog: Catalog;
	readonly owner: string;
	/** SQL: what `alter … owner to` calls it. */
	readonly word: string;
	readonly where?: string;
	/** SQL: whose owner follows, whoever he is. */
	readonly always?: string;
}

const OWNED: readonly Owned[] = [
	{
		catalog: 'pg_namespace',
		owner: 'nspowner',
		word: `'schema'`,
		// The platform's, until somebody drops it and makes it anew: then it is postgres's.
		always: `x.nspname = 'public'`,
	},
	{
		catalog: 'pg_class',
		owner: 'relowner',
		word: `case x.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
    when 'f' then 'foreign table' else 'table' end`,
		// A sequence of a column has the owner of its table, always.
		where: `x.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and not exists (select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = x.oid and x.relkind = 'S'
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0
        and d.deptype in ('a', 'i'))`,
	},
	{
		catalog: 'pg_type',
		owner: 'typowner',
		word: `'type'`,
		where: `x.typelem = 0 and x.typtype <> 'm' and (x.typtype <> 'c'
    or exists (select from pg_catalog.pg_class c where c.oid = x.typrelid and c.relkind = 'c'))`,
	},
	{ catalog: 'pg_proc', owner: 'proowner', word: `'routine'` },
];

const readOwned = ({ catalog, owner, word, where, always = 'false' }: Owned): string => `
  select p.id, r.rolname, ${word} as word, o.identity
  from pg_catalog.${catalog} x join pg_catalog.pg_roles r on r.oid = x.${owner}
  join part p on p.address = ${address(catalog, 'x.oid')}
  cross join lateral pg_catalog.pg_identify_object('pg_catalog.${catalog}'::pg_catalog.regclass, x.oid, 0) o
  where (${always} or not ${platformRole('r.rolname')})
    and p.kind not in ('extension', 'column')${where ? ` and ${where}` : ''}`;

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
select w.id as identity, w.identity as object, '{}'::pg_catalog.text[] as addresses, w.id as parent,
  pg_catalog.jsonb_build_object('owner', w.rolname) as definition,
  array[pg_catalog.format('alter %s %s owner to %I', w.word, w.identity, w.rolname)] as create,
  pg_catalog.format('alter %s %s owner to postgres', w.word, w.identity) as drop,
  array[pg_catalog.format('role:%I', w.rolname), pg_catalog.format('membership:%I to postgres', w.rolname)] as needs
from (${OWNED.map(readOwned).join('\n  union all')}
) w`,
	ways: { owner: 'create' },
};
