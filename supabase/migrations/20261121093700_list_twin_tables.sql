-- Purpose: The tables of a twin's source, so that ignore rules can show what they match while they are
-- typed. They are those that the newest preview of the twin's rows listed; the source is not asked again.
-- With security_invoker: row level security of the tables beneath decides what a user sees.

create view public.twin_tables with (security_invoker = true) as
select
  newest.twin_id,
  newest.finished_at as read_at,
  listed.object ->> 'object' as name,
  listed.object ->> 'partition_of' as partition_of,
  (
    select (counted ->> 'source')::float8
    from jsonb_array_elements(listed.object -> 'counts') as counted
    where counted ->> 'unit' = 'row'
  ) as row_estimate,
  greatest(0, newest.total - jsonb_array_length(newest.objects)) as not_listed
from (
  select distinct on (preview.twin_id)
    preview.twin_id, preview.finished_at, preview.result #> '{data,objects}' as objects,
    (preview.result #>> '{data,objects_total}')::int as total
  from public.previews as preview
  where preview.finished_at is not null
    and jsonb_typeof(preview.result #> '{data,objects}') = 'array'
  order by preview.twin_id, preview.finished_at desc
) as newest
cross join lateral jsonb_array_elements(newest.objects) as listed (object)
where listed.object ? 'object' and listed.object -> 'is_extra' is null;

comment on view public.twin_tables is 'Tables of a twin''s source, as its newest preview listed them.';

revoke all on table public.twin_tables from anon, authenticated;
grant select on table public.twin_tables to authenticated;
