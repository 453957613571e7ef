create schema a; create table a.t (id int primary key, label text); create function a.kept() returns int language sql as 'select 1'; create view a.v as select id from a.t;

create table a.grew (id int primary key, renamed text default 'x' not null, amount numeric(20, 4), last_one int);
create index on a.grew (renamed);
create view a.on_amount as select id from a.grew where amount > 1;
create function a.uses_amount() returns setof a.on_amount language sql as 'select * from a.on_amount';
alter table a.grew add again text generated always as (renamed || '!') stored;
create table a.numbered (id bigint generated always as identity primary key);
create table a.base (id int);
create table a.kid () inherits (a.base);
create table a.grandkid () inherits (a.kid);
create table a.clients (id int constraint customers_pkey primary key, name text);
create table a.orders (id int primary key, customer int constraint of_customer references a.clients);
