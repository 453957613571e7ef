-- Purpose: Backups of projects. Written by the engine only, read by their owner.

create table public.backups (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references auth.users (id) on delete cascade,
  job_id uuid references public.jobs (id) on delete set null,
  twin_id uuid references public.twins (id) on delete set null,
  account_id uuid references public.connected_accounts (id) on delete set null,
  ref text not null check (ref ~ '^[a-z]{20}$'),
  project_name text not null,
  destination_id uuid references public.backup_destinations (id) on delete set null,
  folder text not null,
  status text not null check (status in ('in_progress', 'complete', 'failed', 'deleted')),
  is_unwanted boolean not null default false,
  bytes bigint not null default 0 check (bytes >= 0),
  tables bigint not null default 0 check (tables >= 0),
  tables_total bigint check (tables_total >= 0),
  row_count bigint not null default 0 check (row_count >= 0),
  problems bigint not null default 0 check (problems >= 0),
  moments int check (moments > 0),
  components text[] not null default '{}',
  recipient text,
  location text,
  manifest_sha256 text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  expires_at timestamptz,
  error jsonb,
  proof jsonb,
  proven_at timestamptz,
  is_being_proven boolean not null default false
);

comment on table public.backups is 'Backups of projects, kept in S3, restorable without the source.';
comment on column public.backups.job_id is 'The clone with which it was taken; null: it was taken by itself.';
comment on column public.backups.destination_id is 'Null: the installation''s own store.';
comment on column public.backups.folder is 'Where it is, below the prefix of its destination.';
comment on column public.backups.is_unwanted is 'It is to be deleted, or that was tried.';
comment on column public.backups.tables is 'Tables that are in it (while it is taken: so far).';
comment on column public.backups.problems is 'Objects that could not be read.';
comment on column public.backups.moments is 'At how many moments of the source its rows were read; 1: all at one.';
comment on column public.backups.components is 'What it keeps, once it is complete.';
comment on column public.backups.recipient is 'Public key of age for which it is encrypted; null: it is not.';
comment on column public.backups.location is 'Its address for people: s3://bucket/folder.';
comment on column public.backups.manifest_sha256 is 'Of its manifest as it was written: a bucket may be changed by others.';
comment on column public.backups.error is '{code, message, fix}: why it failed, or could not be deleted.';
comment on column public.backups.proof is '{mode, objects, damaged}: what came of reading it back last.';

create index backups_job_id_idx on public.backups (job_id) where job_id is not null;
create index backups_twin_id_idx on public.backups (twin_id);
create index backups_account_id_idx on public.backups (account_id);
create index backups_destination_id_idx on public.backups (destination_id);
create index backups_owner_id_created_at_idx on public.backups (owner_id, created_at desc);

alter table public.backups enable row level security;
revoke all on table public.backups from anon, authenticated;
grant select on table public.backups to authenticated;

create policy "Owners read their backups" on public.backups
  for select to authenticated using (owner_id = (select auth.uid()));

-- A restore writes what a backup has: its source may be gone, and no pair of projects need be known.
alter table public.jobs
  add column backup_id uuid references public.backups (id),
  add column target_account_id uuid references public.connected_accounts (id) on delete set null,
  alter column twin_id drop not null,
  add constraint jobs_clones_have_twins check (kind = 'restore' or twin_id is not null),
  add constraint jobs_restores_have_backups check ((kind = 'restore') = (backup_id is not null));

comment on column public.jobs.backup_id is 'Of a restore: the backup that it writes into the target.';
comment on column public.jobs.target_account_id is 'Of a restore: the account of the target; clones have their twin''s.';

create index jobs_backup_id_idx on public.jobs (backup_id) where backup_id is not null;
create index jobs_target_account_id_idx on public.jobs (target_account_id) where target_account_id is not null;

-- Keys of encrypted backups, given for a restore: whoever starts it names the key within an hour, and it goes when the restore is over.
create table private.restore_keys (
  id uuid primary key,
  owner_id uuid not null references auth.users (id) on delete cascade,
  job_id uuid unique references public.jobs (id) on delete cascade,
  recipient text not null,
  key_id text not null,
  iv bytea not null check (octet_length(iv) = 12),
  ciphertext bytea not null,
  created_at timestamptz not null default now()
);

comment on table private.restore_keys is 'Keys of encrypted backups for the time of a restore, sealed as account_credentials are.';

create index restore_keys_owner_id_idx on private.restore_keys (owner_id);

alter table private.restore_keys enable row level security;

-- What a twin keeps of its backups; null: all of them.
alter table public.twins
  add column keep_backups int check (keep_backups between 1 and 1000),
  add column keep_days int check (keep_days between 1 and 3650);

comment on column public.twins.keep_backups is 'How many complete backups are kept; null: all.';
comment on column public.twins.keep_days is 'For how many days backups are kept; null: for ever. The last complete one always is.';
