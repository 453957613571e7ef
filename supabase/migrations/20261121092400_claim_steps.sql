-- Purpose: How workers take steps from the queue, and how the steps of dead workers return to it.

-- Rows and no locks of sessions: between two calls a worker has no connection, or another one of a pooler of transactions.
create table private.waiters (
  run_id uuid primary key,
  worker uuid not null,
  until timestamptz not null
);

comment on table private.waiters is
  'Which worker waits for steps of a run (all zeros: of any run) that will be free in a moment. One is enough.';
comment on column private.waiters.until is 'Another may take its place then: it has died.';

alter table private.waiters enable row level security;

-- Workers that died: their steps go back to the queue, or are given up after too many deaths.
create function private.return_expired_leases() returns int
language plpgsql
set search_path = ''
as $$
declare
  expired_run_id uuid;
  returned private.steps;
  count int := 0;
begin
  for expired_run_id in
    select distinct run_id from private.steps
    where status = 'running' and lease_until < now()
    order by run_id
  loop
    -- Busy: whoever holds it is alive, and the next call looks again.
    continue when not pg_try_advisory_xact_lock(
      hashtextextended('twins:run:' || expired_run_id, 0)
    );
    for returned in
      update private.steps
      set status = case when attempts + 1 >= private.max_attempts() then 'failed' else 'queued' end,
          lease = null,
          lease_until = null,
          attempts = attempts + 1,
          at_work = null,
          finished_at = case when attempts + 1 >= private.max_attempts() then now() end,
          error = jsonb_build_object(
            'code', 'internal',
            'message', 'The worker on this step stopped without a word (' || attempts + 1 || ' times)',
            'fix', 'Clone again. If it happens again, look at the logs of the function "worker".'
          )
      where run_id = expired_run_id and status = 'running' and lease_until < now()
      returning *
    loop
      count := count + 1;
      perform private.close_slice(returned.id, 'lost', 0);
      perform private.refresh_component(returned.job_id, returned.component);
    end loop;
    perform private.finish_run_if_over(expired_run_id);
  end loop;
  return count;
end
$$;

-- Gives one step to a worker, of any run or of the one named: {step, run}, or null when nothing waits. Expired leases go back first, so
-- that any live worker rescues the work of a dead one. `by_worker`: who asks, where it may have waited.
create function private.claim_step(
  lease_seconds int default 10, of_run_id uuid default null, by_worker uuid default null
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  waiting_run_id uuid;
  claimed private.steps;
begin
  perform private.return_expired_leases();

  -- Run by run, up to the first with something to do: asking for all that is claimable would cost seconds with a thousand
  -- runs open. Whoever has the fewest workers comes first, then the oldest: many runs of one user keep nobody waiting.
  for waiting_run_id in
    select waiting.run_id
    from (
      select run_id, owner_id, min(created_at) as since
      from private.steps
      where status = 'queued' and run_after <= now() and (of_run_id is null or run_id = of_run_id)
      group by run_id, owner_id
    ) as waiting
    left join (
      select owner_id, count(*) as workers from private.steps where status = 'running' group by owner_id
    ) as busy using (owner_id)
    order by coalesce(busy.workers, 0), waiting.since, waiting.run_id
  loop
    continue when not exists (
      select from private.claimable_steps where run_id = waiting_run_id
    );
    perform private.lock_run(waiting_run_id);
    update private.steps
    set status = 'running',
        lease = gen_random_uuid(),
        lease_until = now() + make_interval(secs => lease_seconds),
        started_at = coalesce(steps.started_at, now())
    where id = (
      select id from private.claimable_steps where run_id = waiting_run_id order by id limit 1
    )
    returning * into claimed;
    exit when claimed.id is not null;
  end loop;
  if claimed.id is null then
    return null;
  end if;

  -- Who has something to do waits no more: another may.
  delete from private.waiters where worker = by_worker;
  perform private.open_slice(claimed);
  update public.jobs set status = 'in_progress', started_at = now()
  where id = claimed.job_id and status = 'pending';
  update public.previews set status = 'in_progress'
  where id = claimed.preview_id and status = 'pending';
  update public.verifications set status = 'running', started_at = now()
  where id = claimed.verification_id and status = 'not_run';
  perform private.refresh_component(claimed.job_id, claimed.component);

  return jsonb_build_object(
    'step', jsonb_build_object(
      'id', claimed.id,
      'lease', claimed.lease,
      'kind', claimed.kind,
      'component', claimed.component,
      'stage', claimed.stage,
      'cursor', claimed.cursor,
      'memory', private.load_memories(claimed),
      'slices', claimed.slices,
      'attempts', claimed.attempts
    ),
    'run', private.run_facts(claimed)
  );
end
$$;

-- For a worker that finds nothing: seconds until it is worth looking again. A step that is leased may come back, one that failed is due
-- at a known time; a worker without a run stays for what is due at once. Null: nothing of that, or another waits for it already.
create function private.seconds_to_wait(of_run_id uuid, by_worker uuid) returns double precision
language sql
set search_path = ''
as $$
  with open as (
    select least(1, min(
      case when step.status = 'running' then 1 else greatest(0.05, extract(epoch from step.run_after - now())) end
    ))::double precision as seconds
    from private.steps as step
    where case
      when of_run_id is null then step.status = 'queued' and step.attempts > 0 and step.run_after < now() + interval '3 seconds'
      else step.run_id = of_run_id and (
        step.status = 'running' or (step.status = 'queued' and step.attempts > 0 and step.run_after < now() + interval '30 seconds')
      )
    end
    having count(*) > 0
  ), taken as (
    insert into private.waiters as waiter (run_id, worker, until)
    select coalesce(of_run_id, '00000000-0000-0000-0000-000000000000'), by_worker, now() + interval '3 seconds' from open
    on conflict (run_id) do update set worker = excluded.worker, until = excluded.until
    where waiter.worker = excluded.worker or waiter.until < now()
    returning run_id
  )
  select seconds from open where exists (select from taken);
$$;
