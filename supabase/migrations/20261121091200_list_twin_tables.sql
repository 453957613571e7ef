-- Purpose: the tables of a twin's source, so that ignore rules can show what they match while they are
-- typed. They are those that the newest preview of the twin's rows listed; the source is not asked again.

create view public.twin_tables with (security_invoker = true) as
select
  newest.twin_id,
  newest.finished_at as read_at,
  listed.object ->> 'table' as name,
  listed.object ->> 'partition_of' as partition_of,
  (listed.object ->> 'rows')::float8 as row_estimate
from (
  select distinct on (preview.twin_id)
    preview.twin_id, preview.finished_at, preview.result #> '{data,objects}' as objects
  from public.previews as preview
  where preview.finished_at is not null
    and jsonb_typeof(preview.result #> '{data,objects}') = 'array'
  order by preview.twin_id, preview.finished_at desc
) as newest
cross join lateral jsonb_array_elements(newest.objects) as listed (object);

comment on view public.twin_tables is 'Tables of a twin''s source, as its newest preview listed them.';

revoke all on table public.twin_tables from anon, authenticated;
grant select on table public.twin_tables to authenticated;
