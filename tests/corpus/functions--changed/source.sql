-- Each function differs from the target's in another way.
create schema app;
create function app.body() returns int language sql as 'select 2';
create function app.result() returns bigint language sql as 'select 2::bigint';
create function app.argument_name(wanted int) returns int language sql as 'select 1';
create function app.default_gone(a int) returns int language sql as 'select 1';
create function app.default_added(a int default 5) returns int language sql as 'select 1';
create procedure app.kind() language sql as 'select 1';
create function app.definer() returns int language sql security definer set search_path = '' as 'select 1';
create function app.no_definer() returns int language sql as 'select 1';
create function app.row_type() returns table (a int, b text) language sql as $$select 1, 'x'$$;
create function app.columns_out(out a int, out b text) language sql as $$select 1, 'x'$$;
create function app.language() returns int language plpgsql as 'begin return 1; end';
create aggregate app.total(int) (sfunc = int4pl, stype = int, initcond = '0');
create table app.t (id int primary key, n int);
create view app.uses as select app.result() as r, app.body() as b from app.t;
grant select on app.uses to anon;
create policy reads on app.t using (app.result() > 0);
alter table app.t enable row level security;
