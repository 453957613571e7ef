-- Sample project: views and materialized views.
create view public.order_summaries with (security_invoker = true) as
select o.id, o.number, o.status, o.placed_at, o.total, count(i.line) as lines, sum(i.quantity) as pieces
from public.orders as o left join public.order_items as i on i.order_id = o.id
group by o.id;
comment on view public.order_summaries is 'An order on one line; sees what its reader may see';
comment on column public.order_summaries.pieces is 'Sum of quantities';

create view public.active_products with (security_barrier) as
select id, name, labels, status from public.products where status = 'active' with local check option;
create view public.labelled_products as
select id, name, unnest(labels) as label from public.active_products;
create view staff.staff_members as select id, display_name from public.profiles where is_staff;
create recursive view public.category_paths (id, path) as
  select id, name from public.categories where parent_id is null
  union all
  select child.id, parent.path || ' › ' || child.name
  from public.categories as child join category_paths as parent on child.parent_id = parent.id;
create view "Support Desk"."Open ""tickets""" as
select t.id, t.subject as "What's wrong?", t.tableoid::regclass::text as kind from "Support Desk".tickets as t
where t.urgency >= 'soon';

create materialized view analytics.product_ratings as
select product_id, count(*) as reviews, avg(rating)::numeric(3, 2) as rating from public.reviews group by product_id;
create unique index product_ratings_product_id_idx on analytics.product_ratings (product_id);
comment on materialized view analytics.product_ratings is 'Refreshed every night by cron';
create materialized view analytics.monthly_revenue as
select date_trunc('month', placed_at) as month, (ship_to).country as country, sum(total) as revenue,
  public.weighted_average(total::numeric, 1) as mean
from public.orders where status not in ('draft', 'canceled') group by 1, 2;
create index monthly_revenue_month_idx on analytics.monthly_revenue (month);
create materialized view analytics.best_products as
select r.product_id, p.name from analytics.product_ratings as r join public.products as p on p.id = r.product_id
where r.rating >= 4.5 with no data;
