create schema shop;
create type shop.mood as enum ('sad', 'ok', 'it''s "great"');
create type shop.address as (street text, city varchar(30) collate "C", at shop.mood[]);
create domain shop.email as text collate "C" default 'a@b' not null check (value ~ '@') constraint no_space check (value !~ ' ');
create domain shop.emails as shop.email[];
create function shop.is_even(int) returns boolean language sql immutable as 'select $1 % 2 = 0';
create domain shop.even as int constraint even check (shop.is_even(value));
create domain shop.loose as int;
alter domain shop.loose add constraint late check (value > 0) not valid;
create type shop.span as range (subtype = float8, subtype_diff = float8mi, multirange_type_name = shop.spans);
create type shop.textrange as range (subtype = text, collation = "C");
create collation shop.german (provider = icu, locale = 'de-u-co-phonebk', deterministic = false);
create table shop.things (
  id uuid default gen_random_uuid() primary key,
  feels shop.mood not null default 'ok',
  many shop.mood[] default array['sad'::shop.mood],
  lives shop.address,
  mail shop.email,
  pair shop.even default 2,
  width shop.span,
  widths shop.spans,
  title text collate shop.german,
  check (feels <> 'sad' or lives is not null)
);
create index on shop.things (title collate shop.german) where feels = 'ok';
create table shop.typed of shop.address (street with options not null default 'x', primary key (street));
comment on type shop.mood is 'moods';
comment on domain shop.email is 'mail';
comment on constraint no_space on domain shop.email is 'none';
comment on column shop.address.street is 'attribute';
grant usage on schema shop to anon, authenticated;
revoke usage on type shop.mood from public;
grant usage on type shop.mood to authenticated;
