-- Purpose: What is known of a clone: the job, its 13 components, what became of every object. Written by the engine
-- only, read by their owner.

create table public.jobs (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references auth.users (id) on delete cascade,
  twin_id uuid not null references public.twins (id),
  target_ref text not null,
  kind text not null default 'clone' check (kind in ('clone', 'restore')),
  trigger text not null default 'manual' check (trigger in ('manual', 'schedule')),
  schedule_id uuid references public.schedules (id) on delete set null,
  parent_id uuid references public.jobs (id) on delete set null,
  attempt int not null default 1 check (attempt > 0),
  options jsonb not null check (jsonb_typeof(options) = 'object'),
  loss_limit int check (loss_limit between 1 and 100),
  agreed text[],
  status text not null default 'pending'
    check (status in ('pending', 'in_progress', 'completed', 'failed', 'canceled')),
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  cancel_requested_at timestamptz,
  error jsonb,
  report jsonb,
  constraint jobs_finished_when_over
    check ((finished_at is not null) = (status in ('completed', 'failed', 'canceled')))
);

comment on table public.jobs is 'One clone (or restore): a run of a twin.';
comment on column public.jobs.loss_limit is
  'Percent of the rows of a table that it may remove or overwrite; null: nobody looks, a person saw the preview.';
comment on column public.jobs.agreed is
  'Risks ("risk object") that somebody agreed to; runs of schedules and further attempts stop before others. null: nobody looks.';
comment on column public.jobs.parent_id is 'The first attempt of the same clone, where this one was run again.';
comment on column public.jobs.error is '{code, message, fix}: why the job failed, or that parts of it did.';
comment on column public.jobs.report is 'Counts per component, failures, and what is left to do by hand.';

create unique index jobs_one_running_per_target on public.jobs (target_ref)
  where status in ('pending', 'in_progress');
create index jobs_owner_id_created_at_idx on public.jobs (owner_id, created_at desc);
create index jobs_twin_id_created_at_idx on public.jobs (twin_id, created_at desc);
create index jobs_parent_id_idx on public.jobs (parent_id) where parent_id is not null;
create index jobs_schedule_id_idx on public.jobs (schedule_id) where schedule_id is not null;

alter table public.schedules
  add constraint schedules_last_job_id_fkey
  foreign key (last_job_id) references public.jobs (id) on delete set null;
alter table public.schedule_slots
  add constraint schedule_slots_job_id_fkey
  foreign key (job_id) references public.jobs (id) on delete set null;

alter table public.jobs enable row level security;
revoke all on table public.jobs from anon, authenticated;
grant select on table public.jobs to authenticated;

create policy "Owners read their jobs" on public.jobs
  for select to authenticated using (owner_id = (select auth.uid()));

create table public.job_components (
  job_id uuid not null references public.jobs (id) on delete cascade,
  component text not null,
  position int not null check (position between 1 and 13),
  status text not null default 'pending'
    check (status in ('pending', 'in_progress', 'completed', 'failed', 'skipped', 'canceled')),
  items_done bigint not null default 0 check (items_done >= 0),
  items_total bigint check (items_total >= 0),
  unit text not null,
  bytes_done bigint not null default 0 check (bytes_done >= 0),
  rows_done bigint not null default 0 check (rows_done >= 0),
  at_work jsonb,
  started_at timestamptz,
  finished_at timestamptz,
  error jsonb,
  primary key (job_id, component)
);

comment on table public.job_components is 'Progress and outcome of each of the 13 components of a job.';
comment on column public.job_components.at_work is
  '[{object, done, total}]: objects that take long and are being copied now, and how far they are.';
comment on column public.job_components.error is '{code, message, fix}; what failed as a whole.';

alter table public.job_components enable row level security;
revoke all on table public.job_components from anon, authenticated;
grant select on table public.job_components to authenticated;

create policy "Owners read the components of their jobs" on public.job_components
  for select to authenticated using (job_id in (select id from public.jobs));

create table public.job_items (
  job_id uuid not null references public.jobs (id) on delete cascade,
  component text not null,
  object text not null,
  outcome text not null check (outcome in ('copied', 'unchanged', 'adapted', 'skipped', 'failed')),
  detail text,
  fix text,
  sqlstate text,
  at timestamptz not null default now(),
  rank int generated always as (
    case outcome when 'failed' then 1 when 'copied' then 2 when 'adapted' then 3 when 'skipped' then 4 else 5 end
  ) stored,
  primary key (job_id, component, object)
);

comment on table public.job_items is 'What became of every object of a job. Nothing is silent.';

comment on column public.job_items.rank is 'Failures first, then what was changed, then what was not.';

create index job_items_job_id_component_rank_idx on public.job_items (job_id, component, rank, object);
create index job_items_job_id_outcome_idx on public.job_items (job_id, outcome);

alter table public.job_items enable row level security;
revoke all on table public.job_items from anon, authenticated;
grant select on table public.job_items to authenticated;

create policy "Owners read the items of their jobs" on public.job_items
  for select to authenticated using (job_id in (select id from public.jobs));
