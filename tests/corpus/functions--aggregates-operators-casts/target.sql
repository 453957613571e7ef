create schema app;
create table app.t (id int primary key, n numeric);
create type app.mood as enum ('calm', 'wild');
create function app.lt(app.t, int) returns bool language sql immutable as 'select true';
create function app.gt(int, app.t) returns bool language sql immutable as 'select true';
create operator app.<~ (leftarg = app.t, rightarg = int, function = app.lt, restrict = scalarltsel);
create operator app.~> (leftarg = int, rightarg = app.t, function = app.gt);
create cast (app.mood as varchar) with inout;
create view app.uses as select n operator(pg_catalog.>) 0 as a, n as b, 5 operator(app.~>) t as c from app.t;
