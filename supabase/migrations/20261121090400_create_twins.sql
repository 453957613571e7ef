-- Purpose: Twins (ordered pairs source → target) and their ignore rules.

create table public.twins (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references auth.users (id) on delete cascade,
  source_account_id uuid not null references public.connected_accounts (id),
  source_ref text not null check (source_ref ~ '^[a-z]{20}$'),
  target_account_id uuid not null references public.connected_accounts (id),
  target_ref text not null check (target_ref ~ '^[a-z]{20}$'),
  options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
  created_at timestamptz not null default now(),
  constraint twins_projects_differ check (source_ref <> target_ref),
  unique (owner_id, source_account_id, source_ref, target_account_id, target_ref)
);

comment on table public.twins is 'A persistent ordered pair: the source is only read, the target is written.';
comment on column public.twins.options is 'The options of the last clone, offered again for the next.';

create index twins_source_account_id_idx on public.twins (source_account_id);
create index twins_target_account_id_idx on public.twins (target_account_id);

alter table public.twins enable row level security;
revoke all on table public.twins from anon, authenticated;
grant select on table public.twins to authenticated;

create policy "Owners read their twins" on public.twins
  for select to authenticated using (owner_id = (select auth.uid()));

create table public.ignore_rules (
  id uuid primary key default gen_random_uuid(),
  twin_id uuid not null references public.twins (id) on delete cascade,
  pattern text not null check (pattern ~ '^[^.]+\.[^.].*$' and length(pattern) <= 200),
  created_at timestamptz not null default now(),
  unique (twin_id, pattern)
);

comment on table public.ignore_rules is 'Tables whose rows a twin does not copy; their structure still is.';
comment on column public.ignore_rules.pattern is '`schema.table`; `*` stands for any characters.';

alter table public.ignore_rules enable row level security;
revoke all on table public.ignore_rules from anon, authenticated;
grant select, delete on table public.ignore_rules to authenticated;
grant insert (twin_id, pattern) on table public.ignore_rules to authenticated;

create policy "Owners read the rules of their twins" on public.ignore_rules
  for select to authenticated using (twin_id in (select id from public.twins));

create policy "Owners add rules to their twins" on public.ignore_rules
  for insert to authenticated with check (twin_id in (select id from public.twins));

create policy "Owners remove rules of their twins" on public.ignore_rules
  for delete to authenticated using (twin_id in (select id from public.twins));
