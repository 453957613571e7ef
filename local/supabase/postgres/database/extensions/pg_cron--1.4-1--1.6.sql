-- For servers whose pg_cron knows minutes only: '[1-59] seconds' as hosted projects (pg_cron 1.6) take it. Such a row
-- in cron.job is none that the launcher understands, so it never runs it; local/cron-seconds.ts does.

alter function cron.schedule(text, text) rename to _schedule_unnamed;
alter function cron.schedule(text, text, text) rename to _schedule_named;
alter function cron.alter_job(bigint, text, text, text, text, boolean) rename to _alter_job;
alter function cron.schedule_in_database(text, text, text, text, text, boolean) rename to _schedule_in_database;

create function cron._is_seconds(schedule text) returns boolean
language sql immutable
return coalesce(schedule ~* '^\s*0*[1-5]?[0-9]\s+seconds?\s*$' and schedule !~ '^\s*0+\s', false);

-- A schedule that pg_cron's own function takes, for the moment until the real one is written over it.
create function cron._accepted(schedule text) returns text
language sql immutable
return case when cron._is_seconds(schedule) then '* * * * *' else schedule end;

create function cron._write_seconds(job_id bigint, new_schedule text) returns bigint
language plpgsql security definer set search_path = ''
as $$
begin
  if cron._is_seconds(new_schedule) then
    update cron.job set schedule = new_schedule where jobid = job_id;
  end if;
  return job_id;
end
$$;

create function cron.schedule(schedule text, command text) returns bigint
language sql strict
as $$ select cron._write_seconds(cron._schedule_unnamed(cron._accepted(schedule), command), schedule) $$;
comment on function cron.schedule(text, text) is 'schedule a pg_cron job';

create function cron.schedule(job_name text, schedule text, command text) returns bigint
language sql
as $$ select cron._write_seconds(cron._schedule_named(job_name, cron._accepted(schedule), command), schedule) $$;
comment on function cron.schedule(text, text, text) is 'schedule a pg_cron job';

create function cron.alter_job(
  job_id bigint, schedule text default null, command text default null, database text default null,
  username text default null, active boolean default null
) returns void
language plpgsql
as $$
begin
  perform cron._alter_job(job_id, cron._accepted(schedule), command, database, username, active);
  perform cron._write_seconds(job_id, schedule);
end
$$;
comment on function cron.alter_job(bigint, text, text, text, text, boolean) is
  'Alter the job identified by job_id. Any option left as NULL will not be modified.';
revoke all on function cron.alter_job(bigint, text, text, text, text, boolean) from public;

create function cron.schedule_in_database(
  job_name text, schedule text, command text, database text, username text default null, active boolean default true
) returns bigint
language sql
as $$
  select cron._write_seconds(
    cron._schedule_in_database(job_name, cron._accepted(schedule), command, database, username, active), schedule
  )
$$;
comment on function cron.schedule_in_database(text, text, text, text, text, boolean) is 'schedule a pg_cron job';
revoke all on function cron.schedule_in_database(text, text, text, text, text, boolean) from public;

create function cron._tell_seconds() returns trigger
language plpgsql
as $$
begin
  notify cron_seconds;
  return null;
end
$$;
create trigger _tell_seconds after insert or update or delete or truncate on cron.job
  for each statement execute function cron._tell_seconds();
