-- Purpose: start_clone, called by the signed-in user.
-- SECURITY DEFINER because it writes tables that users may only read, and the private queue; it checks auth.uid()
-- itself. It refuses bad input with a message and a hint, and changes nothing then.

-- Refuses a clone that would read what another one writes now, or write what another one reads: the copy
-- would be neither the old state nor the new. Holds both refs, so that two calls at once cannot pass together.
create function private.refuse_crossing_clone(twin public.twins) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(ref, 0))
  from unnest(array[
    least(twin.source_ref, twin.target_ref), greatest(twin.source_ref, twin.target_ref)
  ]) as ref;
  if exists (
    select from public.jobs
    where jobs.status in ('pending', 'in_progress') and jobs.target_ref = twin.source_ref
  ) then
    perform private.refuse(
      format('Another clone is writing "%s", the source of this one', twin.source_ref),
      'Wait until it ends, or cancel it.',
      'PT409'
    );
  end if;
  if exists (
    select from public.jobs
    join public.twins as other on other.id = jobs.twin_id
    where jobs.status in ('pending', 'in_progress') and other.source_ref = twin.target_ref
  ) then
    perform private.refuse(
      format('Another clone is reading "%s", which this one would overwrite', twin.target_ref),
      'Wait until it ends, or cancel it.',
      'PT409'
    );
  end if;
end
$$;

-- Refuses a target that must be meant until its ref is typed; the detail says so, so that a page need not look for words.
create function private.refuse_unconfirmed_target(twin public.twins, confirmed text) returns void
language plpgsql
set search_path = ''
as $$
begin
  if confirmed = twin.target_ref then
    return;
  end if;
  if confirmed is not null then
    perform private.refuse(
      format('confirm_target says "%s", but the target is "%s"', confirmed, twin.target_ref),
      'Type the ref of the target exactly, or leave confirm_target out.',
      detail => 'confirm_target'
    );
  end if;
  if exists (
    select from public.projects as project
    where project.ref = twin.target_ref and project.is_protected
      and project.account_id in (
        select id from public.connected_accounts where owner_id = twin.owner_id
      )
  ) then
    perform private.refuse(
      format('The target project "%s" is protected', twin.target_ref),
      'Send its ref as confirm_target if you really mean to overwrite it, or end its protection.',
      detail => 'confirm_target'
    );
  end if;
end
$$;

-- Refuses a clone until what its preview names as a risk was agreed to by name; the detail says so, so that a page need not
-- look for words. Whoever did not look must say that, too.
create function private.refuse_risks(
  twin public.twins, checked_options jsonb, of_preview_id uuid, agreed text[], without_preview boolean
) returns void
language plpgsql
set search_path = ''
as $$
declare
  preview public.previews;
  -- What does not change what is done to the target.
  beside constant text[] := '{confirm_target, backup, verify, hold_snapshot}';
  open_risks text[];
begin
  if of_preview_id is null then
    if not coalesce(without_preview, false) then
      perform private.refuse(
        'Nobody has said which preview of this clone was read',
        'Send preview_id, or without_preview = true to start without one.',
        detail => 'preview'
      );
    end if;
    return;
  end if;
  select * into preview from public.previews where id = of_preview_id and twin_id = twin.id;
  if preview.id is null then
    perform private.refuse(
      'There is no such preview of this pair', 'Read both projects again: start_preview.', 'PT404', 'preview'
    );
  end if;
  if preview.finished_at is null then
    perform private.refuse(
      'Both projects are still being read', 'Wait for the preview, or start without it.', 'PT409', 'preview'
    );
  end if;
  if preview.finished_at < now() - interval '1 day' then
    perform private.refuse(
      'The preview is older than a day', 'Read both projects again, and look at what has changed.', 'PT409', 'preview'
    );
  end if;
  if preview.options - beside <> checked_options - beside then
    perform private.refuse(
      'The preview is of a clone with other options', 'Read both projects again with these.', 'PT409', 'preview'
    );
  end if;
  select array_agg(named order by named) into open_risks
  from (
    select distinct risk.risk || ' ' || risk.object as named
    from public.preview_risks as risk where risk.preview_id = preview.id
  ) as named
  where not named.named = any (coalesce(agreed, '{}'));
  if open_risks is not null then
    perform private.refuse(
      format('This clone must be agreed to first: %s%s', open_risks[1], case
        when cardinality(open_risks) > 1 then format(' and %s more', cardinality(open_risks) - 1) else '' end),
      'Look at preview_risks of the preview and name all of them in agreed, as "risk object".',
      'PT409',
      'risks'
    );
  end if;
  if checked_options ->> 'confirm_target' is null
    and exists (select from public.preview_risks as risk where risk.preview_id = preview.id) then
    perform private.refuse(
      format('The target project "%s" would lose protection or contents', twin.target_ref),
      'Send its ref as confirm_target if you really mean it.',
      detail => 'confirm_target'
    );
  end if;
end
$$;

-- Makes the job of a clone whose options and projects were checked, with its components and first step.
create function private.create_clone(
  twin public.twins, checked_options jsonb, of_trigger text default 'manual', of_schedule_id uuid default null
) returns public.jobs
language plpgsql
set search_path = ''
as $$
declare
  job public.jobs;
begin
  perform private.refuse_too_many_runs(twin.owner_id);
  perform private.refuse_crossing_clone(twin);
  begin
    insert into public.jobs (owner_id, twin_id, target_ref, options, trigger, schedule_id)
    values (twin.owner_id, twin.id, twin.target_ref, checked_options, of_trigger, of_schedule_id)
    returning * into job;
  exception when unique_violation then
    perform private.refuse(
      format('Another clone into "%s" is still running', twin.target_ref),
      'Wait until it ends, or cancel it.',
      'PT409'
    );
  end;

  insert into public.job_components (job_id, component, position, unit, status)
  select job.id, known.component, known.position, known.unit,
    case when (job.options -> 'components' -> known.component) = 'true' then 'pending' else 'skipped' end
  from private.component_catalogue() as known;

  insert into private.steps (job_id, kind) values (job.id, 'prepare');
  -- A run of its own: what becomes of it is no matter of the clone.
  if (checked_options -> 'backup') = 'true' then
    perform private.create_backup(twin.owner_id, twin.source_account_id, twin.source_ref, twin.id, job.id);
  end if;
  perform private.wake_workers(twin.owner_id);
  return job;
end
$$;

-- Refuses options with which nothing would be cloned.
create function private.refuse_empty_clone(checked_options jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (
    select from jsonb_each(checked_options -> 'components') as entry where entry.value = 'true'
  ) then
    perform private.refuse('No component is switched on', 'Switch on at least one component.');
  end if;
end
$$;

create function public.start_clone(
  source_account_id uuid,
  source_ref text,
  target_account_id uuid,
  target_ref text,
  options jsonb default '{}',
  without_preview boolean default false,
  preview_id uuid default null,
  agreed text[] default '{}'
) returns public.jobs
language plpgsql
security definer
set search_path = ''
as $$
declare
  checked_options jsonb := private.clone_options(options);
  twin public.twins;
  job public.jobs;
begin
  twin := private.own_twin(source_account_id, source_ref, target_account_id, target_ref);
  perform private.refuse_unconfirmed_target(twin, checked_options ->> 'confirm_target');
  perform private.refuse_empty_clone(checked_options);
  perform private.refuse_risks(twin, checked_options, preview_id, agreed, without_preview);
  job := private.create_clone(twin, checked_options);
  -- For further attempts: what of the preview is a risk was agreed to, all of it.
  update public.jobs
  set agreed = case when start_clone.preview_id is not null then (
    select coalesce(array_agg(distinct risk.risk || ' ' || risk.object), '{}')
    from public.preview_risks as risk where risk.preview_id = start_clone.preview_id
  ) end
  where id = job.id
  returning * into job;
  return job;
end
$$;

comment on function public.start_clone is
  'Starts a clone of source into target as the signed-in user; makes the twin of the pair when it is new. Needs '
  'the preview that was read and all of its risks by name, or without_preview.';

revoke execute on function public.start_clone from public, anon, service_role;
grant execute on function public.start_clone to authenticated;
