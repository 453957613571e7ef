-- Purpose: the safety net. Workers hand on by themselves; each minute cron takes back the steps of dead
-- workers, sends held-back broadcasts, and wakes workers for whatever waits (also after a back-off).

create function private.keep_moving() returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.return_expired_leases();
  perform private.flush_broadcasts();
  perform private.wake_workers();
end
$$;

comment on function private.keep_moving is 'Each minute: expired leases, held-back broadcasts, waiting steps.';

-- Each night: what no page shows any more. Jobs, their components and reports stay; the steps of runs that
-- are over go after a week, single objects and previews after 90 days. That bounds the two large tables.
create function private.prune_history() returns void
language sql
set search_path = ''
as $$
  delete from private.steps as step
  where step.finished_at < now() - interval '7 days'
    and not exists (
      select from private.steps as open
      where open.run_id = step.run_id and open.status in ('queued', 'running')
    );
  delete from public.job_items as item
  using public.jobs as job
  where job.id = item.job_id and job.finished_at < now() - interval '90 days';
  delete from public.previews where finished_at < now() - interval '90 days';
  delete from private.broadcasts as last
  using public.jobs as job
  where job.id = last.job_id and job.finished_at < now() - interval '7 days';
$$;

comment on function private.prune_history is 'Each night: steps after 7 days, items and previews after 90.';

select cron.schedule('twins-prune-history', '17 3 * * *', 'select private.prune_history()');
select cron.schedule('twins-keep-moving', '* * * * *', 'select private.keep_moving()');
