-- Purpose: What dashboards read.
-- With security_invoker: row level security of the tables beneath decides what a user sees.

create view public.component_durations with (security_invoker = true) as
select
  job.twin_id,
  component.component,
  count(*) as runs,
  avg(extract(epoch from component.finished_at - component.started_at))::float8 as average_seconds,
  max(extract(epoch from component.finished_at - component.started_at))::float8 as longest_seconds
from public.job_components as component
join public.jobs as job on job.id = component.job_id
where component.status = 'completed' and component.finished_at is not null
group by job.twin_id, component.component;

comment on view public.component_durations is 'How long each component of a twin takes.';

create view public.schedule_health with (security_invoker = true) as
select
  schedule.id as schedule_id,
  schedule.twin_id,
  twin.source_name,
  twin.target_name,
  twin.target_ref,
  schedule.name,
  schedule.every_hours,
  schedule.cron,
  schedule.timezone,
  schedule.options,
  schedule.is_active,
  schedule.paused_reason,
  schedule.is_asking,
  schedule.asked,
  schedule.loss_limit,
  schedule.next_run_at,
  job.id as last_job_id,
  job.status as last_status,
  job.finished_at as last_finished_at,
  coalesce((job.report ->> 'failures')::int, 0) as last_failures,
  runs.average_seconds,
  coalesce(runs.recent, '[]') as recent_runs,
  skipped.slot_at as last_skipped_at,
  skipped.reason as last_skipped_reason
from public.schedules as schedule
join public.twin_overview as twin on twin.twin_id = schedule.twin_id
left join public.jobs as job on job.id = schedule.last_job_id
left join lateral (
  select
    avg(extract(epoch from finished_at - started_at))::float8 as average_seconds,
    jsonb_agg(
      jsonb_build_object(
        'job_id', id,
        'status', status,
        'failures', coalesce((report ->> 'failures')::int, 0),
        'started_at', started_at,
        'seconds', extract(epoch from finished_at - started_at)::float8
      )
      order by created_at
    ) as recent
  from (
    select * from public.jobs as latest
    where latest.schedule_id = schedule.id
    order by latest.created_at desc
    limit 10
  ) as last_ten
) as runs on true
left join lateral (
  select slot.slot_at, slot.reason from public.schedule_slots as slot
  where slot.schedule_id = schedule.id and slot.outcome = 'skipped'
    and slot.slot_at > coalesce(job.created_at, '-infinity')
  order by slot.slot_at desc
  limit 1
) as skipped on true;

comment on view public.schedule_health is
  'Schedules with their last ten runs (oldest first), and the slot that was skipped since the last one.';

revoke all on table public.component_durations from anon, authenticated;
grant select on table public.component_durations to authenticated;
revoke all on table public.schedule_health from anon, authenticated;
grant select on table public.schedule_health to authenticated;
