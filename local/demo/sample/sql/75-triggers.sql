-- Sample project: triggers of every kind.
create trigger products_touch before update on public.products
  for each row when (old.name is distinct from new.name or old.status is distinct from new.status)
  execute function public.touch_updated_at();
create trigger orders_audit after insert or delete or update of status, total on public.orders
  for each row execute function public.audit();
create trigger orders_announce after update of status on public.orders
  for each row when (old.status is distinct from new.status) execute function public.announce_order();
create trigger reviews_counted after insert on public.reviews
  referencing new table as new_rows for each statement execute function public.count_changes();
create constraint trigger shipments_checked after insert or update on public.shipments
  deferrable initially deferred for each row execute function public.check_shipment();
create trigger movements_audit after insert on inventory.stock_movements
  for each row when (new.quantity > 1000) execute function public.audit();
create trigger prices_audit after update or delete on public.price_periods
  for each row execute function public.audit();
alter table public.price_periods disable trigger prices_audit;
create trigger settings_audit after update on public.settings for each row execute function public.audit();
alter table public.settings enable always trigger settings_audit;

create function public.add_label() returns trigger
language plpgsql
as $$
begin
  update public.products set labels = labels || new.label where id = new.id;
  return new;
end
$$;
create trigger labelled_products_insert instead of insert on public.labelled_products
  for each row execute function public.add_label();

create function public.follow_email() returns trigger
language plpgsql security definer set search_path = ''
as $$ begin update public.profiles set email = new.email where id = new.id; return new; end $$;
create trigger on_auth_user_changed after update of email on auth.users
  for each row when (old.email is distinct from new.email) execute function public.follow_email();
