-- Purpose: run_again, called by the signed-in user: another attempt of a clone that is over, for all of its components or
-- for those that did not succeed. Attempts are jobs of their own, so that nothing of the earlier ones is lost.
-- SECURITY DEFINER because it writes tables that users may only read, and the private queue; it checks auth.uid()
-- itself. It refuses bad input with a message and a hint, and changes nothing then.

create function public.run_again(job_id uuid, components text[] default null) returns public.jobs
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  earlier public.jobs;
  twin public.twins;
  job public.jobs;
  wanted jsonb;
begin
  select * into earlier
  from public.jobs where id = run_again.job_id and owner_id = (select auth.uid()) and kind = 'clone';
  if earlier.id is null then
    perform private.refuse('There is no such clone', 'Pick one from your list of clones.', 'PT404');
  end if;
  if earlier.finished_at is null then
    perform private.refuse('This clone is still running', 'Run it again when it is over, or cancel it.', 'PT409');
  end if;
  if exists (
    select from unnest(run_again.components) as named (component)
    where earlier.options -> 'components' -> named.component is distinct from 'true'
  ) then
    perform private.refuse(
      'That clone had no such component',
      'Leave components out for all of them, or start a new clone with other components.'
    );
  end if;
  select * into twin from public.twins where id = earlier.twin_id;
  perform private.own_twin(twin.source_account_id, twin.source_ref, twin.target_account_id, twin.target_ref);
  perform private.refuse_unconfirmed_target(twin, earlier.options ->> 'confirm_target');

  select jsonb_object_agg(
    known.component,
    (earlier.options -> 'components' -> known.component) = 'true'
      and (run_again.components is null or known.component = any (run_again.components))
  ) into wanted
  from private.component_catalogue() as known;
  perform private.refuse_empty_clone(jsonb_build_object('components', wanted));

  job := private.create_clone(twin, earlier.options || jsonb_build_object('components', wanted));
  update public.jobs
  set parent_id = coalesce(earlier.parent_id, earlier.id),
      -- What stopped a run of a schedule stops its next attempt too: this is not the place where losses are agreed to.
      loss_limit = earlier.loss_limit,
      agreed = earlier.agreed,
      attempt = 1 + (
        select max(other.attempt) from public.jobs as other
        where coalesce(earlier.parent_id, earlier.id) in (other.id, other.parent_id)
      )
  where id = job.id
  returning * into job;
  return job;
end
$$;

comment on function public.run_again is
  'Starts another attempt of a clone that is over, with its options: all components (null), or those named.';

revoke execute on function public.run_again from public, anon, service_role;
grant execute on function public.run_again to authenticated;
