-- Views and functions that need each other.
create schema app4;
create table app4.t(id int primary key, a text, n int);
insert into app4.t values (1,'x',2),(2,'y',3);
create view app4.grouped as select id, a, max(n) as m from app4.t group by id;
create function app4.rows_of_grouped() returns setof app4.grouped language sql stable as $$ select * from app4.grouped $$;
create view app4.over_fn as select * from app4.rows_of_grouped();
create materialized view app4.mat as select * from app4.over_fn;
create view app4.loopv as select 1::int as id, 'z'::text as a;
create function app4.loopf() returns setof app4.loopv language plpgsql stable as $$ begin return query select t.id, t.a from app4.t t; end $$;
create or replace view app4.loopv as select l.id, l.a from app4.loopf() l;
create view app4.atomicv as select id from app4.t;
create function app4.atomicf() returns setof app4.atomicv language sql begin atomic select * from app4.atomicv; end;
create or replace view app4.atomicv as select t.id from app4.t where exists (select from app4.atomicf());
--#change
create or replace view app4.loopv as select l.id, l.a from app4.loopf() l where l.id > 1;
create or replace function app4.loopf() returns setof app4.loopv language plpgsql stable as $$ begin return query select t.id + 10, t.a from app4.t t; end $$;
alter table app4.t add column extra text;
--#change
create or replace view app4.loopv as select l.id, l.a, 5 as five from (select 1 as id, 'q'::text as a) l;
create or replace function app4.loopf() returns setof app4.loopv language plpgsql stable as $$ begin return query select t.id + 10, t.a, 7 from app4.t t; end $$;
create or replace view app4.loopv as select l.id, l.a, l.five from app4.loopf() l where l.id > 1;
--#change
begin;
create or replace view app4.loopv as select null::int as id, null::text as a, null::int as five;
drop function app4.loopf();
drop view app4.loopv;
create view app4.loopv as select 1::bigint as id, 'z'::text as a;
create function app4.loopf() returns setof app4.loopv language sql stable begin atomic select id::bigint, a from app4.t; end;
create or replace view app4.loopv as select l.id, l.a from app4.loopf() l;
create materialized view app4.over as select * from app4.loopv;
comment on view app4.loopv is 'round'; grant select on app4.loopv to anon;
create function app4.fa(int) returns int language sql immutable as 'select 1';
create function app4.fb(int) returns int language sql immutable begin atomic select app4.fa($1); end;
create or replace function app4.fa(int) returns int language sql immutable begin atomic select case when $1 > 0 then app4.fb($1 - 1) else 0 end; end;
create view app4.v1 as select 1 as x; create function app4.f1() returns setof int language sql begin atomic select x from app4.v1; end;
create view app4.v2 as select f1 as x from app4.f1(); create function app4.f2() returns setof int language sql begin atomic select x from app4.v2; end;
create or replace view app4.v1 as select f2 as x from app4.f2();
commit;
