create type grown as enum ('zero', 'one', 'one and a half', 'two', 'three');
create type shrunk as enum ('b', 'a');
create type pair as (x bigint, z text, y text collate "C");
create domain positive as int default 2 check (value > 0) constraint small check (value < 100);
create domain renamed_base as text;
create type span as range (subtype = int8);
create function takes(shrunk) returns text language sql immutable as 'select $1::text';
create table users_of (
  id int primary key, g grown not null default 'one', s shrunk default 'a' check (s = 'a' or s = 'b'), many shrunk[] default '{a}',
  p pair, d positive, r renamed_base, label text generated always as (takes('a')) stored
);
create index on users_of (s) where s = 'b';
create view sees as select id, s, many from users_of where s = 'a';
create table also (s shrunk primary key, constraint only_one unique (s));
create type relabelled as enum ('blue', 'new', 'ok', 'glad');
create type made_of_it as (label relabelled);
create table holds_it (id int primary key, whole made_of_it, label relabelled default 'blue');
create view sees_label as select id from holds_it where label > 'blue';
