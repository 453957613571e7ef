-- Purpose: How runs end. Whoever changed a step of a run calls private.finish_run_if_over: canceled work is
-- dropped, and when nothing is left to do the job, preview or verification gets its final state and report.

create function private.finish_run_if_over(of_run_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  run private.steps;
begin
  perform private.lock_run(of_run_id);
  select * into run from private.steps where run_id = of_run_id order by id limit 1;
  if run.id is null then
    return;
  end if;
  perform private.drop_canceled_steps(run.job_id);
  perform private.drop_refused_steps(run.job_id);
  perform private.give_up_backup(run.backup_id);
  if exists (select from private.steps where run_id = of_run_id and status in ('queued', 'running')) then
    return;
  end if;
  case
    when run.job_id is not null then perform private.finish_job(run.job_id);
    when run.preview_id is not null then perform private.finish_preview(run.preview_id);
    when run.backup_id is not null then perform private.finish_backup(run.backup_id);
    else perform private.finish_verification(run.verification_id);
  end case;
end
$$;

create function private.drop_canceled_steps(of_job_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (
    select from public.jobs
    where id = of_job_id and cancel_requested_at is not null and finished_at is null
  ) then
    return;
  end if;
  update private.steps
  set status = 'canceled', finished_at = now()
  where job_id = of_job_id and status = 'queued' and kind <> 'cleanup';
  perform private.refresh_component(of_job_id, component)
  from public.job_components where job_id = of_job_id;
end
$$;

-- What a guard refused is not begun: its components never had a turn.
create function private.drop_refused_steps(of_job_id uuid) returns void
language sql
set search_path = ''
as $$
  delete from private.steps as step
  where step.job_id = of_job_id and step.status = 'queued'
    and exists (
      select from private.steps as guard
      where guard.job_id = of_job_id and guard.kind = 'guard' and guard.status = 'failed'
    );
$$;

-- A schedule whose run was stopped by a guard asks: it starts no other until somebody has answered.
create function private.ask_about_run(job public.jobs, failure jsonb) returns void
language sql
set search_path = ''
as $$
  update public.schedule_slots
  set outcome = 'stopped', reason = failure ->> 'message'
  where job_id = job.id;
  update public.schedules
  set is_active = false, next_run_at = null, is_asking = true, paused_reason = (failure ->> 'message') || '.',
      asked = (
        select coalesce(array_agg(distinct named), '{}')
        from private.steps as guard
        cross join lateral jsonb_array_elements_text(guard.error -> 'risks') as named
        where guard.job_id = job.id and guard.kind = 'guard' and jsonb_typeof(guard.error -> 'risks') = 'array'
      )
  where id = job.schedule_id;
$$;

create function private.finish_job(of_job_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  job public.jobs;
  failure jsonb;
  failed_components text[];
  is_any_as_wanted boolean;
begin
  select * into job from public.jobs where id = of_job_id and finished_at is null for update;
  if job.id is null then
    return;
  end if;
  delete from private.restore_keys where job_id = of_job_id;

  -- Components that never got a step: the first step failed, or a cancel came before it.
  update public.job_components
  set status = case when job.cancel_requested_at is not null then 'canceled' else 'failed' end
  where job_id = of_job_id and status in ('pending', 'in_progress');

  select error into failure
  from private.steps
  where job_id = of_job_id and kind in ('prepare', 'guard') and status = 'failed'
  order by id
  limit 1;
  select array_agg(component order by position) filter (where status = 'failed')
  into failed_components
  from public.job_components where job_id = of_job_id;
  -- A component that had nothing to do is completed too: it is objects that count.
  is_any_as_wanted := exists (
    select from public.job_items
    where job_id = of_job_id and outcome in ('copied', 'adapted', 'unchanged')
  );

  update public.jobs
  set status = case
        when failure is not null then 'failed'
        when job.cancel_requested_at is not null
          and exists (select from private.steps where job_id = of_job_id and status = 'canceled')
          then 'canceled'
        when failed_components is not null and not is_any_as_wanted then 'failed'
        else 'completed'
      end,
      finished_at = now(),
      error = coalesce(failure, case
        when failed_components is not null then jsonb_build_object(
          'code', 'conflict',
          'message', case when is_any_as_wanted then 'Not everything was copied: ' else 'Nothing was copied: ' end
            || array_to_string(failed_components, ', '),
          'fix', 'Read what each failed object says, mend it, and clone again: only what is missing is done.'
        )
      end),
      report = private.job_report(of_job_id)
  where id = of_job_id;

  -- Not those of a schedule, which has its own; and running parts of a clone again, or arming what it brought, is no other
  -- wish for the next one.
  update public.twins
  set options = job.options - 'confirm_target'
  where id = job.twin_id and job.schedule_id is null and job.parent_id is null and not job.options ? 'arm';

  -- A guard that could not look says nothing of the source: that is a failure like others.
  if failure ->> 'code' = 'limit_exceeded' and exists (
    select from private.steps where job_id = of_job_id and kind = 'guard' and status = 'failed'
  ) then
    perform private.ask_about_run(job, failure);
  end if;

  if job.options ->> 'verify' in ('structure', 'counts', 'checksums') and failure is null
    and job.cancel_requested_at is null then
    perform private.create_verification(job, job.options ->> 'verify');
  end if;
end
$$;

create function private.finish_preview(of_preview_id uuid) returns void
language sql
set search_path = ''
as $$
  update public.previews
  set status = case when exists (
        select from private.steps where preview_id = of_preview_id and status = 'done'
          and kind = 'preview'
      ) then 'completed' else 'failed' end,
      result = result || jsonb_build_object('errors', coalesce((
        select jsonb_agg(jsonb_build_object('component', component, 'error', error))
        from private.steps where preview_id = of_preview_id and status = 'failed'
      ), '[]')),
      finished_at = now()
  where id = of_preview_id and finished_at is null;
$$;

create function private.finish_verification(of_verification_id uuid) returns void
language sql
set search_path = ''
as $$
  select private.report_with_missing(of_verification_id)
  from public.verifications where id = of_verification_id and finished_at is null;

  update public.verifications
  set status = case
        when exists (
          select from private.steps where verification_id = of_verification_id and status = 'failed'
        ) or exists (
          select from public.verification_findings
          where verification_id = of_verification_id and severity = 'failed'
        ) then 'failed'
        -- What is left to do by hand was known before: it is listed, and no difference that warns.
        when exists (
          select from public.verification_findings
          where verification_id = of_verification_id and severity = 'warning'
        ) then 'warning'
        else 'passed'
      end,
      summary = private.count_findings(of_verification_id) || jsonb_build_object(
        'not_compared', private.not_compared(of_verification_id),
        'rows', (
          select jsonb_build_object('tables', count(*), 'differing', count(*) filter (where difference > 0))
          from public.verification_counts where verification_id = of_verification_id
        ),
        'components', coalesce((
          select jsonb_object_agg(component, case
            when status = 'failed' then 'not_run'
            when worst = 1 then 'failed'
            when worst = 2 then 'warning'
            else 'passed' end)
          from (
            select step.component, step.status, min(finding.rank) as worst
            from private.steps as step
            left join public.verification_findings as finding
              on finding.verification_id = of_verification_id and finding.component = step.component
            where step.verification_id = of_verification_id and step.component is not null
            group by step.component, step.status
          ) as verdict
        ), '{}'),
        'errors', coalesce((
          select jsonb_agg(jsonb_build_object('component', component, 'error', error))
          from private.steps where verification_id = of_verification_id and status = 'failed'
        ), '[]')
      ),
      finished_at = now()
  where id = of_verification_id and finished_at is null;
$$;
