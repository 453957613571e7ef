-- Purpose: What is left to do by hand for a twin, as a list that stays until somebody has ticked it off, whichever clone said
-- so first. Ticks are the user's own word; a later clone that copies or fails the object ends its entry.

create table public.ticks (
  twin_id uuid not null references public.twins (id) on delete cascade,
  component text not null check (length(component) <= 100),
  object text not null check (length(object) <= 1000),
  ticked_at timestamptz not null default now(),
  primary key (twin_id, component, object)
);

comment on table public.ticks is 'What a user has done by hand for a twin, and said so.';

alter table public.ticks enable row level security;
revoke all on table public.ticks from anon, authenticated;
grant select, delete on table public.ticks to authenticated;
grant insert (twin_id, component, object) on table public.ticks to authenticated;

create policy "Owners read the ticks of their twins" on public.ticks
  for select to authenticated using (twin_id in (select id from public.twins));

create policy "Owners tick off what is left to do for their twins" on public.ticks
  for insert to authenticated with check (twin_id in (select id from public.twins));

create policy "Owners take back ticks of their twins" on public.ticks
  for delete to authenticated using (twin_id in (select id from public.twins));

-- The last word about each object counts, except "unchanged". Of what can be armed that counts as well (it says whether it
-- rests), and so does what a later verification found: somebody may have armed it elsewhere, or put it to rest again.
-- With security_invoker: row level security of the tables beneath decides what a user sees.
create view public.twin_to_do with (security_invoker = true) as
select
  latest.twin_id,
  latest.component,
  latest.object,
  case when checked.id is null then latest.detail else finding.found end as detail,
  case when checked.id is null then latest.fix else finding.fix end as fix,
  latest.job_id,
  latest.at,
  tick.ticked_at
from (
  select distinct on (job.twin_id, item.component, item.object)
    job.twin_id, item.component, item.object, item.outcome, item.detail, item.fix, item.job_id, item.at
  from public.jobs as job
  join public.job_items as item on item.job_id = job.id
  where item.outcome <> 'unchanged' or item.component in ('cron_jobs', 'webhooks')
  order by job.twin_id, item.component, item.object, item.at desc
) as latest
left join public.ticks as tick
  on tick.twin_id = latest.twin_id and tick.component = latest.component and tick.object = latest.object
left join lateral (
  select verification.id
  from public.verifications as verification
  where verification.twin_id = latest.twin_id and verification.finished_at > latest.at
    and latest.component in ('cron_jobs', 'webhooks')
    and verification.summary -> 'components' ->> latest.component <> 'not_run'
  order by verification.finished_at desc
  limit 1
) as checked on true
left join public.verification_findings as finding
  on finding.verification_id = checked.id and finding.component = latest.component and finding.object = latest.object
where case
  when checked.id is null then latest.outcome in ('adapted', 'skipped', 'unchanged') and latest.fix is not null
  else finding.severity = 'note' and finding.fix is not null
end;

comment on view public.twin_to_do is 'What is left to do by hand for a twin, with what was ticked off.';

revoke all on table public.twin_to_do from anon, authenticated;
grant select on table public.twin_to_do to authenticated;
