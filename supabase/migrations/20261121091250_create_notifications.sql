-- Purpose: What users are notified of, over which channels, and what became of each delivery. The outbox is written in the
-- transaction of the event; it holds names and links, never a secret, a value of a row or the text of an error.

create table public.notification_channels (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references auth.users (id) on delete cascade,
  twin_id uuid references public.twins (id) on delete cascade,
  kind text not null check (kind in ('mail', 'webhook', 'slack')),
  name text not null check (length(btrim(name)) between 1 and 100),
  destination text not null check (length(destination) <= 320),
  events text[] not null check (
    cardinality(events) > 0
    and events <@ array['run_failed', 'run_recovered', 'verification_failed', 'schedule_paused', 'account_expires']
  ),
  is_enabled boolean not null default true,
  stopped_reason text,
  created_at timestamptz not null default now(),
  constraint notification_channels_stopped_when_off check (not is_enabled or stopped_reason is null)
);

comment on table public.notification_channels is 'Where a user is notified, besides open pages.';
comment on column public.notification_channels.twin_id is 'Only of this twin; null: of all of them.';
comment on column public.notification_channels.destination is
  'What may be shown of the address: the host. The address itself is sealed; mail goes to the user''s own.';
comment on column public.notification_channels.stopped_reason is 'Why it was switched off by itself.';

create index notification_channels_owner_id_idx on public.notification_channels (owner_id);
create index notification_channels_twin_id_idx on public.notification_channels (twin_id);

alter table public.notification_channels enable row level security;
revoke all on table public.notification_channels from anon, authenticated;
grant select on table public.notification_channels to authenticated;

create policy "Owners read their channels" on public.notification_channels
  for select to authenticated using (owner_id = (select auth.uid()));

create table private.channel_addresses (
  channel_id uuid primary key references public.notification_channels (id) on delete cascade,
  key_id text not null,
  iv bytea not null check (octet_length(iv) = 12),
  ciphertext bytea not null
);

comment on table private.channel_addresses is
  'Address and signing secret of webhooks, sealed as account_credentials are. Mail has none.';

alter table private.channel_addresses enable row level security;

create table public.notifications (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references auth.users (id) on delete cascade,
  twin_id uuid references public.twins (id) on delete cascade,
  account_id uuid references public.connected_accounts (id) on delete cascade,
  event text not null check (event in (
    'run_failed', 'run_recovered', 'verification_failed', 'schedule_paused', 'account_expires', 'test'
  )),
  event_key text not null unique,
  title text not null,
  detail text,
  path text not null check (path like '/%'),
  created_at timestamptz not null default now()
);

comment on table public.notifications is 'The outbox: what happened that users want to hear of.';
comment on column public.notifications.event_key is 'Names the event, so that it is noted once.';
comment on column public.notifications.path is 'The page of the web app that shows it.';

create index notifications_owner_id_created_at_idx on public.notifications (owner_id, created_at desc);
create index notifications_twin_id_idx on public.notifications (twin_id);
create index notifications_account_id_idx on public.notifications (account_id);

alter table public.notifications enable row level security;
revoke all on table public.notifications from anon, authenticated;
grant select on table public.notifications to authenticated;

create policy "Owners read their notifications" on public.notifications
  for select to authenticated using (owner_id = (select auth.uid()));

create table public.notification_deliveries (
  id uuid primary key default gen_random_uuid(),
  notification_id uuid not null references public.notifications (id) on delete cascade,
  channel_id uuid not null references public.notification_channels (id) on delete cascade,
  status text not null default 'waiting' check (status in ('waiting', 'delivered', 'dead')),
  attempts int not null default 0,
  queued_at timestamptz not null default now(),
  next_attempt_at timestamptz default now(),
  answered_at timestamptz,
  http_status int,
  detail text,
  unique (notification_id, channel_id),
  constraint notification_deliveries_next_while_waiting check ((next_attempt_at is not null) = (status = 'waiting'))
);

comment on table public.notification_deliveries is
  'Each notification over each channel: tried again and again for a day. Also the log that users read.';
comment on column public.notification_deliveries.queued_at is 'When it was first due, or was asked for again.';
comment on column public.notification_deliveries.detail is 'What became of the last attempt, in our words.';

create index notification_deliveries_channel_id_idx on public.notification_deliveries (channel_id, queued_at desc);
-- Few wait whatever the history.
create index notification_deliveries_due_idx on public.notification_deliveries (next_attempt_at)
  where status = 'waiting';

alter table public.notification_deliveries enable row level security;
revoke all on table public.notification_deliveries from anon, authenticated;
grant select on table public.notification_deliveries to authenticated;

create policy "Owners read the deliveries of their channels" on public.notification_deliveries
  for select to authenticated using (channel_id in (select id from public.notification_channels));
