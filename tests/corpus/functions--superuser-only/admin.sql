-- What postgres may not make on the target: the rest must arrive, these must be named, and a second clone must not loop.
create schema app authorization postgres;
create function app.leak(text) returns bool language sql immutable leakproof strict cost 5 as 'select true';
create function app.supported(anyelement) returns setof int language sql rows 7
  support generate_series_int4_support as $$select 1 -- LANGUAGE sql
 LEAKPROOF
$$;
create function app.set_up(a int, out b text, out "C d" int) immutable leakproof parallel restricted security definer
  language sql set search_path = '' set application_name = 'it''s' set work_mem = '8MB' begin atomic select a::text, a; end;
create function app.listed(variadic text[] default '{}') returns table (t text) stable leakproof parallel safe rows 3
  language plpgsql set search_path = "$user", 'Odd "one"', public set datestyle = 'ISO, DMY'
  as E'begin return query select ''\\ $$ '' || a from unnest($1) a; end';
create function app.in_c(internal) returns internal language internal as 'array_subscript_handler';
create operator class app.int_ops for type int4 using btree as
  operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btint4cmp(int4, int4);
alter function app.leak(text) owner to postgres;
alter function app.supported(anyelement) owner to postgres;
alter function app.set_up(int) owner to postgres;
alter function app.listed(text[]) owner to postgres;
alter function app.in_c(internal) owner to postgres;
