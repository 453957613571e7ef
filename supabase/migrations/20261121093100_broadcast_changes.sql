-- Purpose: Every change of a job reaches the pages that watch it, over the private Realtime channel `job:<id>`, at most
-- twice a second per job. What a busy moment swallows is sent with the next event or by
-- private.flush_broadcasts(); a page that missed everything reads the tables.

-- Sends the state of a job: the row that changed, and beside it the job with all its components, so
-- that one event is enough to bring a page up to date. The report is left out: it can be longer than
-- Realtime carries, and a page reads it once, at the end.
create function private.broadcast_job(of_job_id uuid, changed_table text, changed_row jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.broadcasts as last (job_id, sent_at)
  values (of_job_id, clock_timestamp())
  on conflict (job_id) do update
  set sent_at = case
        when last.sent_at <= clock_timestamp() - interval '500 milliseconds' then excluded.sent_at
        else last.sent_at
      end,
      is_pending = last.sent_at > clock_timestamp() - interval '500 milliseconds';
  if (select is_pending from private.broadcasts where job_id = of_job_id) then
    return;
  end if;
  perform realtime.send(
    jsonb_build_object(
      'table', changed_table,
      'record', changed_row - 'report',
      'job', (select to_jsonb(job) - 'report' from public.jobs as job where job.id = of_job_id),
      'components', (
        -- Not "as component": that is a column too, and to_jsonb would take the column.
        select coalesce(jsonb_agg(to_jsonb(part) order by part.position), '[]')
        from public.job_components as part where part.job_id = of_job_id
      )
    ),
    'changed',
    'job:' || of_job_id,
    true
  );
end
$$;

-- Sends what was held back. Workers call it after a pause, cron as a safety net.
create function private.flush_broadcasts() returns int
language plpgsql
set search_path = ''
as $$
declare
  held_back uuid;
  count int := 0;
begin
  for held_back in
    select job_id from private.broadcasts
    where is_pending and sent_at <= clock_timestamp() - interval '500 milliseconds'
    for update skip locked
  loop
    perform private.broadcast_job(
      held_back,
      'jobs',
      (select to_jsonb(job) from public.jobs as job where job.id = held_back)
    );
    count := count + 1;
  end loop;
  return count;
end
$$;

-- SECURITY DEFINER: a cancel is written in a user's name, who may not touch private.broadcasts.
create function private.broadcast_change() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_table_name = 'jobs' then
    perform private.broadcast_job(new.id, tg_table_name, to_jsonb(new));
  else
    perform private.broadcast_job(new.job_id, tg_table_name, to_jsonb(new));
  end if;
  return null;
end
$$;

create trigger broadcast_job_change
after insert or update on public.jobs
for each row execute function private.broadcast_change();

create trigger broadcast_component_change
after update on public.job_components
for each row when (old is distinct from new) execute function private.broadcast_change();

create policy "Owners listen to their jobs" on realtime.messages
  for select to authenticated
  using (
    realtime.messages.extension = 'broadcast'
    and exists (
      select from public.jobs as job
      where 'job:' || job.id = (select realtime.topic())
        and job.owner_id = (select auth.uid())
    )
  );
