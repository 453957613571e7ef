-- Purpose: Progress and outcome of a component, as its steps and items say.

-- A component's row follows from its steps and items, never from memory. Its stages pass over the same
-- objects one after the other, so each counts for a share of them: with two stages over 50 tables, 25 are
-- done when the first is. A stage that has not begun is taken to be as long as the longest. Cleaning up is no start: it is done
-- also for what had no turn.
create function private.refresh_component(of_job_id uuid, of_component text) returns void
language sql
set search_path = ''
as $$
  with step as (
    select *, max(items_total) over () as objects
    from private.steps
    where job_id = of_job_id and component = of_component
  ), progress as (
    select
      bool_and(status in ('done', 'failed', 'canceled')) as is_over,
      bool_or(status = 'failed') as has_failed,
      bool_or(status = 'canceled') as was_canceled,
      bool_or(started_at is not null) filter (where kind <> 'cleanup') as has_started,
      coalesce(floor(
        max(objects) * sum(items_done)
        / nullif(sum(case when status in ('queued', 'running')
            then coalesce(items_total, objects) else coalesce(items_total, 0) end), 0)
      ), 0) as items_done,
      max(objects) as items_total,
      sum(bytes_done) as bytes_done,
      sum(rows_done) as rows_done,
      (
        select jsonb_agg(work.entry)
        from step as running
        cross join lateral jsonb_array_elements(running.at_work) as work (entry)
        where running.status = 'running' and jsonb_typeof(running.at_work) = 'array'
      ) as at_work,
      min(started_at) filter (where kind <> 'cleanup') as started_at,
      max(finished_at) as finished_at,
      (array_agg(error order by finished_at) filter (where status = 'failed'))[1] as error
    from step
    having count(*) > 0
  ), failures as (
    select count(*) as count
    from public.job_items
    where job_id = of_job_id and component = of_component and outcome = 'failed'
  )
  update public.job_components as component
  set status = case
        when not progress.is_over and coalesce(progress.has_started, false) then 'in_progress'
        when not progress.is_over then 'pending'
        when progress.has_failed or failures.count > 0 then 'failed'
        when progress.was_canceled then 'canceled'
        else 'completed'
      end,
      items_done = progress.items_done,
      items_total = progress.items_total,
      bytes_done = progress.bytes_done,
      rows_done = progress.rows_done,
      at_work = progress.at_work,
      started_at = progress.started_at,
      finished_at = case when progress.is_over then progress.finished_at end,
      error = case
        when progress.error is not null then progress.error
        when progress.is_over and failures.count > 0 then jsonb_build_object(
          'code', 'conflict',
          'message', failures.count || ' of its objects failed',
          'fix', 'Read what each failed object says, mend it, and clone again.'
        )
      end
  from progress, failures
  where component.job_id = of_job_id
    and component.component = of_component
    and component.status <> 'skipped';
$$;
