-- Purpose: start_restore, called by the signed-in user.
-- SECURITY DEFINER because it writes tables that users may only read, and the private queue; it checks auth.uid()
-- itself. It refuses bad input with a message and a hint, and changes nothing then.

create function public.start_restore(backup_id uuid, target_account_id uuid, target_ref text)
returns public.jobs
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  backup public.backups;
begin
  select * into backup
  from public.backups
  where id = start_restore.backup_id
    and twin_id in (select id from public.twins where owner_id = (select auth.uid()));
  if backup.id is null then
    perform private.refuse('There is no such backup', 'Pick one from your list of backups.', 'PT404');
  end if;
  perform private.refuse(
    'Backups cannot be restored yet', 'Clone from the source instead.', '0A000'
  );
  return null;
end
$$;

comment on function public.start_restore is 'Restores a complete backup into a target project.';

revoke execute on function public.start_restore from public, anon, service_role;
grant execute on function public.start_restore to authenticated;
