-- Purpose: what lists and dashboards read. All with security_invoker: row level security of the tables
-- beneath decides what a user sees.

create view public.twin_overview with (security_invoker = true) as
select
  twin.id as twin_id,
  twin.source_account_id,
  twin.source_ref,
  coalesce(source.name, twin.source_ref) as source_name,
  source.organization_name as source_organization,
  twin.target_account_id,
  twin.target_ref,
  coalesce(target.name, twin.target_ref) as target_name,
  target.organization_name as target_organization,
  coalesce(target.is_protected, false) as target_is_protected,
  twin.options,
  twin.created_at,
  coalesce(clones.count, 0) as clone_count,
  last_job.id as last_job_id,
  last_job.status as last_status,
  last_job.created_at as last_created_at,
  last_job.finished_at as last_finished_at,
  coalesce((last_job.report #>> '{totals,failed}')::int, 0) as last_failures,
  (
    select min(schedule.next_run_at) from public.schedules as schedule
    where schedule.twin_id = twin.id and schedule.is_active
  ) as next_run_at
from public.twins as twin
left join public.projects as source
  on source.account_id = twin.source_account_id and source.ref = twin.source_ref
left join public.projects as target
  on target.account_id = twin.target_account_id and target.ref = twin.target_ref
left join lateral (
  select job.* from public.jobs as job
  where job.twin_id = twin.id
  order by job.created_at desc
  limit 1
) as last_job on true
left join lateral (
  select count(*) as count from public.jobs as job where job.twin_id = twin.id
) as clones on true;

comment on view public.twin_overview is 'One row per twin, as its card shows it.';

create view public.clone_history with (security_invoker = true) as
select
  job.id as job_id,
  job.twin_id,
  job.kind,
  job.trigger,
  job.status,
  job.options,
  job.error,
  job.created_at,
  job.started_at,
  job.finished_at,
  extract(epoch from coalesce(job.finished_at, now()) - job.started_at)::float8 as duration_seconds,
  twin.source_ref,
  coalesce(source.name, twin.source_ref) as source_name,
  source.organization_name as source_organization,
  twin.target_ref,
  coalesce(target.name, twin.target_ref) as target_name,
  target.organization_name as target_organization,
  components.completed as components_completed,
  components.failed as components_failed,
  components.total as components_total,
  coalesce((job.report #>> '{totals,failed}')::int, 0) as failures
from public.jobs as job
join public.twins as twin on twin.id = job.twin_id
left join public.projects as source
  on source.account_id = twin.source_account_id and source.ref = twin.source_ref
left join public.projects as target
  on target.account_id = twin.target_account_id and target.ref = twin.target_ref
left join lateral (
  select
    count(*) filter (where component.status = 'completed') as completed,
    count(*) filter (where component.status = 'failed') as failed,
    count(*) filter (where component.status <> 'skipped') as total
  from public.job_components as component
  where component.job_id = job.id
) as components on true;

comment on view public.clone_history is 'One row per clone, newest state, with names and counts.';

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
  schedule.name,
  schedule.is_active,
  schedule.next_run_at,
  job.id as last_job_id,
  job.status as last_status,
  job.finished_at as last_finished_at
from public.schedules as schedule
left join public.jobs as job on job.id = schedule.last_job_id;

comment on view public.schedule_health is 'Schedules with how their last run ended.';

revoke all on table
  public.twin_overview, public.clone_history, public.component_durations, public.schedule_health
from anon, authenticated;
grant select on table
  public.twin_overview, public.clone_history, public.component_durations, public.schedule_health
to authenticated;
