-- Purpose: cancel_job, called by the signed-in user.
-- SECURITY DEFINER because it writes tables that users may only read, and the private queue; it checks auth.uid()
-- itself. It refuses bad input with a message and a hint, and changes nothing then.

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
    perform private.refuse('There is no such clone', 'Pick one from your list of clones.', 'PT404');
  end if;
  if job.finished_at is not null then
    perform private.refuse(
      format('This clone is over (%s)', job.status), 'Nothing is left to cancel.', 'PT409'
    );
  end if;
  update public.jobs set cancel_requested_at = coalesce(cancel_requested_at, now()) where id = job.id;
  perform private.finish_run_if_over(job.id);
  perform private.wake_workers((select auth.uid()));
  select * into job from public.jobs where id = job.id;
  return job;
end
$$;

comment on function public.cancel_job is
  'Asks a running clone to stop: the current operation finishes, what is done stays, nothing is rolled back.';

revoke execute on function public.cancel_job from public, anon, service_role;
grant execute on function public.cancel_job to authenticated;
