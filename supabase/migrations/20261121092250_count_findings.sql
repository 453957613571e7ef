-- Purpose: What a verification found is counted where all of it is, when it ends. Findings of what belongs to a missing
-- object (rows and policies of a table) are reported with that object's.

-- Joins findings to the missing objects that they belong to. Some components print names without quotes: names are
-- compared without. A table's own name is tried before its schema's.
create function private.report_with_missing(of_verification_id uuid) returns void
language sql
set search_path = ''
as $$
  update public.verification_findings as part
  set reported_with = whole.object
  from (
    select distinct on (finding.component, finding.object)
      finding.component, finding.object, missing.object as whole
    from public.verification_findings as finding
    cross join lateral (
      select case when finding.belongs_to is null and finding.component <> 'data' then null
        else coalesce(finding.belongs_to, finding.object) end as name
    ) as belongs
    cross join lateral (
      values
        (1, replace(belongs.name, '"', '')),
        (2, replace(substring(belongs.name from '^(?:"(?:[^"]|"")+"|[^".]+)'), '"', ''))
    ) as candidate (rank, name)
    join public.verification_findings as missing
      on missing.verification_id = of_verification_id
      and missing.is_missing
      and replace(missing.object, '"', '') = candidate.name
      and (missing.component, missing.object) <> (finding.component, finding.object)
    where finding.verification_id = of_verification_id and not finding.is_missing
    order by finding.component, finding.object, candidate.rank
  ) as whole (component, part, object)
  where part.verification_id = of_verification_id
    and part.component = whole.component
    and part.object = whole.part;

  update public.verification_findings as missing
  set covers = covered.counts
  from (
    select reported_with, jsonb_object_agg(component, count) as counts
    from (
      select reported_with, component, sum(objects) as count
      from public.verification_findings
      where verification_id = of_verification_id and reported_with is not null
      group by reported_with, component
    ) as per_component
    group by reported_with
  ) as covered
  where missing.verification_id = of_verification_id
    and missing.is_missing
    and missing.object = covered.reported_with;
$$;

-- {failed, warnings, notes, reported_with, groups: {component: the same}}: objects, over all findings.
create function private.count_findings(of_verification_id uuid) returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'failed', coalesce(sum(failed), 0),
    'warnings', coalesce(sum(warnings), 0),
    'notes', coalesce(sum(notes), 0),
    'reported_with', coalesce(sum(reported_with), 0),
    'groups', coalesce(jsonb_object_agg(component, jsonb_build_object(
      'failed', failed, 'warnings', warnings, 'notes', notes, 'reported_with', reported_with, 'entries', entries
    )), '{}')
  )
  from (
    select
      component,
      coalesce(sum(objects) filter (where reported_with is null and severity = 'failed'), 0) as failed,
      coalesce(sum(objects) filter (where reported_with is null and severity = 'warning'), 0) as warnings,
      coalesce(sum(objects) filter (where reported_with is null and severity = 'note'), 0) as notes,
      coalesce(sum(objects) filter (where reported_with is not null), 0) as reported_with,
      count(*) filter (where reported_with is null) as entries
    from public.verification_findings
    where verification_id = of_verification_id
    group by component
  ) as per_component;
$$;

-- What a verification did not look at, so that "passed" says no more than is so: components that the clone left out, tables
-- whose rows are left alone, rows beyond a limit.
create function private.not_compared(of_verification_id uuid) returns jsonb
language sql
stable
set search_path = ''
return (
  select jsonb_build_object(
    'components', (
      select coalesce(jsonb_agg(known.component order by known.position), '[]')
      from private.component_catalogue() as known
      where job.options -> 'components' -> known.component = 'false'
    ),
    'skipped_tables', (
      select count(*) from jsonb_each_text(coalesce(job.options -> 'strategies', '{}')) as chosen
      where chosen.value = 'skip'
    ),
    'ignore_rules', (select count(*) from public.ignore_rules as rule where rule.twin_id = job.twin_id),
    'row_limit', coalesce((job.options ->> 'row_limit')::bigint, 0)
  )
  from public.verifications as verification
  join public.jobs as job on job.id = verification.job_id
  where verification.id = of_verification_id
);
