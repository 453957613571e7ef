-- Sample project: functions, procedures, an aggregate, operators.
create function staff.is_staff() returns boolean
language sql stable security definer set search_path = ''
as $$ select exists (select from public.profiles where id = (select auth.uid()) and is_staff) $$;
revoke all on function staff.is_staff() from public;
grant usage on schema staff to authenticated;
grant execute on function staff.is_staff() to authenticated, service_role;

create function public.handle_new_user() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.profiles (id, email, display_name, joined_at)
  values (new.id, new.email, coalesce(new.raw_user_meta_data ->> 'name', split_part(new.email, '@', 1), 'guest'),
    coalesce(new.created_at, now()));
  return new;
end
$$;
revoke all on function public.handle_new_user() from public;

create function public.touch_updated_at() returns trigger
language plpgsql
as $$ begin new.updated_at := now(); return new; end $$;

create function public.audit() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.audit_entries (relation, operation, before, after)
  values (tg_relid, tg_op, case when tg_op <> 'INSERT' then to_jsonb(old) end,
    case when tg_op <> 'DELETE' then to_jsonb(new) end);
  return null;
end
$$;

create function public.order_is_paid(wanted bigint) returns boolean
language sql stable parallel restricted cost 50
return (
  select coalesce(sum(p.amount), 0) >= o.total
  from public.orders as o left join public.payments as p on p.order_id = o.id
  where o.id = wanted group by o.total
);

create function public.check_shipment() returns trigger
language plpgsql
as $$
begin
  if new.status = 'delivered' and new.sent_at is null then
    raise exception 'Shipment % was delivered but never sent', new.id using hint = 'Set sent_at first.';
  end if;
  return new;
end
$$;

create function public.count_changes() returns trigger
language plpgsql
as $$
declare
  changed bigint;
begin
  select count(*) into changed from new_rows;
  perform set_config('lighthouse.changed', changed::text, true);
  return null;
end
$$;

create function public.announce_order() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform realtime.send(jsonb_build_object('id', new.id, 'status', new.status), 'order', 'orders:' || new.profile_id);
  return null;
end
$$;

create function public.search_products(words text, max_price numeric default null, variadic labels text[] default '{}')
returns table (id bigint, name text, from_price numeric, rank real)
language sql stable rows 50 set search_path = public, extensions
as $$
  select p.id, p.name, min(v.list_price), ts_rank(p.search, websearch_to_tsquery('english', words))
  from public.products as p join public.product_variants as v on v.product_id = p.id
  where p.search @@ websearch_to_tsquery('english', words) and p.labels @> search_products.labels
  group by p.id
  having max_price is null or min(v.list_price) <= max_price
  order by 4 desc, p.id
$$;
comment on function public.search_products(text, numeric, text[]) is 'The search box of the shop';

create function public.place_order(order_id bigint, out number text, out total numeric)
language plpgsql
as $$
begin
  update public.orders as o
  set status = 'placed', total = (select coalesce(sum(line_total), 0) from public.order_items as i where i.order_id = o.id)
  where o.id = place_order.order_id and o.status = 'draft'
  returning o.number, o.total into number, total;
  if not found then
    raise exception using message = 'There is no such draft', errcode = 'P0002';
  end if;
end
$$;

create function public.orders_of(profile public.profiles) returns setof public.orders
language sql stable
as $$ select * from public.orders where profile_id = profile.id order by placed_at desc $$;

create procedure public.purge_carts(older_than interval default '7 days', inout removed integer default 0)
language plpgsql
as $$
begin
  delete from public.carts where touched_at < now() - older_than;
  get diagnostics removed = row_count;
end
$$;

create function public.add_weighted(state numeric[], value numeric, weight numeric) returns numeric[]
language sql immutable strict parallel safe
return array[state[1] + value * weight, state[2] + weight];
create function public.weighted_mean(state numeric[]) returns numeric
language sql immutable parallel safe
return state[1] / nullif(state[2], 0);
create aggregate public.weighted_average(numeric, numeric) (
  sfunc = public.add_weighted, stype = numeric[], finalfunc = public.weighted_mean, initcond = '{0,0}', parallel = safe
);

create function public.same_city(one public.postal_address, other public.postal_address) returns boolean
language sql immutable
return lower((one).city) = lower((other).city);
create operator public.~~~ (
  leftarg = public.postal_address, rightarg = public.postal_address, function = public.same_city, commutator = operator(public.~~~)
);

create function inventory.available(of_variant bigint) returns bigint
language sql stable
begin atomic
  select coalesce(sum(s.available), 0) from inventory.stock_levels as s where s.variant_id = available.of_variant;
end;

create function "Support Desk"."How urgent?"("the Ticket" bigint) returns "Support Desk"."Urgency"
language sql stable
as $$ select urgency from "Support Desk".tickets where id = "the Ticket" $$;

grant execute on function public.search_products(text, numeric, text[]) to anon, authenticated;
revoke execute on function public.place_order(bigint) from public;
grant execute on function public.place_order(bigint) to authenticated, service_role;
