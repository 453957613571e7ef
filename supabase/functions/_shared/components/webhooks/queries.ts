// SQL of the webhooks component. A webhook is a trigger that calls supabase_functions.http_request.
import { ident, literal } from '../../platform/postgres/index.ts';
import { notOfExtension } from '../../platform/supabase/managed-schemas.ts';
import { printedArguments, triggerArguments } from '../../schema/kinds/text.ts';

/** Of the Management API: makes the function that webhooks call. */
export const ENABLE_PATH = '/database/webhooks/enable';

/** Whether webhooks are switched on in this project. */
export const HAS_WEBHOOKS = `
select pg_catalog.to_regprocedure('supabase_functions.http_request()') is not null as enabled`;

/**
 * Every webhook. `head` is its definition up to the call, as Postgres prints it with an empty search path: cut off by the
 * length of the call, because `pg_get_expr` prints no condition that names NEW (docs/adr/0008).
 * Clones on partitions belong to the trigger of the partitioned table.
 */
export const WEBHOOKS = `
select t.tgname::pg_catalog.text as name, n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as table,
  t.tgenabled::pg_catalog.text as state,
  pg_catalog.left(pg_catalog.pg_get_triggerdef(t.oid), -pg_catalog.length(
    pg_catalog.concat(' EXECUTE FUNCTION supabase_functions.http_request(', ${printedArguments('t.tgargs')},
    ')'))) as head,
  ${triggerArguments('t.tgargs')} as arguments
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_proc p on p.oid = t.tgfoid
join pg_catalog.pg_namespace f on f.oid = p.pronamespace
where not t.tgisinternal and t.tgparentid = 0 and f.nspname = 'supabase_functions' and p.proname = 'http_request'
  and ${notOfExtension('pg_trigger', 't.oid')}
order by n.nspname, c.relname, t.tgname`;

/** Firing state as `pg_trigger.tgenabled` codes it. */
export const FIRING_STATES = ['O', 'D', 'R', 'A'] as const;
export type FiringState = (typeof FIRING_STATES)[number];

const STATE_WORDS: Readonly<Record<FiringState, string>> = {
	O: 'enable',
	D: 'disable',
	R: 'enable replica',
	A: 'enable always',
};

interface Place {
	readonly schema: string;
	readonly table: string;
	readonly name: string;
}

export const setState = ({ schema, table, name }: Place, state: FiringState): string =>
	`alter table ${ident(schema)}.${ident(table)} ${STATE_WORDS[state]} trigger ${ident(name)}`;

export const createWebhook = (head: string, args: readonly string[]): string =>
	`${head} execute function supabase_functions.http_request(${args.map(literal).join(', ')})`;

export const dropWebhook = ({ schema, table, name }: Place): string =>
	`drop trigger ${ident(name)} on ${ident(schema)}.${ident(table)}`;
