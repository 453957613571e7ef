-- Purpose: Verifications: source and target compared after a clone, and the differences found. Written by the engine
-- only, read by their owner.

create table public.verifications (
  id uuid primary key default gen_random_uuid(),
  job_id uuid not null references public.jobs (id) on delete cascade,
  twin_id uuid not null references public.twins (id) on delete cascade,
  mode text not null check (mode in ('structure', 'counts', 'checksums')),
  status text not null default 'not_run'
    check (status in ('not_run', 'running', 'passed', 'warning', 'failed')),
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  summary jsonb
);

comment on table public.verifications is 'Comparisons of source and target after a clone.';

create index verifications_job_id_idx on public.verifications (job_id);
create index verifications_twin_id_idx on public.verifications (twin_id);

alter table public.verifications enable row level security;
revoke all on table public.verifications from anon, authenticated;
grant select on table public.verifications to authenticated;

create policy "Owners read the verifications of their twins" on public.verifications
  for select to authenticated using (twin_id in (select id from public.twins));

create table public.verification_findings (
  verification_id uuid not null references public.verifications (id) on delete cascade,
  component text not null,
  severity text not null check (severity in ('failed', 'warning', 'note')),
  object text not null,
  expected text,
  found text,
  fix text,
  objects bigint not null default 1 check (objects > 0),
  belongs_to text,
  is_missing boolean not null default false,
  reported_with text,
  covers jsonb,
  examples text[],
  rank int generated always as (case severity when 'failed' then 1 when 'warning' then 2 else 3 end) stored,
  primary key (verification_id, component, object)
);

comment on table public.verification_findings is 'One difference each: what was expected, what was found.';
comment on column public.verification_findings.severity is
  'failed: missing or different; warning: a difference that a clone leaves; note: left to do by hand, known before.';
comment on column public.verification_findings.examples is 'Keys of some rows that differ, each with where it is.';
comment on column public.verification_findings.rank is 'The worst first.';
comment on column public.verification_findings.objects is
  'How many objects it stands for: more than one where they are only counted.';
comment on column public.verification_findings.belongs_to is 'The table (or view) that the object is part of.';
comment on column public.verification_findings.is_missing is 'The target lacks the whole object.';
comment on column public.verification_findings.reported_with is
  'The missing object whose finding reports this one too; counted there, not by itself.';
comment on column public.verification_findings.covers is
  'Of a missing object: how many findings per component are reported with it.';

alter table public.verification_findings enable row level security;
revoke all on table public.verification_findings from anon, authenticated;
grant select on table public.verification_findings to authenticated;

create policy "Owners read the findings of their verifications" on public.verification_findings
  for select to authenticated using (verification_id in (select id from public.verifications));

create table public.verification_counts (
  verification_id uuid not null references public.verifications (id) on delete cascade,
  object text not null,
  source_rows bigint not null check (source_rows >= 0),
  target_rows bigint not null check (target_rows >= 0),
  difference bigint generated always as (abs(source_rows - target_rows)) stored,
  primary key (verification_id, object)
);

comment on table public.verification_counts is 'Rows of every table that a verification counted, on both endpoints.';

alter table public.verification_counts enable row level security;
revoke all on table public.verification_counts from anon, authenticated;
grant select on table public.verification_counts to authenticated;

create policy "Owners read the counts of their verifications" on public.verification_counts
  for select to authenticated using (verification_id in (select id from public.verifications));
