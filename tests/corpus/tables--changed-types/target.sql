create type grown as enum ('one', 'two');
create type shrunk as enum ('a', 'b', 'c');
create type pair as (x int, y text, w int);
create domain positive as int not null default 1 check (value > 0);
create domain renamed_base as varchar(10);
create type span as range (subtype = int4);
create function takes(shrunk) returns text language sql immutable as 'select $1::text';
create table users_of (
  id int primary key, g grown not null default 'two', s shrunk default 'b' check (s = 'a' or s = 'b'), many shrunk[] default '{b}',
  p pair, d positive, r renamed_base, label text generated always as (takes('a')) stored
);
insert into users_of (id, s, many, d) values (1, 'a', '{a,b}', 5);
create index on users_of (s) where s = 'b';
create view sees as select id, s, many from users_of where s = 'a';
create table also (s shrunk primary key, constraint only_one unique (s));
create type relabelled as enum ('sad', 'ok', 'happy');
create type made_of_it as (label relabelled);
create table holds_it (id int primary key, whole made_of_it, label relabelled default 'sad');
insert into holds_it values (1, row('sad'), 'happy');
create view sees_label as select id from holds_it where label > 'sad';
