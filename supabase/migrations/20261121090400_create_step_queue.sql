-- Purpose: the queue of steps, and the functions by which workers take them, report, and hand on.
-- A step is one stage of one component of a run; a worker carries out one bounded slice of it at a time
-- under a lease. Nothing here names a component.

create table private.steps (
  id bigint generated always as identity primary key,
  job_id uuid references public.jobs (id) on delete cascade,
  preview_id uuid references public.previews (id) on delete cascade,
  verification_id uuid references public.verifications (id) on delete cascade,
  run_id uuid not null generated always as (coalesce(job_id, preview_id, verification_id)) stored,
  kind text not null check (kind in ('prepare', 'stage', 'preview', 'verify', 'cleanup')),
  -- Steps of a lower rank are over before one of a higher rank starts.
  rank int not null default 0,
  component text,
  stage text,
  needs text[] not null default '{}',
  provides text[] not null default '{}',
  status text not null default 'queued'
    check (status in ('queued', 'running', 'done', 'failed', 'canceled')),
  cursor jsonb,
  slices int not null default 0,
  attempts int not null default 0,
  lease uuid,
  lease_until timestamptz,
  run_after timestamptz not null default now(),
  items_done bigint not null default 0,
  items_total bigint,
  bytes_done bigint not null default 0,
  error jsonb,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  constraint steps_one_run check (num_nonnulls(job_id, preview_id, verification_id) = 1),
  constraint steps_leased_while_running
    check ((status = 'running') = (lease is not null and lease_until is not null)),
  unique nulls not distinct (run_id, kind, component, stage)
);

comment on table private.steps is 'Units of work: (run, kind, component, stage), worked off in slices.';
comment on column private.steps.needs is 'Capabilities that other steps of the run must provide first.';
comment on column private.steps.cursor is 'Where the next slice goes on. All that survives a worker.';
comment on column private.steps.attempts is 'Failures and deaths since the last slice that succeeded.';

create index steps_run_id_idx on private.steps (run_id);
-- Few steps are open whatever the history: what the queue looks at stays small.
create index steps_open_idx on private.steps (run_id, rank) where status in ('queued', 'running');
create index steps_running_idx on private.steps (run_id) where status = 'running';
create index steps_job_id_idx on private.steps (job_id) where job_id is not null;
create index steps_preview_id_idx on private.steps (preview_id) where preview_id is not null;
create index steps_verification_id_idx on private.steps (verification_id)
  where verification_id is not null;

alter table private.steps enable row level security;

create table private.memories (
  target_ref text not null,
  component text not null,
  key text not null,
  value jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (target_ref, component, key)
);

comment on table private.memories is
  'What clones know about copies on a target that the target cannot hold, e.g. which state of a large file a copy stands for.';

alter table private.memories enable row level security;

-- Workers at a time per run: two databases, each with a small pool, bound what is useful.
create function private.parallel_steps() returns int language sql immutable set search_path = ''
return 3;

-- Failures or deaths in a row after which a step is given up.
create function private.max_attempts() returns int language sql immutable set search_path = ''
return 8;

create view private.claimable_steps as
select step.id, step.run_id, step.created_at
from private.steps as step
where step.status = 'queued'
  and step.run_after <= now()
  and not exists (
    select from private.steps as earlier
    where earlier.run_id = step.run_id
      and earlier.status in ('queued', 'running')
      and (
        earlier.rank < step.rank
        or (earlier.rank = step.rank and earlier.id <> step.id and earlier.provides && step.needs)
      )
  )
  and (
    select count(*) from private.steps as running
    where running.run_id = step.run_id and running.status = 'running'
  ) < private.parallel_steps();

comment on view private.claimable_steps is 'Queued steps whose needs are met, of runs with a free place.';

-- Sends workers on their way: one request per claimable step, at most a handful. pg_net sends after
-- commit; the secret and the address are in Vault, so they differ per installation and never reach a client.
create function private.wake_workers() returns int
language plpgsql
set search_path = ''
as $$
declare
  worker_url text;
  worker_secret text;
  wanted int;
begin
  select count(*) into wanted
  from (select from private.claimable_steps limit 2 * private.parallel_steps()) as claimable;
  if wanted = 0 then
    return 0;
  end if;
  select decrypted_secret into worker_url from vault.decrypted_secrets where name = 'twins_worker_url';
  select decrypted_secret into worker_secret
  from vault.decrypted_secrets where name = 'twins_worker_secret';
  if worker_url is null or worker_secret is null then
    raise warning 'No worker can be woken: Vault lacks twins_worker_url or twins_worker_secret'
      using hint = 'Create both with vault.create_secret(value, name).';
    return 0;
  end if;
  perform net.http_post(
    url := worker_url,
    body := '{}'::jsonb,
    headers := jsonb_build_object(
      'content-type', 'application/json',
      'authorization', 'Bearer ' || worker_secret
    ),
    -- Longer than any slice: pg_net must not hang up on a worker that is still at work.
    timeout_milliseconds := 150000
  )
  from generate_series(1, wanted);
  return wanted;
end
$$;

-- One end of a run as a worker needs it: where, and what opens it, encrypted.
create function private.run_end(end_account_id uuid, end_ref text) returns jsonb
language sql
stable
set search_path = ''
return (
  select jsonb_build_object(
    'account_id', account.id,
    'ref', end_ref,
    'account_status', account.status,
    'key_id', credential.key_id,
    'iv', encode(credential.iv, 'base64'),
    'ciphertext', encode(credential.ciphertext, 'base64'),
    'database_password', (
      select jsonb_build_object(
        'key_id', given.key_id,
        'iv', encode(given.iv, 'base64'),
        'ciphertext', encode(given.ciphertext, 'base64')
      )
      from private.database_passwords as given
      where given.account_id = account.id and given.ref = end_ref
    )
  )
  from public.connected_accounts as account
  left join private.account_credentials as credential on credential.account_id = account.id
  where account.id = end_account_id
);

-- Everything about a run that its steps share.
create function private.run_facts(step private.steps) returns jsonb
language sql
stable
set search_path = ''
return (
  select jsonb_build_object(
    'id', step.run_id,
    'kind', case
      when step.job_id is not null then 'job'
      when step.preview_id is not null then 'preview'
      else 'verification'
    end,
    'job_id', coalesce(step.job_id, verification.job_id),
    'twin_id', twin.id,
    'mode', verification.mode,
    'options', coalesce(job.options, preview.options, verified_job.options),
    'ignore_rules', coalesce(
      (select jsonb_agg(rule.pattern order by rule.pattern)
       from public.ignore_rules as rule where rule.twin_id = twin.id),
      '[]'
    ),
    'source', private.run_end(twin.source_account_id, twin.source_ref),
    'target', private.run_end(twin.target_account_id, twin.target_ref),
    'target_is_protected', coalesce(
      (select project.is_protected from public.projects as project
       where project.account_id = twin.target_account_id and project.ref = twin.target_ref),
      false
    ),
    'cloned_before', exists (
      select from public.jobs as earlier
      join public.twins as same_pair on same_pair.id = earlier.twin_id
      where same_pair.owner_id = twin.owner_id
        and same_pair.source_ref = twin.source_ref
        and same_pair.target_ref = twin.target_ref
        and exists (
          select from public.job_items as item
          where item.job_id = earlier.id and item.outcome in ('copied', 'adapted')
        )
    )
  )
  from (select 1) as one
  left join public.jobs as job on job.id = step.job_id
  left join public.previews as preview on preview.id = step.preview_id
  left join public.verifications as verification on verification.id = step.verification_id
  left join public.jobs as verified_job on verified_job.id = verification.job_id
  join public.twins as twin
    on twin.id = coalesce(job.twin_id, preview.twin_id, verification.twin_id)
);

-- Whatever changes the steps of a run takes this first, so that changes of one run queue up instead of
-- locking its rows in different orders, and the last step to end knows that it is the last.
create function private.lock_run(of_run_id uuid) returns void
language sql
set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended('twins:run:' || of_run_id, 0));
$$;

-- What earlier clones into the run's target remembered for the step's component.
create function private.recall(step private.steps) returns jsonb
language sql
stable
set search_path = ''
return (
  select coalesce(jsonb_object_agg(memory.key, memory.value), '{}')
  from private.memories as memory
  where memory.component = step.component
    and memory.target_ref = (
      select twin.target_ref
      from public.twins as twin
      where twin.id = coalesce(
        (select job.twin_id from public.jobs as job where job.id = step.job_id),
        (select preview.twin_id from public.previews as preview where preview.id = step.preview_id),
        (select verification.twin_id from public.verifications as verification
          where verification.id = step.verification_id)
      )
    )
);

-- Gives one step to a worker: {step, run}, or null when nothing waits. Expired leases go back first, so
-- that any live worker rescues the work of a dead one.
create function private.claim_step(lease_seconds int default 30) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  waiting_run_id uuid;
  claimed private.steps;
begin
  perform private.return_expired_leases();

  -- Run by run, oldest first, up to the first with something to do: asking for all that is claimable
  -- would cost seconds with a thousand runs open.
  for waiting_run_id in
    select run_id
    from private.steps
    where status = 'queued' and run_after <= now()
    group by run_id
    order by min(created_at), run_id
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
      'memory', private.recall(claimed),
      'slices', claimed.slices,
      'attempts', claimed.attempts
    ),
    'run', private.run_facts(claimed)
  );
end
$$;

-- Extends the lease and stores how far the slice is. {lost: true}: the lease is another's now, stop;
-- {cancel: true}: finish the current operation and stop.
create function private.heartbeat(
  step_id bigint, step_lease uuid, progress jsonb, lease_seconds int default 30
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  held private.steps;
begin
  perform private.lock_run((select run_id from private.steps where id = step_id));
  update private.steps
  set lease_until = now() + make_interval(secs => lease_seconds),
      items_done = coalesce((progress ->> 'done')::bigint, items_done),
      items_total = coalesce((progress ->> 'total')::bigint, items_total),
      bytes_done = coalesce((progress ->> 'bytes')::bigint, bytes_done)
  where id = step_id and lease = step_lease
  returning * into held;
  if held.id is null then
    return '{"lost": true, "cancel": false}';
  end if;
  perform private.refresh_component(held.job_id, held.component);
  perform private.flush_broadcasts();
  return jsonb_build_object(
    'lost', false,
    'cancel', exists (
      select from public.jobs where id = held.job_id and cancel_requested_at is not null
    )
  );
end
$$;

-- Ends a slice in one transaction: outcomes, progress, cursor, and whatever follows from them.
-- result: {outcome: more | done | retry | failed, cursor, items, memory, progress, error, retry_after,
-- steps (of prepare), preview (of preview), findings (of verify)}.
create function private.finish_slice(step_id bigint, step_lease uuid, result jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  held private.steps;
  outcome text := result ->> 'outcome';
begin
  perform private.lock_run((select run_id from private.steps where id = step_id));
  select * into held from private.steps where id = step_id and lease = step_lease;
  if held.id is null then
    return '{"lost": true}';
  end if;
  if outcome is null or outcome not in ('more', 'done', 'retry', 'failed') then
    raise exception 'unknown outcome of a slice: %', outcome using errcode = '22023';
  end if;
  if outcome = 'retry' and held.attempts + 1 >= private.max_attempts() then
    outcome := 'failed';
  end if;

  perform private.store_items(held.job_id, held.component, result -> 'items');
  perform private.remember(held, result -> 'memory');
  perform private.add_steps(held, result -> 'steps');
  update public.previews
  set result = previews.result || coalesce(finish_slice.result -> 'preview', '{}')
  where id = held.preview_id;
  perform private.store_findings(held, result -> 'findings');

  update private.steps
  set status = case outcome when 'done' then 'done' when 'failed' then 'failed' else 'queued' end,
      lease = null,
      lease_until = null,
      cursor = case when outcome = 'more' then result -> 'cursor' else cursor end,
      slices = slices + 1,
      attempts = case outcome when 'retry' then attempts + 1 when 'more' then 0 else attempts end,
      run_after = now() + case
        when outcome <> 'retry' then interval '0'
        else make_interval(secs => coalesce(
          (result ->> 'retry_after')::numeric,
          least(60, power(2, attempts)) * (0.5 + random() / 2)
        )::double precision)
      end,
      items_done = coalesce((result #>> '{progress,done}')::bigint, items_done),
      items_total = coalesce((result #>> '{progress,total}')::bigint, items_total),
      bytes_done = coalesce((result #>> '{progress,bytes}')::bigint, bytes_done),
      error = case when outcome in ('retry', 'failed') then result -> 'error' end,
      finished_at = case when outcome in ('done', 'failed') then now() end
  where id = held.id;

  perform private.refresh_component(held.job_id, held.component);
  perform private.settle_run(held.run_id);
  perform private.wake_workers();
  return '{"lost": false}';
end
$$;

-- Outcomes of objects, the latest word winning, except that a repeated slice does not turn "copied" into
-- "unchanged".
create function private.store_items(items_job_id uuid, running_component text, items jsonb)
returns void
language sql
set search_path = ''
as $$
  insert into public.job_items as item (job_id, component, object, outcome, detail, fix, sqlstate)
  select distinct on (component, object)
    items_job_id, component, object, outcome, detail, fix, sqlstate
  from (
    select
      coalesce(entry ->> 'component', running_component) as component,
      entry ->> 'object' as object,
      entry ->> 'outcome' as outcome,
      entry ->> 'detail' as detail,
      entry ->> 'fix' as fix,
      entry ->> 'sqlstate' as sqlstate,
      place
    from jsonb_array_elements(coalesce(nullif(items, 'null'), '[]')) with ordinality as list (entry, place)
    where items_job_id is not null
  ) as parsed
  order by component, object, place desc
  on conflict (job_id, component, object) do update
  set outcome = excluded.outcome,
      detail = excluded.detail,
      fix = excluded.fix,
      sqlstate = excluded.sqlstate,
      at = now()
  where not (item.outcome in ('copied', 'adapted') and excluded.outcome = 'unchanged');
$$;

-- Entries that are null are forgotten.
create function private.remember(held private.steps, entries jsonb) returns void
language sql
set search_path = ''
as $$
  with entry as (
    select job.target_ref, entry.key, entry.value
    from public.jobs as job
    cross join jsonb_each(coalesce(nullif(entries, 'null'), '{}')) as entry
    where job.id = held.job_id and held.component is not null
  ), forgotten as (
    delete from private.memories as memory
    using entry
    where memory.target_ref = entry.target_ref
      and memory.component = held.component
      and memory.key = entry.key
      and entry.value = 'null'
  )
  insert into private.memories as memory (target_ref, component, key, value)
  select entry.target_ref, held.component, entry.key, entry.value
  from entry
  where entry.value <> 'null'
  on conflict (target_ref, component, key) do update
  set value = excluded.value, updated_at = now();
$$;

create function private.store_findings(held private.steps, findings jsonb) returns void
language sql
set search_path = ''
as $$
  insert into public.verification_findings
    (verification_id, component, severity, object, expected, found, fix)
  select distinct on (entry ->> 'object')
    held.verification_id, held.component, entry ->> 'severity', entry ->> 'object',
    entry ->> 'expected', entry ->> 'found', entry ->> 'fix'
  from jsonb_array_elements(coalesce(nullif(findings, 'null'), '[]')) as list (entry)
  where held.verification_id is not null
  order by entry ->> 'object', entry ->> 'severity'
  on conflict (verification_id, component, object) do update
  set severity = excluded.severity,
      expected = excluded.expected,
      found = excluded.found,
      fix = excluded.fix;
$$;

-- The steps that the first step of a run decided on; a repeated one adds nothing twice.
create function private.add_steps(held private.steps, steps jsonb) returns void
language sql
set search_path = ''
as $$
  insert into private.steps
    (job_id, preview_id, verification_id, kind, rank, component, stage, needs, provides)
  select
    held.job_id, held.preview_id, held.verification_id,
    step.kind, step.rank, step.component, step.stage,
    coalesce(step.needs, '{}'), coalesce(step.provides, '{}')
  from jsonb_to_recordset(coalesce(nullif(steps, 'null'), '[]')) as step (
    kind text, rank int, component text, stage text, needs text[], provides text[]
  )
  on conflict do nothing;
$$;

-- A component's row follows from its steps and items, never from memory. Its stages pass over the same
-- objects one after the other, so each counts for a share of them: with two stages over 50 tables, 25 are
-- done when the first is. A stage that has not begun is taken to be as long as the longest.
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
      bool_or(started_at is not null) as has_started,
      coalesce(floor(
        max(objects) * sum(items_done)
        / nullif(sum(case when status in ('queued', 'running')
            then coalesce(items_total, objects) else coalesce(items_total, 0) end), 0)
      ), 0) as items_done,
      max(objects) as items_total,
      sum(bytes_done) as bytes_done,
      min(started_at) as started_at,
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
        when not progress.is_over and progress.has_started then 'in_progress'
        when not progress.is_over then 'pending'
        when progress.has_failed or failures.count > 0 then 'failed'
        when progress.was_canceled then 'canceled'
        else 'completed'
      end,
      items_done = progress.items_done,
      items_total = progress.items_total,
      bytes_done = progress.bytes_done,
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
      perform private.refresh_component(returned.job_id, returned.component);
    end loop;
    perform private.settle_run(expired_run_id);
  end loop;
  return count;
end
$$;
