-- Purpose: The safety net. Workers hand on by themselves; each minute cron takes back the steps of dead
-- workers, sends held-back broadcasts, and wakes workers for whatever waits (also after a back-off). Between the minutes
-- it looks every two seconds for what nobody else would notice: a worker that died, a back-off that is over, a step whose
-- worker was never woken because pg_net lost the call.

-- Secrets that are good for a moment are not kept beyond it, sealed though they are.
create function private.forget_old_secrets() returns void
language sql
set search_path = ''
as $$
  delete from private.oauth_requests where expires_at < now();
  delete from private.restore_keys where job_id is null and created_at < now() - interval '1 hour';
  delete from private.database_logins
  where expires_at < now() and coalesce(asking_until, '-infinity') < now();
$$;

create function private.keep_moving() returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.return_expired_leases();
  perform private.flush_broadcasts();
  perform private.forget_old_secrets();
  perform private.wake_workers();
end
$$;

comment on function private.keep_moving is 'Each minute: expired leases, held-back broadcasts, secrets that are over, waiting steps.';

-- Wakes workers only for what came free since the last look: whoever is awake already takes the rest. A step that
-- everybody has left alone for four seconds was called for in vain: pg_net keeps its queue in memory. It is called for again for
-- a while, and then by the minute, so that calls do not pile up where workers are late.
create function private.rescue(looked_before interval) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  -- Being called takes as long as a look: it waits the rest out (seconds_to_wait).
  if exists (
    select from private.steps
    where status = 'queued' and attempts > 0 and run_after > now() and run_after <= now() + interval '2 seconds'
  ) then
    perform private.call_workers(1);
  end if;
  if private.return_expired_leases() = 0 and not exists (
    select from private.steps
    where status = 'queued' and attempts > 0 and run_after <= now() and run_after > now() - looked_before
  ) and not exists (
    select from private.claimable_steps as claimable
    join private.steps as step using (id)
    cross join lateral (
      -- It waited for others until the last of them was over.
      select greatest(step.run_after, max(other.finished_at)) as since
      from private.steps as other where other.run_id = step.run_id
    ) as ready
    where ready.since <= now() - interval '4 seconds' and ready.since > now() - interval '16 seconds'
  ) then
    return false;
  end if;
  perform private.wake_workers();
  return true;
end
$$;

comment on function private.rescue is 'Between the minutes: steps of workers that died or were never woken, and back-offs that are over.';

-- Each night: what no page shows any more. Jobs, their components and reports stay, and the last verification of each with
-- its counts; the steps of runs that are over go after a week, single objects, slices, findings, counts of rows, other verifications,
-- slots of schedules, previews and notifications after 90 days. That bounds the large tables. What clones know about a
-- target goes when nobody has cloned into it for a year: the next clone compares more, and nothing else.
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
  delete from public.verification_findings as finding
  using public.verifications as verification
  where verification.id = finding.verification_id and verification.finished_at < now() - interval '90 days';
  delete from public.verifications as verification
  where verification.finished_at < now() - interval '90 days'
    and exists (
      select from public.verifications as later
      where later.job_id = verification.job_id and later.finished_at > verification.finished_at
    );
  delete from private.memories as memory
  where not exists (
    select from public.jobs as job
    where job.target_ref = memory.target_ref and coalesce(job.finished_at, now()) > now() - interval '1 year'
  );
  delete from public.job_slices as slice
  using public.jobs as job
  where job.id = slice.job_id and job.finished_at < now() - interval '90 days';
  delete from public.verification_counts as counted
  using public.verifications as verification
  where verification.id = counted.verification_id and verification.finished_at < now() - interval '90 days';
  delete from public.schedule_slots where slot_at < now() - interval '90 days';
  delete from public.previews where finished_at < now() - interval '90 days';
  delete from public.notifications where created_at < now() - interval '90 days';
  delete from private.waiters where until < now();
  delete from private.broadcasts as last
  using public.jobs as job
  where job.id = last.job_id and job.finished_at < now() - interval '7 days';
$$;

comment on function private.prune_history is 'Each night: steps after 7 days; items, slices, findings, counts, verifications, slots, previews and notifications after 90; memories after a year.';

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
