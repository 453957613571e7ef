-- Every kind of expression and query that Postgres prints: what is printed must be read back as the same.
create table t1 (a int, b text, c varchar(10), d date, e timestamptz, f numeric(10,2), g jsonb, h text[], i bool, j
  interval, k char(5), l float8, m bigint, n smallint, o "char", p name, q bit varying(5), r inet, s int4range, u
  uuid, v time, w timetz, x money, y xml, z point);
create table t2 (a int, b text, c varchar(10), d date, extra int);
create type comp as (x int, y text);
create table t3 (id int primary key, c comp, cs comp[]);
create view literals as select a, b as "B b", -1 as neg, - a as na, -(-5) as dbl, '-1'::int as m1, 1.50 as dec, 1e10
  as sci, 'it''s' as q, E'a\\b\n' as esc, U&'\00e9' as uni, B'101' as bits, X'1F' as hex, true as t, null as nul,
  interval '1 day 2 hours' as iv, interval '3' month as im, date '2020-01-01' as dd, timestamp '2020-01-01 00:00' at
  time zone 'utc' as tz, current_date as cd, current_timestamp(2) as ct, localtime as lt, current_user as cu,
  session_user as su, user as us, current_schema as cs from t1;
create view conditions as select case a when 1 then 'one' when 2 then 'two' else c end as c1, case when i then 1
  end, coalesce(c, 'x', b), nullif(a, 1), greatest(a, m, n), least(c, 'z'), a is distinct from 3 as dis, a is not
  null as nn, i is true as it, i is not unknown as inu, (a, b) = (1, 'x') as rw, (a,b) < (1,'y') as rlt, row(a, b)
  is null as rn, not i as ni, not (a = 1 and b = 'x') as nand, a = 1 or b = 'x' and i as mix, (a = 1 or b = 'x') and
  i as mix2 from t1;
create view date_parts as select extract(year from d) as y, extract(epoch from e) as ep, position('a' in b) as po,
  substring(b from 2 for 3) as su, substring(b from '%#"o_a#"_' for '#') as su2, overlay(b placing 'xx' from 2) as
  ov, trim(both 'x' from b) as tr, trim(leading from b) as tl, trim(b) as t0, (d, d) overlaps (d, d) as ovl, e at
  time zone 'Europe/Paris' as atz from t1;
create view comparisons as select b like 'a%' as li, b not like 'a%' as nl, b ilike 'x' as il, b like 'a!%' escape
  '!' as le, b similar to '(a|b)%' as si, b similar to 'a#%' escape '#' as se, b ~ '^a' as re, b !~* 'x' as nre, b
  like any (array['a%','b%']) as la, c like any (array['a%','b%']) as lca, c = any ('{a,b}') as ca, c <> all
  (array['a','b']) as cna, a = any (select a from t2) as asub, (a, b) in (select a, b from t2) as rsub, (a,b) =
  (select a, b from t2 limit 1) as rsub2, exists (select 1 from t2) as ex, not exists (select * from t2 where t2.a =
  t1.a) as nex, array(select a from t2 order by 1) as arr, a between symmetric 3 and 1 as bs, a not between 1 and 2
  as nb from t1;
create view subscripts as select g -> 'a' as j1, g ->> 'b' as j2, g #>> '{a,b}' as j3, g @> '{"a":1}' as j4, g ? 'x'
  as j5, g['a']['b'] as sub, h[1] as h1, h[1:2] as h2, h[:2] as h3, h || 'x'::text as h4, array[1,2] as ar,
  array[[1,2],[3,4]] as ar2, array[]::int[] as ea, '{}'::int[] as e2, (array[1,2,3])[2] as sub2,
  ((array['a','b'])::varchar[])[1] as sub3 from t1;
create view composites as select (c).x, (c).y as yy, cs[1].x as cx, (cs[1]).y as cy, c is null as cn,
  row(1,'a')::comp as rc, (row(1,'a')::comp).y as ry, t3.* , t3 as whole from t3;
create view aggregates as select a, count(*) as n, sum(f) filter (where i) as sf, array_agg(b order by c desc nulls
  last, a) as ag, string_agg(distinct b, ',' order by b) as sa, percentile_cont(0.5) within group (order by l) as
  med, mode() within group (order by b) as mo, rank(3) within group (order by a) as rk, grouping(a) as gr,
  bool_and(i) from t1 group by grouping sets ((a), ()) having count(*) > 1 and sum(f) between 1 and 100 and max(c)
  in ('a','b');
create view rollups as select a, b, count(*) from t1 group by rollup (a, b), cube (c, d) order by 1 desc nulls last,
  b collate "C" using ~>~ offset 1 fetch first 5 rows with ties;
create view windows as select a, row_number() over w as rn, sum(a) over (partition by b order by d range between
  interval '1 day' preceding and current row) as s1, lag(a, 1, 0) over (w rows between 1 preceding and 1 following
  exclude ties) as lg, first_value(c) over (order by a groups between unbounded preceding and 2 following exclude
  current row) as fv, count(*) filter (where i) over () as cf from t1 window w as (partition by c order by a);
create view recursion as with recursive r(n, path) as (select 1, array['x'] union all select n + 1, path ||
  'y'::text from r where n < 5 and n > 0) select * from r;
create view joins_of_ctes as with x as materialized (select a from t1), y as not materialized (select * from x where
  a in (1,2)) select x.a, y.a as b from x left join y using (a) full join t2 on t2.a = x.a and t2.b in ('a', 'b')
  cross join lateral (select t2.b || 'x' as bb) l natural join (select 1 as extra) nj;
create view set_operations as select a as id, c from t1 union select a, 'x' from t2 union all select null, b from t2
  except select 1, 'y' intersect (select 2, 'z' order by 1 limit 3) order by 1;
create view lists as select * from (values (1, 'a'), (2, null), (3, 'c')) as v(n, s);
create view functions_in_from as select x.*, y.n from (select 1 as one, 'two' as two) x, (values (1),(2)) y(n),
  generate_series(1,3) with ordinality as g(i, o), unnest(array[1,2], array['a','b']) as u(p, q), rows from
  (generate_series(1,2), generate_series(1,3)) as rf(r1, r2), json_to_recordset('[]') as jr(a int, b text);
create view joins as select t1.a as a1, t2.a as a2, t1.b from t1 join t2 using (a, b) as ju join t2 t22 on t22.a =
  ju.a left join lateral (select max(extra) as mx from t2 t4 where t4.a = t1.a) ml on true where t1.c in ('a','b')
  or t1.c is null;
create view samples as select a from t1 tablesample bernoulli (10) repeatable (1);
create view distinct_rows as select distinct on (a, b) a, b, c from only t1 order by a, b, c desc; create view
  locked_rows as select a from t1 for update of t1 skip locked;
create view xml_values as select xmlelement(name foo, xmlattributes(a as "attr", b), xmlforest(c as cc, d)) as xe,
  xmlparse(content '<a/>') as xp, xmlserialize(content y as text) as xs, xmlconcat(y, y) as xc, xmlpi(name php,
  'echo') as xpi, y is document as xd, xmlexists('//a' passing y) as xex from t1;
create view xml_tables as select xt.* from t1, xmltable('/rows/row' passing y columns id int path '@id', n text path
  'name' default 'x' not null, ord for ordinality) xt;
create view renamed_columns (renamed, "with space", c) as select a, b, c from t1;
create view options with (security_invoker = true, security_barrier) as select a, c from t1 where c = 'x' with local
  check option;
create view whole_rows as select t1, t1.*::t1 as w, (t1).a, count(t1.*) over () from t1;
create view merged_columns as select coalesce(t1.a, t2.a) as a, a as merged from t1 full join t2 using (a);
create view nameless as select 'a' union select 'b';
create view subqueries as select (select max(a) from t1) as mx, (select b from t2 where t2.a = o.a and t2.c in
  ('x','y') limit 1) is null as z, array(select c from t1) as cs from t1 o;
create view casts as select cast(a as numeric(5,1)) as n1, a::numeric(5,1)::text as n2, c::varchar(3) as n3,
  b::char(3) as n4, k::text as n5, '5'::"char" as n6, o::text as n7, 3::bit(5) as n8, e::timestamp(0) as n9,
  j::interval day to minute as n10, h::varchar(5)[] as n11, c::regclass as n12, 't1'::regclass as n13,
  'int4'::regtype as n14, 'now'::timestamp as n15, 12.5::money as n16, '(1,2)'::point as n17,
  array['a','b']::varchar(3)[] as n18, (array[c,'b'])::text[] as n19, null::int[] as n20 from t1;
create function f(a int, b text default 'd') returns text language sql immutable as 'select b';
create function vf(variadic x int[]) returns int language sql immutable as 'select 1';
create function vt(variadic x text[]) returns int language sql immutable as 'select 1';
create view calls as select f(1) as x1, f(b => 'x', a => 2) as x2, f(1, 'x') as x3, vf(1,2,3) as x4, vf(variadic
  array[1,2]) as x5, vt('a', c, 'b') as x6, vt(variadic array[c, 'b']) as x7, concat(a, c) as x8, concat(variadic
  array['a','b']) as x9, format('%s', c) as x10 from t1;
create table chk (a int, b text, c varchar, d date, n numeric, h text[], g jsonb, e timestamptz,
 check (a in (1,2) and b in ('x','y') and c in ('p','q')), check (n between 0 and 1 and a > 0 or c = 'x'), check ((a
  > 0 and b > 'a') and c > 'b' and d > '2020-01-01'), check (not (a between 1 and 2 and b is null)),
 check (case when c in ('a','b') then a between 1 and 2 and n > 0 else true end), check (h <@ array['a','b','c'] and
  array_length(h,1) between 1 and 3), check (c ~ '^[a-z]+$' and c not in ('admin','root') and length(c) between 3
  and 20), check (d between '2000-01-01' and current_date + 1 and e > 'epoch'), check ((g ->> 'kind') in ('x','y')
  and jsonb_typeof(g) = 'object'), check ((a is null) = (b is null)), check (num_nonnulls(a,b,c) = 1), check (c =
  upper(c) or c in ('a')), check (a % 2 = 0 and -a < 5 and a <> -1), check (c::text like 'a%' or lower(c) in
  ('x','y')), check (c in ('a', b)), check (a = any (array[1,2,3]::smallint[])), check (c similar to '[a-z]{3}'),
  check (coalesce(c, 'x') in ('x','y')),
 ts tsvector generated always as (to_tsvector('english', coalesce(b, '') || ' ' || coalesce(c, ''))) stored, kind2
  varchar generated always as (case when c in ('a','b') then 'ab' when c between 'c' and 'd' and a > 1 then 'cd'
  else c end) stored,
 df varchar[] default array['a','b'], df2 varchar(5)[] not null default '{}', df3 text default ('a' || now()::text),
  df4 timestamptz default (now() at time zone 'utc') + interval '1 day', df5 numeric(5,2) default -1.5, df6 bool
  default (1 between 0 and 2 and true), df7 jsonb default jsonb_build_object('a', array['x','y']::varchar[]), df8
  int default -1, df9 date default '2020-01-01', df10 char(3) default 'ab', df11 interval default '1 day', df12
  bit(3) default b'101', df13 uuid default gen_random_uuid(), df14 float8 default 'NaN', df15 varchar default
  current_user, df16 text default null, df17 text collate "C" default 'x');
create index on chk (lower(c), (a + 1) desc nulls last, (g ->> 'x')) include (b) where c in ('a','b') and a between
  1 and 2 and b is not null;
create unique index on chk ((case when c in ('a','b') then a end)) where n between 1 and 2 and c in ('z','y') or a >
  3;
create index on chk using gin ((array[b, c]::text[]));
create index on chk using gin (to_tsvector('simple', b || ' ' || c));
alter table chk enable row level security;
create policy p1 on chk for select to authenticated using ((select auth.uid()) is not null and c in ('a','b') and
  exists (select 1 from t1 where t1.c in ('x','y') and t1.a between chk.a and 5 and t1.a > 0));
create policy p2 on chk as restrictive for all using (a between 1 and 2 and c = (select t2.c from t2 where t2.b =
  'x' or t2.b in ('y','z') limit 1)) with check ((c, b) in (('a','b'), ('c','d')) and a > 0);
create policy p3 on chk for insert to anon with check (auth.role() in ('anon','authenticated') and c in (select c
  from t2 union select 'x' union all select b from t2));
create function trg() returns trigger language plpgsql as 'begin return new; end';
create trigger tg1 before update of a, b on chk for each row when (old.c is distinct from new.c and new.c in
  ('a','b') or new.a between 1 and 3 and old.a > 0) execute function trg('a''b', '\x');
create rule r1 as on delete to renamed_columns do instead (delete from t1 where t1.a = old.renamed and t1.c in
  ('a','b') and t1.a between 1 and 2; insert into t2 (a, b) values (old.renamed, 'x'), (1, null); update t2 set b =
  'y', c = old.c where t2.a = old.renamed);
