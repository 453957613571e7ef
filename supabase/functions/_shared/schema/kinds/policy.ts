// Row level security: policies on the user's tables and on the platform's tables that take them
// (storage.objects, realtime.messages), and whether a table has RLS on and forced.
import type { Change, ChangeContext, Fact, Kind, Way } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';
import { withoutSpace } from './text.ts';

/** The platform ships its tables there without policies, so whatever is on them is the user's. */
const takesPolicies = `(${ofUser('c.relowner')} or n.nspname in ('auth', 'storage', 'realtime'))`;

const expression = (column: string): string => `pg_catalog.pg_get_expr(p.${column}, p.polrelid)`;

const readPolicies = `
select d.identity, d.object, array[${address('pg_policy', 'd.oid')}] as addresses,
  case when d.managed then null else 'table:' || d.relation end as parent,
  pg_catalog.jsonb_build_object('mode', d.mode, 'command', d.command, 'roles', d.roles,
    'using', ${withoutSpace('d.using')}, 'check', ${withoutSpace('d.check')}) as definition,
  array[pg_catalog.format('create policy %s as %s for %s %s', d.object, d.mode, d.command, e.clauses)] as create,
  'drop policy ' || d.object as drop, d.needs, pg_catalog.jsonb_build_object('clauses', e.clauses) as parts
from (
  select p.oid,
      case when p.polpermissive then 'permissive' else 'restrictive' end as mode,
      case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
        else 'all' end as command,
      pg_catalog.format('%I.%I.%I', n.nspname, c.relname, p.polname) as identity,
      pg_catalog.format('%I on %I.%I', p.polname, n.nspname, c.relname) as object,
      pg_catalog.format('%I.%I', n.nspname, c.relname) as relation,
      not ${ofUser('c.relowner')} as managed,
      (select pg_catalog.string_agg(case when r = 0 then 'public' else pg_catalog.quote_ident(a.rolname) end, ', '
        order by a.rolname)
       from pg_catalog.unnest(p.polroles) r left join pg_catalog.pg_roles a on a.oid = r) as roles,
      -- pg_depend knows nothing of roles
      array(select pg_catalog.format('role:%I', a.rolname) from pg_catalog.pg_roles a
        where a.oid = any (p.polroles)) as needs,
      ${expression('polqual')} as using, ${expression('polwithcheck')} as check
    from pg_catalog.pg_policy p
    join pg_catalog.pg_class c on c.oid = p.polrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where ${takesPolicies} and ${notOfExtension('pg_class', 'c.oid')}
) d
cross join lateral (select 'to ' || d.roles || coalesce(' using (' || d.using || ')', '')
  || coalesce(' with check (' || d.check || ')', '') as clauses) e
order by 1`;

/** `alter policy` cannot take a clause away. */
const CLAUSES: Way = {
	decide: (source, target) => {
		const clauses = source.parts?.['clauses'];
		const isTaken = (key: string): boolean =>
			source.definition[key] === null && target.definition[key] !== null;
		if (clauses == null || isTaken('using') || isTaken('check')) return { how: 'replace' };
		return { how: 'alter', statements: [`alter policy ${source.object} ${clauses}`] };
	},
};

const policyKind: Kind = {
	name: 'policy',
	component: 'policies',
	stage: 'policies',
	read: readPolicies,
	ways: {
		mode: 'replace',
		command: 'replace',
		roles: CLAUSES,
		using: CLAUSES,
		check: CLAUSES,
	},
};

// Made in the transaction that makes the table, so that no row is ever open to everyone; changed with
// the policies.
const readSecurity = `
select pg_catalog.format('%I.%I', n.nspname, c.relname) as identity,
  pg_catalog.format('row level security on %I.%I', n.nspname, c.relname) as object,
  '{}'::pg_catalog.text[] as addresses,
  'table:' || pg_catalog.format('%I.%I', n.nspname, c.relname) as parent,
  pg_catalog.jsonb_build_object('enabled', c.relrowsecurity, 'forced', c.relforcerowsecurity) as definition,
  case when c.relrowsecurity then array[pg_catalog.format('alter table %I.%I enable row level security', n.nspname,
    c.relname)] else '{}' end
  || case when c.relforcerowsecurity then array[pg_catalog.format('alter table %I.%I force row level security',
    n.nspname, c.relname)] else '{}' end as create,
  'policies' as component, 'policies' as stage
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and ${ofUser('c.relowner')} and ${notOfExtension('pg_class', 'c.oid')}
order by 1`;

/** Taking protection away must be asked for: without `remove_extra` a stricter target stays stricter. */
function changeRowSecurity(source: Fact, target: Fact, { removeExtra }: ChangeContext): Change {
	const on = (fact: Fact, what: string): boolean => fact.definition[what] === true;
	const words: Readonly<Record<string, readonly [on: string, off: string]>> = {
		enabled: ['enable', 'disable'],
		forced: ['force', 'no force'],
	};
	const statements = Object.entries(words)
		.filter(([what]) => on(source, what) !== on(target, what))
		.filter(([what]) => removeExtra || on(source, what))
		.map(([what, [set, unset]]) => `${on(source, what) ? set : unset} row level security`)
		.map((action) => `alter table ${source.identity} ${action}`);
	if (statements.length > 0) return { how: 'alter', statements };
	return {
		how: 'leave',
		outcome: 'skipped',
		why: 'row level security is stricter on the target than on the source',
		fix: 'Switch it off on the target by hand, or clone with "remove extra".',
	};
}

const ROW_SECURITY: Way = { decide: changeRowSecurity };

const rowSecurityKind: Kind = {
	name: 'row_security',
	component: 'policies',
	stage: 'policies',
	places: true,
	read: readSecurity,
	ways: { enabled: ROW_SECURITY, forced: ROW_SECURITY },
	attribute: {},
};

export const policyKinds: readonly Kind[] = [policyKind, rowSecurityKind];
