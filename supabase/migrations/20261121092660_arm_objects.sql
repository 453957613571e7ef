-- Purpose: arm, called by the signed-in user: cron jobs and webhooks that clones of a twin brought at rest are given the state
-- that they have on the source. It is a clone of these two components, so that it has the guards, the report and the history
-- of one.
-- SECURITY DEFINER because it writes tables that users may only read, and the private queue; it checks auth.uid()
-- itself. It refuses bad input with a message and a hint, and changes nothing then.

create function public.arm(
  twin_id uuid, component text default null, object text default null, confirm_target text default null
) returns public.jobs
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  known constant text[] := '{cron_jobs, webhooks}';
  twin public.twins;
begin
  select * into twin from public.twins where id = arm.twin_id and owner_id = (select auth.uid());
  if twin.id is null then
    perform private.refuse('There is no such twin', 'Pick one from your list of twins.', 'PT404');
  end if;
  if arm.component is not null and not arm.component = any (known) then
    perform private.refuse(
      format('Nothing of "%s" can be armed', arm.component), 'Name cron_jobs or webhooks, or leave it out for both.'
    );
  end if;
  if arm.object is not null and arm.component is null then
    perform private.refuse('Nobody knows whether it is a cron job or a webhook', 'Name the component, too.');
  end if;
  perform private.own_twin(twin.source_account_id, twin.source_ref, twin.target_account_id, twin.target_ref);
  perform private.refuse_unconfirmed_target(twin, arm.confirm_target);
  return private.create_clone(twin, private.clone_options(jsonb_build_object(
    'components', (
      select jsonb_object_agg(
        catalogue.component,
        catalogue.component = any (known) and (arm.component is null or catalogue.component = arm.component)
      )
      from private.component_catalogue() as catalogue
    ),
    'activate', arm.object is null,
    'arm', case when arm.object is null then '[]' else jsonb_build_array(arm.object) end,
    'confirm_target', arm.confirm_target
  )));
end
$$;

comment on function public.arm is
  'Arms cron jobs and webhooks of a twin''s target: all of them, those of a component, or one by its name.';

revoke execute on function public.arm from public, anon, service_role;
grant execute on function public.arm to authenticated;
