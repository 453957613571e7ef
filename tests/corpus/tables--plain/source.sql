-- Columns of many types, defaults, checks, keys and indexes of every sort.
create extension btree_gist with schema extensions;
create table customers (
  id bigint generated always as identity primary key,
  code varchar(12) not null default 'C-' || lpad((random() * 1000)::int::text, 4, '0'),
  name text not null check (length(name) > 0),
  "Mixed Case" text default 'it''s',
  balance numeric(12, 2) not null default 0 constraint balance_positive check (balance >= 0),
  tags text[] not null default '{}'::text[],
  profile jsonb default '{"a": "b\"c"}',
  born date,
  score double precision default 'NaN',
  valid tstzrange default tstzrange(now(), null),
  mac macaddr8, ip inet, bits bit varying(7), money_value money, day_time interval day to second(3),
  created_at timestamptz(3) not null default now(),
  constraint code_unique unique (code) deferrable initially deferred,
  constraint pair unique nulls not distinct (name, born) include (balance) with (fillfactor = 70)
);
create table orders (
  id serial primary key,
  customer_id bigint not null references customers on update cascade on delete cascade deferrable,
  parent_id int constraint parent references orders (id) match simple on delete set null,
  total numeric generated always as (quantity * price) stored,
  quantity int not null default 1,
  price numeric not null default 0,
  slot int4range,
  constraint no_overlap exclude using gist (customer_id with =, slot with &&) where (quantity > 0)
);
create index on orders (customer_id, price desc nulls last) include (quantity) where price > 10;
create unique index lower_name on customers (lower(name) collate "C" text_pattern_ops, (balance * 2)) nulls not distinct with (fillfactor = 50);
create index tags_gin on customers using gin (tags) with (fastupdate = off);
create index brin_created on customers using brin (created_at) with (pages_per_range = 32);
create index hashed on customers using hash (code);
alter index lower_name alter column 2 set statistics 500;
create statistics customer_stats (ndistinct, dependencies) on name, born from customers;
create statistics expr_stats on (lower(name)), (balance * 3) from customers;
alter statistics customer_stats set statistics 333;
alter table orders cluster on orders_pkey;
create unique index picked on customers (name, code) include (id);
create table watched (a int not null, b text not null);
create unique index watched_ab on watched (a, b);
alter table watched replica identity using index watched_ab;
create table all_columns (x int);
alter table all_columns replica identity full;
