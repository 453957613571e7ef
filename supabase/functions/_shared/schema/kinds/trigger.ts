// Triggers of the user: all on the user's relations, and those that call a function of the user's on a table
// of the platform (`auth.users`). Webhooks are a component of their own. Clones that a
// partitioned table's trigger has on partitions are only looked at for their firing state.
import { partitionTree } from '../../platform/locks.ts';
import type { Kind } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension, ofUser, routineOfUser } from '../../platform/supabase/managed-schemas.ts';
import { FIRING_STATE, firingState, relationFact, whilePrivileged, ANY_CHILD } from './text.ts';

/** Triggers and their clones alike: whether a webhook fires is for the component Webhooks to say. */
const isNoWebhook = (trigger: string): string =>
	`${trigger}.tgfoid is distinct from pg_catalog.to_regprocedure('supabase_functions.http_request()')`;

/** Joins and conditions of every trigger we look at: t, its relation c in n, its function p in f. */
const triggersOfTheUser = `
  from pg_catalog.pg_trigger t
  join pg_catalog.pg_class c on c.oid = t.tgrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_proc p on p.oid = t.tgfoid
  join pg_catalog.pg_namespace f on f.oid = p.pronamespace
  where not t.tgisinternal
    and (${ofUser('c.relowner')} or ${routineOfUser('p', 'f')})
    and ${isNoWebhook('t')}
    and ${notOfExtension('pg_trigger', 't.oid')} and ${notOfExtension('pg_class', 'c.oid')}`;

const state = (only: string): string =>
	`pg_catalog.format('alter table ${only}%I.%I %s trigger %I', n.nspname, c.relname, ${firingState('t.tgenabled')},
    t.tgname)`;
const identity = `pg_catalog.format('%I.%I.%I', n.nspname, c.relname, t.tgname)`;
const object = `pg_catalog.format('%I on %I.%I', t.tgname, n.nspname, c.relname)`;

// Compared as printed: the condition of a trigger holds no query, and only those are printed with other line breaks
// once they were read back.
// A constraint trigger is found in pg_depend under its constraint as well. Made without `only`, the state
// reaches the clones on partitions; changed with it, each clone answers for itself.
const readTriggers = `
select d.identity, d.object,
  array[${address('pg_trigger', 'd.oid')}] || case when d.tgconstraint = 0 then '{}'
    else array[${address('pg_constraint', 'd.tgconstraint')}] end as addresses,
  case when d.managed then null else d.relation end as parent,
  pg_catalog.jsonb_build_object('trigger', d.trigger, 'state', d.state) as definition,
  ${whilePrivileged(
		'trigger',
		{ oid: 'd.tgrelid', owner: 'd.relowner', name: 'd.name' },
		`array[d.trigger] || case when d.tgenabled = 'O' then '{}' else array[d.first_state] end`,
	)} as create,
  'drop trigger ' || d.object as drop
from (
  select t.oid, pg_catalog.pg_get_triggerdef(t.oid) as trigger, t.tgconstraint, t.tgenabled, t.tgrelid, c.relowner,
    pg_catalog.format('%I.%I', n.nspname, c.relname) as name, ${identity} as identity, ${object} as object,
    ${relationFact('c', 'n')} as relation, not ${ofUser('c.relowner')} as managed,
    ${state('only ')} as state, ${state('')} as first_state
${triggersOfTheUser} and t.tgparentid = 0
) d
order by 1`;

const triggerKind: Kind = {
	name: 'trigger',
	component: 'triggers',
	stage: 'triggers',
	read: readTriggers,
	ways: { trigger: 'replace', state: FIRING_STATE },
};

// Made by its parent's trigger, with its parent's state: only a state of its own needs a statement.
const readClones = `
select ${identity} as identity, ${object} as object,
  array[${address('pg_trigger', 't.oid')}] as addresses,
  'trigger:' || pg_catalog.format('%I.%I.%I', rn.nspname, r.relname, root.tgname) as parent,
  pg_catalog.jsonb_build_object('state', ${state('only ')}) as definition,
  array[${state('only ')}] as create,
  null::pg_catalog.text as drop,
  array[${relationFact('c', 'n')}] as needs, t.tgenabled = root.tgenabled as folded
  from pg_catalog.pg_trigger root
  join pg_catalog.pg_class r on r.oid = root.tgrelid
  join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
  cross join lateral ${partitionTree('root.tgrelid')} leaf
  join pg_catalog.pg_trigger t on t.tgrelid = leaf.relid and t.tgname = root.tgname and t.tgparentid <> 0
  join pg_catalog.pg_class c on c.oid = t.tgrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where not root.tgisinternal and root.tgparentid = 0 and r.relkind = 'p' and ${ofUser('r.relowner', 'rn')}
    and t.tgfoid = root.tgfoid and ${isNoWebhook('root')}
order by 1`;

const partitionTriggerKind: Kind = {
	name: 'partition_trigger',
	mayExist: ANY_CHILD,
	component: 'triggers',
	stage: 'triggers',
	read: readClones,
	ways: { state: FIRING_STATE },
	within: true,
};

export const triggerKinds: readonly Kind[] = [triggerKind, partitionTriggerKind];
