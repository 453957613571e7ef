-- Purpose: what signed-in users call: start_clone, cancel_job, start_preview, start_verification,
-- start_restore. Each refuses bad input with a message and a hint, and changes nothing then.
-- They are SECURITY DEFINER because they write tables that users may only read, and the private queue;
-- each checks auth.uid() itself.

-- The 13 components with what their progress counts, in the order of lists. The TypeScript catalogue
-- (domain/component.ts) has the same; a test compares the two.
create function private.component_catalogue()
returns table (component text, "position" int, unit text)
language sql
immutable
set search_path = ''
as $$
  values
    ('tables', 1, 'tables'),
    ('data', 2, 'tables'),
    ('views', 3, 'views'),
    ('functions', 4, 'functions'),
    ('triggers', 5, 'triggers'),
    ('policies', 6, 'policies'),
    ('edge_functions', 7, 'functions'),
    ('storage', 8, 'files'),
    ('auth_users', 9, 'users'),
    ('cron_jobs', 10, 'jobs'),
    ('webhooks', 11, 'webhooks'),
    ('realtime', 12, 'tables'),
    ('project_config', 13, 'settings')
$$;

-- Refuses with one shape of error: what is wrong, and what to do.
create function private.refuse(message text, fix text, code text default '22023') returns void
language plpgsql
set search_path = ''
as $$
begin
  raise exception using message = message, hint = fix, errcode = code;
end
$$;

-- Options as given, checked, with every default filled in.
create function private.clone_options(given jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  defaults constant jsonb := '{"row_limit": 0, "backup": false, "remove_extra": false,
    "activate": false, "copy_mfa": false, "verify": "none", "strategies": {}}';
  given_options jsonb := coalesce(nullif(given, 'null'), '{}');
  given_components jsonb;
  wrong text;
begin
  if jsonb_typeof(given_options) <> 'object' then
    perform private.refuse('The options are not a JSON object', 'Send an object such as {"row_limit": 0}.');
  end if;

  select string_agg(key, ', ' order by key) into wrong
  from jsonb_object_keys(given_options) as key
  where not defaults ? key and key not in ('components', 'confirm_target');
  if wrong is not null then
    perform private.refuse(
      'Unknown options: ' || wrong,
      'Use components, row_limit, backup, remove_extra, activate, copy_mfa, confirm_target, verify, strategies.'
    );
  end if;

  given_components := coalesce(nullif(given_options -> 'components', 'null'), '{}');
  if jsonb_typeof(given_components) <> 'object' then
    perform private.refuse('components is not an object', 'Send {"tables": true, "data": false, …}.');
  end if;
  select string_agg(entry.key, ', ' order by entry.key) into wrong
  from jsonb_each(given_components) as entry
  where jsonb_typeof(entry.value) <> 'boolean'
    or not exists (select from private.component_catalogue() as known where known.component = entry.key);
  if wrong is not null then
    perform private.refuse(
      'Unknown components, or values that are not true or false: ' || wrong,
      'Known components: ' || (
        select string_agg(known.component, ', ' order by known.position)
        from private.component_catalogue() as known
      ) || '.'
    );
  end if;

  select string_agg(entry.key, ', ' order by entry.key) into wrong
  from jsonb_each(given_options) as entry
  where entry.key in ('backup', 'remove_extra', 'activate', 'copy_mfa')
    and jsonb_typeof(entry.value) <> 'boolean';
  if wrong is not null then
    perform private.refuse('Not true or false: ' || wrong, 'Send true or false without quotes.');
  end if;

  if jsonb_typeof(coalesce(given_options -> 'row_limit', '0')) = 'null' then
    given_options := given_options - 'row_limit';
  end if;
  if given_options ? 'row_limit' and (
    jsonb_typeof(given_options -> 'row_limit') <> 'number'
    or (given_options ->> 'row_limit')::numeric not between 0 and 1000000000000
    or (given_options ->> 'row_limit')::numeric <> trunc((given_options ->> 'row_limit')::numeric)
  ) then
    perform private.refuse(
      'row_limit is not a whole number of rows',
      'Send 0 for all rows, or the most rows to copy per table.'
    );
  end if;

  if jsonb_typeof(coalesce(given_options -> 'verify', '"none"')) = 'null' then
    given_options := given_options - 'verify';
  end if;
  if given_options ? 'verify'
    and coalesce(given_options ->> 'verify', '') not in ('none', 'structure', 'counts', 'checksums') then
    perform private.refuse('Unknown kind of verification', 'Use none, structure, counts or checksums.');
  end if;

  if given_options ? 'strategies' then
    if jsonb_typeof(given_options -> 'strategies') <> 'object' then
      perform private.refuse('strategies is not an object', 'Send {"public.orders": "upsert"}.');
    end if;
    select string_agg(entry.key, ', ' order by entry.key) into wrong
    from jsonb_each_text(given_options -> 'strategies') as entry
    where entry.value is null or entry.value not in ('mirror', 'upsert', 'skip');
    if wrong is not null then
      perform private.refuse('Unknown strategy for: ' || wrong, 'Use mirror, upsert or skip.');
    end if;
  end if;

  if given_options ? 'confirm_target'
    and jsonb_typeof(given_options -> 'confirm_target') not in ('string', 'null') then
    perform private.refuse('confirm_target is not a text', 'Send the ref of the target project.');
  end if;

  if (given_options -> 'backup') = 'true' then
    perform private.refuse(
      'Backups cannot be taken yet',
      'Leave the option backup off.',
      '0A000'
    );
  end if;

  return defaults || given_options || jsonb_build_object(
    'components',
    (
      select jsonb_object_agg(known.component, coalesce(given_components -> known.component, 'true'))
      from private.component_catalogue() as known
    )
  );
end
$$;

-- The caller's account, or a refusal.
create function private.own_account(wanted_account_id uuid, role_of_account text)
returns public.connected_accounts
language plpgsql
set search_path = ''
as $$
declare
  account public.connected_accounts;
begin
  select * into account
  from public.connected_accounts
  where id = wanted_account_id and owner_id = (select auth.uid()) and status <> 'revoked';
  if account.id is null then
    perform private.refuse(
      'The ' || role_of_account || ' account is not one of yours',
      'Connect it first, or pick one of your connected accounts.',
      'P0002'
    );
  end if;
  if account.status = 'expired' then
    perform private.refuse(
      format('The access of account "%s" has expired', account.display_name),
      'Reconnect it under Connected accounts.'
    );
  end if;
  return account;
end
$$;

-- The twin of a pair, made when it is new. Checks that the caller may use both ends.
create function private.own_twin(
  source_account_id uuid, source_ref text, target_account_id uuid, target_ref text
) returns public.twins
language plpgsql
set search_path = ''
as $$
#variable_conflict use_variable
declare
  twin public.twins;
begin
  if (select auth.uid()) is null then
    perform private.refuse('You are not signed in', 'Sign in and try again.', '42501');
  end if;
  if source_ref is null or source_ref !~ '^[a-z]{20}$' or target_ref is null or target_ref !~ '^[a-z]{20}$' then
    perform private.refuse(
      'A project ref is 20 lower-case letters',
      'Copy the ref from the address of the project''s dashboard.'
    );
  end if;
  if source_ref = target_ref then
    perform private.refuse(
      'Source and target are the same project',
      'Pick another target: a clone would overwrite the project with itself.'
    );
  end if;
  perform private.own_account(source_account_id, 'source');
  perform private.own_account(target_account_id, 'target');

  insert into public.twins (owner_id, source_account_id, source_ref, target_account_id, target_ref)
  values ((select auth.uid()), source_account_id, source_ref, target_account_id, target_ref)
  on conflict do nothing;
  select * into twin
  from public.twins as existing
  where existing.owner_id = (select auth.uid())
    and existing.source_account_id = own_twin.source_account_id
    and existing.source_ref = own_twin.source_ref
    and existing.target_account_id = own_twin.target_account_id
    and existing.target_ref = own_twin.target_ref;
  return twin;
end
$$;

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
      '55006'
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
      '55006'
    );
  end if;
end
$$;

create function public.start_clone(
  source_account_id uuid,
  source_ref text,
  target_account_id uuid,
  target_ref text,
  options jsonb default '{}'
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

  if checked_options ->> 'confirm_target' is distinct from twin.target_ref then
    if checked_options ->> 'confirm_target' is not null then
      perform private.refuse(
        format('confirm_target says "%s", but the target is "%s"',
          checked_options ->> 'confirm_target', twin.target_ref),
        'Type the ref of the target exactly, or leave confirm_target out.'
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
        'Send its ref as confirm_target if you really mean to overwrite it, or end its protection.'
      );
    end if;
  end if;

  if not exists (
    select from jsonb_each(checked_options -> 'components') as entry where entry.value = 'true'
  ) then
    perform private.refuse('No component is switched on', 'Switch on at least one component.');
  end if;
  perform private.refuse_crossing_clone(twin);

  begin
    insert into public.jobs (owner_id, twin_id, target_ref, options)
    values (twin.owner_id, twin.id, twin.target_ref, checked_options)
    returning * into job;
  exception when unique_violation then
    perform private.refuse(
      format('Another clone into "%s" is still running', twin.target_ref),
      'Wait until it ends, or cancel it.',
      '55006'
    );
  end;

  insert into public.job_components (job_id, component, position, unit, status)
  select job.id, known.component, known.position, known.unit,
    case when (job.options -> 'components' -> known.component) = 'true' then 'pending' else 'skipped' end
  from private.component_catalogue() as known;

  insert into private.steps (job_id, kind) values (job.id, 'prepare');
  perform private.wake_workers();
  return job;
end
$$;

comment on function public.start_clone is
  'Starts a clone of source into target as the signed-in user; makes the twin of the pair when it is new.';

create function public.cancel_job(job_id uuid) returns public.jobs
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  job public.jobs;
begin
  perform private.lock_run(cancel_job.job_id);
  select * into job
  from public.jobs where id = cancel_job.job_id and owner_id = (select auth.uid());
  if job.id is null then
    perform private.refuse('There is no such clone', 'Pick one from your list of clones.', 'P0002');
  end if;
  if job.finished_at is not null then
    perform private.refuse(
      format('This clone is over (%s)', job.status), 'Nothing is left to cancel.', '55000'
    );
  end if;
  update public.jobs set cancel_requested_at = coalesce(cancel_requested_at, now()) where id = job.id;
  perform private.settle_run(job.id);
  perform private.wake_workers();
  select * into job from public.jobs where id = job.id;
  return job;
end
$$;

comment on function public.cancel_job is
  'Asks a running clone to stop: the current operation finishes, what is done stays, nothing is rolled back.';

create function public.start_preview(
  source_account_id uuid,
  source_ref text,
  target_account_id uuid,
  target_ref text,
  options jsonb default '{}'
) returns public.previews
language plpgsql
security definer
set search_path = ''
as $$
declare
  checked_options jsonb := private.clone_options(options);
  twin public.twins;
  preview public.previews;
begin
  twin := private.own_twin(source_account_id, source_ref, target_account_id, target_ref);
  insert into public.previews (twin_id, options)
  values (twin.id, checked_options)
  returning * into preview;
  insert into private.steps (preview_id, kind) values (preview.id, 'prepare');
  perform private.wake_workers();
  return preview;
end
$$;

comment on function public.start_preview is
  'Reads both projects and reports what a clone with these options would find. Changes nothing.';

create function private.create_verification(of_job public.jobs, of_mode text)
returns public.verifications
language plpgsql
set search_path = ''
as $$
declare
  verification public.verifications;
begin
  insert into public.verifications (job_id, twin_id, mode)
  values (of_job.id, of_job.twin_id, of_mode)
  returning * into verification;
  insert into private.steps (verification_id, kind) values (verification.id, 'prepare');
  return verification;
end
$$;

create function public.start_verification(job_id uuid, mode text default 'counts')
returns public.verifications
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  job public.jobs;
  verification public.verifications;
begin
  select * into job
  from public.jobs where id = start_verification.job_id and owner_id = (select auth.uid());
  if job.id is null then
    perform private.refuse('There is no such clone', 'Pick one from your list of clones.', 'P0002');
  end if;
  if job.finished_at is null then
    perform private.refuse('This clone is still running', 'Verify it when it is over.', '55000');
  end if;
  if start_verification.mode is null
    or start_verification.mode not in ('structure', 'counts', 'checksums') then
    perform private.refuse('Unknown kind of verification', 'Use structure, counts or checksums.');
  end if;
  verification := private.create_verification(job, start_verification.mode);
  perform private.wake_workers();
  return verification;
end
$$;

comment on function public.start_verification is
  'Compares source and target of a finished clone: structure, exact row counts, or contents by checksum.';

create function public.start_restore(backup_id uuid, target_account_id uuid, target_ref text)
returns public.jobs
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  backup public.backups;
begin
  select * into backup
  from public.backups
  where id = start_restore.backup_id
    and twin_id in (select id from public.twins where owner_id = (select auth.uid()));
  if backup.id is null then
    perform private.refuse('There is no such backup', 'Pick one from your list of backups.', 'P0002');
  end if;
  perform private.refuse(
    'Backups cannot be restored yet', 'Clone from the source instead.', '0A000'
  );
  return null;
end
$$;

comment on function public.start_restore is 'Restores a complete backup into a target project.';

revoke execute on function
  public.start_clone, public.cancel_job, public.start_preview, public.start_verification,
  public.start_restore
from public, anon, service_role;
grant execute on function
  public.start_clone, public.cancel_job, public.start_preview, public.start_verification,
  public.start_restore
to authenticated;
