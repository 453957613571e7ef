-- Purpose: Where users keep backups: buckets of S3-compatible stores, and (private) the sealed keys to them. Whoever has none keeps
-- them in the installation's own store, where there is one.

create table public.backup_destinations (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references auth.users (id) on delete cascade,
  name text not null check (length(btrim(name)) between 1 and 100),
  endpoint text check (length(endpoint) <= 2000),
  region text not null check (length(region) between 1 and 100),
  bucket text not null check (length(bucket) between 1 and 255),
  prefix text not null default '' check (length(prefix) <= 500),
  key_hint text not null check (length(key_hint) <= 8),
  recipient text check (recipient ~ '^age1[a-z0-9]{58}$'),
  created_at timestamptz not null default now(),
  tested_at timestamptz not null default now()
);

comment on table public.backup_destinations is 'Buckets in which a user keeps backups.';
comment on column public.backup_destinations.endpoint is 'Base URL of the store; null: Amazon''s.';
comment on column public.backup_destinations.prefix is 'Folder within the bucket, without slashes at its ends.';
comment on column public.backup_destinations.key_hint is 'The last characters of the access key''s id, to tell keys from each other.';
comment on column public.backup_destinations.recipient is 'Public key of age for which backups are encrypted; null: they are not. The secret one is nowhere here.';
comment on column public.backup_destinations.tested_at is 'When an object was last written, read and removed with its key.';

create index backup_destinations_owner_id_idx on public.backup_destinations (owner_id, created_at);

alter table public.backup_destinations enable row level security;
revoke all on table public.backup_destinations from anon, authenticated;
grant select on table public.backup_destinations to authenticated;

create policy "Owners read their destinations" on public.backup_destinations
  for select to authenticated using (owner_id = (select auth.uid()));

create table private.destination_keys (
  destination_id uuid primary key references public.backup_destinations (id) on delete cascade,
  key_id text not null,
  iv bytea not null check (octet_length(iv) = 12),
  ciphertext bytea not null
);

comment on table private.destination_keys is 'Access keys of destinations, sealed as account_credentials are.';

alter table private.destination_keys enable row level security;
