-- Purpose: The temporary login to a project's database, shared by all slices of all runs for as long as it is good. A
-- project has one, and whoever asks for a new one ends the old one for everybody: the pooler then refuses both for some
-- seconds. No lock is held while the Management API is asked; who asks is written down, and ends by itself.

create table private.database_logins (
  account_id uuid not null,
  ref text not null,
  key_id text,
  iv bytea check (octet_length(iv) = 12),
  ciphertext bytea,
  expires_at timestamptz,
  asking_until timestamptz,
  primary key (account_id, ref),
  foreign key (account_id, ref) references public.projects (account_id, ref) on delete cascade,
  check (num_nulls(key_id, iv, ciphertext, expires_at) in (0, 4))
);

comment on table private.database_logins is
  'Temporary logins, sealed as account_credentials are. Null: the first one is being asked for.';
comment on column private.database_logins.expires_at is
  'From when on nobody signs in with it any more; sessions that are open go on.';
comment on column private.database_logins.asking_until is
  'Until when the others wait for whoever asks for a new one.';

alter table private.database_logins enable row level security;

-- {login: {key_id, iv, ciphertext}}: use this one. {ask: true}: ask for a new one, and store it. {wait: true}: somebody
-- else is asking. `refused_iv` names a login that the database did not accept.
create function private.take_login(
  of_account_id uuid, of_ref text, refused_iv text default null, asking_seconds int default 60
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  known private.database_logins;
begin
  -- Of a project that was disconnected meanwhile nothing is kept.
  insert into private.database_logins (account_id, ref)
  select account_id, ref from public.projects where account_id = of_account_id and ref = of_ref
  on conflict (account_id, ref) do nothing;
  select * into known
  from private.database_logins where account_id = of_account_id and ref = of_ref for update;
  if known.expires_at > now() and known.iv is distinct from decode(refused_iv, 'base64') then
    return jsonb_build_object('login', jsonb_build_object(
      'key_id', known.key_id,
      'iv', encode(known.iv, 'base64'),
      'ciphertext', encode(known.ciphertext, 'base64')
    ));
  end if;
  if known.asking_until > now() then
    return '{"wait": true}';
  end if;
  update private.database_logins set asking_until = now() + make_interval(secs => asking_seconds)
  where account_id = of_account_id and ref = of_ref;
  return '{"ask": true}';
end
$$;

-- Stores what was asked for, or with nulls that nothing came of it. Nobody waits any more.
create function private.store_login(
  of_account_id uuid,
  of_ref text,
  login_key_id text,
  login_iv text,
  login_ciphertext text,
  good_for_seconds double precision
) returns void
language sql
set search_path = ''
as $$
  update private.database_logins
  set key_id = coalesce(login_key_id, key_id),
      iv = coalesce(decode(login_iv, 'base64'), iv),
      ciphertext = coalesce(decode(login_ciphertext, 'base64'), ciphertext),
      expires_at = case
        when login_key_id is null then expires_at else now() + make_interval(secs => good_for_seconds)
      end,
      asking_until = null
  where account_id = of_account_id and ref = of_ref;
$$;
