-- Purpose: What a worker is told about the run of its step.

-- One project of a run as a worker needs it: which, and what opens it, encrypted.
create function private.run_project(project_account_id uuid, project_ref text) returns jsonb
language sql
stable
set search_path = ''
return (
  select jsonb_build_object(
    'account_id', account.id,
    'ref', project_ref,
    'account_status', account.status,
    'key_id', credential.key_id,
    'iv', encode(credential.iv, 'base64'),
    'ciphertext', encode(credential.ciphertext, 'base64'),
    'expires_at', credential.expires_at,
    'database_password', (
      select jsonb_build_object(
        'key_id', given.key_id,
        'iv', encode(given.iv, 'base64'),
        'ciphertext', encode(given.ciphertext, 'base64')
      )
      from private.database_passwords as given
      where given.account_id = account.id and given.ref = project_ref
    )
  )
  from public.connected_accounts as account
  left join private.account_credentials as credential on credential.account_id = account.id
  where account.id = project_account_id
);

-- What opens a backup: where it is, the sealed key of its destination (null: the installation's own store), and of a restore the key that
-- was given for it.
create function private.stored_backup(of_backup_id uuid, of_job_id uuid) returns jsonb
language sql
stable
set search_path = ''
return (
  select jsonb_build_object(
    'id', backup.id,
    'owner_id', backup.owner_id,
    'ref', backup.ref,
    'folder', backup.folder,
    'manifest_sha256', backup.manifest_sha256,
    'recipient', backup.recipient,
    'identity', (
      select jsonb_build_object(
        'id', given.id,
        'key_id', given.key_id,
        'iv', encode(given.iv, 'base64'),
        'ciphertext', encode(given.ciphertext, 'base64')
      )
      from private.restore_keys as given where given.job_id = of_job_id
    ),
    'destination', (
      select jsonb_build_object(
        'id', destination.id,
        'endpoint', destination.endpoint,
        'region', destination.region,
        'bucket', destination.bucket,
        'prefix', destination.prefix,
        'key_id', sealed.key_id,
        'iv', encode(sealed.iv, 'base64'),
        'ciphertext', encode(sealed.ciphertext, 'base64')
      )
      from public.backup_destinations as destination
      join private.destination_keys as sealed on sealed.destination_id = destination.id
      where destination.id = backup.destination_id
    )
  )
  from public.backups as backup
  where backup.id = of_backup_id
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
      when step.backup_id is not null then 'backup'
      else 'verification'
    end,
    'job_id', coalesce(step.job_id, verification.job_id),
    'twin_id', twin.id,
    'mode', verification.mode,
    'options', coalesce(job.options, preview.options, verified_job.options),
    'loss_limit', job.loss_limit,
    'count_rows', coalesce(preview.count_rows, false),
    -- Of a first attempt by hand the preview was read just now.
    'agreed', case when job.schedule_id is not null or job.attempt > 1 then to_jsonb(job.agreed) end,
    'ignore_rules', coalesce(
      (select jsonb_agg(rule.pattern order by rule.pattern)
       from public.ignore_rules as rule where rule.twin_id = twin.id),
      '[]'
    ),
    'backup', private.stored_backup(coalesce(step.backup_id, job.backup_id), job.id),
    'source', case
      when backup.id is not null then private.run_project(backup.account_id, backup.ref)
      when job.backup_id is null then private.run_project(twin.source_account_id, twin.source_ref)
    end,
    'target', case
      when job.backup_id is not null then private.run_project(job.target_account_id, job.target_ref)
      when backup.id is null then private.run_project(twin.target_account_id, twin.target_ref)
    end,
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
  left join public.backups as backup on backup.id = step.backup_id
  left join public.twins as twin
    on twin.id = coalesce(job.twin_id, preview.twin_id, verification.twin_id, backup.twin_id)
);

-- What earlier clones into the run's target remembered for the step's component.
create function private.load_memories(step private.steps) returns jsonb
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
