-- Sample project: what acts on the outside world. {{url}}, {{ref}} and {{secret_key}} are the project's own;
-- all run at night, so that a demonstration is left in peace.
select cron.schedule('refresh ratings', '15 3 * * *', 'refresh materialized view concurrently analytics.product_ratings');
select cron.schedule('purge "old" carts', '40 3 * * 0', $cron$call public.purge_carts('14 days')$cron$);
select cron.schedule('nightly-report', '0 4 * * *', $cron$
  select net.http_post(
    url := '{{url}}/functions/v1/nightly-report',
    headers := jsonb_build_object('Content-Type', 'application/json', 'apikey', '{{secret_key}}'),
    body := '{"project": "{{ref}}", "send": "it''s mail"}'::jsonb
  )
$cron$);
select cron.schedule('30 4 1 1 *', 'analyze public.orders');
select cron.alter_job(cron.schedule('switched off', '0 5 * * *', 'select 1'), active := false);

create trigger "order to function" after insert or update on public.orders
  for each row execute function supabase_functions.http_request(
    '{{url}}/functions/v1/order-mail', 'POST',
    '{"Content-Type":"application/json","Authorization":"Bearer {{secret_key}}"}', '{}', '5000');
create trigger review_to_chat after insert on public.reviews
  for each row execute function supabase_functions.http_request(
    'https://hooks.chat.example/services/T0/B0?project={{ref}}&to=it''s', 'POST', '{"Content-Type":"application/json"}', '{"channel":"#reviews"}', '1000');
create trigger ticket_deleted after delete on "Support Desk".tickets
  for each row execute function supabase_functions.http_request('https://example.com/gone', 'GET', '{}', '{}', '1000');
alter table "Support Desk".tickets disable trigger ticket_deleted;
