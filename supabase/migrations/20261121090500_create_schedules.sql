-- Purpose: Schedules: clones of a twin that start by themselves; and what became of their slots.

create table public.schedules (
  id uuid primary key default gen_random_uuid(),
  twin_id uuid not null references public.twins (id) on delete cascade,
  name text not null check (length(btrim(name)) between 1 and 100),
  every_hours int check (every_hours in (2, 6, 8)),
  cron text check (length(cron) <= 100),
  timezone text not null default 'UTC',
  options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
  is_confirmed boolean not null default false,
  loss_limit int not null default 50 check (loss_limit between 1 and 100),
  agreed text[] not null default '{}',
  asked text[] not null default '{}',
  is_active boolean not null default true,
  paused_reason text,
  is_asking boolean not null default false,
  next_run_at timestamptz,
  last_job_id uuid,
  created_at timestamptz not null default now(),
  constraint schedules_one_rhythm check (num_nonnulls(every_hours, cron) = 1),
  constraint schedules_paused_when_not_active check (not is_active or paused_reason is null),
  constraint schedules_ask_why check (not is_asking or paused_reason is not null)
);

comment on table public.schedules is 'Runs clones of a twin again and again with the same options.';
comment on column public.schedules.timezone is 'Slots are times of the clocks there, also when they change.';
comment on column public.schedules.is_confirmed is
  'The ref of the target was typed when this was saved: its runs need nobody to type it.';
comment on column public.schedules.loss_limit is
  'Percent of the rows of a table that a run may remove or overwrite before it stops and asks; 100: all.';
comment on column public.schedules.agreed is
  'Risks ("risk object", "risk *") that somebody agreed to: its runs may do these, and stop before others.';
comment on column public.schedules.asked is 'Risks for which a run stopped: whoever runs it anyway agrees to them.';
comment on column public.schedules.is_asking is 'A run stopped before writing. Somebody says whether it shall be done anyway.';
comment on column public.schedules.paused_reason is 'Why it stopped by itself, and the way back.';

create index schedules_twin_id_idx on public.schedules (twin_id);
create index schedules_due_idx on public.schedules (next_run_at) where is_active;

alter table public.schedules enable row level security;
revoke all on table public.schedules from anon, authenticated;
grant select on table public.schedules to authenticated;

create policy "Owners read the schedules of their twins" on public.schedules
  for select to authenticated using (twin_id in (select id from public.twins));

create table public.schedule_slots (
  schedule_id uuid not null references public.schedules (id) on delete cascade,
  slot_at timestamptz not null,
  outcome text not null check (outcome in ('started', 'skipped', 'paused', 'stopped')),
  reason text,
  job_id uuid,
  primary key (schedule_id, slot_at),
  constraint schedule_slots_say_why check ((reason is null) = (outcome = 'started'))
);

comment on table public.schedule_slots is 'What became of each time at which a schedule was due.';
comment on column public.schedule_slots.outcome is 'stopped = its clone was started and ended before it wrote anything.';

create index schedule_slots_job_id_idx on public.schedule_slots (job_id);

alter table public.schedule_slots enable row level security;
revoke all on table public.schedule_slots from anon, authenticated;
grant select on table public.schedule_slots to authenticated;

create policy "Owners read the slots of their schedules" on public.schedule_slots
  for select to authenticated using (schedule_id in (select id from public.schedules));
