-- Purpose: What the function `accounts` writes of accounts, each in one transaction. Called with the direct connection
-- only; the caller has verified who the user is.

create function private.save_account(
  account_owner_id uuid,
  account_id uuid,
  account_display_name text,
  account_method text,
  credential_key_id text,
  credential_iv text,
  credential_ciphertext text,
  credential_expires_at timestamptz default null,
  account_expires_on date default null
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  account public.connected_accounts;
begin
  insert into public.connected_accounts (id, owner_id, display_name, method, expires_on)
  values (
    coalesce(account_id, gen_random_uuid()), account_owner_id, account_display_name, account_method, account_expires_on
  )
  on conflict (id) do update
  set status = 'connected',
      method = excluded.method,
      display_name = excluded.display_name,
      expires_on = excluded.expires_on,
      -- Of the token before.
      rights = null
  where connected_accounts.owner_id = excluded.owner_id
  returning * into account;
  if account.id is null then
    perform private.refuse('There is no such account', 'Pick one of your connected accounts.', 'PT404');
  end if;
  insert into private.account_credentials (account_id, key_id, iv, ciphertext, expires_at)
  values (
    account.id, credential_key_id, decode(credential_iv, 'base64'), decode(credential_ciphertext, 'base64'),
    credential_expires_at
  )
  on conflict on constraint account_credentials_pkey do update
  set key_id = excluded.key_id,
      iv = excluded.iv,
      ciphertext = excluded.ciphertext,
      expires_at = excluded.expires_at;
  return to_jsonb(account);
end
$$;

-- Keeps what is needed when Supabase sends the user back.
create function private.begin_oauth(
  requesting_user_id uuid,
  reconnected_account_id uuid,
  request_state_hash text,
  verifier_key_id text,
  verifier_iv text,
  verifier_ciphertext text
) returns void
language plpgsql
set search_path = ''
as $$
begin
  if reconnected_account_id is not null and not exists (
    select from public.connected_accounts
    where id = reconnected_account_id and owner_id = requesting_user_id and status <> 'revoked'
  ) then
    perform private.refuse('There is no such account', 'Pick one of your connected accounts.', 'PT404');
  end if;
  delete from private.oauth_requests where expires_at < now();
  if (select count(*) from private.oauth_requests where owner_id = requesting_user_id) >= 20 then
    perform private.refuse(
      'Too many connections were begun and not ended', 'Wait ten minutes, then connect again.', 'PT409'
    );
  end if;
  insert into private.oauth_requests (state_hash, owner_id, account_id, key_id, iv, ciphertext)
  values (
    request_state_hash, requesting_user_id, reconnected_account_id, verifier_key_id,
    decode(verifier_iv, 'base64'), decode(verifier_ciphertext, 'base64')
  );
end
$$;

-- What begin_oauth kept for this user and state, once; null when there is nothing, or it is too old.
create function private.end_oauth(requesting_user_id uuid, request_state_hash text) returns jsonb
language sql
set search_path = ''
as $$
  with ended as (
    delete from private.oauth_requests
    where state_hash = request_state_hash and owner_id = requesting_user_id
    returning *
  )
  select jsonb_build_object(
    'account_id', ended.account_id,
    'display_name', account.display_name,
    'key_id', ended.key_id,
    'iv', encode(ended.iv, 'base64'),
    'ciphertext', encode(ended.ciphertext, 'base64')
  )
  from ended
  left join public.connected_accounts as account on account.id = ended.account_id
  where ended.expires_at > now();
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
    perform private.refuse('There is no such account', 'Pick one of your connected accounts.', 'PT404');
  end if;
  if exists (
    select from public.jobs as job
    join public.twins as twin on twin.id = job.twin_id
    where job.status in ('pending', 'in_progress')
      and ended_account_id in (twin.source_account_id, twin.target_account_id)
  ) then
    perform private.refuse(
      'A clone that uses this account is still running', 'Wait until it ends, or cancel it.', 'PT409'
    );
  end if;
  with paused as (
    update public.schedules as schedule
    set is_active = false,
        next_run_at = null,
        paused_reason =
          'Its account was disconnected. Connect it again, clone the pair, and schedule that twin.'
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
