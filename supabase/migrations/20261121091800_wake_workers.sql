-- Purpose: How the database calls workers.

-- Calls so many workers. pg_net sends after commit; the secret and the address are in Vault, so they differ per installation
-- and never reach a client.
create function private.call_workers(wanted int) returns int
language plpgsql
set search_path = ''
as $$
declare
  worker_url text;
  worker_secret text;
begin
  if wanted <= 0 then
    return 0;
  end if;
  select decrypted_secret into worker_url from vault.decrypted_secrets where name = 'twins_worker_url';
  select decrypted_secret into worker_secret
  from vault.decrypted_secrets where name = 'twins_worker_secret';
  if worker_url is null or worker_secret is null then
    raise warning 'No worker can be woken: Vault lacks twins_worker_url or twins_worker_secret'
      using hint = 'Create both with vault.create_secret(value, name).';
    return 0;
  end if;
  perform net.http_post(
    url := worker_url,
    body := '{}'::jsonb,
    headers := jsonb_build_object(
      'content-type', 'application/json',
      'authorization', 'Bearer ' || worker_secret
    ),
    -- A worker answers before it works. pg_net calls nobody else meanwhile, and cron looks every two seconds.
    timeout_milliseconds := 5000
  )
  from generate_series(1, wanted);
  return wanted;
end
$$;

-- One request for each free place with a claimable step, of one user or of all, but those that the caller `takes` itself; at most a
-- handful. Whoever ends a slice calls for its own user only: all others were called for when their steps came free, and calling
-- for them again with every slice would bury a busy database under calls.
create function private.wake_workers(of_owner_id uuid default null, takes int default 0) returns int
language sql
set search_path = ''
as $$
  select private.call_workers(least(
    2 * private.parallel_steps(),
    case when of_owner_id is not null then (
      select private.parallel_steps_of_user() - count(*)::int
      from private.steps where owner_id = of_owner_id and status = 'running'
    ) end,
    (
      select coalesce(sum(least(waiting.steps, private.parallel_steps() - (
        select count(*) from private.steps as busy where busy.run_id = waiting.run_id and busy.status = 'running'
      ))), 0)::int
      from (
        select run_id, count(*) as steps from private.claimable_steps
        where of_owner_id is null or owner_id = of_owner_id
        group by run_id
      ) as waiting
    )
  ) - takes);
$$;
