create type level as enum ('low', 'high');
create function shout(text) returns text language sql immutable as 'select upper($1)';
create table people (
  id serial primary key,
  amount int,
  label text default 'old',
  number text,
  happened timestamptz not null default now(),
  flag text default 'false',
  ref text,
  kind text not null default 'high',
  was_generated int generated always as (1 + 1) stored,
  note text not null default 'gone',
  total numeric generated always as (amount * 2) stored
);
insert into people (amount, number, ref) values (1, '5', gen_random_uuid()::text), (2, null, null);
create index on people (label);
create index on people (number) where number > '5';
create view people_view as select id, amount, label, number, happened from people where number > '1';
create view over_view as select amount + 1 as more from people_view;
grant select on people_view to authenticated;
create policy "by amount" on people using (amount > 0);
create table pointing (id int primary key, person int references people);
create table computed (id int primary key, twice int not null unique);
insert into computed values (1, 7);
create index on computed (twice) where twice > 1;
create view sees_twice as select twice from computed;
comment on column computed.twice is 'by hand';
create table computed_parent (id int, twice int) partition by list (id);
create table computed_child partition of computed_parent default;
insert into computed_parent values (1, 7);
