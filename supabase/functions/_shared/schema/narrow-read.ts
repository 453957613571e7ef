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

/** Longest wait for a lock that others hold, for each object that needs it; and where all of them have held theirs for long. */
const PATIENCE = '20ms';
const NO_PATIENCE = '1ms';

/** Conditions of objects that cannot be printed: dropped, or locked. */
const UNPRINTABLE =
	'internal_error or undefined_table or undefined_object or undefined_function or undefined_column or lock_not_available';

/** SQL: what is closed when the reading begins, as arrays, and a text that is the same for as long as nobody comes or goes. */
const CLOSED = `
select pg_catalog.array_agg(l.relation), pg_catalog.array_agg(${holderText('l.relation', 'l.pid')}),
  pg_catalog.array_agg(coalesce(l.is_lasting, true)), pg_catalog.array_agg(coalesce(l.is_ours, false)),
  pg_catalog.string_agg(pg_catalog.concat_ws(' ', l.relation, l.pid, l.xact_start), ',' order by l.relation, l.pid)
  into relations, holders, lasting, ours, state
from ${CLOSED_RELATIONS} l`;

/** SQL: addresses of what is locked (the oids $1) and of what depends on it. */
const SUSPECTS = `
select coalesce(pg_catalog.array_agg(s.address), '{}') from (
  select '1259/' || l.relation || '/0' as address from pg_catalog.unnest($1) l (relation)
  union select d.classid || '/' || d.objid || '/' || d.objsubid
  from pg_catalog.unnest($1) l (relation)
  join pg_catalog.pg_depend d on d.refclassid = 1259 and d.refobjid = l.relation) s`;

/**
 * SQL, for each object `r`: who keeps it closed, or else anything, and whether that lasts; null where it is a slice of
 * ours, which will be done.
 */
const HOLDERS = `
cross join lateral (
  select case when not pg_catalog.bool_or(l.ours) filter (where l.is_its) then
      pg_catalog.string_agg(distinct l.holder, '; ') filter (where l.is_its) end as its,
    pg_catalog.bool_and(l.lasting) filter (where l.is_its) as its_lasts,
    case when not pg_catalog.bool_or(l.ours) then pg_catalog.string_agg(distinct l.holder, '; ') end as any_of,
    pg_catalog.bool_and(l.lasting) as lasts
  from (select c.*, c.relation in (
      select pg_catalog.split_part(a.address, '/', 2)::pg_catalog.oid from pg_catalog.unnest(r.addresses) a (address)
        where a.address like '1259/%'
      union select d.refobjid from pg_catalog.unnest(r.addresses) a (address)
        join pg_catalog.pg_depend d on d.refclassid = 1259
        and d.classid = pg_catalog.split_part(a.address, '/', 1)::pg_catalog.oid
          and d.objid = pg_catalog.split_part(a.address, '/', 2)::pg_catalog.oid) as is_its
    from rows from (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5))
      c (relation, holder, lasting, ours)) l) h`;

/** SQL: the objects `r` by name, with whoever locks them, as facts of which only the name is known; and those that nobody locks. */
const NAMED = `
select pg_catalog.json_agg(pg_catalog.json_build_object('kind', r.kind, 'id', r.id, 'identity', r.identity,
    'object', r.object, 'addresses', r.addresses,
    'parent', r.parent, 'component', r.component, 'stage', r.stage, 'folded', false,
    'definition', pg_catalog.json_build_object('locked', coalesce(h.its, h.any_of),
      'lasting', case when h.its is null then h.lasts else h.its_lasts end, 'at', pg_catalog.clock_timestamp())))
    filter (where coalesce(h.its, h.any_of) is not null)::pg_catalog.text,
  pg_catalog.array_agg(pg_catalog.json_build_object('id', r.id, 'parent', r.parent,
    'addresses', r.addresses)::pg_catalog.text)
    filter (where coalesce(h.its, h.any_of) is null)
from (`;

/** The statement that reads objects, and then what describes them, a kind at a time. */
export const narrowScript = (
	objects: readonly string[],
	descriptions: readonly string[],
	withObjects: (query: string) => string,
	withStatements: boolean,
): string => {
	// What was found closed is not tried again by this session while the same transactions go on.
	const known = `twins.closed_${withStatements ? 'in_full' : 'in_short'}`;
	return `do ${literal(`declare
  reading text; answer text; ids text[]; low int[]; high int[]; a int; b int; free int;
  suspects text[]; found text[] := '{}'; unread text[] := '{}'; place text;
  relations pg_catalog.oid[]; holders text[]; lasting bool[]; ours bool[]; state text;
  memory pg_catalog.json; closed text[] := '{}'; met text[]; more text[]; nameless text[];
begin
  ${CLOSED};
  execute ${literal(SUSPECTS)} into suspects using coalesce(relations, '{}');
  perform pg_catalog.set_config('lock_timeout',
    case when true = all (lasting) then '${NO_PATIENCE}' else '${PATIENCE}' end, true);
  memory := nullif(pg_catalog.current_setting('${known}', true), '')::pg_catalog.json;
  if memory ->> 'state' = state then
    closed := array(select pg_catalog.json_array_elements_text(memory -> 'ids'));
  end if;
  more := closed;
  foreach place in array '{${OBJECTS},${DESCRIPTIONS}}'::pg_catalog.text[] loop
    found := '{}';
    foreach reading in array case place when '${OBJECTS}'
    then ${texts(objects)} else ${texts(descriptions.map(withObjects))} end loop
      met := '{}';
      begin
        execute 'select json_agg(r)::text from (' || reading || ') r where (r.id = any ($1)) is not true'
          into answer using closed;
        found := pg_catalog.array_append(found, answer);
      exception when ${UNPRINTABLE} then
        execute 'select array_agg(r.id order by r.addresses && $1, r.id),
          count(*) filter (where (r.addresses && $1) is not true)
          from (' || reading || ') r where (r.id = any ($2)) is not true'
          into ids, free using suspects, closed;
        -- Those that nobody locks together; the others one by one, for they fail one by one.
        low := array(select n from pg_catalog.generate_series(free + 1, pg_catalog.cardinality(ids)) n) || 1;
        high := array(select n from pg_catalog.generate_series(free + 1, pg_catalog.cardinality(ids)) n) || free;
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
            elsif sqlstate = '55P03' then
              met := pg_catalog.array_append(met, ids[a]);
            else
              execute 'select json_build_object(''id'', r.id, ''parent'', r.parent, ''addresses'', r.addresses)::text
                from (' || reading || ') r where r.id = $1'
                into answer using ids[a];
              unread := pg_catalog.array_append(unread, answer);
            end if;
          end;
        end loop;
      end;
      more := more || met;
      met := met || array(select c from pg_catalog.unnest(closed) c
        where pg_catalog.strpos(reading, '''' || pg_catalog.split_part(c, ':', 1) || ':''') > 0);
      continue when pg_catalog.cardinality(met) = 0;
      execute ${literal(NAMED)} || reading || ${literal(`) r ${HOLDERS} where r.id = any ($1)`)}
        into answer, nameless using met, relations, holders, lasting, ours;
      found := pg_catalog.array_append(found, answer);
      unread := unread || nameless;
    end loop;
    perform pg_catalog.set_config(place, '[' || coalesce((select pg_catalog.string_agg(pg_catalog.substr(f, 2,
    pg_catalog.length(f) - 2), ',') from pg_catalog.unnest(found) f), '') || ']', true);
  end loop;
  perform pg_catalog.set_config('${UNREAD}', '[' || coalesce((select pg_catalog.string_agg(u, ',')
  from pg_catalog.unnest(unread) u), '') || ']', true);
  perform pg_catalog.set_config('${known}',
    pg_catalog.json_build_object('state', state, 'ids', more)::pg_catalog.text, false);
end`)}`;
};

const texts = (queries: readonly string[]): string =>
	queries.length === 0 ? `'{}'::pg_catalog.text[]` : `array[${queries.map(literal).join(', ')}]`;
