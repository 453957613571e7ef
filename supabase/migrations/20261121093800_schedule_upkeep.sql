-- Purpose: The safety net. Workers hand on by themselves; each minute cron takes back the steps of dead
-- workers, sends held-back broadcasts, and wakes workers for whatever waits (also after a back-off). Between the minutes
-- it looks every two seconds for what nobody else would notice: a worker that died, a back-off that is over.

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

-- Wakes workers only for what came free since the last look: whoever is awake already takes the rest.
create function private.rescue(looked_before interval) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  if private.return_expired_leases() = 0 and not exists (
    select from private.steps
    where status = 'queued' and attempts > 0 and run_after <= now() and run_after > now() - looked_before
  ) then
    return false;
  end if;
  perform private.wake_workers();
  return true;
end
$$;

comment on function private.rescue is 'Between the minutes: steps of workers that died, and back-offs that are over.';

-- Each night: what no page shows any more. Jobs, their components and reports stay; the steps of runs that
-- are over go after a week, single objects, slots of schedules, previews and
-- notifications after 90 days. That bounds the two large tables.
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
  delete from public.schedule_slots where slot_at < now() - interval '90 days';
  delete from public.previews where finished_at < now() - interval '90 days';
  delete from public.notifications where created_at < now() - interval '90 days';
  delete from private.broadcasts as last
  using public.jobs as job
  where job.id = last.job_id and job.finished_at < now() - interval '7 days';
$$;

comment on function private.prune_history is 'Each night: steps after 7 days, items, slots, previews and notifications after 90.';

select cron.schedule('twins-prune-history', '17 3 * * *', 'select private.prune_history()');
-- Not by a schedule of seconds, which older versions of pg_cron lack. Each look is a transaction of its own.
select cron.schedule('twins-keep-moving', '* * * * *', $job$
  do $$
  begin
    perform private.keep_moving();
    for look in 1 .. 28 loop
      commit;
      perform pg_catalog.pg_sleep(2);
      -- Looks overlap: one that takes its time must not miss what came free meanwhile.
      perform private.rescue(interval '6 seconds');
    end loop;
  end
  $$
$job$);
select cron.schedule('twins-start-schedules', '* * * * *', 'select private.start_due_schedules()');
