create schema rp;
create function rp.f() returns int language sql as 'select 1';
create view rp.v as select 1 as one;
create type rp.kind as enum ('a');
create table rp.handlers (id int primary key, h regprocedure, r regclass, t regtype);
insert into rp.handlers values (1, 'rp.f()', 'rp.v', 'rp.kind');
