-- Purpose: How schedules run. pg_cron calls private.start_due_schedules each minute; it alone decides what is due.

-- Starts the clone of a schedule. Refuses as create_clone does.
create function private.start_run_of_schedule(
  schedule public.schedules, twin public.twins, of_trigger text
) returns public.jobs
language plpgsql
set search_path = ''
as $$
declare
  job public.jobs;
begin
  job := private.create_clone(
    twin,
    schedule.options || case
      when schedule.is_confirmed then jsonb_build_object('confirm_target', twin.target_ref)
      else '{}'
    end,
    of_trigger,
    schedule.id
  );
  -- Whoever runs it by hand accepts what it takes, which the next run by itself may take as well.
  update public.jobs
  set loss_limit = case of_trigger when 'schedule' then schedule.loss_limit else 100 end,
      -- That extras are removed was confirmed when it was saved.
      agreed = schedule.agreed || case when schedule.options -> 'remove_extra' = 'true' then '{removed *,dropped *}' else '{}' end::text[]
  where id = job.id
  returning * into job;
  update public.schedules set last_job_id = job.id where id = schedule.id;
  return job;
end
$$;

-- Why a schedule cannot run until somebody does something about it, with the way back; null when it can.
create function private.reason_to_pause(schedule public.schedules, twin public.twins) returns text
language sql
stable
set search_path = ''
return (
  select case
    when account.status = 'revoked' then
      format('The account "%s" was disconnected. Connect it again, clone the pair, and schedule that twin.', account.display_name)
    when account.status = 'expired' then
      format('The access of account "%s" has expired. Reconnect it, then switch the schedule on again.', account.display_name)
    when project.ref is null or project.gone_at is not null then
      format(
        'Account "%s" does not list the project "%s" any more. If it is there, list the projects again, then switch the schedule on.',
        account.display_name, endpoint.ref
      )
    when endpoint.is_target and project.is_protected and not schedule.is_confirmed then
      format('The target "%s" is protected now. Save the schedule again and type its ref, or end the protection.', endpoint.ref)
  end
  from (
    values (twin.source_account_id, twin.source_ref, false), (twin.target_account_id, twin.target_ref, true)
  ) as endpoint (account_id, ref, is_target)
  join public.connected_accounts as account on account.id = endpoint.account_id
  left join public.projects as project on project.account_id = account.id and project.ref = endpoint.ref
  where account.status <> 'connected'
    or project.ref is null or project.gone_at is not null
    or (endpoint.is_target and project.is_protected and not schedule.is_confirmed)
  order by endpoint.is_target
  limit 1
);

-- Carries out the slot at which a schedule is due: starts its clone, skips it while another clone is in the way, or pauses
-- the schedule. Slots that passed meanwhile (the database was paused) are not made up for: one clone does for all.
create function private.take_slot(schedule public.schedules, at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  twin public.twins;
  job public.jobs;
  slot public.schedule_slots;
begin
  select * into twin from public.twins where id = schedule.twin_id;
  slot := row(schedule.id, schedule.next_run_at, 'started', null, null);
  slot.reason := private.reason_to_pause(schedule, twin);
  if slot.reason is not null then
    slot.outcome := 'paused';
  elsif exists (
    select from public.jobs
    where jobs.schedule_id = schedule.id and jobs.status in ('pending', 'in_progress')
  ) then
    slot.outcome := 'skipped';
    slot.reason := 'The previous run was still going.';
  else
    begin
      job := private.start_run_of_schedule(schedule, twin, 'schedule');
      slot.job_id := job.id;
    exception when sqlstate 'PT409' then
      slot.outcome := 'skipped';
      slot.reason := sqlerrm || '.';
    end;
  end if;
  insert into public.schedule_slots values (slot.*);
  update public.schedules
  set is_active = slot.outcome <> 'paused',
      paused_reason = case when slot.outcome = 'paused' then slot.reason end,
      next_run_at = case when slot.outcome <> 'paused' then
        private.next_slot(private.parse_cron(private.rhythm(every_hours, cron)), timezone, at)
      end
  where id = schedule.id;
end
$$;

-- Starts what is due at a moment. Another call at the same time takes other schedules.
create function private.start_due_schedules(at timestamptz default now()) returns int
language plpgsql
set search_path = ''
as $$
declare
  schedule public.schedules;
  taken int := 0;
begin
  for schedule in
    select * from public.schedules
    where is_active and next_run_at <= at
    order by next_run_at, id
    for update skip locked
  loop
    perform private.take_slot(schedule, at);
    taken := taken + 1;
  end loop;
  return taken;
end
$$;

comment on function private.start_due_schedules is 'Each minute: clones of schedules that are due. Answers how many slots it took.';
