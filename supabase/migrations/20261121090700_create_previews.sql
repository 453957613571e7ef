-- Purpose: Previews: what is read before a clone, and the plan of it. Written by the engine only, read by their owner.

create table public.previews (
  id uuid primary key default gen_random_uuid(),
  twin_id uuid not null references public.twins (id) on delete cascade,
  options jsonb not null default '{}',
  count_rows boolean not null default false,
  status text not null default 'pending'
    check (status in ('pending', 'in_progress', 'completed', 'failed', 'canceled')),
  result jsonb not null default '{}' check (jsonb_typeof(result) = 'object'),
  created_at timestamptz not null default now(),
  finished_at timestamptz
);

comment on table public.previews is
  'What is read before a clone: per component counts, plan, objects, warnings.';
comment on column public.previews.count_rows is 'Rows of tables are counted, however long that takes; else estimated.';
comment on column public.previews.result is
  'As domain/preview.ts defines it, by component; `target` where a clone would ask; `errors`.';

create index previews_twin_id_idx on public.previews (twin_id);

alter table public.previews enable row level security;
revoke all on table public.previews from anon, authenticated;
grant select on table public.previews to authenticated;

create policy "Owners read the previews of their twins" on public.previews
  for select to authenticated using (twin_id in (select id from public.twins));

-- The plan: all that a clone with these options would do to its target, in the order of `rank` (the place of the stage in
-- the clone) and `number`. As domain/plan.ts defines it.
create table public.planned_work (
  preview_id uuid not null references public.previews (id) on delete cascade,
  number bigint generated always as identity,
  rank int not null,
  component text not null,
  stage text not null,
  object text not null,
  kind text,
  action text not null,
  statements text[] not null default '{}',
  calls jsonb not null default '[]' check (jsonb_typeof(calls) = 'array'),
  detail text,
  definition_before text,
  definition_after text,
  risks jsonb not null default '[]' check (jsonb_typeof(risks) = 'array'),
  -- All of it that can be searched.
  words text not null default '',
  primary key (preview_id, number)
);

comment on table public.planned_work is
  'The plan of a preview: statements and calls of APIs that a clone would send to its target, in order.';

create index planned_work_order_idx on public.planned_work (preview_id, rank, number);
create index planned_work_risks_idx on public.planned_work (preview_id) where risks <> '[]';

alter table public.planned_work enable row level security;
revoke all on table public.planned_work from anon, authenticated;
grant select on table public.planned_work to authenticated;

create policy "Owners read the plans of their previews" on public.planned_work
  for select to authenticated using (preview_id in (select id from public.previews));

-- With security_invoker: row level security of the tables beneath decides what a user sees.
create view public.preview_risks with (security_invoker = true) as
select distinct work.preview_id, work.component, entry.value ->> 'risk' as risk, entry.value ->> 'object' as object
from public.planned_work as work
cross join lateral jsonb_array_elements(work.risks) as entry
where work.risks <> '[]'
union all
select distinct preview.id, entry.value ->> 'component', 'unread', coalesce(entry.value ->> 'component', 'everything')
from public.previews as preview
cross join lateral jsonb_array_elements(preview.result -> 'errors') as entry
where jsonb_typeof(preview.result -> 'errors') = 'array';

comment on view public.preview_risks is
  'What of a previewed clone must be agreed to by name: it makes the target less safe, or takes something from it.';

revoke all on table public.preview_risks from anon, authenticated;
grant select on table public.preview_risks to authenticated;
