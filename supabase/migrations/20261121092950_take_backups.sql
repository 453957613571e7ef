-- Purpose: How backups run. Each is a run of the queue with its own steps: `backup` writes it, `prove` reads it back, `remove` takes its
-- objects away, also of one that failed or is not wanted any more.

-- How far a backup is.
create function private.refresh_backup(held private.steps) returns void
language sql
set search_path = ''
as $$
  update public.backups
  set tables = held.items_done,
      tables_total = held.items_total,
      row_count = held.rows_done,
      bytes = held.bytes_done
  where id = held.backup_id and status = 'in_progress' and held.kind = 'backup';
$$;

-- What a slice says of a backup: {location, manifest_sha256, problems, moments, components} when it is whole, {proof} when it was read back.
create function private.store_backup(held private.steps, facts jsonb) returns void
language sql
set search_path = ''
as $$
  update public.backups
  set location = coalesce(facts ->> 'location', location),
      manifest_sha256 = coalesce(facts ->> 'manifest_sha256', manifest_sha256),
      problems = coalesce((facts ->> 'problems')::bigint, problems),
      moments = coalesce((facts ->> 'moments')::int, moments),
      components = case
        when jsonb_typeof(facts -> 'components') = 'array' then array(select jsonb_array_elements_text(facts -> 'components'))
        else components
      end,
      proof = coalesce(nullif(facts -> 'proof', 'null'), proof),
      proven_at = case when jsonb_typeof(facts -> 'proof') = 'object' then now() else proven_at end
  where id = held.backup_id and jsonb_typeof(facts) = 'object';
$$;

-- Of a backup that failed nothing stays; what is not wanted is neither written nor read back any more.
create function private.give_up_backup(of_backup_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  backup public.backups;
begin
  select * into backup from public.backups where id = of_backup_id and status <> 'deleted';
  if backup.id is null then
    return;
  end if;
  if backup.is_unwanted then
    update private.steps
    set status = 'canceled', finished_at = now()
    where backup_id = backup.id and status = 'queued' and kind in ('backup', 'prove');
  end if;
  insert into private.steps (backup_id, kind, rank)
  select backup.id, 'remove', 1
  where backup.status = 'in_progress' and exists (
    select from private.steps
    where backup_id = backup.id and kind = 'backup' and status in ('failed', 'canceled')
  )
  on conflict do nothing;
end
$$;

create function private.finish_backup(of_backup_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  written private.steps;
  proven private.steps;
  removed private.steps;
  backup public.backups;
begin
  select * into written from private.steps where backup_id = of_backup_id and kind = 'backup';
  select * into proven from private.steps where backup_id = of_backup_id and kind = 'prove';
  select * into removed from private.steps where backup_id = of_backup_id and kind = 'remove';
  update public.backups as finished
  set status = case
        when finished.is_unwanted and removed.status = 'done' then 'deleted'
        when finished.status <> 'in_progress' then finished.status
        when written.status = 'done' then 'complete'
        else 'failed'
      end,
      error = case
        when removed.status = 'failed' then removed.error
        when written.status = 'failed' then written.error
        when not finished.is_unwanted then finished.error
      end,
      proof = case
        when finished.is_being_proven and proven.status = 'failed'
          then jsonb_build_object('mode', proven.stage, 'error', proven.error)
        else finished.proof
      end,
      is_being_proven = false,
      is_unwanted = finished.is_unwanted and removed.status is distinct from 'failed',
      finished_at = coalesce(finished.finished_at, now()),
      expires_at = case
        when finished.status = 'in_progress' and written.status = 'done' then finished.created_at + (
          select make_interval(days => twin.keep_days) from public.twins as twin where twin.id = finished.twin_id
        )
        else finished.expires_at
      end
  where finished.id = of_backup_id
  returning * into backup;
  if backup.status = 'complete' then
    perform private.expire_backups(backup.twin_id);
  end if;
end
$$;

-- Has the objects of a backup removed, whatever is going on with it.
create function private.remove_backup(of_backup_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.lock_run(of_backup_id);
  update public.backups set is_unwanted = true where id = of_backup_id;
  delete from private.steps
  where backup_id = of_backup_id and kind = 'remove' and status not in ('queued', 'running');
  insert into private.steps (backup_id, kind, rank) values (of_backup_id, 'remove', 1)
  on conflict do nothing;
  perform private.finish_run_if_over(of_backup_id);
end
$$;

-- What a twin (null: any twin) keeps no longer. The last complete backup always stays.
create function private.expire_backups(of_twin_id uuid default null) returns int
language plpgsql
set search_path = ''
as $$
declare
  expired_id uuid;
  count int := 0;
begin
  for expired_id in
    select ranked.id
    from (
      select backup.id, backup.created_at, twin.keep_backups, twin.keep_days,
        row_number() over (partition by backup.twin_id order by backup.created_at desc, backup.id) as place
      from public.backups as backup
      join public.twins as twin on twin.id = backup.twin_id
      where backup.status = 'complete' and not backup.is_unwanted
        and (of_twin_id is null or backup.twin_id = of_twin_id)
    ) as ranked
    where ranked.place > 1
      and (ranked.place > ranked.keep_backups or ranked.created_at < now() - make_interval(days => ranked.keep_days))
      and not exists (
        select from public.jobs where jobs.backup_id = ranked.id and jobs.status in ('pending', 'in_progress')
      )
    order by ranked.created_at
  loop
    perform private.remove_backup(expired_id);
    count := count + 1;
  end loop;
  if count > 0 then
    perform private.wake_workers();
  end if;
  return count;
end
$$;

comment on function private.expire_backups is 'After each backup and each night: removes what retention does not keep.';

select cron.schedule('twins-expire-backups', '47 3 * * *', 'select private.expire_backups()');

-- The destination that a user names, or the first one that was saved; null: the installation's own store.
create function private.pick_destination(of_owner_id uuid, wanted_id uuid) returns uuid
language plpgsql
set search_path = ''
as $$
declare
  picked_id uuid;
begin
  select id into picked_id
  from public.backup_destinations
  where owner_id = of_owner_id and (wanted_id is null or id = wanted_id)
  order by created_at, id
  limit 1;
  if picked_id is null and wanted_id is not null then
    perform private.refuse('There is no such destination', 'Pick one from your list of destinations.', 'PT404');
  end if;
  return picked_id;
end
$$;

-- The row of a backup and its first step.
create function private.create_backup(
  of_owner_id uuid, of_account_id uuid, of_ref text, of_twin_id uuid, of_job_id uuid, wanted_destination_id uuid default null,
  wanted_recipient text default null
) returns public.backups
language plpgsql
set search_path = ''
as $$
declare
  new_id uuid := gen_random_uuid();
  picked_id uuid := private.pick_destination(of_owner_id, wanted_destination_id);
  backup public.backups;
begin
  insert into public.backups (
    id, owner_id, job_id, twin_id, account_id, ref, project_name, destination_id, folder, status, recipient
  )
  values (
    new_id, of_owner_id, of_job_id, of_twin_id, of_account_id, of_ref,
    coalesce(
      (select listed.name from public.projects as listed where listed.account_id = of_account_id and listed.ref = of_ref),
      of_ref
    ),
    picked_id,
    of_ref || '/' || to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24-MI-SS-MS"Z"') || '-' || left(new_id::text, 4),
    'in_progress',
    coalesce(wanted_recipient, (select kept.recipient from public.backup_destinations as kept where kept.id = picked_id))
  )
  returning * into backup;
  insert into private.steps (backup_id, kind) values (backup.id, 'backup');
  return backup;
end
$$;
