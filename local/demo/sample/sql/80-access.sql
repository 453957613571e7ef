-- Sample project: row level security, privileges, realtime.
do $$
declare
  relation regclass;
begin
  for relation in
    select c.oid from pg_class as c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  loop
    execute format('alter table %s enable row level security', relation);
  end loop;
end
$$;
alter table public.payments force row level security;
alter table "Support Desk".tickets enable row level security;

create policy "Anyone sees active products" on public.products for select to anon, authenticated using (status = 'active');
create policy "Staff manage products" on public.products to authenticated
  using ((select staff.is_staff())) with check ((select staff.is_staff()));
create policy "Retired stays retired" on public.products as restrictive for update to authenticated using (status <> 'retired');
create policy "Anyone sees variants" on public.product_variants for select using (true);
create policy "Anyone sees brands" on public.brands for select using (true);
create policy "Anyone sees categories" on public.categories for select using (true);
create policy "Anyone reads reviews" on public.reviews for select using (true);
create policy "Authors write reviews" on public.reviews for insert to authenticated with check (author_id = (select auth.uid()));
create policy "Authors change reviews" on public.reviews for update to authenticated
  using (author_id = (select auth.uid())) with check (author_id = (select auth.uid()) and rating is not null);
create policy "Authors delete reviews" on public.reviews for delete to authenticated using (author_id = (select auth.uid()));
create policy "Own profile or staff" on public.profiles for select to authenticated
  using (id = (select auth.uid()) or (select staff.is_staff()));
create policy "Change own profile" on public.profiles for update to authenticated using (id = (select auth.uid()));
create policy "Own orders" on public.orders to authenticated
  using (profile_id = (select auth.uid()) or (select staff.is_staff())) with check (profile_id = (select auth.uid()));
create policy "Items of own orders" on public.order_items for select to authenticated
  using (order_id in (select id from public.orders));
create policy "Payments: staff only; it's private" on public.payments for select to authenticated using ((select staff.is_staff()));
create policy "Own tickets" on "Support Desk".tickets to authenticated using (opened_by = (select auth.uid()));

create policy "Anyone reads product pictures" on storage.objects for select to anon, authenticated
  using (bucket_id in ('products', 'avatars'));
create policy "Users keep files in their folder" on storage.objects for insert to authenticated
  with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "Staff read invoices" on storage.objects for select to authenticated
  using (bucket_id = 'invoices' and (select staff.is_staff()));
create policy "Customers hear about their orders" on realtime.messages for select to authenticated
  using (realtime.topic() = 'orders:' || (select auth.uid()) and extension = 'broadcast');

grant select on public.products, public.product_variants, public.brands, public.categories, public.reviews to anon;
grant select, insert, update, delete on public.products, public.reviews, public.orders to authenticated;
grant select on public.product_variants, public.brands, public.categories, public.order_items, public.payments to authenticated;
grant select, update (display_name, home_address, preferences) on public.profiles to authenticated;
grant select (id, number, status) on public.order_summaries to authenticated;
grant select on public.active_products, public.category_paths to anon, authenticated;
grant usage, select on sequence public.order_number_seq to authenticated;
grant usage on schema inventory, analytics to authenticated, service_role;
grant select on all tables in schema inventory to authenticated;
grant select on analytics.product_ratings to authenticated;
grant all on all tables in schema public, inventory, analytics to service_role;
grant all on all sequences in schema public, inventory, analytics to service_role;
revoke truncate on public.payments from service_role;
alter default privileges in schema inventory grant select on tables to authenticated;
alter default privileges in schema analytics revoke execute on functions from public;

alter publication supabase_realtime add table public.orders;
alter publication supabase_realtime add table public.products (id, name, status);
alter publication supabase_realtime add table public.shipments where (status <> 'packed');
alter publication supabase_realtime add table "Support Desk"."Messages";
