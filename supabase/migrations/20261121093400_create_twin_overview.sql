-- Purpose: The twins as their cards show them.
-- With security_invoker: row level security of the tables beneath decides what a user sees.

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
  coalesce((last_job.report ->> 'failures')::int, 0) as last_failures,
  coalesce((last_job.report #>> '{totals,copied}')::int, 0)
    + coalesce((last_job.report #>> '{totals,adapted}')::int, 0) as last_changes,
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

revoke all on table public.twin_overview from anon, authenticated;
grant select on table public.twin_overview to authenticated;
