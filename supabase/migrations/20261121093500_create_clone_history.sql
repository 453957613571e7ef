-- Purpose: The list of clones.
-- With security_invoker: row level security of the tables beneath decides what a user sees.

create view public.clone_history with (security_invoker = true) as
select
  job.id as job_id,
  job.twin_id,
  job.backup_id,
  job.kind,
  job.trigger,
  job.parent_id,
  job.attempt,
  job.status,
  job.options,
  job.error,
  job.created_at,
  job.started_at,
  job.finished_at,
  extract(epoch from coalesce(job.finished_at, now()) - job.started_at)::float8 as duration_seconds,
  coalesce(twin.source_ref, backup.ref) as source_ref,
  coalesce(source.name, backup.project_name, twin.source_ref) as source_name,
  source.organization_name as source_organization,
  job.target_ref,
  coalesce(target.name, job.target_ref) as target_name,
  target.organization_name as target_organization,
  components.completed as components_completed,
  components.failed as components_failed,
  components.total as components_total,
  coalesce((job.report ->> 'failures')::int, 0) as failures,
  coalesce((job.report #>> '{totals,copied}')::int, 0) + coalesce((job.report #>> '{totals,adapted}')::int, 0) as changes,
  components.bytes_done,
  job.status = 'failed'
    or (job.status = 'completed' and coalesce((job.report ->> 'failures')::int, 0) > 0) as has_failures
from public.jobs as job
left join public.twins as twin on twin.id = job.twin_id
left join public.backups as backup on backup.id = job.backup_id
left join public.projects as source
  on source.account_id = twin.source_account_id and source.ref = twin.source_ref
left join public.projects as target
  on target.account_id = coalesce(twin.target_account_id, job.target_account_id) and target.ref = job.target_ref
left join lateral (
  select
    count(*) filter (where component.status = 'completed') as completed,
    count(*) filter (where component.status = 'failed') as failed,
    count(*) filter (where component.status <> 'skipped') as total,
    coalesce(sum(component.bytes_done), 0)::float8 as bytes_done
  from public.job_components as component
  where component.job_id = job.id
) as components on true;

comment on view public.clone_history is 'One row per clone, newest state, with names and counts.';

revoke all on table public.clone_history from anon, authenticated;
grant select on table public.clone_history to authenticated;
