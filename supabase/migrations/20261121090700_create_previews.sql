-- Purpose: Previews: what is read before a clone. Written by the engine only, read by their owner.

create table public.previews (
  id uuid primary key default gen_random_uuid(),
  twin_id uuid not null references public.twins (id) on delete cascade,
  options jsonb not null default '{}',
  status text not null default 'pending'
    check (status in ('pending', 'in_progress', 'completed', 'failed', 'canceled')),
  result jsonb not null default '{}' check (jsonb_typeof(result) = 'object'),
  created_at timestamptz not null default now(),
  finished_at timestamptz
);

comment on table public.previews is
  'What is read before a clone: per component counts, plan, objects, warnings.';
comment on column public.previews.result is
  'As domain/preview.ts defines it, by component; `target` where a clone would ask; `errors`.';

create index previews_twin_id_idx on public.previews (twin_id);

alter table public.previews enable row level security;
revoke all on table public.previews from anon, authenticated;
grant select on table public.previews to authenticated;

create policy "Owners read the previews of their twins" on public.previews
  for select to authenticated using (twin_id in (select id from public.twins));
