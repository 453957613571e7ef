-- Purpose: The queue of deliveries. The database wakes the function `notifications`, which claims what is due, tries it, and
-- says what became of it. A claim counts the attempt and sets the next one, so that whoever dies over it loses nothing: a
-- delivery is made at least once, and receivers tell a repeated one by its id.

-- How long to wait after an attempt: 30 s, 2 min, 8 min …, at most three hours.
create function private.delivery_back_off(attempts int) returns interval
language sql
immutable
set search_path = ''
return least(interval '30 seconds' * 4 ^ least(attempts - 1, 10), interval '3 hours');

-- What is due, first attempts first: a receiver that hangs holds up nobody else's. Attempts over more than a day are given up.
create function private.claim_deliveries(most int, at timestamptz default now()) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  claimed jsonb;
begin
  update public.notification_deliveries as delivery
  set status = 'dead',
      next_attempt_at = null,
      detail = case when channel.is_enabled then delivery.detail else 'The channel was switched off.' end
  from public.notification_channels as channel
  where channel.id = delivery.channel_id
    and delivery.status = 'waiting'
    and delivery.queued_at <= at - interval '1 day'
    and (delivery.attempts > 0 or not channel.is_enabled);

  with due as (
    select delivery.id
    from public.notification_deliveries as delivery
    join public.notification_channels as channel on channel.id = delivery.channel_id
    where delivery.status = 'waiting' and delivery.next_attempt_at <= at and channel.is_enabled
    order by least(delivery.attempts, 1), delivery.next_attempt_at
    limit most
    for update of delivery skip locked
  ), taken as (
    update public.notification_deliveries as delivery
    set attempts = delivery.attempts + 1,
        next_attempt_at = at + private.delivery_back_off(delivery.attempts + 1)
    from due
    where delivery.id = due.id
    returning delivery.*
  )
  select jsonb_agg(
    jsonb_build_object(
      'id', taken.id,
      'attempt', taken.attempts,
      'notification', to_jsonb(notification) - 'event_key' - 'owner_id',
      'channel', jsonb_build_object(
        'id', channel.id,
        'kind', channel.kind,
        -- Nobody is written to who did not prove that the address is his.
        'email', case when channel.kind = 'mail' and owner.email_confirmed_at is not null then owner.email end,
        'sealed', case when address.channel_id is not null then jsonb_build_object(
          'key_id', address.key_id,
          'iv', encode(address.iv, 'base64'),
          'ciphertext', encode(address.ciphertext, 'base64')
        ) end
      )
    )
    order by taken.queued_at
  ) into claimed
  from taken
  join public.notifications as notification on notification.id = taken.notification_id
  join public.notification_channels as channel on channel.id = taken.channel_id
  join auth.users as owner on owner.id = channel.owner_id
  left join private.channel_addresses as address on address.channel_id = channel.id;
  return coalesce(claimed, '[]');
end
$$;

-- What became of an attempt: delivered, failed, or gone (the receiver wants nothing any more). A later attempt has its own word,
-- but what was delivered is delivered.
create function private.end_delivery(
  delivery_id uuid, attempt int, outcome text, answer_status int, words text, at timestamptz default now()
) returns void
language plpgsql
set search_path = ''
as $$
declare
  delivery public.notification_deliveries;
  next_attempt timestamptz;
begin
  select * into delivery from public.notification_deliveries
  where id = delivery_id and status = 'waiting' and (attempts = attempt or outcome = 'delivered')
  for update;
  if delivery.id is null then
    return;
  end if;
  next_attempt := at + private.delivery_back_off(delivery.attempts);
  update public.notification_deliveries
  set status = case
        when outcome = 'delivered' then 'delivered'
        when outcome = 'gone' or next_attempt > delivery.queued_at + interval '1 day' then 'dead'
        else 'waiting'
      end,
      answered_at = at,
      http_status = answer_status,
      detail = words,
      next_attempt_at = case
        when outcome = 'failed' and next_attempt <= delivery.queued_at + interval '1 day' then next_attempt
      end
  where id = delivery.id;
  if outcome = 'gone' then
    update public.notification_channels
    set is_enabled = false, stopped_reason = words
    where id = delivery.channel_id;
  end if;
end
$$;

-- Calls the function `notifications` when something is due. It stands beside the worker and knows the same secret.
create function private.wake_notifications() returns boolean
language plpgsql
set search_path = ''
as $$
declare
  worker_url text;
  worker_secret text;
begin
  if not exists (
    select from public.notification_deliveries where status = 'waiting' and next_attempt_at <= now()
  ) then
    return false;
  end if;
  select decrypted_secret into worker_url from vault.decrypted_secrets where name = 'twins_worker_url';
  select decrypted_secret into worker_secret from vault.decrypted_secrets where name = 'twins_worker_secret';
  if worker_url is null or worker_secret is null then
    raise warning 'Nobody can be notified: Vault lacks twins_worker_url or twins_worker_secret'
      using hint = 'Create both with vault.create_secret(value, name).';
    return false;
  end if;
  perform net.http_post(
    url := regexp_replace(worker_url, '[^/]+/?$', 'notifications'),
    body := '{"action": "deliver"}'::jsonb,
    headers := jsonb_build_object('content-type', 'application/json', 'authorization', 'Bearer ' || worker_secret),
    timeout_milliseconds := 5000
  );
  return true;
end
$$;

comment on function private.wake_notifications is 'Each minute, and when something was noted: has due deliveries made.';

create function private.wake_for_deliveries() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.wake_notifications();
  return null;
end
$$;

create trigger wake_for_deliveries
after insert on public.notification_deliveries
for each statement execute function private.wake_for_deliveries();

select cron.schedule('twins-deliver-notifications', '* * * * *', 'select private.wake_notifications()');
