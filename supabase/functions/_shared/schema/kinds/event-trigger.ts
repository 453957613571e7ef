// Event triggers that call a function of the user's; the platform's own call functions of its own.
import type { Kind } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension, routineOfUser } from '../../platform/supabase/managed-schemas.ts';
import { FIRING_STATE } from './text.ts';

const state = `pg_catalog.format('alter event trigger %I %s', v.evtname,
    case v.evtenabled when 'O' then 'enable' when 'D' then 'disable' when 'R' then 'enable replica'
      else 'enable always' end)`;

const readEventTriggers = `
select d.name as identity, 'event trigger ' || d.name as object,
  array[${address('pg_event_trigger', 'd.oid')}] as addresses, null::pg_catalog.text as parent,
  pg_catalog.jsonb_build_object('trigger', d.trigger, 'state', d.state) as definition,
  array[d.trigger] || case when d.evtenabled = 'O' then '{}' else array[d.state] end as create,
  'drop event trigger ' || d.name as drop
from (
  select v.oid, v.evtenabled, pg_catalog.quote_ident(v.evtname) as name, ${state} as state,
    pg_catalog.format('create event trigger %I on %s%s execute function %s()', v.evtname, v.evtevent,
      ' when tag in (' || (select pg_catalog.string_agg(pg_catalog.quote_literal(tag), ', ' order by tag)
        from pg_catalog.unnest(v.evttags) tag) || ')', p.oid::pg_catalog.regproc) as trigger
  from pg_catalog.pg_event_trigger v
  join pg_catalog.pg_proc p on p.oid = v.evtfoid
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where ${routineOfUser('p')} and ${notOfExtension('pg_event_trigger', 'v.oid')}
) d
order by 1`;

export const eventTriggerKind: Kind = {
	name: 'event_trigger',
	component: 'triggers',
	stage: 'triggers',
	read: readEventTriggers,
	ways: { trigger: 'replace', state: FIRING_STATE },
	report: {
		refusal: {
			outcome: 'skipped',
			why: 'The target does not let its role make event triggers.',
			fix: 'Make the event trigger by hand with a role that may, or move its work into migrations.',
		},
	},
};
