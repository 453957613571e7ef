-- Purpose: What a signed-in user does with schedules: save_schedule, delete_schedule, run_schedule.
-- SECURITY DEFINER because they write tables that users may only read; they check auth.uid() themselves. They refuse bad
-- input with a message and a hint, and change nothing then.

create function private.own_schedule(wanted_id uuid) returns public.schedules
language plpgsql
set search_path = ''
as $$
declare
  schedule public.schedules;
begin
  select * into schedule from public.schedules
  where id = wanted_id
    and twin_id in (select id from public.twins where owner_id = (select auth.uid()));
  if schedule.id is null then
    perform private.refuse('There is no such schedule', 'Pick one from your list of schedules.', 'PT404');
  end if;
  return schedule;
end
$$;

-- Whether the target was confirmed for runs without anyone there. Asked where a clone by hand asks, and where extras are
-- removed; what was confirmed once stays so until remove_extra is switched on.
create function private.confirmed_for_runs(twin public.twins, earlier public.schedules, checked_options jsonb)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  removes_extras boolean := checked_options -> 'remove_extra' = 'true';
  typed text := checked_options ->> 'confirm_target';
begin
  if typed is null and earlier.is_confirmed
    and (not removes_extras or earlier.options -> 'remove_extra' = 'true') then
    return true;
  end if;
  perform private.refuse_unconfirmed_target(twin, typed);
  if typed is null and removes_extras then
    perform private.refuse(
      format('Each run would remove what only the target "%s" has', twin.target_ref),
      'Send its ref as confirm_target if you really mean it, or switch remove_extra off.',
      detail => 'confirm_target'
    );
  end if;
  return typed is not null;
end
$$;

create function public.save_schedule(
  twin_id uuid,
  name text,
  every_hours int default null,
  cron text default null,
  timezone text default 'UTC',
  options jsonb default '{}',
  is_active boolean default true,
  schedule_id uuid default null,
  loss_limit int default null
) returns public.schedules
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  parsed private.cron_fields :=
    private.checked_rhythm(save_schedule.every_hours, save_schedule.cron, save_schedule.timezone);
  checked_options jsonb := private.clone_options(save_schedule.options);
  twin public.twins;
  schedule public.schedules;
begin
  select * into twin from public.twins where id = save_schedule.twin_id and owner_id = (select auth.uid());
  if twin.id is null then
    perform private.refuse('There is no such twin', 'Clone a pair of projects once, then schedule it.', 'PT404');
  end if;
  if save_schedule.schedule_id is not null then
    schedule := private.own_schedule(save_schedule.schedule_id);
    if schedule.twin_id <> twin.id then
      perform private.refuse('This schedule is of another twin', 'Make a new one for this twin.');
    end if;
  elsif (select count(*) from public.schedules where twin_id = twin.id) >= 20 then
    perform private.refuse('This twin has 20 schedules', 'Delete one of them, or change it.', 'PT409');
  end if;
  if coalesce(length(btrim(save_schedule.name)), 0) not between 1 and 100 then
    perform private.refuse('The name of a schedule has 1 to 100 characters', 'Name it, for example "Nightly".');
  end if;
  if save_schedule.loss_limit not between 1 and 100 then
    perform private.refuse(
      'A run may remove or overwrite 1 to 100 percent of a table', 'Send 50, or 100 to stop it never.'
    );
  end if;
  perform private.refuse_empty_clone(checked_options);
  schedule.is_confirmed := private.confirmed_for_runs(twin, schedule, checked_options);

  -- What somebody has agreed to for this pair by hand, its runs may do as well.
  schedule.agreed := coalesce(schedule.agreed, (
    select job.agreed from public.jobs as job
    where job.twin_id = twin.id and job.schedule_id is null and job.agreed is not null
    order by job.created_at desc limit 1
  ), '{}');
  insert into public.schedules as kept
    (id, twin_id, name, every_hours, cron, timezone, options, is_confirmed, loss_limit, agreed, is_active, next_run_at)
  values (
    coalesce(schedule.id, gen_random_uuid()), twin.id, btrim(save_schedule.name), save_schedule.every_hours,
    save_schedule.cron, save_schedule.timezone, checked_options - 'confirm_target', schedule.is_confirmed,
    coalesce(save_schedule.loss_limit, schedule.loss_limit, 50),
    schedule.agreed,
    coalesce(save_schedule.is_active, true),
    case when coalesce(save_schedule.is_active, true) then
      private.next_slot(parsed, save_schedule.timezone, now())
    end
  )
  on conflict (id) do update
  set name = excluded.name,
      every_hours = excluded.every_hours,
      cron = excluded.cron,
      timezone = excluded.timezone,
      options = excluded.options,
      is_confirmed = excluded.is_confirmed,
      loss_limit = excluded.loss_limit,
      is_active = excluded.is_active,
      paused_reason = null,
      is_asking = false,
      asked = '{}',
      next_run_at = excluded.next_run_at
  returning * into schedule;
  return schedule;
end
$$;

comment on function public.save_schedule is
  'Makes a schedule of a twin, or changes one: every 2, 6 or 8 hours, or by a cron expression, in a time zone.';

create function public.delete_schedule(schedule_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  -- Asked once: in the condition it would be asked for each schedule of all users, and find this one gone.
  schedule public.schedules := private.own_schedule(delete_schedule.schedule_id);
begin
  delete from public.schedules where id = schedule.id;
end
$$;

comment on function public.delete_schedule is 'Ends a schedule. The clones that it started stay in the history.';

create function public.run_schedule(schedule_id uuid) returns public.jobs
language plpgsql
security definer
set search_path = ''
as $$
declare
  schedule public.schedules := private.own_schedule(run_schedule.schedule_id);
  twin public.twins;
  job public.jobs;
begin
  select * into twin from public.twins where id = schedule.twin_id;
  perform private.own_twin(
    twin.source_account_id, twin.source_ref, twin.target_account_id, twin.target_ref
  );
  if not schedule.is_confirmed then
    perform private.refuse_unconfirmed_target(twin, null);
  end if;
  -- The answer to what it asked: that was agreed to, and it goes on by itself.
  schedule.agreed := array(select distinct unnest(schedule.agreed || schedule.asked));
  job := private.start_run_of_schedule(schedule, twin, 'manual');
  update public.schedules
  set agreed = schedule.agreed,
      asked = '{}',
      is_asking = false,
      is_active = true,
      paused_reason = null,
      next_run_at = private.next_slot(private.parse_cron(private.rhythm(every_hours, cron)), timezone, now())
  where id = schedule.id and is_asking;
  return job;
end
$$;

comment on function public.run_schedule is
  'Starts a clone with the options of a schedule now; its slots stay as they are. One that asks goes on by itself.';

revoke execute on function public.save_schedule, public.delete_schedule, public.run_schedule
  from public, anon, service_role;
grant execute on function public.save_schedule, public.delete_schedule, public.run_schedule to authenticated;
