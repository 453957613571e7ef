-- Purpose: Writes the outbox: triggers on what users want to hear of, in the transaction in which it happens. A
-- notification reaches open pages over the private Realtime channel `user:<id>`, and channels as deliveries.

-- The names of a twin's projects, as pages show them.
create function private.pair_words(of_twin_id uuid) returns text
language sql
stable
set search_path = ''
return (
  select coalesce(source.name, twin.source_ref) || ' → ' || coalesce(target.name, twin.target_ref)
  from public.twins as twin
  left join public.projects as source
    on source.account_id = twin.source_account_id and source.ref = twin.source_ref
  left join public.projects as target
    on target.account_id = twin.target_account_id and target.ref = twin.target_ref
  where twin.id = of_twin_id
);

-- Notes an event once, whoever notes it again.
create function private.note_event(event public.notifications) returns void
language sql
set search_path = ''
as $$
  insert into public.notifications (owner_id, twin_id, account_id, event, event_key, title, detail, path)
  values (
    event.owner_id, event.twin_id, event.account_id, event.event, event.event_key, event.title, event.detail, event.path
  )
  on conflict (event_key) do nothing;
$$;

-- A run that ended with failures, or the first one without any after such a one. Canceled runs say nothing of either.
create function private.note_job() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  noted public.notifications;
  is_previous_good boolean;
  pair text := coalesce(
    private.pair_words(new.twin_id),
    (select backup.project_name || ' → ' || new.target_ref from public.backups as backup where backup.id = new.backup_id)
  );
begin
  noted.owner_id := new.owner_id;
  noted.twin_id := new.twin_id;
  noted.path := '/clones/' || new.id;
  if new.error is not null or new.status = 'failed' then
    noted.event := 'run_failed';
    noted.title := format(
      '%s %s: %s',
      case new.kind when 'restore' then 'Restore' else 'Clone' end,
      case when new.status = 'failed' then 'failed' else 'ended with failures' end,
      pair
    );
    noted.detail := coalesce(
      'It was started by the schedule "' ||
        (select name from public.schedules where id = new.schedule_id and new.trigger = 'schedule') || '".',
      'It was started by hand.'
    );
  else
    select previous.error is null and previous.status = 'completed' into is_previous_good
    from public.jobs as previous
    where (previous.twin_id = new.twin_id or previous.backup_id = new.backup_id) and previous.kind = new.kind and previous.id <> new.id
      and previous.status in ('completed', 'failed')
    order by previous.finished_at desc
    limit 1;
    if coalesce(is_previous_good, true) then
      return null;
    end if;
    noted.event := 'run_recovered';
    noted.title := format(
      '%s succeeded again: %s',
      case new.kind when 'restore' then 'Restore' else 'Clone' end,
      pair
    );
  end if;
  noted.event_key := noted.event || ':' || new.id;
  perform private.note_event(noted);
  return null;
end
$$;

create trigger note_job_end
after update on public.jobs
for each row when (old.finished_at is null and new.status in ('completed', 'failed'))
execute function private.note_job();

create function private.note_verification() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  noted public.notifications;
begin
  select owner_id into noted.owner_id from public.twins where id = new.twin_id;
  noted.twin_id := new.twin_id;
  noted.event := 'verification_failed';
  noted.event_key := noted.event || ':' || new.id;
  noted.title := 'Verification failed: ' || private.pair_words(new.twin_id);
  noted.detail := 'Source and target differ, or could not be compared.';
  noted.path := '/clones/' || new.job_id;
  perform private.note_event(noted);
  return null;
end
$$;

create trigger note_verification_failure
after update on public.verifications
for each row when (old.status <> 'failed' and new.status = 'failed')
execute function private.note_verification();

-- A backup that failed, or of which reading it back has shown that it is of no use any more: somebody emptied the bucket, for example.
create function private.note_backup() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  noted public.notifications;
begin
  noted.owner_id := new.owner_id;
  noted.twin_id := new.twin_id;
  noted.path := '/backups';
  if new.status = 'failed' then
    noted.event := 'run_failed';
    noted.event_key := 'backup_failed:' || new.id;
    noted.title := 'Backup failed: ' || new.project_name;
    noted.detail := 'Nothing is kept of it. The reason is under Backups.';
  elsif new.proof -> 'error' is null and coalesce(new.proof -> 'damaged', '[]') = '[]' then
    return null;
  else
    noted.event := 'verification_failed';
    noted.event_key := format('backup_damaged:%s:%s', new.id, new.proven_at);
    noted.title := 'Backup damaged: ' || new.project_name;
    noted.detail := 'Objects of it are missing or changed, or it could not be read back. Which ones is under Backups.';
  end if;
  perform private.note_event(noted);
  return null;
end
$$;

create trigger note_backup_failure
after update on public.backups
for each row when (
  not new.is_unwanted
  and (old.status = 'in_progress' and new.status = 'failed' or old.is_being_proven and not new.is_being_proven)
)
execute function private.note_backup();

create function private.note_schedule() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  noted public.notifications;
begin
  select owner_id into noted.owner_id from public.twins where id = new.twin_id;
  noted.twin_id := new.twin_id;
  noted.event := 'schedule_paused';
  -- It can pause again for the same reason, once it was switched on meanwhile.
  noted.event_key := format('%s:%s:%s', noted.event, new.id, gen_random_uuid());
  noted.title := format('Schedule "%s" was paused: %s', new.name, private.pair_words(new.twin_id));
  noted.detail := new.paused_reason;
  noted.path := '/schedules';
  perform private.note_event(noted);
  return null;
end
$$;

create trigger note_schedule_pause
after update on public.schedules
for each row when (old.paused_reason is null and new.paused_reason is not null)
execute function private.note_schedule();

create function private.note_account() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  noted public.notifications;
begin
  noted.owner_id := new.owner_id;
  noted.account_id := new.id;
  noted.event := 'account_expires';
  noted.event_key := format('%s:%s:%s', noted.event, new.id, gen_random_uuid());
  noted.title := format('The access of account "%s" has expired', new.display_name);
  noted.detail := 'Reconnect it under Connected accounts. Until then clones with its projects cannot run.';
  noted.path := '/accounts';
  perform private.note_event(noted);
  return null;
end
$$;

create trigger note_account_expiry
after update on public.connected_accounts
for each row when (old.status = 'connected' and new.status = 'expired')
execute function private.note_account();

-- Each day: accounts whose access tokens end within a week, once per token.
create function private.note_expiring_accounts(today date default current_date) returns void
language plpgsql
set search_path = ''
as $$
declare
  account public.connected_accounts;
  noted public.notifications;
begin
  for account in
    select * from public.connected_accounts
    where status = 'connected' and expires_on <= today + 7
    order by id
  loop
    noted.owner_id := account.owner_id;
    noted.account_id := account.id;
    noted.event := 'account_expires';
    noted.event_key := format('%s:%s:%s', noted.event, account.id, account.expires_on);
    noted.title := format(
      'The access of account "%s" expires on %s', account.display_name, to_char(account.expires_on, 'FMDD FMMonth YYYY')
    );
    noted.detail := 'Make a new access token at Supabase and replace the old one under Connected accounts.';
    noted.path := '/accounts';
    perform private.note_event(noted);
  end loop;
end
$$;

comment on function private.note_expiring_accounts is 'Each day: notes accounts whose access ends within a week.';

select cron.schedule('twins-note-expiring-accounts', '23 6 * * *', 'select private.note_expiring_accounts()');

-- Hands a notification on: to the pages of its user that are open, and to the channels that want it. An account's goes to
-- channels of the twins that use it, too.
create function private.hand_on_notification() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform realtime.send(
    jsonb_build_object(
      'id', new.id, 'event', new.event, 'title', new.title, 'detail', new.detail, 'path', new.path
    ),
    'notification',
    'user:' || new.owner_id,
    true
  );
  insert into public.notification_deliveries (notification_id, channel_id)
  select new.id, channel.id
  from public.notification_channels as channel
  where channel.owner_id = new.owner_id
    and channel.is_enabled
    and new.event = any (channel.events)
    and (
      channel.twin_id is null
      or channel.twin_id = new.twin_id
      or exists (
        select from public.twins as twin
        where twin.id = channel.twin_id and new.account_id in (twin.source_account_id, twin.target_account_id)
      )
    );
  return null;
end
$$;

create trigger hand_on_notification
after insert on public.notifications
for each row when (new.event <> 'test') execute function private.hand_on_notification();

create policy "Users listen to their notifications" on realtime.messages
  for select to authenticated
  using (
    realtime.messages.extension = 'broadcast'
    and (select realtime.topic()) = 'user:' || (select auth.uid())
  );
