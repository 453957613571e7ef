-- Purpose: What users do with backups and destinations. A destination is saved by the function `backups`, which tests it and seals its
-- key; the rest is called by the signed-in user. SECURITY DEFINER because users may only read these tables; each checks auth.uid() itself.

-- Called by the function `backups` with the direct connection; it has verified who the user is. An id saves the destination anew.
create function private.save_destination(
  destination public.backup_destinations, sealed_key_id text, sealed_iv text, sealed_ciphertext text
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  saved public.backup_destinations;
begin
  -- One after the other: two at once would both count the same destinations.
  perform from auth.users where id = destination.owner_id for no key update;
  if (
    select count(*) from public.backup_destinations where owner_id = destination.owner_id and id <> destination.id
  ) >= 20 then
    perform private.refuse('You have 20 destinations', 'Delete one of them, or change it.', 'PT409');
  end if;
  insert into public.backup_destinations as kept (id, owner_id, name, endpoint, region, bucket, prefix, key_hint, recipient)
  values (
    destination.id, destination.owner_id, btrim(destination.name), destination.endpoint, destination.region,
    destination.bucket, destination.prefix, destination.key_hint, destination.recipient
  )
  on conflict (id) do update
  set name = excluded.name, region = excluded.region, key_hint = excluded.key_hint, recipient = excluded.recipient, tested_at = now()
  where kept.owner_id = excluded.owner_id and kept.endpoint is not distinct from excluded.endpoint
    and kept.bucket = excluded.bucket and kept.prefix = excluded.prefix
  returning * into saved;
  if saved.id is null then
    perform private.refuse(
      'There is no such destination, or it is another place',
      'Keep endpoint, bucket and folder as they are, or save it as another destination: backups stay where they were written.',
      'PT404'
    );
  end if;
  insert into private.destination_keys (destination_id, key_id, iv, ciphertext)
  values (saved.id, sealed_key_id, decode(sealed_iv, 'base64'), decode(sealed_ciphertext, 'base64'))
  on conflict (destination_id) do update
  set key_id = excluded.key_id, iv = excluded.iv, ciphertext = excluded.ciphertext;
  return to_jsonb(saved);
end
$$;

-- Called by the function `backups` with the direct connection; it has verified who the user is.
create function private.save_restore_key(
  new_id uuid, of_owner_id uuid, of_recipient text, sealed_key_id text, sealed_iv text, sealed_ciphertext text
) returns void
language sql
set search_path = ''
as $$
  delete from private.restore_keys where job_id is null and (created_at < now() - interval '1 hour' or owner_id = of_owner_id);
  insert into private.restore_keys (id, owner_id, recipient, key_id, iv, ciphertext)
  values (new_id, of_owner_id, of_recipient, sealed_key_id, decode(sealed_iv, 'base64'), decode(sealed_ciphertext, 'base64'));
$$;

create function private.own_backup(wanted_id uuid) returns public.backups
language plpgsql
set search_path = ''
as $$
declare
  backup public.backups;
begin
  select * into backup from public.backups where id = wanted_id and owner_id = (select auth.uid());
  if backup.id is null then
    perform private.refuse('There is no such backup', 'Pick one from your list of backups.', 'PT404');
  end if;
  return backup;
end
$$;

-- Refuses one that is not whole, or is to go.
create function private.refuse_incomplete_backup(backup public.backups) returns void
language plpgsql
set search_path = ''
as $$
begin
  if backup.status <> 'complete' or backup.is_unwanted then
    perform private.refuse(
      case
        when backup.status = 'in_progress' then 'This backup is still being taken'
        when backup.status = 'failed' then 'This backup failed: nothing is kept of it'
        else 'This backup is deleted, or about to be'
      end,
      'Pick one that is complete.',
      'PT409'
    );
  end if;
end
$$;

create function public.delete_destination(destination_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  destination public.backup_destinations;
begin
  select * into destination from public.backup_destinations
  where id = delete_destination.destination_id and owner_id = (select auth.uid());
  if destination.id is null then
    perform private.refuse('There is no such destination', 'Pick one from your list of destinations.', 'PT404');
  end if;
  if exists (
    select from public.backups where destination_id = destination.id and status in ('in_progress', 'complete')
  ) then
    perform private.refuse(
      format('There are backups in "%s"', destination.name),
      'Delete them first: without its key they could neither be restored nor removed.',
      'PT409'
    );
  end if;
  delete from public.backup_destinations where id = destination.id;
end
$$;

comment on function public.delete_destination is 'Forgets a destination and its key; the bucket is left as it is.';

create function public.start_backup(account_id uuid, ref text, options jsonb default '{}') returns public.backups
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  given jsonb := coalesce(nullif(start_backup.options, 'null'), '{}');
  of_twin public.twins;
  backup public.backups;
begin
  if (select auth.uid()) is null then
    perform private.refuse('You are not signed in', 'Sign in and try again.', '42501');
  end if;
  if jsonb_typeof(given) <> 'object' or exists (
    select from jsonb_each(given) as entry
    where entry.key not in ('destination_id', 'twin_id', 'recipient')
      or entry.value <> 'null' and not (
        jsonb_typeof(entry.value) = 'string'
        and entry.value #>> '{}' ~ case entry.key when 'recipient' then '^age1[a-z0-9]{58}$' else '^[0-9a-f-]{36}$' end
      )
  ) then
    perform private.refuse(
      'These options are not known', 'Send an object with destination_id, twin_id, recipient (age1…), or none of them.'
    );
  end if;
  perform private.refuse_unlisted_project(
    private.own_account(start_backup.account_id, 'source'), start_backup.ref, 'source'
  );
  if given ->> 'twin_id' is not null then
    select * into of_twin from public.twins
    where id = (given ->> 'twin_id')::uuid and owner_id = (select auth.uid())
      and source_account_id = start_backup.account_id and source_ref = start_backup.ref;
    if of_twin.id is null then
      perform private.refuse('There is no such twin of this project', 'Pick one of its twins, or none.', 'PT404');
    end if;
  end if;
  perform private.refuse_too_many_runs((select auth.uid()));
  -- Two calls at once must not both pass.
  perform pg_advisory_xact_lock(hashtextextended(start_backup.ref, 0));
  if exists (
    select from public.backups
    where owner_id = (select auth.uid()) and backups.ref = start_backup.ref and status = 'in_progress'
  ) then
    perform private.refuse('A backup of this project is being taken', 'Wait until it is complete, or delete it.', 'PT409');
  end if;
  if exists (
    select from public.jobs where target_ref = start_backup.ref and status in ('pending', 'in_progress')
  ) then
    perform private.refuse(
      format('A clone is writing "%s" now', start_backup.ref), 'Wait until it ends, or cancel it.', 'PT409'
    );
  end if;
  backup := private.create_backup(
    (select auth.uid()), start_backup.account_id, start_backup.ref, of_twin.id, null, (given ->> 'destination_id')::uuid,
    given ->> 'recipient'
  );
  perform private.wake_workers((select auth.uid()));
  return backup;
end
$$;

comment on function public.start_backup is
  'Takes a backup of a project: options destination_id (the first saved one where it is left out), twin_id, whose ignore rules hold, and recipient (of age; that of the destination where it is left out).';

-- Reads a backup back; whoever asks has looked whether it may be.
create function private.start_proof(of_backup_id uuid, wanted_mode text) returns public.backups
language sql
set search_path = ''
as $$
  delete from private.steps where steps.backup_id = of_backup_id and kind = 'prove';
  insert into private.steps (backup_id, kind, stage) values (of_backup_id, 'prove', wanted_mode);
  update public.backups set is_being_proven = true where id = of_backup_id returning *;
$$;

-- Each night: backups that nobody has read back for a week are, by samples. One that somebody removed from its bucket is noticed so.
create function private.prove_old_backups() returns int
language plpgsql
set search_path = ''
as $$
declare
  old_id uuid;
  count int := 0;
begin
  for old_id in
    select backup.id from public.backups as backup
    where backup.status = 'complete' and not backup.is_unwanted and not backup.is_being_proven
      and greatest(backup.finished_at, backup.proven_at) < now() - interval '7 days'
    order by greatest(backup.finished_at, backup.proven_at)
    limit 500
  loop
    perform private.lock_run(old_id);
    perform private.start_proof(old_id, 'sampled');
    count := count + 1;
  end loop;
  if count > 0 then
    perform private.wake_workers();
  end if;
  return count;
end
$$;

comment on function private.prove_old_backups is 'Each night: has up to 500 backups read back by samples that nobody has for a week.';

select cron.schedule('twins-prove-backups', '7 2 * * *', 'select private.prove_old_backups()');

create function public.prove_backup(backup_id uuid, mode text default 'sampled') returns public.backups
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  backup public.backups := private.own_backup(prove_backup.backup_id);
begin
  perform private.refuse_incomplete_backup(backup);
  if prove_backup.mode is null or prove_backup.mode not in ('sampled', 'whole') then
    perform private.refuse('Unknown way of verifying a backup', 'Use sampled or whole.');
  end if;
  perform private.lock_run(backup.id);
  if exists (
    select from private.steps where steps.backup_id = backup.id and kind = 'prove' and status in ('queued', 'running')
  ) then
    perform private.refuse('This backup is being read back already', 'Wait until that is over.', 'PT409');
  end if;
  perform private.refuse_too_many_runs(backup.owner_id);
  select * into backup from private.start_proof(backup.id, prove_backup.mode);
  perform private.wake_workers(backup.owner_id);
  return backup;
end
$$;

comment on function public.prove_backup is
  'Reads a backup back and compares every size, and the hashes of all objects (whole) or of some (sampled).';

create function public.delete_backup(backup_id uuid) returns public.backups
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  backup public.backups := private.own_backup(delete_backup.backup_id);
begin
  if backup.status = 'deleted' then
    perform private.refuse('This backup is deleted already', 'Nothing is left to do.', 'PT409');
  end if;
  if exists (
    select from public.jobs where jobs.backup_id = backup.id and jobs.status in ('pending', 'in_progress')
  ) then
    perform private.refuse('This backup is being restored', 'Wait until the restore is over, or cancel it.', 'PT409');
  end if;
  perform private.remove_backup(backup.id);
  perform private.wake_workers(backup.owner_id);
  select * into backup from public.backups where id = backup.id;
  return backup;
end
$$;

comment on function public.delete_backup is 'Removes the objects of a backup; one that is being taken is given up first.';

create function public.save_retention(twin_id uuid, keep_backups int, keep_days int) returns public.twins
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  twin public.twins;
begin
  if save_retention.keep_backups not between 1 and 1000 or save_retention.keep_days not between 1 and 3650 then
    perform private.refuse(
      'Keep 1 to 1000 backups, and for 1 to 3650 days', 'Leave a number out to keep all of them, or for ever.'
    );
  end if;
  update public.twins
  set keep_backups = save_retention.keep_backups, keep_days = save_retention.keep_days
  where id = save_retention.twin_id and owner_id = (select auth.uid())
  returning * into twin;
  if twin.id is null then
    perform private.refuse('There is no such twin', 'Pick one of your twins.', 'PT404');
  end if;
  update public.backups
  set expires_at = created_at + make_interval(days => twin.keep_days)
  where backups.twin_id = twin.id and status = 'complete';
  perform private.expire_backups(twin.id);
  return twin;
end
$$;

comment on function public.save_retention is
  'How many complete backups of a twin are kept and for how long; null: no limit. What is beyond is removed at once.';

revoke execute on function public.delete_destination, public.start_backup, public.prove_backup, public.delete_backup,
  public.save_retention from public, anon, service_role;
grant execute on function public.delete_destination, public.start_backup, public.prove_backup, public.delete_backup,
  public.save_retention to authenticated;
