// Rewrite rules of tables and views, and their firing state. The rule that makes a view a view is not one.
import type { Kind } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';
import { FIRING_STATE, firingState, relationFact, withoutSpace, anyIn } from './text.ts';

const readRules = `
select d.identity, d.object, array[${address('pg_rewrite', 'd.oid')}] as addresses, d.parent,
  pg_catalog.jsonb_build_object('rule', ${withoutSpace('d.rule')}, 'state', d.state) as definition,
  array[d.rule] || case when d.ev_enabled = 'O' then '{}' else array[d.state] end as create,
  'drop ' || d.object as drop
from (
  select r.oid, r.ev_enabled, pg_catalog.format('%I.%I.%I', n.nspname, c.relname, r.rulename) as identity,
    pg_catalog.format('rule %I on %I.%I', r.rulename, n.nspname, c.relname) as object,
    ${relationFact('c', 'n')} as parent,
    pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';') as rule,
    pg_catalog.format('alter table %I.%I %s rule %I', n.nspname, c.relname,
      ${firingState('r.ev_enabled')}, r.rulename) as state
  from pg_catalog.pg_rewrite r
  join pg_catalog.pg_class c on c.oid = r.ev_class
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where r.rulename <> '_RETURN' and ${ofUser('c.relowner')} and ${notOfExtension('pg_class', 'c.oid')}
) d
order by 1`;

export const ruleKind: Kind = {
	name: 'rule',
	mayExist: anyIn('pg_rewrite', `x.rulename <> '_RETURN'`),
	component: 'views',
	stage: 'views',
	read: readRules,
	ways: { rule: 'replace', state: FIRING_STATE },
};
