-- Purpose: What a slice reports: outcomes of objects, findings, further steps, and what later clones shall know.

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

-- Before a slice writes. False: the lease is another's now, and nothing may be written.
create function private.announce_items(step_id bigint, step_lease uuid, items jsonb) returns boolean
language sql
set search_path = ''
as $$
  insert into private.announced_items as announced (step_id, lease, component, object, outcome, detail, fix)
  select distinct on (named.component, named.object)
    step.id, step.lease, named.component, named.object, entry ->> 'outcome', entry ->> 'detail', entry ->> 'fix'
  from private.steps as step
  cross join jsonb_array_elements(items) with ordinality as list (entry, place)
  cross join lateral (
    select coalesce(entry ->> 'component', step.component) as component, entry ->> 'object' as object
  ) as named
  where step.id = announce_items.step_id and step.lease = step_lease and step.job_id is not null
  order by named.component, named.object, place desc
  on conflict on constraint announced_items_pkey do update
  set lease = excluded.lease, outcome = excluded.outcome, detail = excluded.detail, fix = excluded.fix;
  select exists (select from private.steps as step where step.id = announce_items.step_id and step.lease = step_lease);
$$;

-- A slice that ended in order has reported all that it did. What others announced before they were lost was found as it should be, or
-- (where it was removed) not at all: once the step is done it is said as it was announced.
create function private.store_announced(held private.steps, outcome text) returns void
language sql
set search_path = ''
as $$
  delete from private.announced_items as announced
  where announced.step_id = held.id
    and (store_announced.outcome = 'failed'
      or (store_announced.outcome in ('more', 'done') and announced.lease = held.lease));
  with lost as (
    delete from private.announced_items as announced
    where announced.step_id = held.id and store_announced.outcome = 'done'
    returning *
  )
  insert into public.job_items as item (job_id, component, object, outcome, detail, fix)
  select held.job_id, component, object, lost.outcome, detail, fix from lost
  on conflict (job_id, component, object) do update
  set outcome = excluded.outcome, detail = excluded.detail, fix = excluded.fix, sqlstate = null, at = now()
  where item.outcome = 'unchanged';
$$;

-- Entries that are null are forgotten.
create function private.store_memories(held private.steps, entries jsonb) returns void
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
  set value = excluded.value;
$$;
-- One finding per object. What differs about it twice is told in several lines, and the worse severity counts.
create function private.store_findings(held private.steps, findings jsonb) returns void
language sql
set search_path = ''
as $$
  insert into public.verification_findings (
    verification_id, component, severity, object, expected, found, fix, objects, belongs_to, is_missing, examples
  )
  select
    held.verification_id, held.component,
    case
      when bool_or(entry ->> 'severity' = 'failed') then 'failed'
      when bool_or(entry ->> 'severity' = 'warning') then 'warning'
      else 'note'
    end,
    entry ->> 'object',
    string_agg(entry ->> 'expected', e'\n' order by place),
    string_agg(entry ->> 'found', e'\n' order by place),
    (
      select string_agg(fix.text, e'\n' order by fix.place)
      from (
        select told.text, min(told.place) as place
        from unnest(array_agg(entry ->> 'fix' order by place)) with ordinality as told (text, place)
        group by told.text
      ) as fix
    ),
    max(coalesce((entry ->> 'objects')::bigint, 1)),
    min(entry ->> 'of'),
    bool_or(coalesce((entry ->> 'missing')::boolean, false)),
    (
      select array_agg(example.text order by example.place)
      from jsonb_array_elements_text((jsonb_agg(entry -> 'examples') filter (where entry ? 'examples')) -> 0)
        with ordinality as example (text, place)
    )
  from jsonb_array_elements(coalesce(nullif(findings, 'null'), '[]')) with ordinality as list (entry, place)
  where held.verification_id is not null
  group by entry ->> 'object'
  on conflict (verification_id, component, object) do update
  set severity = excluded.severity,
      expected = excluded.expected,
      found = excluded.found,
      fix = excluded.fix,
      objects = excluded.objects,
      belongs_to = excluded.belongs_to,
      is_missing = excluded.is_missing,
      examples = excluded.examples;
$$;

-- A repeated slice counts the same tables again.
create function private.store_counts(held private.steps, counts jsonb) returns void
language sql
set search_path = ''
as $$
  insert into public.verification_counts (verification_id, object, source_rows, target_rows)
  select distinct on (counted.object) held.verification_id, counted.object, counted.source, counted.target
  from jsonb_to_recordset(coalesce(nullif(counts, 'null'), '[]'))
    as counted (object text, source bigint, target bigint)
  where held.verification_id is not null
  order by counted.object
  on conflict (verification_id, object) do update
  set source_rows = excluded.source_rows, target_rows = excluded.target_rows;
$$;

-- The steps that the first step of a run decided on; a repeated one adds nothing twice.
create function private.add_steps(held private.steps, steps jsonb) returns void
language sql
set search_path = ''
as $$
  insert into private.steps
    (job_id, preview_id, verification_id, kind, rank, component, stage, waits_for)
  select
    held.job_id, held.preview_id, held.verification_id,
    step.kind, step.rank, step.component, step.stage,
    coalesce(step.waits_for, '{}')
  from jsonb_to_recordset(coalesce(nullif(steps, 'null'), '[]')) as step (
    kind text, rank int, component text, stage text, waits_for text[]
  )
  on conflict do nothing;
$$;

-- More of what a clone would do, in the order in which it is found.
create function private.store_plan(held private.steps, plan jsonb) returns void
language sql
set search_path = ''
as $$
  insert into public.planned_work (
    preview_id, rank, component, stage, object, kind, action, statements, calls, detail, definition_before,
    definition_after, risks, words
  )
  select
    held.preview_id, (entry ->> 'rank')::int, entry ->> 'component', entry ->> 'stage', entry ->> 'object',
    entry ->> 'kind', entry ->> 'action',
    array(
      select statement.text
      from jsonb_array_elements_text(coalesce(entry -> 'statements', '[]')) with ordinality as statement (text, place)
      order by statement.place
    ),
    coalesce(entry -> 'calls', '[]'), entry ->> 'detail', entry ->> 'before', entry ->> 'after',
    coalesce(entry -> 'risks', '[]'),
    concat_ws(e'\n', entry ->> 'object', (
      select string_agg(statement.text, e'\n' order by statement.place)
      from jsonb_array_elements_text(entry -> 'statements') with ordinality as statement (text, place)
    ), entry ->> 'calls', entry ->> 'detail')
  from jsonb_array_elements(coalesce(nullif(plan, 'null'), '[]')) with ordinality as list (entry, place)
  where held.preview_id is not null
  order by place;
$$;
