// Reads facts although some of them are being dropped or are locked: where a kind's query fails, its objects are read
// in halves until only those that cannot be printed are left. What was dropped is left out; of what somebody locks, the
// name comes along with who locks it. Done in one statement on the server, within the transaction of the reading: the
// facts stay those of one snapshot.
import { CLOSED_RELATIONS, holderText } from '../platform/locks.ts';
import { literal } from '../platform/postgres/index.ts';

/** Columns of a fact as the statement reads it, for `json_to_recordset`. */
const COLUMNS = `kind int4, id text, identity text, object text, addresses text[], parent text, definition jsonb,
  "create" text[], "drop" text, needs text[], component text, stage text, folded bool, "position" int4, parts jsonb`;

/** Names of the settings that carry facts from one statement to the next. */
const OBJECTS = 'twins.objects';
const DESCRIPTIONS = 'twins.descriptions';
const UNREAD = 'twins.unread';

const stored = (setting: string, columns: string): string =>
	`pg_catalog.json_to_recordset(pg_catalog.current_setting('${setting}')::pg_catalog.json) as stored (${columns})`;

/** Queries of the facts that `narrowScript` read. */
export const STORED_OBJECTS = `select * from ${stored(OBJECTS, COLUMNS)}`;
export const STORED_DESCRIPTIONS = `select * from ${stored(DESCRIPTIONS, COLUMNS)}`;

/**
 * SQL condition: the object at the address (`classid/objid/…`) has been dropped. Asks the newest catalog, as the
 * functions that print do; cheap, but only for relations, functions and types.
 */
export const isDropped = (
	address: string,
): string => `case pg_catalog.split_part(${address}, '/', 1)
    when '1259' then pg_catalog.pg_table_is_visible(pg_catalog.split_part(${address}, '/', 2)::pg_catalog.oid) is null
    when '1255' then pg_catalog.pg_function_is_visible(
      pg_catalog.split_part(${address}, '/', 2)::pg_catalog.oid) is null
    when '1247' then pg_catalog.pg_type_is_visible(pg_catalog.split_part(${address}, '/', 2)::pg_catalog.oid) is null
    else false end`;

/** SQL: ids of facts that could not be printed although neither they nor what holds them (`placed`) were dropped. */
export const UNEXPLAINED = `(select pg_catalog.json_agg(stored.id)
    from ${stored(UNREAD, 'id text, parent text, addresses text[]')}
  where not exists (select from pg_catalog.unnest(stored.addresses) a (address)
      where (pg_catalog.pg_identify_object(pg_catalog.split_part(a.address, '/', 1)::pg_catalog.oid,
        pg_catalog.split_part(a.address, '/', 2)::pg_catalog.oid, 0)).identity is null)
    and (stored.parent is null or exists (select from placed p where p.id = stored.parent)))`;

/** Longest wait for a lock that others hold, for each object that needs it. */
const PATIENCE = '20ms';

/** Conditions of objects that cannot be printed: dropped, or locked. */
const UNPRINTABLE =
	'internal_error or undefined_table or undefined_object or undefined_function or undefined_column or lock_not_available';

/**
 * SQL: who keeps the object at the addresses `$1` closed (`$2`: or anything), and whether that lasts; null where it is a
 * slice of ours, which will be done.
 */
const HOLDERS = `
select case when not pg_catalog.bool_or(coalesce(l.is_ours, false)) then
  pg_catalog.string_agg(distinct ${holderText('l.relation', 'l.pid')}, '; ') end,
  pg_catalog.bool_and(coalesce(l.is_lasting, true))
from ${CLOSED_RELATIONS} l
where l.relation in (
  select pg_catalog.split_part(address, '/', 2)::pg_catalog.oid from pg_catalog.unnest($1) a (address)
    where address like '1259/%'
  union select d.refobjid from pg_catalog.unnest($1) a (address) join pg_catalog.pg_depend d on d.refclassid = 1259
    and d.classid = pg_catalog.split_part(address, '/', 1)::pg_catalog.oid
      and d.objid = pg_catalog.split_part(address, '/', 2)::pg_catalog.oid)
  or $2`;

/** SQL: addresses of what is locked and of what depends on it. */
const SUSPECTS = `
select coalesce(pg_catalog.array_agg(s.address), '{}') from (
  select '1259/' || l.relation || '/0' as address from ${CLOSED_RELATIONS} l
  union select d.classid || '/' || d.objid || '/' || d.objsubid
  from ${CLOSED_RELATIONS} l join pg_catalog.pg_depend d on d.refclassid = 1259 and d.refobjid = l.relation) s`;

/** A fact of which only the name is known. */
const NAMED = `pg_catalog.json_agg(pg_catalog.json_build_object('kind', r.kind, 'id', r.id, 'identity', r.identity,
    'object', r.object, 'addresses', r.addresses,
  'parent', r.parent, 'component', r.component, 'stage', r.stage, 'folded', false,
  'definition', pg_catalog.json_build_object('locked', $2::pg_catalog.text, 'lasting', $3::pg_catalog.bool, 'at',
  pg_catalog.clock_timestamp())))`;

/** The statement that reads objects, and then what describes them, a kind at a time. */
export const narrowScript = (
	objects: readonly string[],
	descriptions: readonly string[],
	withObjects: (query: string) => string,
): string =>
	`do ${literal(`declare
  reading text; answer text; ids text[]; low int[]; high int[]; a int; b int; free int; reason text; lasts bool;
  places text[];
  suspects text[] := (${SUSPECTS});
  found text[] := '{}'; unread text[] := '{}'; place text;
begin
  perform pg_catalog.set_config('lock_timeout', '${PATIENCE}', true);
  foreach place in array '{${OBJECTS},${DESCRIPTIONS}}'::pg_catalog.text[] loop
    found := '{}';
    foreach reading in array case place when '${OBJECTS}'
    then ${texts(objects)} else ${texts(descriptions.map(withObjects))} end loop
      begin
        execute 'select json_agg(r)::text from (' || reading || ') r' into answer;
        found := pg_catalog.array_append(found, answer);
      exception when ${UNPRINTABLE} then
        execute 'select array_agg(r.id order by r.addresses && $1, r.id),
          count(*) filter (where (r.addresses && $1) is not true) from (' || reading || ') r'
          into ids, free using suspects;
        low := array[1, free + 1];
        high := array[free, pg_catalog.cardinality(ids)];
        while pg_catalog.cardinality(low) > 0 loop
          a := low[pg_catalog.cardinality(low)];
          b := high[pg_catalog.cardinality(high)];
          low := pg_catalog.trim_array(low, 1);
          high := pg_catalog.trim_array(high, 1);
          continue when a > b;
          begin
            execute 'select json_agg(r)::text from (' || reading
            || ') r where r.id = any ($1)' into answer using ids[a:b];
            found := pg_catalog.array_append(found, answer);
          exception when ${UNPRINTABLE} then
            if a < b then
              low := low || array[a, (a + b) / 2 + 1];
              high := high || array[(a + b) / 2, b];
            else
              reason := null;
              if sqlstate = '55P03' then
                execute 'select r.addresses from (' || reading || ') r where r.id = $1' into places using ids[a];
                for nth in 0..1 loop
                  execute ${literal(HOLDERS)} into reason, lasts using places, nth = 1;
                  exit when reason is not null;
                end loop;
              end if;
              if reason is not null then
                execute ${literal(`select ${NAMED}::pg_catalog.text from (`)} || reading || ') r where r.id = $1'
                  into answer using ids[a], reason, lasts;
                found := pg_catalog.array_append(found, answer);
              else
                execute 'select json_build_object(''id'', r.id, ''parent'', r.parent, ''addresses'', r.addresses)::text
                  from (' || reading || ') r where r.id = $1'
                  into answer using ids[a];
                unread := pg_catalog.array_append(unread, answer);
              end if;
            end if;
          end;
        end loop;
      end;
    end loop;
    perform pg_catalog.set_config(place, '[' || coalesce((select pg_catalog.string_agg(pg_catalog.substr(f, 2,
    pg_catalog.length(f) - 2), ',') from pg_catalog.unnest(found) f), '') || ']', true);
  end loop;
  perform pg_catalog.set_config('${UNREAD}', '[' || coalesce((select pg_catalog.string_agg(u, ',')
  from pg_catalog.unnest(unread) u), '') || ']', true);
end`)}`;

const texts = (queries: readonly string[]): string =>
	queries.length === 0 ? `'{}'::pg_catalog.text[]` : `array[${queries.map(literal).join(', ')}]`;
