-- Purpose: How a worker keeps its lease, and how it ends a slice.

-- Extends the lease and stores how far the slice is. {lost: true}: the lease is another's now, stop;
-- {cancel: true}: finish the current operation and stop.
create function private.heartbeat(
  step_id bigint, step_lease uuid, progress jsonb, lease_seconds int default 10
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
      bytes_done = coalesce((progress ->> 'bytes')::bigint, bytes_done),
      rows_done = coalesce((progress ->> 'rows')::bigint, rows_done),
      at_work = progress -> 'at_work'
  where id = step_id and lease = step_lease
  returning * into held;
  if held.id is null then
    return '{"lost": true, "cancel": false}';
  end if;
  perform private.refresh_component(held.job_id, held.component);
  perform private.refresh_backup(held);
  perform private.flush_broadcasts();
  return jsonb_build_object(
    'lost', false,
    'cancel', exists (
      select from public.jobs where id = held.job_id and cancel_requested_at is not null
    ) or (held.kind = 'backup' and exists (
      select from public.backups where id = held.backup_id and is_unwanted
    ))
  );
end
$$;

-- Ends a slice in one transaction: outcomes, progress, cursor, and whatever follows from them.
-- result: {outcome: more | done | retry | failed, cursor, items, memory, progress, error, retry_after,
-- steps (of prepare), preview and plan (of a preview), findings and counts (of verify), backup (what is known of it),
-- goes_on (the worker takes a step of the run itself)}.
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
  perform private.store_announced(held, outcome);
  perform private.store_memories(held, result -> 'memory');
  perform private.add_steps(held, result -> 'steps');
  update public.previews
  set result = previews.result || coalesce(finish_slice.result -> 'preview', '{}')
  where id = held.preview_id;
  perform private.store_plan(held, result -> 'plan');
  perform private.store_findings(held, result -> 'findings');
  perform private.store_counts(held, result -> 'counts');
  perform private.store_backup(held, result -> 'backup');

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
      rows_done = coalesce((result #>> '{progress,rows}')::bigint, rows_done),
      at_work = null,
      error = case when outcome in ('retry', 'failed') then result -> 'error' end,
      finished_at = case when outcome in ('done', 'failed') then now() end
  where id = held.id
  returning * into held;

  perform private.refresh_backup(held);
  perform private.close_slice(held.id, outcome, coalesce(jsonb_array_length(nullif(result -> 'items', 'null')), 0));
  perform private.refresh_component(held.job_id, held.component);
  perform private.finish_run_if_over(held.run_id);
  perform private.wake_workers(held.owner_id, takes => (
    select count(*)::int
    from (select from private.claimable_steps where run_id = held.run_id limit 1) as claimable
    where (result ->> 'goes_on')::boolean
  ));
  return '{"lost": false}';
end
$$;
