-- Purpose: start_verification, called by the signed-in user.
-- SECURITY DEFINER because it writes tables that users may only read, and the private queue; it checks auth.uid()
-- itself. It refuses bad input with a message and a hint, and changes nothing then.

create function private.create_verification(of_job public.jobs, of_mode text)
returns public.verifications
language plpgsql
set search_path = ''
as $$
declare
  verification public.verifications;
begin
  insert into public.verifications (job_id, twin_id, mode)
  values (of_job.id, of_job.twin_id, of_mode)
  returning * into verification;
  insert into private.steps (verification_id, kind) values (verification.id, 'prepare');
  return verification;
end
$$;

create function public.start_verification(job_id uuid, mode text default 'counts')
returns public.verifications
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  job public.jobs;
  verification public.verifications;
begin
  select * into job
  from public.jobs where id = start_verification.job_id and owner_id = (select auth.uid());
  if job.id is null then
    perform private.refuse('There is no such clone', 'Pick one from your list of clones.', 'PT404');
  end if;
  if job.kind = 'restore' then
    perform private.refuse(
      'A restore has no source to compare with', 'Verify the backup: what is in it was restored, or the report names it.'
    );
  end if;
  if job.finished_at is null then
    perform private.refuse('This clone is still running', 'Verify it when it is over.', 'PT409');
  end if;
  if start_verification.mode is null
    or start_verification.mode not in ('structure', 'counts', 'checksums') then
    perform private.refuse('Unknown kind of verification', 'Use structure, counts or checksums.');
  end if;
  perform private.refuse_too_many_runs(job.owner_id);
  verification := private.create_verification(job, start_verification.mode);
  perform private.wake_workers(job.owner_id);
  return verification;
end
$$;

comment on function public.start_verification is
  'Compares source and target of a finished clone: structure, exact row counts, or contents by checksum.';

revoke execute on function public.start_verification from public, anon, service_role;
grant execute on function public.start_verification to authenticated;
