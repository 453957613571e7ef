create schema "Sch""ema.with dots";
create schema "select";
create schema "схема";
create type "select"."from" as enum ('''', '"', '\', 'x''); drop table y; --');
create table "Sch""ema.with dots"."ta.b""le" (
  "id" int generated always as identity,
  "col'umn" text default 'a\b''c"d$$e',
  "sel.ect" "select"."from" not null default '''',
  "63_characters_long_name_of_a_column_which_is_the_limit_of_names" int,
  "%s %I %" int default 5 check ("%s %I %" > 0),
  "naïve – ünïcödé 🐘" text,
  constraint "pk ""quoted""" primary key ("id", "sel.ect"),
  constraint "uniq; drop table x" unique ("col'umn")
);
create table "select"."table" ("user" int primary key, "order" int references "select"."table" ("user"), "primary" text check ("primary" <> '--'));
create table "схема"."таблица" ("ключ" int primary key, "имя" text collate "C");
create index "in.dex" on "Sch""ema.with dots"."ta.b""le" ("naïve – ünïcödé 🐘") where "col'umn" <> '''';
create index on "схема"."таблица" (lower("имя"));
create sequence "select"."Seq.uence";
alter table "select"."table" alter "order" set default nextval('"select"."Seq.uence"');
alter sequence "select"."Seq.uence" owned by "select"."table"."order";
comment on table "схема"."таблица" is 'комментарий '' \ $$';
comment on column "Sch""ema.with dots"."ta.b""le"."%s %I %" is '%s %I';
comment on constraint "pk ""quoted""" on "Sch""ema.with dots"."ta.b""le" is 'c';
comment on index "Sch""ema.with dots"."in.dex" is 'i';
grant select ("col'umn") on "Sch""ema.with dots"."ta.b""le" to anon;
create table "a"".""b" ("c"".""d" int primary key);
create table "dollar$1" ("$1" text default '$1' check ("$1" like '$%'));
create table "per%cent" ("%" int);
grant select on "per%cent" to anon, authenticated with grant option;
grant update ("%") on "per%cent" to anon;
