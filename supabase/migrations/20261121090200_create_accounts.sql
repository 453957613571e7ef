-- Purpose: Connected Supabase accounts, and (private) their encrypted tokens.

create table public.connected_accounts (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references auth.users (id) on delete cascade,
  display_name text not null check (length(btrim(display_name)) between 1 and 100),
  method text not null check (method in ('oauth', 'pat')),
  status text not null default 'connected' check (status in ('connected', 'expired', 'revoked')),
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  expires_on date,
  rights jsonb check (jsonb_typeof(rights) = 'object')
);

comment on table public.connected_accounts is
  'A Supabase account that a user linked. Its token is in private.account_credentials.';
comment on column public.connected_accounts.status is
  'connected; expired = the API refused the token; revoked = the user disconnected it.';

comment on column public.connected_accounts.expires_on is
  'When its access token ends, as the user said: Supabase does not tell. Null where nothing was said, and for OAuth.';

comment on column public.connected_accounts.rights is
  'What its token may do, as found when it was saved (domain/rights.ts). Null: never asked.';

create index connected_accounts_owner_id_idx on public.connected_accounts (owner_id);

alter table public.connected_accounts enable row level security;
revoke all on table public.connected_accounts from anon, authenticated;
grant select on table public.connected_accounts to authenticated;

create policy "Owners read their accounts" on public.connected_accounts
  for select to authenticated using (owner_id = (select auth.uid()));

create table private.account_credentials (
  account_id uuid primary key references public.connected_accounts (id) on delete cascade,
  key_id text not null,
  iv bytea not null check (octet_length(iv) = 12),
  ciphertext bytea not null,
  expires_at timestamptz
);

comment on table private.account_credentials is
  'Tokens under AES-256-GCM. The key is in the functions'' environment; key_id says which, for rotation.';
comment on column private.account_credentials.expires_at is
  'Of tokens from OAuth, which are renewed before; null for personal access tokens.';

alter table private.account_credentials enable row level security;

create table private.oauth_requests (
  state_hash text primary key,
  owner_id uuid not null references auth.users (id) on delete cascade,
  account_id uuid references public.connected_accounts (id) on delete cascade,
  key_id text not null,
  iv bytea not null check (octet_length(iv) = 12),
  ciphertext bytea not null,
  expires_at timestamptz not null default now() + interval '10 minutes'
);

comment on table private.oauth_requests is
  'Users who are agreeing at Supabase: the SHA-256 of the state, and the PKCE verifier, encrypted. Used once.';

create index oauth_requests_owner_id_idx on private.oauth_requests (owner_id);
create index oauth_requests_account_id_idx on private.oauth_requests (account_id);

alter table private.oauth_requests enable row level security;
