-- Sample project: warehouses and support. Partitions, inheritance, typed tables, cyclic keys.
create table inventory.warehouses (
  id integer generated always as identity primary key,
  name text not null unique,
  location point not null,
  receiving_bin_id integer,
  opening_hours int4multirange not null default '{[8,18)}'
);
create table inventory.bins (
  id serial primary key,
  warehouse_id integer not null references inventory.warehouses (id),
  label text not null,
  capacity integer not null default 100,
  unique (warehouse_id, label)
);
alter table inventory.warehouses add constraint warehouses_receiving_bin_id_fkey
  foreign key (receiving_bin_id) references inventory.bins (id) deferrable initially deferred;

create table inventory.suppliers (
  id uuid primary key default extensions.uuid_generate_v4(),
  name text not null,
  email public.email_address,
  terms xml,
  ip inet,
  office macaddr
);
create table inventory.purchase_orders (
  id integer generated always as identity primary key,
  supplier_id uuid not null references inventory.suppliers (id),
  ordered_on date not null,
  state character varying(20) not null default 'open'
);
create table inventory.purchase_order_lines (
  purchase_order_id integer not null references inventory.purchase_orders (id) on delete cascade,
  line integer not null,
  variant_id bigint not null references public.product_variants (id),
  quantity integer not null,
  unit_cost numeric not null,
  primary key (purchase_order_id, line)
);
create table inventory.stock_levels (
  bin_id integer not null references inventory.bins (id),
  variant_id bigint not null references public.product_variants (id) on delete cascade,
  on_hand integer not null default 0,
  reserved integer not null default 0,
  available integer generated always as (on_hand - reserved) stored,
  primary key (bin_id, variant_id),
  constraint stock_levels_not_oversold check (reserved <= on_hand)
) with (fillfactor = 70);

create table inventory.dock_slots (
  id integer generated always as identity primary key,
  warehouse_id integer not null references inventory.warehouses (id),
  dock smallint not null,
  during tstzrange not null,
  exclude using gist (warehouse_id with =, dock with =, during with &&)
    where (not isempty(during)) deferrable initially deferred
);

create table inventory.stock_movements (
  id bigint generated always as identity,
  moved_on date not null,
  variant_id bigint not null,
  bin_id integer references inventory.bins (id),
  quantity integer not null,
  reason text,
  primary key (id, moved_on)
) partition by range (moved_on);
create index stock_movements_variant_id_idx on inventory.stock_movements (variant_id, moved_on);
create table inventory.stock_movements_2025 partition of inventory.stock_movements
  for values from (minvalue) to ('2026-01-01');
create table inventory.stock_movements_2026_h1 partition of inventory.stock_movements
  for values from ('2026-01-01') to ('2026-07-01');
create table inventory.stock_movements_2026_h2 partition of inventory.stock_movements
  for values from ('2026-07-01') to ('2027-01-01');
create table inventory.stock_movements_rest partition of inventory.stock_movements default;
alter table inventory.stock_movements_2026_h2 alter column reason set default 'unknown';

create table analytics.events (
  id bigint not null,
  happened_at timestamptz not null,
  kind text not null,
  profile_id uuid,
  payload jsonb,
  primary key (id, happened_at, kind)
) partition by range (happened_at);
create index events_profile_id_idx on analytics.events (profile_id);
create table analytics.events_2026_q1 partition of analytics.events
  for values from ('2026-01-01') to ('2026-04-01') partition by list (kind);
create table analytics.events_2026_q1_sales partition of analytics.events_2026_q1
  for values in ('order', 'payment');
create table analytics.events_2026_q1_other partition of analytics.events_2026_q1 default;
create table analytics.events_2026_q2 partition of analytics.events
  for values from ('2026-04-01') to ('2026-07-01') partition by list (kind);
create table analytics.events_2026_q2_sales partition of analytics.events_2026_q2
  for values in ('order', 'payment');
create table analytics.events_2026_q2_other partition of analytics.events_2026_q2 default;
create table analytics.events_rest partition of analytics.events default;

create table analytics.page_views (
  visitor uuid not null,
  viewed_at timestamptz not null,
  path text not null,
  milliseconds real
) partition by hash (visitor);
create table analytics.page_views_0 partition of analytics.page_views for values with (modulus 4, remainder 0);
create table analytics.page_views_1 partition of analytics.page_views for values with (modulus 4, remainder 1);
create table analytics.page_views_2 partition of analytics.page_views for values with (modulus 4, remainder 2);
create table analytics.page_views_3 partition of analytics.page_views for values with (modulus 4, remainder 3);
create index page_views_viewed_at_idx on analytics.page_views using brin (viewed_at);

create table analytics.region_sales (
  region text not null,
  day date not null,
  revenue numeric not null,
  primary key (region, day)
) partition by list (region);
create table analytics.region_sales_dach partition of analytics.region_sales for values in ('DE', 'AT', 'CH');
create table analytics.region_sales_nordic partition of analytics.region_sales for values in ('SE', 'NO');
create table analytics.region_sales_other partition of analytics.region_sales default;

create table "Support Desk".tickets (
  id bigint generated by default as identity primary key,
  opened_by uuid references auth.users (id) on delete set null,
  subject text not null,
  urgency "Support Desk"."Urgency" not null default 'soon',
  opened_at timestamptz not null
);
create table "Support Desk".bug_reports (
  version text not null default '1.0',
  primary key (id)
) inherits ("Support Desk".tickets);
create table "Support Desk".refund_requests (
  order_id bigint references public.orders (id),
  amount public.amount,
  primary key (id),
  check (amount > 0)
) inherits ("Support Desk".tickets);
-- Children inherit no identity: they draw from their parent's sequence, so that ids stay unique in the family.
alter table "Support Desk".bug_reports
  alter column id set default nextval('"Support Desk".tickets_id_seq');
alter table "Support Desk".refund_requests
  alter column id set default nextval('"Support Desk".tickets_id_seq'), alter column urgency set default 'now';
create table "Support Desk"."Messages" (
  id bigint generated always as identity primary key,
  ticket_id bigint not null,
  "from" uuid,
  body text not null,
  "sentAt" timestamptz not null
);
create index "Messages by ticket" on "Support Desk"."Messages" (ticket_id, "sentAt");
create type "Support Desk".canned_answer as (title text, body text, used integer);
create table "Support Desk".canned_answers of "Support Desk".canned_answer (
  title with options primary key,
  used default 0 not null
);
