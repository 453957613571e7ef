-- Purpose: What workers did for a job, slice by slice: what a page draws as a timeline and reads as a log, after the steps
-- of the queue are gone too. Written by the engine only, read by the owner of the job.

create table public.job_slices (
  id bigint generated always as identity primary key,
  job_id uuid not null references public.jobs (id) on delete cascade,
  step_id bigint not null,
  kind text not null,
  component text,
  stage text,
  waits_for text[] not null default '{}',
  queued_at timestamptz not null,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  outcome text check (outcome in ('more', 'done', 'retry', 'failed', 'lost')),
  items int not null default 0,
  items_done bigint not null default 0,
  items_total bigint,
  rows_done bigint not null default 0,
  bytes_done bigint not null default 0,
  error jsonb,
  constraint job_slices_outcome_when_over check ((finished_at is null) = (outcome is null))
);

comment on table public.job_slices is 'Each slice that a worker carried out for a job, in the order they began.';
comment on column public.job_slices.outcome is
  'more: another slice follows; retry: it failed for a passing reason; lost: its worker stopped without a word.';
comment on column public.job_slices.waits_for is 'Names, component.stage, of the steps that had to be over first.';
comment on column public.job_slices.items is 'Objects it reported.';
comment on column public.job_slices.bytes_done is 'Of its step, when it ended.';

create index job_slices_job_id_idx on public.job_slices (job_id, id);
create unique index job_slices_open_idx on public.job_slices (step_id) where finished_at is null;

alter table public.job_slices enable row level security;
revoke all on table public.job_slices from anon, authenticated;
revoke all on sequence public.job_slices_id_seq from anon, authenticated, service_role;
grant select on table public.job_slices to authenticated;

create policy "Owners read the slices of their jobs" on public.job_slices
  for select to authenticated using (job_id in (select id from public.jobs));

create function private.open_slice(claimed private.steps) returns void
language sql
set search_path = ''
as $$
  insert into public.job_slices (job_id, step_id, kind, component, stage, waits_for, queued_at)
  select claimed.job_id, claimed.id, claimed.kind, claimed.component, claimed.stage, claimed.waits_for,
    claimed.created_at
  where claimed.job_id is not null;
$$;

-- Ends the slice of a step as the step stands now.
create function private.close_slice(of_step_id bigint, of_outcome text, reported int) returns void
language sql
set search_path = ''
as $$
  update public.job_slices as slice
  set finished_at = now(),
      outcome = of_outcome,
      items = reported,
      items_done = step.items_done,
      items_total = step.items_total,
      rows_done = step.rows_done,
      bytes_done = step.bytes_done,
      error = case when of_outcome in ('retry', 'failed', 'lost') then step.error end
  from private.steps as step
  where step.id = of_step_id and slice.step_id = of_step_id and slice.finished_at is null;
$$;

-- With security_invoker: row level security of the tables beneath decides what a user sees.
create view public.job_log with (security_invoker = true) as
select
  slice.job_id, slice.component, slice.started_at as at, slice.id as place,
  'started' as event, slice.stage, null as object, null as detail, 0 as items
from public.job_slices as slice
union all
select
  slice.job_id, slice.component, slice.finished_at, slice.id,
  slice.outcome, slice.stage, null, slice.error ->> 'message', slice.items
from public.job_slices as slice
where slice.finished_at is not null
union all
select item.job_id, item.component, item.at, 0, item.outcome, null, item.object, item.detail, 0
from public.job_items as item;

comment on view public.job_log is
  'What happened to a component, in order: slices that started and ended, and each object with its outcome.';

revoke all on table public.job_log from anon, authenticated;
grant select on table public.job_log to authenticated;
