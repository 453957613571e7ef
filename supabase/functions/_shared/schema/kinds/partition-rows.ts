// Rows of the target that block a partition: the default partition still holds those that belong to it, or it holds
// itself some that do not belong to it. Postgres refuses to attach it then (23514). They are moved, not lost; and not
// from a default partition whose rows the clone leaves alone: where they went, the source's would take their place.
import { RAISED_BY_US } from '../../platform/database-errors.ts';
import { literal } from '../../platform/postgres/index.ts';

/** How rows are moved to make room for a partition. Names are qualified, and quoted where they must be. */
export interface Placing {
	readonly parent: string;
	readonly table: string;
	/** As Postgres prints it. */
	readonly bound: string;
	/** Rows that fit nowhere may go: the clone brings the source's. */
	readonly mayGo: boolean;
	/** Tables that rows may be taken from. */
	readonly from: readonly string[];
}

/**
 * The statement that puts rows where they belong, before `table` is attached to `parent`. What belongs where is what
 * Postgres says of a temporary tree with the same key and bounds.
 */
export const placeRows = ({ parent, table, bound, mayGo, from }: Placing): string =>
	`do ${literal(`declare
  parent pg_catalog.regclass := ${literal(parent)};
  part pg_catalog.regclass := ${literal(table)};
  bound pg_catalog.text := ${literal(bound)};
  may_go pg_catalog.bool := ${String(mayGo)};
  givers pg_catalog.text[] := array[${from.map((name) => literal(name)).join(', ')}]::pg_catalog.text[];
  fallback pg_catalog.regclass := (select nullif(t.partdefid, 0) from pg_catalog.pg_partitioned_table t
    where t.partrelid = parent);
  names pg_catalog.text := (select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ')
    from pg_catalog.pg_attribute a
    where a.attrelid = parent and a.attnum > 0 and not a.attisdropped and a.attgenerated = '');
  moving pg_catalog.text := 'with moved as (delete from %s where %s returning %3$s)
    insert into %4$s (%3$s) overriding system value select %3$s from moved';
  fallback_name pg_catalog.text := (select pg_catalog.format('%I.%I', n.nspname, c.relname)
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = fallback);
  rule pg_catalog.text;
  sibling record;
  has_rows pg_catalog.bool;
begin
  if fallback = part then fallback := null; end if;
  execute pg_catalog.format('select exists (select from %s) or exists (select from %s)', part,
    coalesce(fallback, part)) into has_rows;
  if not has_rows then return; end if;
  perform pg_catalog.set_config('session_replication_role', 'replica', true);
  execute pg_catalog.format('create temporary table twins_bound (like %s) partition by %s', parent,
    pg_catalog.pg_get_partkeydef(parent));
  if bound = 'DEFAULT' then
    for sibling in
      select c.oid, pg_catalog.pg_get_expr(c.relpartbound, 0) as words from pg_catalog.pg_inherits i
        join pg_catalog.pg_class c on c.oid = i.inhrelid
      where i.inhparent = parent and i.inhrelid <> part
    loop
      execute pg_catalog.format('create temporary table twins_bound_%s partition of pg_temp.twins_bound %s',
        sibling.oid, sibling.words);
    end loop;
  end if;
  execute 'create temporary table twins_bound_part partition of pg_temp.twins_bound ' || bound;
  rule := coalesce(pg_catalog.pg_get_partition_constraintdef('pg_temp.twins_bound_part'::pg_catalog.regclass), 'true');
  if fallback_name = any (givers) then
    execute pg_catalog.format(moving, fallback, rule, names, part);
  elsif fallback is not null then
    execute pg_catalog.format('select exists (select from %s where %s)', fallback, rule) into has_rows;
    if has_rows then
      raise exception using errcode = '${RAISED_BY_US}',
        message = fallback_name
          || ' on the target holds rows that belong to it, and this clone does not bring those again',
        hint = 'Move or remove these rows of ' || fallback_name
          || ' on the target, or clone with remove_extra, then clone again.';
    end if;
  end if;
  begin
    execute pg_catalog.format(moving, part, pg_catalog.format('(%s) is not true', rule), names, parent);
  exception when check_violation or unique_violation then
    if not may_go then raise; end if;
    execute pg_catalog.format('delete from %s where (%s) is not true', part, rule);
  end;
  drop table pg_temp.twins_bound;
  perform pg_catalog.set_config('session_replication_role', 'origin', true);
end`)}`;
