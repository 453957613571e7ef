-- Purpose: the safety net. Workers hand on by themselves; each minute cron takes back the steps of dead
-- workers, sends held-back broadcasts, and wakes workers for whatever waits (also after a back-off).

create function private.keep_moving() returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.return_expired_leases();
  perform private.flush_broadcasts();
  perform private.wake_workers();
end
$$;

comment on function private.keep_moving is 'Each minute: expired leases, held-back broadcasts, waiting steps.';

select cron.schedule('twins-keep-moving', '* * * * *', 'select private.keep_moving()');
