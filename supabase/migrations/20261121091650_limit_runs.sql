-- Purpose: How many runs a user may have open at a time. Workers are shared out fairly; this bounds what waits for them.

create function private.open_runs_of_user() returns int language sql immutable set search_path = ''
return 50;

-- Refuses one more run of a user who has too many open: clones, restores, previews and verifications, with the backups
-- that are being taken or read back.
create function private.refuse_too_many_runs(of_owner_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  open_runs int;
begin
  -- Calls at the same time must not all see the last free place.
  perform pg_advisory_xact_lock(hashtextextended('twins:runs:' || of_owner_id, 0));
  select count(distinct run_id) into open_runs
  from private.steps where owner_id = of_owner_id and status in ('queued', 'running');
  if open_runs >= private.open_runs_of_user() then
    perform private.refuse(
      format('%s runs of yours are still open', open_runs),
      'Wait until some have ended, or cancel clones.',
      'PT409'
    );
  end if;
end
$$;
