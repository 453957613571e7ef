-- Sample project: about 290 000 rows. Triggers of the shop come later, so that this takes seconds.
insert into public.brands (name, motto, founded)
select name, motto, founded from (values
  ('Fjällräven & Söhne', 'Über alle Berge', date '1960-03-01'), ('North "Star"', null, '1988-01-15'),
  ('O''Neal''s', 'It''s dry', '1912-10-30'), ('Sturmhöhe', 'Wind? Welcher Wind?', '2001-05-05'),
  ('Kompass', E'Two\nlines', '1950-12-31'), ('Ämne', '', '1999-09-09')
) as brand (name, motto, founded);

set constraints all deferred;
insert into public.categories (id, parent_id, name, depth)
select n, case when n > 6 then (n - 1) / 6 end,
  (array['Jackets', 'Tents', 'Boots', 'Packs', 'Stoves', 'Ropes'])[1 + n % 6] || case when n > 6 then ' ' || n else '' end,
  case when n > 6 then 1 else 0 end
from generate_series(1, 42) as n;
select setval(pg_get_serial_sequence('public.categories', 'id'), 42);

insert into public.products (brand_id, name, description, status, attributes, labels, typical_price, created_at, updated_at)
select 100 + 5 * pg_temp.noise('brand' || n, 6),
  (array['Alpine', 'Harbour', 'Storm', 'Meadow', 'Night'])[1 + n % 5] || ' '
    || (array['Jacket', 'Tent', 'Boot', 'Rucksack', 'Stove', 'Rope', 'Lamp'])[1 + n % 7] || ' ' || n,
  repeat('Warm, dry and light; made for days that do not end. ', 1 + n % 9) || chr(8364 + n % 40),
  (array['active', 'active', 'active', 'draft', 'retired'])[1 + pg_temp.noise('status' || n, 5)],
  jsonb_build_object('weight', n % 3000, 'waterproof', n % 2 = 0, 'colors', jsonb_build_array('red', null, n)),
  (array['season-' || n % 4, 'it''s "new"', 'comma,label'])[1:1 + n % 3],
  public.price_span(10 + n % 90, 120 + n % 400),
  timestamptz '2025-01-01' + n * interval '3 hours', timestamptz '2026-01-01' + n * interval '1 hour'
from generate_series(1, 2500) as n;

insert into public.product_variants (product_id, sku, size, color, list_price, weight_grams, barcode)
select p, format('LH-%s-%s', lpad(p::text, 5, '0'), v),
  (array['S', 'M', 'L', 'it''s "one size"', null]::public.size[])[1 + (p + v) % 5],
  (array['red', 'navy', 'grün'])[v], 9.99 + pg_temp.noise('price' || p || v, 40000) / 100.0,
  1 + pg_temp.noise('weight' || p || v, 4000), decode(md5('barcode' || p || v), 'hex')
from generate_series(1, 2500) as p cross join generate_series(1, 3) as v;
update public.products as p set default_variant_id = v.id
from public.product_variants as v where v.product_id = p.id and v.color = 'navy' and p.id % 7 <> 0;

insert into public.product_categories (product_id, category_id, position)
select n, 1 + (n + k * 17) % 42, k from generate_series(1, 2500) as n cross join generate_series(1, 2) as k;
insert into public.price_periods (variant_id, during, price)
select v.id, daterange((date '2025-01-01' + k * 200)::date, (date '2025-01-01' + (k + 1) * 200)::date), v.list_price * (1 + k * 0.05)
from public.product_variants as v cross join generate_series(0, 2) as k where v.id % 2 = 0;
insert into public.coupons (code, percent_off, valid_during, max_uses)
select 'SAVE' || n, 5 + n % 40, tstzrange(timestamptz '2026-01-01' + n * interval '1 week', case when n % 3 <> 0 then timestamptz '2027-01-01' end), nullif(n % 5, 0) * 100
from generate_series(1, 40) as n;
insert into public.carts (id, profile_id, items, touched_at)
select pg_temp.id('cart ' || n), pg_temp.id('user ' || 1 + n % 320), jsonb_build_array(jsonb_build_object('variant', n)), timestamptz '2026-11-01' + n * interval '1 minute'
from generate_series(1, 400) as n;

insert into public.orders (id, number, profile_id, status, ship_to, coupon_code, placed_at, total, note)
select n, 'LH-' || lpad((10000 + 3 * n)::text, 8, '0'), profile.id,
  (enum_range(null::public.order_status))[1 + pg_temp.noise('order status' || n, 8)],
  profile.home_address, case when n % 11 = 0 then 'SAVE' || 1 + n % 40 end,
  timestamptz '2025-06-01 08:00+00' + n * interval '33 minutes', 0,
  case n % 13 when 0 then E'Ring twice\tthen wait\nat the door \\ "side"' when 1 then '' end
from generate_series(1, 24000) as n
join public.profiles as profile on profile.id = pg_temp.id('user ' || 1 + (n * 7) % 320);
select setval(pg_get_serial_sequence('public.orders', 'id'), 24000);
select setval('public.order_number_seq', 10000 + 3 * 24000);
insert into public.order_items (order_id, line, variant_id, quantity, unit_price)
select n, line, variant.id, 1 + pg_temp.noise('quantity' || n || line, 4), variant.list_price
from generate_series(1, 24000) as n cross join generate_series(1, 3) as line
join public.product_variants as variant on variant.id = 1 + (n * 31 + line * 977) % 7500
where line <= 1 + n % 3 or n % 2 = 0;
update public.orders as o set total = sums.total
from (select order_id, sum(line_total) as total from public.order_items group by order_id) as sums where sums.order_id = o.id;
insert into public.payments (id, order_id, amount, method, received_at, details)
select pg_temp.id('payment ' || o.id), o.id, o.total, (array['card', 'invoice', 'paypal'])[1 + o.id % 3],
  o.placed_at + interval '10 minutes', json_build_object('b', 1, 'a', o.id, 'b', 2)
from public.orders as o where o.status not in ('draft', 'placed', 'canceled');
insert into public.shipments (order_id, carrier, tracking_code, status, route, sent_at)
select o.id, (array['DHL', 'PostNord', 'Rowing boat'])[1 + o.id % 3], case when o.id % 5 <> 0 then 'T' || o.id end,
  case when o.status = 'delivered' then 'delivered' else 'sent' end, array[point(o.id % 90, 1.5), point('infinity', 0)], o.placed_at + interval '2 days'
from public.orders as o where o.status in ('shipped', 'delivered') order by o.id;
insert into public.reviews (product_id, author_id, rating, title, body, written_at)
select 1 + n % 2500, pg_temp.id('user ' || 1 + (n / 2500 * 53 + n) % 320), 1 + pg_temp.noise('stars' || n, 5),
  case when n % 9 <> 0 then 'Review ' || n end, repeat('Good in rain. ', n % 12) || '☔', timestamptz '2026-01-01' + n * interval '50 minutes'
from generate_series(1, 5000) as n;
insert into public.review_votes (review_id, profile_id, is_helpful)
select 1 + n % 5000, pg_temp.id('user ' || 1 + (n * 13) % 320), n % 4 <> 0 from generate_series(1, 8000) as n on conflict do nothing;
insert into public.settings (key, value, changed_at)
values ('shop.name', '"Lighthouse"', '2026-01-01'), ('shop.open', 'true', '2026-01-02'), ('banner', 'null', '2026-01-03'),
  ('limits', '{"cart": 50, "big": 12345678901234567890.123456789}', '2026-01-04');
insert into public.a_table_with_the_longest_name_that_postgres_will_keep_as_it_is_ ("Grüße, ""Welt""", "group by")
select case n % 4 when 0 then null when 1 then '\N' when 2 then E'tab\tand\\.' else '€𝄞' || n end, chr(64 + n % 60) from generate_series(1, 500) as n;

insert into inventory.warehouses (name, location)
values ('Hamburg Hafen', '(53.54,9.98)'), ('Göteborg', '(57.7,11.97)'), ('Trieste', '(45.64,13.77)');
insert into inventory.bins (warehouse_id, label, capacity)
select 1 + n % 3, 'A-' || n / 3, 50 + n % 200 from generate_series(0, 299) as n;
update inventory.warehouses as w set receiving_bin_id = (select min(id) from inventory.bins where warehouse_id = w.id);
insert into inventory.suppliers (id, name, email, terms, ip, office)
select pg_temp.id('supplier ' || n), 'Supplier ' || n, format('sales%s@supplier.example', n)::public.email_address,
  xmlparse(content format('<terms days="%s">net &amp; clear</terms>', n)), ('10.0.' || n || '.0/24')::inet,
  lpad(to_hex(n), 12, '0')::macaddr
from generate_series(1, 60) as n;
insert into inventory.purchase_orders (supplier_id, ordered_on, state)
select pg_temp.id('supplier ' || 1 + n % 60), date '2025-03-01' + n, (array['open', 'received'])[1 + n % 2] from generate_series(1, 500) as n;
insert into inventory.purchase_order_lines (purchase_order_id, line, variant_id, quantity, unit_cost)
select n, line, 1 + (n * 37 + line * 11) % 7500, 10 + n % 90, 3.14159265358979323846 * line from generate_series(1, 500) as n cross join generate_series(1, 6) as line;
insert into inventory.stock_levels (bin_id, variant_id, on_hand, reserved)
select 1 + (v * 7) % 300, v, 10 + v % 50, v % 10 from generate_series(1, 7500) as v;
insert into inventory.dock_slots (warehouse_id, dock, during)
select 1 + n % 3, 1 + n % 2, tstzrange(timestamptz '2026-06-01' + n * interval '1 hour', timestamptz '2026-06-01' + n * interval '1 hour' + interval '45 minutes')
from generate_series(1, 900) as n;
insert into inventory.stock_movements (moved_on, variant_id, bin_id, quantity, reason)
select date '2025-06-01' + n / 45, 1 + n % 7500, 1 + n % 300, pg_temp.noise('moved' || n, 40) - 20, nullif((array['sale', 'return', 'count', ''])[1 + n % 4], '')
from generate_series(1, 26000) as n;

insert into analytics.events (id, happened_at, kind, profile_id, payload)
select n, timestamptz '2026-01-01' + n * interval '4 minutes', (array['view', 'order', 'payment', 'search', 'login'])[1 + pg_temp.noise('kind' || n, 5)],
  case when n % 6 <> 0 then pg_temp.id('user ' || 1 + n % 320) end, jsonb_build_object('n', n, 'ua', 'Mozilla/5.0 (' || n % 17 || ')')
from generate_series(1, 80000) as n;
insert into analytics.page_views (visitor, viewed_at, path, milliseconds)
select pg_temp.id('visitor ' || n % 5000), timestamptz '2026-03-01' + n * interval '40 seconds', '/p/' || n % 2500, n % 900 / 7.0
from generate_series(1, 50000) as n;
insert into analytics.region_sales (region, day, revenue)
select region, date '2026-01-01' + n, pg_temp.noise(region || n, 100000) / 7.0
from unnest(array['DE', 'AT', 'CH', 'SE', 'NO', 'US', 'GB']) as region cross join generate_series(0, 299) as n;

insert into "Support Desk".tickets (opened_by, subject, urgency, opened_at)
select pg_temp.id('user ' || 1 + n % 320), 'Where is parcel ' || n || '?', (enum_range(null::"Support Desk"."Urgency"))[1 + n % 4], timestamptz '2026-02-01' + n * interval '2 hours'
from generate_series(1, 1200) as n;
insert into "Support Desk".bug_reports (opened_by, subject, opened_at, version)
select pg_temp.id('user ' || 1 + n % 320), 'Button ' || n || ' does nothing', timestamptz '2026-05-01' + n * interval '5 hours', '2.' || n % 9 from generate_series(1, 200) as n;
insert into "Support Desk".refund_requests (opened_by, subject, opened_at, order_id, amount)
select pg_temp.id('user ' || 1 + n % 320), 'Too small', timestamptz '2026-06-01' + n * interval '7 hours', n * 10, n from generate_series(1, 150) as n;
insert into "Support Desk"."Messages" (ticket_id, "from", body, "sentAt")
select 1 + n % 1550, case when n % 2 = 0 then pg_temp.id('user ' || 1 + n % 320) end, repeat('Please? ', 1 + n % 5) || n, timestamptz '2026-02-02' + n * interval '11 minutes'
from generate_series(1, 9000) as n;
insert into "Support Desk".canned_answers (title, body, used)
values ('Sorry', 'We are sorry about that.', 12), ('It''s on its way', E'Your parcel\nis on its way.', 40);
set constraints all immediate;
