-- Postgres prints lists of varchars and nested conditions in a form that it reads back as something else.
create domain grade as varchar check (value in ('good', 'bad'));

create table orders (
  id int primary key,
  status varchar(20) not null default 'new' check (status in ('new', 'done')),
  channel character varying check (channel not in ('fax', 'telex')),
  code char(3) check (code in ('abc', 'def')),
  price numeric check (price in (1, 2.5)),
  tags varchar(10)[] default array['a', 'b']::varchar[] check (tags <@ array['a', 'b', 'c']::varchar[]),
  is_open boolean generated always as (status in ('new', 'paid')) stored,
  constraint either check (status in (channel, 'new', null) or channel in ('a''[', 'b]', '"')),
  constraint between_and check (price between 1 and 5 and id > 0),
  constraint between_or check (price not between 1 and 5 or id > 0 or code is null),
  constraint pairs check ((id, price) = (1, 2) and id > 0 or (id, code) in ((1, 'abc'), (2, 'def')) or price > 0),
  constraint deep check (((id > 0 and price > 0) and (code = 'abc' and channel is null)) and status is null or true),
  constraint text_is_left_alone check (channel <> '(ARRAY[''x''::character varying])::text[]')
);
create index orders_open on orders (id) where status in ('new', 'paid');
create index orders_is_shop on orders ((channel in ('shop', 'fair')));
create statistics orders_status on (status in ('new', 'done')), id from orders;
insert into orders (id, channel) select n, 'shop' from generate_series(1, 5) as n;

create table parts (kind varchar) partition by list ((kind in ('a', 'b')));
create table parts_ab partition of parts for values in (true);

create view open_orders with (security_invoker, security_barrier = false) as
select *, status in ('new', 'done') as is_known, array['x'::varchar, channel]::text[] as words
from orders where price between 1 and 2 and channel in ('shop', 'fair') and (id in (1, 2) or id between 3 and 4)
with cascaded check option;
create view joined as
select a.id, sum(b.id) over (order by b.id rows between unbounded preceding and current row) as total
from orders a join orders b on a.id between b.id and 9 and a.status = b.status and exists (
  select from orders c where c.id between 1 and a.id and c.channel in ('shop', 'fair'));
create view kinds as
select * from (
  select id, 'order' as kind, 1::bigint as n from orders
  union all select id, 'none', 2 from orders where id between 1 and 2 and id > 1
  union all (select null, null, -1 limit 1)
) as all_kinds
where exists (select 'x'::text, 1 from orders) and kind in (select 'order' union select 'none');
create materialized view shop_orders as select id from orders where channel in ('shop', 'fair');

alter table orders enable row level security;
create policy open_ones on orders using (id between 1 and 3 and status in ('new', 'done')) with check (channel in ('shop', 'fair'));

create function nothing() returns trigger language plpgsql as $$
begin
  perform 1 where new.status in ('a', 'b') or (array['x'::varchar])::text[] = '{}';
  return new;
end $$;
create trigger on_status before update on orders
for each row when (new.id between 1 and 3 and new.status in ('new', 'done')) execute function nothing();
create rule on_channel as on update to orders where new.channel in ('a', 'b') do also select 1;

create function is_known(status varchar, among varchar[] default array['a', 'b']) returns boolean
language sql begin atomic select status in ('new', 'done') and status = any (among); end;
create function words() returns setof text
language sql begin atomic select 'a'; select channel from orders union select 'b'; end;
create table audit (id int, what text, at date);
create rule on_insert as on insert to orders
do also insert into audit select new.id, 'made', '2020-01-01' where new.id between 1 and 2 and new.status = 'new';
