-- Tables with every kind of shape and name, and values that are easily changed on the way.
create schema "Weird "" schema";
create extension if not exists citext schema extensions;
create extension if not exists hstore schema extensions;
create type public.mood as enum ('sad', 'O''Reilly', 'très heureux');
create type public.pair as (a int, b text);
create domain public.positive as int check (value > 0);
create table "Weird "" schema"."select" ("from" int primary key, "tab	le" text, "ü" mood, "a""b" mood[]);
create table public."xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" (id int primary key);
create table public.values (
  id bigint generated always as identity primary key,
  n numeric, f4 float4, f8 float8, d date, ts timestamp, tz timestamptz, iv interval, tt timetz,
  j json, jb jsonb, x xml, b bytea, ci extensions.citext, h extensions.hstore, e mood, p pair, pp pair[], pos positive,
  tsv tsvector, tsq tsquery, pt point, bx box, poly polygon, r int4range, mr int4multirange, inet inet, cidr cidr,
  mac macaddr, bits bit(5), vb varbit, u uuid, c char(5), v varchar(20), "char" "char", txt text, arr text[], arr2 int[][],
  rc regclass, m money, o oid, tid tid, lsn pg_lsn, path jsonpath,
  twice int generated always as (coalesce(pos, 0) * 2) stored
);
create table public.no_key (a int, b text);
create table public.nothing ();
create table public.only_generated (g int generated always as (42) stored);
create type public.shade as enum ('dark', 'darker');
create function public.shade_text(public.shade) returns text language sql immutable as $$ select 'any' $$;
create cast (public.shade as text) with function public.shade_text;
create table public.padded (id int primary key, bp bpchar, shade public.shade);
create unlogged table public.unlogged_table (id int primary key, v text);
create table public.parent (id int primary key, v text);
create table public.child (extra text) inherits (public.parent);
create table public.by_day (day date not null, id int not null, v text, primary key (day, id)) partition by range (day);
create table public.by_day_2026 partition of public.by_day for values from ('2026-01-01') to ('2027-01-01') partition by list (id);
create table public.by_day_2026_1 partition of public.by_day_2026 for values in (1);
create table public.by_day_2026_rest partition of public.by_day_2026 default;
create table public.by_day_rest partition of public.by_day default;
create table public.node (id int primary key, parent int references public.node, owner int);
create table public.leaf (id int primary key, node int references public.node on delete cascade);
create table public.empty_one (id int primary key);
create sequence public.free_sequence increment -7 minvalue -9000000000000000 start -7;
create sequence public.unused;

insert into "Weird "" schema"."select" values (1, e'tab\tnew\nline\\.\r', 'O''Reilly', '{sad,"très heureux"}'), (2, null, null, null), (3, '\N', 'sad', '{}');
insert into public."xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" select generate_series(1, 100);
insert into public.values (n, f4, f8, d, ts, tz, iv, tt, j, jb, x, b, ci, h, e, p, pp, pos, tsv, tsq, pt, bx, poly, r, mr, inet, cidr, mac,
  bits, vb, u, c, v, "char", txt, arr, arr2, rc, m, o, tid, lsn, path) values
 ('NaN', 'NaN', 'Infinity', 'infinity', '-infinity', 'infinity', '1 year 2 mons -3 days 04:05:06.789', '12:00:00+05:30', '{"b":1,  "a":1.0}',
  '{"b":1.00,"a":[null,"\u00e9"]}', '<a>ü<b/></a>', '\x00ff', 'MiXed', '"a b"=>"c d",x=>NULL', 'très heureux', '(1,"x,""y")',
  array[(1,'a')::pair, null, (null,null)::pair], 7, 'fat:1A cat:2', 'fat & !rat', '(1.5,-2)', '((0,0),(1,1))', '((0,0),(1,0),(1,1))', '[1,5)', '{[1,3),[7,9)}',
  '192.168.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', B'10101', B'1', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'ab', 'varchar', 'c', '', '{NULL,"NULL","a\"b"}', '[2:3][0:1]={{1,2},{3,4}}',
  'public.node', 12.34, 4294967295, '(1,2)', '16/B374D848', '$.a[*] ? (@ > 1)'),
 (1.10, '-0', 1e-307, '4713-01-01 BC', '0044-03-15 12:00 BC', '2026-11-21 10:00:00.123456+02', '24 hours', '00:00:00-12', 'null', 'null', null, '', '', '', null, null, '{}', null,
  '', null, null, null, null, 'empty', '{}', '::1', '::/0', null, null, '', null, '', '', '', repeat('€', 9000), '{}', '{}', null, null, null, null, null, null),
 (123456789012345678901234567890.123456789, 0, '-Infinity', null, null, null, null, null, null, (select jsonb_agg(i) from generate_series(1, 50000) i), null,
  decode(repeat('00ff', 200000), 'hex'), null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
delete from public.values where id = 2; insert into public.values (txt) values ('after a gap');
insert into public.no_key values (1, 'twice'), (1, 'twice'), (null, null), (null, null);
insert into public.nothing select from generate_series(1, 3);
insert into public.only_generated default values; insert into public.only_generated default values;
insert into public.padded values (1, 'blanks  ', 'darker'), (2, null, null), (3, '', 'dark');
insert into public.unlogged_table values (1, 'u');
insert into public.parent values (1, 'parent'); insert into public.child values (2, 'child', 'more');
insert into public.by_day values ('2026-05-01', 1, 'a'), ('2026-05-01', 2, 'b'), ('1999-01-01', 3, 'c');
insert into public.node values (1, null, 1), (2, 1, 1), (3, 3, 1); insert into public.leaf values (1, 2), (2, 3);
select setval('public.free_sequence', -8000000000000001, true); select setval('public.unused', 5, false);
