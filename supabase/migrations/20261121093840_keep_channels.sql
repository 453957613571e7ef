-- Purpose: What users do with channels. Adding one is an action of the function `notifications`, which seals its address; the rest is
-- called by the signed-in user. SECURITY DEFINER because users may only read these tables; each checks auth.uid() itself.

create function private.own_channel(wanted_id uuid) returns public.notification_channels
language plpgsql
set search_path = ''
as $$
declare
  channel public.notification_channels;
begin
  select * into channel from public.notification_channels
  where id = wanted_id and owner_id = (select auth.uid());
  if channel.id is null then
    perform private.refuse('There is no such channel', 'Pick one from your list of channels.', 'PT404');
  end if;
  return channel;
end
$$;

-- Refuses what no channel can have.
create function private.refuse_channel(channel public.notification_channels) returns void
language plpgsql
set search_path = ''
as $$
begin
  if coalesce(length(btrim(channel.name)), 0) not between 1 and 100 then
    perform private.refuse('The name of a channel has 1 to 100 characters', 'Name it, for example "On call".');
  end if;
  if coalesce(cardinality(channel.events), 0) = 0 or not channel.events <@ array[
    'run_failed', 'run_recovered', 'verification_failed', 'schedule_paused', 'account_expires'
  ] then
    perform private.refuse(
      'A channel has events, and only those that there are',
      'Pick some of run_failed, run_recovered, verification_failed, schedule_paused, account_expires.'
    );
  end if;
  if channel.twin_id is not null and not exists (
    select from public.twins where id = channel.twin_id and owner_id = channel.owner_id
  ) then
    perform private.refuse('There is no such twin', 'Pick one of your twins, or all of them.', 'PT404');
  end if;
end
$$;

-- Called by the function `notifications` with the direct connection; it has verified who the user is.
create function private.add_channel(
  channel public.notification_channels, address_key_id text, address_iv text, address_ciphertext text
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  added public.notification_channels;
begin
  perform private.refuse_channel(channel);
  -- One after the other: two at once would both count the same channels.
  perform from auth.users where id = channel.owner_id for no key update;
  if (select count(*) from public.notification_channels where owner_id = channel.owner_id) >= 20 then
    perform private.refuse('You have 20 channels', 'Delete one of them, or change it.', 'PT409');
  end if;
  insert into public.notification_channels (id, owner_id, twin_id, kind, name, destination, events)
  values (
    channel.id, channel.owner_id, channel.twin_id, channel.kind, btrim(channel.name), channel.destination, channel.events
  )
  returning * into added;
  if address_ciphertext is not null then
    insert into private.channel_addresses (channel_id, key_id, iv, ciphertext)
    values (added.id, address_key_id, decode(address_iv, 'base64'), decode(address_ciphertext, 'base64'));
  end if;
  return to_jsonb(added);
end
$$;

create function public.change_channel(
  channel_id uuid, name text, events text[], is_enabled boolean, twin_id uuid default null
) returns public.notification_channels
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  channel public.notification_channels := private.own_channel(change_channel.channel_id);
begin
  channel.twin_id := change_channel.twin_id;
  channel.name := btrim(change_channel.name);
  channel.events := change_channel.events;
  channel.is_enabled := coalesce(change_channel.is_enabled, channel.is_enabled);
  channel.stopped_reason := case when not channel.is_enabled then channel.stopped_reason end;
  perform private.refuse_channel(channel);
  update public.notification_channels as kept
  set twin_id = channel.twin_id,
      name = channel.name,
      events = channel.events,
      is_enabled = channel.is_enabled,
      stopped_reason = channel.stopped_reason
  where kept.id = channel.id;
  return channel;
end
$$;

comment on function public.change_channel is 'Name, events and twin (null: all) of a channel, and whether it is on. Its address stays.';

create function public.delete_channel(channel_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  channel public.notification_channels := private.own_channel(delete_channel.channel_id);
begin
  delete from public.notification_channels where id = channel.id;
end
$$;

comment on function public.delete_channel is 'Ends a channel with the log of its deliveries.';

create function public.test_channel(channel_id uuid) returns public.notification_deliveries
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  channel public.notification_channels := private.own_channel(test_channel.channel_id);
  notification public.notifications;
  delivery public.notification_deliveries;
begin
  if not channel.is_enabled then
    perform private.refuse('This channel is off', 'Switch it on first.', 'PT409');
  end if;
  if exists (
    select from public.notification_deliveries as earlier
    join public.notifications as tested on tested.id = earlier.notification_id
    where earlier.channel_id = channel.id and tested.event = 'test' and tested.created_at > now() - interval '5 seconds'
  ) then
    perform private.refuse('A test message was sent just now', 'Wait five seconds, then send another.', 'PT409');
  end if;
  insert into public.notifications (owner_id, twin_id, event, event_key, title, detail, path)
  values (
    channel.owner_id, channel.twin_id, 'test', 'test:' || gen_random_uuid(), 'Test message of Twins',
    format('The channel "%s" works.', channel.name), '/settings/notifications'
  )
  returning * into notification;
  insert into public.notification_deliveries (notification_id, channel_id)
  values (notification.id, channel.id)
  returning * into delivery;
  return delivery;
end
$$;

comment on function public.test_channel is 'Sends a test message over one channel.';

create function public.replay_delivery(delivery_id uuid) returns public.notification_deliveries
language plpgsql
security definer
set search_path = ''
as $$
declare
  delivery public.notification_deliveries;
  channel public.notification_channels;
begin
  select * into delivery from public.notification_deliveries
  where id = replay_delivery.delivery_id
    and notification_deliveries.channel_id in (
      select id from public.notification_channels where owner_id = (select auth.uid())
    )
  for update;
  if delivery.id is null then
    perform private.refuse('There is no such delivery', 'Pick one from the log of a channel.', 'PT404');
  end if;
  channel := private.own_channel(delivery.channel_id);
  if not channel.is_enabled then
    perform private.refuse('This channel is off', 'Switch it on first.', 'PT409');
  end if;
  update public.notification_deliveries as replayed
  set status = 'waiting', attempts = 0, queued_at = now(), next_attempt_at = now()
  where replayed.id = delivery.id
  returning * into delivery;
  perform private.wake_notifications();
  return delivery;
end
$$;

comment on function public.replay_delivery is
  'Makes a delivery again, at once and for a day: the same message with the same id.';

revoke execute on function public.change_channel, public.delete_channel, public.test_channel, public.replay_delivery
  from public, anon, service_role;
grant execute on function public.change_channel, public.delete_channel, public.test_channel, public.replay_delivery
  to authenticated;

create view public.delivery_log with (security_invoker = true) as
select
  delivery.id,
  delivery.channel_id,
  channel.name as channel_name,
  channel.twin_id,
  notification.event,
  notification.title,
  notification.path,
  delivery.status,
  delivery.attempts,
  delivery.queued_at,
  delivery.next_attempt_at,
  delivery.answered_at,
  delivery.http_status,
  delivery.detail
from public.notification_deliveries as delivery
join public.notification_channels as channel on channel.id = delivery.channel_id
join public.notifications as notification on notification.id = delivery.notification_id;

comment on view public.delivery_log is 'What was delivered over each channel, as pages list it.';

revoke all on table public.delivery_log from anon, authenticated;
grant select on table public.delivery_log to authenticated;
