create schema app;
create type app.mood as enum ('calm', 'wild');
create table app.t (id int primary key, n numeric);
create function app.acc(numeric, numeric) returns numeric language sql immutable as 'select $1 + $2';
create function app.fin(numeric) returns numeric language sql immutable as 'select $1';
create aggregate app.plain(numeric) (sfunc = app.acc, stype = numeric, finalfunc = app.fin, initcond = '0',
  parallel = safe, combinefunc = app.acc, sspace = 64, finalfunc_modify = read_write);
create aggregate app.moving(numeric) (sfunc = app.acc, stype = numeric, msfunc = app.acc, minvfunc = app.acc,
  mstype = numeric, minitcond = '0', mfinalfunc = app.fin);
create aggregate app.counted(*) (sfunc = int8inc, stype = int8, initcond = '0');
create function app.mid(numeric, double precision, numeric) returns numeric language sql immutable as 'select $1';
create aggregate app.middle(double precision order by numeric) (sfunc = app.acc, stype = numeric, finalfunc = app.mid,
  finalfunc_extra, initcond = '0');
create aggregate app.lowest(int) (sfunc = int4smaller, stype = int, sortop = <);
create function app.eq(app.t, app.t) returns bool language sql immutable as 'select true';
create function app.ne(app.t, app.t) returns bool language sql immutable as 'select true';
create function app.lt(app.t, int) returns bool language sql immutable as 'select true';
create function app.gt(int, app.t) returns bool language sql immutable as 'select true';
create operator app.=== (leftarg = app.t, rightarg = app.t, function = app.eq, commutator = operator(app.===),
  negator = operator(app.!==), restrict = eqsel, join = eqjoinsel, hashes, merges);
create operator app.!== (leftarg = app.t, rightarg = app.t, function = app.ne, commutator = operator(app.!==),
  negator = operator(app.===));
create operator app.<~ (leftarg = app.t, rightarg = int, function = app.lt, commutator = operator(app.~>));
create operator app.~> (leftarg = int, rightarg = app.t, function = app.gt, commutator = operator(app.<~));
create operator app.@# (rightarg = int4, function = int4abs);
create view app.uses as select n operator(pg_catalog.>) 0 as a, app.plain(n) over () as b, 5 operator(app.~>) t as c from app.t;
comment on operator app.@# (none, int4) is 'prefix';
comment on aggregate app.plain(numeric) is 'plain';
create function app.to_mood(int) returns app.mood language sql immutable as $$select 'calm'::app.mood$$;
create cast (int as app.mood) with function app.to_mood(int) as assignment;
create cast (app.mood as varchar) with inout as implicit;
comment on cast (int as app.mood) is 'guess';
create conversion app.narrow for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1;
