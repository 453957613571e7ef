-- Purpose: Whether the signed-in user may use the two projects of a twin.

-- The caller's account, or a refusal.
create function private.own_account(wanted_account_id uuid, role_of_account text)
returns public.connected_accounts
language plpgsql
set search_path = ''
as $$
declare
  account public.connected_accounts;
begin
  select * into account
  from public.connected_accounts
  where id = wanted_account_id and owner_id = (select auth.uid()) and status <> 'revoked';
  if account.id is null then
    perform private.refuse(
      'The ' || role_of_account || ' account is not one of yours',
      'Connect it first, or pick one of your connected accounts.',
      'PT404'
    );
  end if;
  if account.status = 'expired' then
    perform private.refuse(
      format('The access of account "%s" has expired', account.display_name),
      'Reconnect it under Connected accounts.'
    );
  end if;
  return account;
end
$$;

-- Refuses a project that the account does not list: whoever names another's would keep it busy.
create function private.refuse_unlisted_project(
  account public.connected_accounts, wanted_ref text, role_of_project text
) returns void
language plpgsql
set search_path = ''
as $$
begin
  if not exists (
    select from public.projects as listed
    where listed.account_id = account.id and listed.ref = wanted_ref and listed.gone_at is null
  ) then
    perform private.refuse(
      format('Account "%s" does not list the %s project "%s"', account.display_name, role_of_project, wanted_ref),
      'List the projects again under Connected accounts, and check that its token reaches the project.',
      'PT404'
    );
  end if;
end
$$;

-- The twin of a pair, made when it is new. Checks that the caller may use both projects.
create function private.own_twin(
  source_account_id uuid, source_ref text, target_account_id uuid, target_ref text
) returns public.twins
language plpgsql
set search_path = ''
as $$
#variable_conflict use_variable
declare
  twin public.twins;
begin
  if (select auth.uid()) is null then
    perform private.refuse('You are not signed in', 'Sign in and try again.', '42501');
  end if;
  if source_ref is null or source_ref !~ '^[a-z]{20}$' or target_ref is null or target_ref !~ '^[a-z]{20}$' then
    perform private.refuse(
      'A project ref is 20 lower-case letters',
      'Copy the ref from the address of the project''s dashboard.'
    );
  end if;
  if source_ref = target_ref then
    perform private.refuse(
      'Source and target are the same project',
      'Pick another target: a clone would overwrite the project with itself.'
    );
  end if;
  perform private.refuse_unlisted_project(private.own_account(source_account_id, 'source'), source_ref, 'source');
  perform private.refuse_unlisted_project(private.own_account(target_account_id, 'target'), target_ref, 'target');

  insert into public.twins (owner_id, source_account_id, source_ref, target_account_id, target_ref)
  values ((select auth.uid()), source_account_id, source_ref, target_account_id, target_ref)
  on conflict do nothing;
  select * into twin
  from public.twins as existing
  where existing.owner_id = (select auth.uid())
    and existing.source_account_id = own_twin.source_account_id
    and existing.source_ref = own_twin.source_ref
    and existing.target_account_id = own_twin.target_account_id
    and existing.target_ref = own_twin.target_ref;
  return twin;
end
$$;
