-- Purpose: Which steps of the queue may be worked on now.

-- Workers at a time per run: two databases, each with a small pool, bound what is useful.
create function private.parallel_steps() returns int language sql immutable set search_path = ''
return 3;

-- Workers at a time per user, over all runs: what one user starts leaves room for others.
create function private.parallel_steps_of_user() returns int language sql immutable set search_path = ''
return 12;

-- Failures or deaths in a row after which a step is given up.
create function private.max_attempts() returns int language sql immutable set search_path = ''
return 8;

create view private.claimable_steps as
select step.id, step.run_id, step.owner_id, step.created_at
from private.steps as step
where step.status = 'queued'
  and step.run_after <= now()
  and not exists (
    select from private.steps as earlier
    where earlier.run_id = step.run_id
      and earlier.status in ('queued', 'running')
      and (
        earlier.rank < step.rank
        or earlier.component || '.' || earlier.stage = any (step.waits_for)
      )
  )
  and (
    select count(*) from private.steps as running
    where running.run_id = step.run_id and running.status = 'running'
  ) < private.parallel_steps()
  and (
    select count(*) from private.steps as running
    where running.owner_id = step.owner_id and running.status = 'running'
  ) < private.parallel_steps_of_user();

comment on view private.claimable_steps is 'Queued steps that wait for no other, of runs and users with a free place.';

-- Whatever changes the steps of a run takes this first, so that changes of one run queue up instead of
-- locking its rows in different orders, and the last step to end knows that it is the last.
create function private.lock_run(of_run_id uuid) returns void
language sql
set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended('twins:run:' || of_run_id, 0));
$$;
