// SQL fragments that the kinds of routines, views, triggers and policies share. They build text inside
// Postgres; nothing here runs a query.
import { address } from '../address.ts';
import type { Way } from '../fact.ts';
import { ofUser } from '../../platform/supabase/managed-schemas.ts';

/**
 * SQL expression: deparsed text without the white space outside quotes, only for comparing, and only where queries may
 * be. Postgres breaks lines of the same query differently from one deparse to the next (VALUES in UNION), prints none
 * without them, and keeps parsed trees whose oids mean nothing elsewhere: docs/adr/0008.
 */
export const withoutSpace = (expression: string): string =>
	`pg_catalog.regexp_replace(${expression}, '(''[^'']*''|"[^"]*")|\\s+', '\\1', 'g')`;

/** SQL expression: every address of a relation: itself, its columns, defaults, row type and view rule. */
export const relationAddresses = (oid: string): string => `array(
    select ${address('pg_class', oid)}
    union all
    select ${address('pg_class', oid, 'a.attnum')} from pg_catalog.pg_attribute a
    where a.attrelid = ${oid} and a.attnum > 0 and not a.attisdropped
    union all
    select ${address('pg_attrdef', 'd.oid')} from pg_catalog.pg_attrdef d where d.adrelid = ${oid}
    union all
    select ${address('pg_type', 't.oid')} from pg_catalog.pg_type t
    where t.typrelid = ${oid} or t.typelem = (select r.reltype from pg_catalog.pg_class r where r.oid = ${oid}
      and r.reltype <> 0)
    union all
    select ${address('pg_rewrite', 'w.oid')} from pg_catalog.pg_rewrite w
    where w.ev_class = ${oid} and w.rulename = '_RETURN')`;

/** SQL expression: id of the fact of a relation, from aliases of pg_class and pg_namespace. */
export const relationFact = (relation: string, schema: string): string =>
	`case ${relation}.relkind when 'v' then 'view:' when 'm' then 'materialized_view:' when 'f' then 'foreign_table:'
    else 'table:' end || pg_catalog.format('%I.%I', ${schema}.nspname, ${relation}.relname)`;

/** SQL expression: the arguments of a trigger, which `tgargs` holds one after the other, each ended by a zero byte. */
export const triggerArguments = (column: string): string => `array(
    select pg_catalog.convert_from(pg_catalog.substr(${column}, z.before + 1, z.at - z.before - 1),
      pg_catalog.getdatabaseencoding())
    from (select at, pg_catalog.lag(at, 1, 0) over (order by at) as before
      from pg_catalog.generate_series(1, pg_catalog.length(${column})) at
      where pg_catalog.get_byte(${column}, at - 1) = 0) z
    order by z.at)`;

/** SQL expression: the same as Postgres prints them at the end of a trigger's definition. */
export const printedArguments = (column: string): string => `coalesce((
    select pg_catalog.string_agg(''''
      || pg_catalog.replace(case pg_catalog.current_setting('standard_conforming_strings')
        when 'on' then a.argument else pg_catalog.replace(a.argument, pg_catalog.chr(92),
          pg_catalog.chr(92) || pg_catalog.chr(92)) end, '''', '''''') || '''', ', ' order by a.place)
    from pg_catalog.unnest(${triggerArguments(column)}) with ordinality a (argument, place)), '')`;

/** SQL expression: the types of a routine's arguments, as JSON text, from the alias `p` of pg_proc. */
export const ARGUMENT_TYPES = `pg_catalog.array_to_json(array(select pg_catalog.format_type(u.type, null)
    from pg_catalog.unnest(p.proargtypes) with ordinality u (type, place) order by u.place))::pg_catalog.text`;

/** The firing state, whose statement is the attribute `state` of the definition, is switched in place. */
export const FIRING_STATE: Way = { alter: ({ definition }) => [String(definition['state'])] };

/** SQL expression: the words of `alter table` that give a trigger or rule its firing state. */
export const firingState = (column: string): string =>
	`case ${column} when 'O' then 'enable' when 'D' then 'disable' when 'R' then 'enable replica'
    when 'A' then 'enable always' end`;

/**
 * SQL: the statements with a privilege on a relation that its owner took from himself, while they run. Asked of the
 * source: what somebody may do there is what he may do on the target by then.
 */
export const whilePrivileged = (
	privilege: 'references' | 'trigger',
	{ oid, owner, name }: { readonly oid: string; readonly owner: string; readonly name: string },
	statements: string,
): string => `case when pg_catalog.pg_has_role(${owner}, 'usage') and not pg_catalog.has_table_privilege(${oid},
    '${privilege}')
    then array['grant ${privilege} on ' || ${name} || ' to current_user'] || (${statements})
      || array['revoke ${privilege} on ' || ${name} || ' from current_user']
    else ${statements} end`;

/** Objects that came after the server was set up have oids from here on. */
export const FIRST_USER_OID = 16384;

/** SQL condition: the catalog has a row, `x`, of something that is not the server's own. */
export const anyIn = (catalog: string, condition = 'true', oid = 'oid'): string =>
	`exists (select from pg_catalog.${catalog} x
    where x.${oid} >= ${FIRST_USER_OID} and ${condition})`;

/** SQL condition: a table of the user has a parent or is a partition. */
export const ANY_CHILD = `exists (select from pg_catalog.pg_inherits x join pg_catalog.pg_class c on c.oid = x.inhrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${ofUser('c.relowner')})`;
