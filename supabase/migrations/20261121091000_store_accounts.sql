-- Purpose: what the function `accounts` writes, each in one transaction. Called with the direct
-- connection only; the caller has verified who the user is.

create function private.save_account(
  account_owner_id uuid,
  account_id uuid,
  account_display_name text,
  account_method text,
  credential_key_id text,
  credential_iv text,
  credential_ciphertext text
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  account public.connected_accounts;
begin
  insert into public.connected_accounts (id, owner_id, display_name, method)
  values (coalesce(account_id, gen_random_uuid()), account_owner_id, account_display_name, account_method)
  on conflict (id) do update
  set status = 'connected', method = excluded.method, display_name = excluded.display_name
  where connected_accounts.owner_id = excluded.owner_id
  returning * into account;
  if account.id is null then
    perform private.refuse('There is no such account', 'Pick one of your connected accounts.', 'P0002');
  end if;
  insert into private.account_credentials (account_id, key_id, iv, ciphertext)
  values (
    account.id, credential_key_id, decode(credential_iv, 'base64'), decode(credential_ciphertext, 'base64')
  )
  on conflict on constraint account_credentials_pkey do update
  set key_id = excluded.key_id,
      iv = excluded.iv,
      ciphertext = excluded.ciphertext,
      updated_at = now();
  return to_jsonb(account);
end
$$;

-- Ends an account's access: the token is gone, schedules of its twins stop. Running clones are refused.
create function private.disconnect_account(account_owner_id uuid, ended_account_id uuid) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  stopped jsonb;
begin
  perform from public.connected_accounts
  where id = ended_account_id and owner_id = account_owner_id and status <> 'revoked' for update;
  if not found then
    perform private.refuse('There is no such account', 'Pick one of your connected accounts.', 'P0002');
  end if;
  if exists (
    select from public.jobs as job
    join public.twins as twin on twin.id = job.twin_id
    where job.status in ('pending', 'in_progress')
      and ended_account_id in (twin.source_account_id, twin.target_account_id)
  ) then
    perform private.refuse(
      'A clone that uses this account is still running', 'Wait until it ends, or cancel it.', '55006'
    );
  end if;
  with paused as (
    update public.schedules as schedule
    set is_active = false
    from public.twins as twin
    where twin.id = schedule.twin_id
      and schedule.is_active
      and ended_account_id in (twin.source_account_id, twin.target_account_id)
    returning schedule.name
  )
  select coalesce(jsonb_agg(name order by name), '[]') into stopped from paused;
  delete from private.account_credentials where account_id = ended_account_id;
  delete from public.projects where account_id = ended_account_id;
  update public.connected_accounts set status = 'revoked' where id = ended_account_id;
  return jsonb_build_object('stopped_schedules', stopped);
end
$$;

-- Keeps the sealed password of a project's database, or forgets it when it is null.
create function private.save_database_password(
  account_owner_id uuid,
  of_account_id uuid,
  of_ref text,
  password_key_id text,
  password_iv text,
  password_ciphertext text
) returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.projects as project
  set has_own_login = password_ciphertext is not null
  from public.connected_accounts as account
  where account.id = of_account_id
    and account.owner_id = account_owner_id
    and account.status <> 'revoked'
    and project.account_id = account.id
    and project.ref = of_ref;
  if not found then
    perform private.refuse(
      'There is no such project in this account', 'List the projects again, then pick one of them.', 'P0002'
    );
  end if;
  delete from private.database_passwords where account_id = of_account_id and ref = of_ref;
  insert into private.database_passwords (account_id, ref, key_id, iv, ciphertext)
  select of_account_id, of_ref, password_key_id, decode(password_iv, 'base64'),
    decode(password_ciphertext, 'base64')
  where password_ciphertext is not null;
end
$$;

-- Supabase refused the token that a worker used. A token that was saved since is another one.
create function private.expire_account(refused_account_id uuid, refused_iv text) returns void
language sql
set search_path = ''
as $$
  update public.connected_accounts as account
  set status = 'expired'
  from private.account_credentials as credential
  where account.id = refused_account_id
    and account.status = 'connected'
    and credential.account_id = account.id
    and credential.iv = decode(refused_iv, 'base64');
$$;

-- The projects an account opens now: new ones are added, gone ones removed, protection is kept.
create function private.store_projects(of_account_id uuid, listed jsonb) returns void
language sql
set search_path = ''
as $$
  with incoming as (
    select * from jsonb_to_recordset(listed) as project (
      ref text, name text, organization_name text, region text, status text, postgres_version text
    )
  ), gone as (
    delete from public.projects
    where account_id = of_account_id and ref not in (select ref from incoming)
  ), touched as (
    update public.connected_accounts set last_used_at = now(), status = 'connected'
    where id = of_account_id
  )
  insert into public.projects
    (account_id, ref, name, organization_name, region, status, postgres_version, refreshed_at)
  select of_account_id, ref, name, organization_name, region, status, postgres_version, now()
  from incoming
  on conflict (account_id, ref) do update
  set name = excluded.name,
      organization_name = excluded.organization_name,
      region = excluded.region,
      status = excluded.status,
      postgres_version = excluded.postgres_version,
      refreshed_at = now();
$$;
