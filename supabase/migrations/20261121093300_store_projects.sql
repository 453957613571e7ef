-- Purpose: What the function `accounts` writes of projects, each in one transaction. Called with the direct connection
-- only; the caller has verified who the user is.

-- The projects an account opens now: new ones are added, others marked as gone. Protection and passwords are kept.
create function private.store_projects(of_account_id uuid, listed jsonb) returns void
language sql
set search_path = ''
as $$
  with incoming as (
    select * from jsonb_to_recordset(listed) as project (
      ref text, name text, organization_name text, region text, status text, postgres_version text
    )
  ), gone as (
    update public.projects set gone_at = now()
    where account_id = of_account_id and gone_at is null and ref not in (select ref from incoming)
  ), touched as (
    update public.connected_accounts set last_used_at = now(), status = 'connected'
    where id = of_account_id
  )
  insert into public.projects
    (account_id, ref, name, organization_name, region, status, postgres_version)
  select of_account_id, ref, name, organization_name, region, status, postgres_version
  from incoming
  on conflict (account_id, ref) do update
  set name = excluded.name,
      organization_name = excluded.organization_name,
      region = excluded.region,
      status = excluded.status,
      postgres_version = excluded.postgres_version,
      gone_at = null;
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
      'There is no such project in this account', 'List the projects again, then pick one of them.', 'PT404'
    );
  end if;
  delete from private.database_passwords where account_id = of_account_id and ref = of_ref;
  insert into private.database_passwords (account_id, ref, key_id, iv, ciphertext)
  select of_account_id, of_ref, password_key_id, decode(password_iv, 'base64'),
    decode(password_ciphertext, 'base64')
  where password_ciphertext is not null;
end
$$;
