-- Names that need quotes, every option, defaults, variadic, table results, settings, SQL-standard bodies.
create schema app;
create schema "We ird";
create type app.mood as enum ('calm', 'wild');
create type app.span as range (subtype = float8);
create table app.items (id int primary key, label text, price numeric, mood app.mood);
create function app.many(a int, b text default 'x y', out c int, variadic d int[] default '{1}')
  language plpgsql immutable as $$begin c := a; end$$;
create function app.listed() returns table (x int, y text)
  language sql stable security definer parallel restricted cost 7 rows 3
  set search_path = 'app', 'public' set work_mem = '8MB' set application_name = 'a ''b'' "c"'
  as $$select 1, 'a  b'$$;
create function app.strict_safe(int) returns int language sql immutable strict parallel safe as 'select $1';
create function app.atomic(x int) returns int language sql
  begin atomic select x + count(*)::int from app.items where label = 'a  b'; select x; end;
create function app.expression(x int) returns int language sql return x + 1;
create function app.of_row(app.items) returns text language sql stable as 'select ($1).label';
create function app.overloaded(int) returns int language sql as 'select 1';
create function app.overloaded(bigint) returns int language sql as 'select 2';
create function app.overloaded(int[]) returns int language sql as 'select 3';
create procedure app.act(inout a int, b text) language plpgsql as $$begin commit; end$$;
create procedure app.tell(a int, out b text) language plpgsql as $$begin b := '1'; end$$;
create function app.polymorphic(anyelement, anyarray) returns anyelement language sql as 'select $1';
create function "We ird"."fn ""quoted"""("arg é" int, "select" text default 'it''s') returns int
  language sql as 'select 1';
create function public."order"() returns void language plpgsql as
$body$
begin
  -- $function$ and $$ and a backslash \ and unicode ☃
  raise notice '%', $$text$$;
end
$body$;
create function app."n123456789012345678901234567890123456789012345678901234567890ab"() returns int
  language sql as 'select 1';
comment on function app.many(int, text, int[]) is 'many ''things''';
comment on procedure app.act(int, text) is 'acts';
revoke execute on function app.listed() from public;
grant execute on function app.listed() to authenticated;
-- a table that needs a function, and a function that needs a table
create function app.next_label() returns text language sql volatile as $$select 'label'$$;
create table app.needs (id int primary key, label text default app.next_label(), check (app.strict_safe(id) > 0));
create index on app.needs (app.strict_safe(id));
-- a function that needs a view
create view app.item_view as select id, label from app.items;
create function app.of_view(app.item_view) returns int language sql stable as 'select ($1).id';
create function app.reads_view() returns bigint language sql begin atomic select count(*) from app.item_view; end;
