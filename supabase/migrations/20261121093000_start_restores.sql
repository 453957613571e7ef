-- Purpose: start_restore, called by the signed-in user.
-- SECURITY DEFINER because it writes tables that users may only read, and the private queue; it checks auth.uid()
-- itself. It refuses bad input with a message and a hint, and changes nothing then.

-- Options as given, checked, with every default filled in: {components, tables, confirm_target}. `kept`: the components of the backup.
create function private.restore_options(given jsonb, kept text[]) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  options jsonb := coalesce(nullif(given, 'null'), '{}');
  named jsonb;
begin
  perform private.refuse_large_options(given);
  if jsonb_typeof(options) <> 'object'
    or exists (select from jsonb_object_keys(options) as key where key not in ('components', 'tables', 'confirm_target', 'key_id')) then
    perform private.refuse('These options are not known', 'Send an object with components, tables, confirm_target, key_id.');
  end if;
  select coalesce(jsonb_object_agg(entry.key, entry.value), '{}') into options
  from jsonb_each(options) as entry where entry.value <> 'null';
  named := coalesce(options -> 'components', '{}');
  if jsonb_typeof(named) <> 'object' or exists (
    select from jsonb_each(named) as entry
    where jsonb_typeof(entry.value) <> 'boolean'
      or not exists (select from private.component_catalogue() as known where known.component = entry.key)
      or entry.value = 'true' and entry.key <> all (kept)
  ) then
    perform private.refuse(
      'Unknown components, or such as this backup does not have',
      'It has ' || array_to_string(kept, ', ') || '.'
    );
  end if;
  if options ? 'tables' and (
    jsonb_typeof(options -> 'tables') <> 'array'
    or jsonb_array_length(options -> 'tables') not between 1 and 1000
    or exists (
      select from jsonb_array_elements(options -> 'tables') as entry
      where jsonb_typeof(entry) <> 'string' or entry #>> '{}' !~ '^.+[.].+$'
    )
  ) then
    perform private.refuse('tables is no list of tables', 'Name 1 to 1000 tables as schema.table, or leave it out.');
  end if;
  if options ? 'tables' and exists (
    select from jsonb_each(named) as entry where entry.value = 'true' and entry.key <> 'data'
  ) then
    perform private.refuse(
      'Single tables are restored with their rows only', 'Leave components out, or tables.'
    );
  end if;
  if options ? 'confirm_target' and jsonb_typeof(options -> 'confirm_target') <> 'string' then
    perform private.refuse('confirm_target is not a text', 'Send the ref of the target project.');
  end if;
  return (options - 'key_id') || jsonb_build_object('components', (
    select jsonb_object_agg(
      known.component,
      known.component = any (kept) and coalesce(
        (named -> known.component)::boolean,
        -- Of single tables, the rows.
        not options ? 'tables' or known.component = 'data'
      )
    )
    from private.component_catalogue() as known
  ));
end
$$;

-- The key that the user has given is for this job alone.
create function private.bind_restore_key(backup public.backups, of_job_id uuid, given_id text) returns void
language plpgsql
set search_path = ''
as $$
begin
  if backup.recipient is null then
    return;
  end if;
  update private.restore_keys as given
  set job_id = of_job_id
  where given.id::text = given_id and given.owner_id = backup.owner_id and given.job_id is null
    and given.recipient = backup.recipient and given.created_at > now() - interval '1 hour';
  if not found then
    perform private.refuse(
      'This backup is encrypted', format('Give the key that belongs to %s.', backup.recipient)
    );
  end if;
end
$$;

create function public.start_restore(
  backup_id uuid, target_account_id uuid, target_ref text, options jsonb default '{}'
) returns public.jobs
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  backup public.backups := private.own_backup(start_restore.backup_id);
  checked_options jsonb := private.restore_options(start_restore.options, backup.components);
  pair public.twins;
  job public.jobs;
begin
  perform private.refuse_incomplete_backup(backup);
  perform private.refuse_unlisted_project(
    private.own_account(start_restore.target_account_id, 'target'), start_restore.target_ref, 'target'
  );
  pair.owner_id := backup.owner_id;
  pair.target_ref := start_restore.target_ref;
  perform private.refuse_unconfirmed_target(pair, checked_options ->> 'confirm_target');
  perform private.refuse_empty_clone(checked_options);
  perform private.refuse_too_many_runs(backup.owner_id);
  perform pg_advisory_xact_lock(hashtextextended(start_restore.target_ref, 0));
  if exists (
    select from public.jobs as other
    join public.twins as reading on reading.id = other.twin_id
    where other.status in ('pending', 'in_progress') and reading.source_ref = start_restore.target_ref
  ) or exists (
    select from public.backups as other where other.status = 'in_progress' and other.ref = start_restore.target_ref
  ) then
    perform private.refuse(
      format('A clone or backup is reading "%s", which this restore would write', start_restore.target_ref),
      'Wait until it ends, or cancel it.',
      'PT409'
    );
  end if;
  begin
    insert into public.jobs (owner_id, kind, backup_id, target_account_id, target_ref, options)
    values (
      backup.owner_id, 'restore', backup.id, start_restore.target_account_id, start_restore.target_ref, checked_options
    )
    returning * into job;
  exception when unique_violation then
    perform private.refuse(
      format('A clone into "%s" is still running', start_restore.target_ref), 'Wait until it ends, or cancel it.', 'PT409'
    );
  end;
  perform private.bind_restore_key(backup, job.id, start_restore.options ->> 'key_id');
  insert into public.job_components (job_id, component, position, unit, status)
  select job.id, known.component, known.position, known.unit,
    case when (job.options -> 'components' -> known.component) = 'true' then 'pending' else 'skipped' end
  from private.component_catalogue() as known;
  insert into private.steps (job_id, kind) values (job.id, 'prepare');
  perform private.wake_workers(backup.owner_id);
  return job;
end
$$;

comment on function public.start_restore is
  'Restores a complete backup into a target project, without its source: all of it, some components, or single tables.';

revoke execute on function public.start_restore from public, anon, service_role;
grant execute on function public.start_restore to authenticated;
