-- Purpose: The projects that accounts open, and (private) the encrypted passwords of their databases.

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
  gone_at timestamptz,
  primary key (account_id, ref)
);

comment on table public.projects is 'Projects that an account opens, as last listed by the Management API.';
comment on column public.projects.is_protected is
  'Never a target unless its ref is typed (option confirm_target).';
comment on column public.projects.has_own_login is
  'The user gave a login to its database, for projects that give no temporary one.';
comment on column public.projects.gone_at is
  'Since when the account does not list it. Kept: a narrower token or one empty answer must not end its protection.';

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

create table private.database_passwords (
  account_id uuid not null,
  ref text not null,
  key_id text not null,
  iv bytea not null check (octet_length(iv) = 12),
  ciphertext bytea not null,
  primary key (account_id, ref),
  foreign key (account_id, ref) references public.projects (account_id, ref) on delete cascade
);

comment on table private.database_passwords is
  'Passwords of databases, sealed as account_credentials are. Gone with the project or its account.';

alter table private.database_passwords enable row level security;
