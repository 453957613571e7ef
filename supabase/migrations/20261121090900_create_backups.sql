-- Purpose: Backups of what was cloned. Written by the engine only, read by their owner.

create table public.backups (
  id uuid primary key default gen_random_uuid(),
  job_id uuid not null references public.jobs (id) on delete cascade,
  twin_id uuid not null references public.twins (id) on delete cascade,
  status text not null check (status in ('in_progress', 'complete', 'failed', 'deleted')),
  bytes bigint not null default 0 check (bytes >= 0),
  location text,
  created_at timestamptz not null default now(),
  expires_at timestamptz
);

comment on table public.backups is 'Snapshots of what was cloned, kept in S3, restorable without the source.';

create index backups_job_id_idx on public.backups (job_id);
create index backups_twin_id_idx on public.backups (twin_id);

alter table public.backups enable row level security;
revoke all on table public.backups from anon, authenticated;
grant select on table public.backups to authenticated;

create policy "Owners read the backups of their twins" on public.backups
  for select to authenticated using (twin_id in (select id from public.twins));
