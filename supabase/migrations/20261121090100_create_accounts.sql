-- Purpose: connected Supabase accounts, the projects they open, and (private) their encrypted tokens.

create table public.connected_accounts (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references auth.users (id) on delete cascade,
  display_name text not null check (length(btrim(display_name)) between 1 and 100),
  method text not null check (method in ('oauth', 'pat')),
  status text not null default 'connected' check (status in ('connected', 'expired', 'revoked')),
  created_at timestamptz not null default now(),
  last_used_at timestamptz
);

comment on table public.connected_accounts is
  'A Supabase account that a user linked. Its token is in private.account_credentials.';
comment on column public.connected_accounts.status is
  'connected; expired = the API refused the token; revoked = the user disconnected it.';

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
  updated_at timestamptz not null default now()
);

comment on table private.account_credentials is
  'Tokens under AES-256-GCM. The key is in the functions'' environment; key_id says which, for rotation.';

alter table private.account_credentials enable row level security;

create table public.projects (
  account_id uuid not null references public.connected_accounts (id) on delete cascade,
  ref text not null check (ref ~ '^[a-z]{20}$'),
  name text not null,
  organization_name text,
  region text,
  status text,
  postgres_version text,
  is_protected boolean not null default false,
  has_own_login boolean not null default false,
  refreshed_at timestamptz not null default now(),
  primary key (account_id, ref)
);

comment on table public.projects is 'Projects that an account opens, as last listed by the Management API.';
comment on column public.projects.is_protected is
  'Never a target unless its ref is typed (option confirm_target).';

comment on column public.projects.has_own_login is
  'The user gave a login to its database, for projects that give no temporary one.';

create table private.database_passwords (
  account_id uuid not null,
  ref text not null,
  key_id text not null,
  iv bytea not null check (octet_length(iv) = 12),
  ciphertext bytea not null,
  updated_at timestamptz not null default now(),
  primary key (account_id, ref),
  foreign key (account_id, ref) references public.projects (account_id, ref) on delete cascade
);

comment on table private.database_passwords is
  'Passwords of databases, sealed as account_credentials are. Gone with the project or its account.';

alter table private.database_passwords enable row level security;

alter table public.projects enable row level security;
revoke all on table public.projects from anon, authenticated;
grant select on table public.projects to authenticated;
grant update (is_protected) on table public.projects to authenticated;

create policy "Owners read their projects" on public.projects
  for select to authenticated
  using (account_id in (select id from public.connected_accounts));

create policy "Owners protect their projects" on public.projects
  for update to authenticated
  using (account_id in (select id from public.connected_accounts))
  with check (account_id in (select id from public.connected_accounts));
