-- Purpose: The report of a job. Its one number of failures is counted when the run ends and read by every page.

-- Failed objects, and failed components of which no object failed. A component that had no turn has no error and no
-- start: it did not fail by itself.
create function private.failures_of(of_job_id uuid) returns bigint
language sql
stable
set search_path = ''
return (
  select
    (select count(*) from public.job_items where job_id = of_job_id and outcome = 'failed')
    + (
      select count(*) from public.job_components as component
      where component.job_id = of_job_id
        and component.status = 'failed'
        and (component.started_at is not null or component.error is not null)
        and not exists (
          select from public.job_items as item
          where item.job_id = of_job_id and item.component = component.component and item.outcome = 'failed'
        )
    )
);

-- What the final page shows, so that it need not be put together from thousands of items.
create function private.job_report(of_job_id uuid) returns jsonb
language sql
stable
set search_path = ''
return (
  select jsonb_build_object(
    'components', (
      select coalesce(jsonb_object_agg(counted.component, counted.outcomes), '{}')
      from (
        select component, jsonb_object_agg(outcome, count) as outcomes
        from (
          select component, outcome, count(*) as count
          from public.job_items where job_id = of_job_id
          group by component, outcome
        ) as per_outcome
        group by component
      ) as counted
    ),
    'totals', (
      select coalesce(jsonb_object_agg(outcome, count), '{}')
      from (
        select outcome, count(*) as count
        from public.job_items where job_id = of_job_id
        group by outcome
      ) as per_outcome
    ),
    'failures', private.failures_of(of_job_id),
    'failed', (
      select coalesce(jsonb_agg(to_jsonb(failed) order by component, object), '[]')
      from (
        select component, object, detail, fix, sqlstate
        from public.job_items
        where job_id = of_job_id and outcome = 'failed'
        order by component, object
        limit 200
      ) as failed
    ),
    'by_hand_total', (
      select count(*) from public.job_items
      where job_id = of_job_id and outcome in ('adapted', 'skipped') and fix is not null
    ),
    'by_hand', (
      select coalesce(jsonb_agg(to_jsonb(left_to_do) order by component, object), '[]')
      from (
        select component, object, outcome, detail, fix
        from public.job_items
        where job_id = of_job_id and outcome in ('adapted', 'skipped') and fix is not null
        order by component, object
        limit 200
      ) as left_to_do
    )
  )
);
