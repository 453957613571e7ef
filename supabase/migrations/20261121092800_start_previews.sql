-- Purpose: start_preview and open_twin, called by the signed-in user.
-- SECURITY DEFINER because they write tables that users may only read, and the private queue; they check auth.uid()
-- themselves. They refuse bad input with a message and a hint, and change nothing then.

create function public.start_preview(
  source_account_id uuid,
  source_ref text,
  target_account_id uuid,
  target_ref text,
  options jsonb default '{}',
  count_rows boolean default false
) returns public.previews
language plpgsql
security definer
set search_path = ''
as $$
declare
  checked_options jsonb := private.clone_options(options);
  twin public.twins;
  preview public.previews;
begin
  twin := private.own_twin(source_account_id, source_ref, target_account_id, target_ref);
  perform private.refuse_too_many_runs(twin.owner_id);
  insert into public.previews (twin_id, options, count_rows)
  values (twin.id, checked_options, coalesce(start_preview.count_rows, false))
  returning * into preview;
  insert into private.steps (preview_id, kind) values (preview.id, 'prepare');
  perform private.wake_workers(twin.owner_id);
  return preview;
end
$$;

comment on function public.start_preview is
  'Reads both projects and reports what a clone with these options would find. Changes nothing. count_rows: '
  'rows of tables are counted, which takes its time.';

revoke execute on function public.start_preview from public, anon, service_role;
grant execute on function public.start_preview to authenticated;

-- So that a twin has its ignore rules before its first preview and clone.
create function public.open_twin(
  source_account_id uuid, source_ref text, target_account_id uuid, target_ref text
) returns public.twins
language sql
security definer
set search_path = ''
as $$
  select private.own_twin(source_account_id, source_ref, target_account_id, target_ref);
$$;

comment on function public.open_twin is 'The twin of a pair of the signed-in user, made when it is new.';

revoke execute on function public.open_twin from public, anon, service_role;
grant execute on function public.open_twin to authenticated;
