-- Purpose: The queue of steps. A step is one stage of one component of a run; a worker carries out one bounded slice of
-- it at a time under a lease. Nothing here names a component.

create table private.steps (
  id bigint generated always as identity primary key,
  job_id uuid references public.jobs (id) on delete cascade,
  preview_id uuid references public.previews (id) on delete cascade,
  verification_id uuid references public.verifications (id) on delete cascade,
  backup_id uuid references public.backups (id) on delete cascade,
  -- Whose run it is: workers are shared out among users.
  owner_id uuid not null references auth.users (id) on delete cascade,
  run_id uuid not null generated always as (coalesce(job_id, preview_id, verification_id, backup_id)) stored,
  kind text not null check (kind in ('prepare', 'guard', 'stage', 'preview', 'plan', 'verify', 'cleanup', 'backup', 'prove', 'remove')),
  -- Steps of a lower rank are over before one of a higher rank starts.
  rank int not null default 0,
  component text,
  stage text,
  waits_for text[] not null default '{}',
  status text not null default 'queued'
    check (status in ('queued', 'running', 'done', 'failed', 'canceled')),
  cursor jsonb,
  slices int not null default 0,
  attempts int not null default 0,
  lease uuid,
  lease_until timestamptz,
  run_after timestamptz not null default now(),
  items_done bigint not null default 0,
  items_total bigint,
  bytes_done bigint not null default 0,
  rows_done bigint not null default 0,
  at_work jsonb,
  error jsonb,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  constraint steps_one_run check (num_nonnulls(job_id, preview_id, verification_id, backup_id) = 1),
  constraint steps_leased_while_running
    check ((status = 'running') = (lease is not null and lease_until is not null)),
  unique nulls not distinct (run_id, kind, component, stage)
);

create function private.set_step_owner() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  select found.owner_id into new.owner_id from (
    select job.owner_id from public.jobs as job where job.id = new.job_id
    union all
    select twin.owner_id from public.previews as preview join public.twins as twin on twin.id = preview.twin_id
    where preview.id = new.preview_id
    union all
    select job.owner_id from public.verifications as verification join public.jobs as job on job.id = verification.job_id
    where verification.id = new.verification_id
    union all
    select backup.owner_id from public.backups as backup where backup.id = new.backup_id
  ) as found;
  return new;
end
$$;

create trigger set_step_owner before insert on private.steps
for each row execute function private.set_step_owner();

comment on table private.steps is 'Units of work: (run, kind, component, stage), worked off in slices.';
comment on column private.steps.waits_for is
  'Names, component.stage, of the steps of the run that must be over first. The engine derives them.';
comment on column private.steps.cursor is 'Where the next slice goes on. All that survives a worker.';
comment on column private.steps.attempts is 'Failures and deaths since the last slice that succeeded.';

create index steps_run_id_idx on private.steps (run_id);
-- Few steps are open whatever the history: what the queue looks at stays small.
create index steps_open_idx on private.steps (run_id, rank) where status in ('queued', 'running');
create index steps_running_idx on private.steps (run_id) where status = 'running';
create index steps_running_owner_idx on private.steps (owner_id) where status = 'running';
create index steps_owner_id_idx on private.steps (owner_id);
create index steps_job_id_idx on private.steps (job_id) where job_id is not null;
create index steps_preview_id_idx on private.steps (preview_id) where preview_id is not null;
create index steps_verification_id_idx on private.steps (verification_id)
  where verification_id is not null;
create index steps_backup_id_idx on private.steps (backup_id) where backup_id is not null;

alter table private.steps enable row level security;

create table private.announced_items (
  step_id bigint not null references private.steps (id) on delete cascade,
  lease uuid not null,
  component text not null,
  object text not null,
  outcome text not null check (outcome in ('copied', 'adapted')),
  detail text,
  fix text,
  primary key (step_id, component, object)
);

comment on table private.announced_items is
  'What a slice was about to write to the target, as it will be reported. Left only by slices that were lost.';

alter table private.announced_items enable row level security;
