-- What cron does between the minutes and each night: nothing that waits is forgotten, nothing is kept for ever.
begin;
set local search_path = public, extensions;
select no_plan();
select tests.tell_story();
-- Sent calls of workers are seen in pg_net's queue.
select vault.create_secret('https://example.com/worker', 'twins_worker_url')
where not exists (select from vault.secrets where name = 'twins_worker_url');
select vault.create_secret('secret', 'twins_worker_secret')
where not exists (select from vault.secrets where name = 'twins_worker_secret');
delete from private.steps;

create function pg_temp.step(seconds_ago int, attempts int default 0) returns void
language sql as $$
  delete from private.steps;
  insert into private.steps (job_id, kind, rank, component, stage, run_after, attempts)
  values (tests.user_id('job of Ada'), 'stage', 1, 'tables', 'structure', now() - make_interval(secs => seconds_ago), attempts);
$$;
create function pg_temp.is_rescued() returns boolean language sql as $$ select private.rescue('6 seconds') $$;

select pg_temp.step(1);
select ok(not pg_temp.is_rescued(), 'whoever was called has a moment to come');
select pg_temp.step(5);
select ok(pg_temp.is_rescued(), 'a step that nobody came for is called for again');
select pg_temp.step(30);
select ok(not pg_temp.is_rescued(), 'but not every two seconds for ever');
select pg_temp.step(1, 1);
select ok(pg_temp.is_rescued(), 'a back-off that is over is called for at once');
select pg_temp.step(-5, 1);
delete from net.http_request_queue;
select ok(not pg_temp.is_rescued(), 'one that is not over is not');
select ok((select count(*) from net.http_request_queue) = 0, 'nobody is called long before it');
select pg_temp.step(-1, 1);
select pg_temp.is_rescued() is not null as looked \gset
select is((select count(*)::int from net.http_request_queue), 1, 'one worker is called ahead, to wait the last moment out');
select is(private.seconds_to_wait(null, tests.user_id('worker 1')), 1::float8, 'which it does');
select is(private.seconds_to_wait(null, tests.user_id('worker 2')), null, 'and no other waits as well');
select is(private.seconds_to_wait(null, tests.user_id('worker 1')), 1::float8, 'while it looks again and again');
update private.waiters set until = now() - interval '1 second';
select is(private.seconds_to_wait(null, tests.user_id('worker 2')), 1::float8, 'unless it has died');
select pg_temp.step(0);
select isnt(private.claim_step(by_worker => tests.user_id('worker 3')), null, 'somebody takes a step');
select is((select worker from private.waiters), tests.user_id('worker 2'), 'and others go on waiting');
select pg_temp.step(0);
select isnt(private.claim_step(by_worker => tests.user_id('worker 2')), null, 'whoever takes a step');
select is_empty('select from private.waiters', 'waits no longer');
select pg_temp.step(-5, 1);
select is(private.seconds_to_wait(null, tests.user_id('worker 2')), null, 'but no longer than that, unless it has worked on the run');

-- The step before it ended five seconds ago, and it has waited since an hour before.
select pg_temp.step(3600);
insert into private.steps (job_id, kind, rank, component, stage, status, finished_at)
values (tests.user_id('job of Ada'), 'stage', 0, 'tables', 'first', 'done', now() - interval '5 seconds');
select ok(pg_temp.is_rescued(), 'the time counts from when it could begin');
update private.steps set status = 'running', finished_at = null, lease = gen_random_uuid(),
  lease_until = now() + interval '9 seconds', started_at = now() where rank = 0;
select ok(not pg_temp.is_rescued(), 'what waits for another step is not called for');

-- Secrets that are over go within a minute.
insert into private.oauth_requests (state_hash, owner_id, key_id, iv, ciphertext, expires_at)
select 'state ' || minutes, tests.user_id('Ada'), 'k', decode(repeat('00', 12), 'hex'), '\x00', now() + minutes * interval '1 minute'
from unnest(array[-1, 5]) as minutes;
insert into private.restore_keys (id, owner_id, recipient, key_id, iv, ciphertext, created_at)
select gen_random_uuid(), tests.user_id('Ada'), 'age1 ' || minutes, 'k', decode(repeat('00', 12), 'hex'), '\x00', now() - minutes * interval '1 minute'
from unnest(array[61, 5]) as minutes;
insert into private.database_logins (account_id, ref, key_id, iv, ciphertext, expires_at)
select account_id, ref, 'k', decode(repeat('00', 12), 'hex'), '\x00', now() + case ref when repeat('a', 20) then -1 else 1 end * interval '1 minute'
from public.projects where account_id = tests.user_id('account of Ada') and ref in (repeat('a', 20), repeat('b', 20));
select private.keep_moving();
select results_eq(
  $$ select state_hash from private.oauth_requests union all select recipient from private.restore_keys
    union all select left(ref, 1) from private.database_logins $$,
  array['state 5', 'age1 5', 'b'], 'expired connections, keys of backups and logins are not kept'
);

-- A night. Another clone of hers, into another target, is older than a year.
insert into public.jobs (id, owner_id, twin_id, target_ref, options, status, started_at, finished_at)
select tests.user_id('old job'), owner_id, twin_id, repeat('o', 20), '{}', 'completed', now(), now() - interval '400 days'
from public.jobs where id = tests.user_id('job of Ada');
insert into public.verifications (id, job_id, twin_id, mode, status, finished_at)
select tests.user_id('old verification'), tests.user_id('old job'), twin_id, 'counts', 'warning', now() - interval '100 days'
from public.jobs where id = tests.user_id('job of Ada');
update public.verifications set status = 'passed', finished_at = now() where job_id = tests.user_id('job of Ada');
insert into public.verifications (id, job_id, twin_id, mode, status, finished_at)
select gen_random_uuid(), job_id, twin_id, mode, 'failed', now() - days * interval '1 day'
from public.verifications, unnest(array[80, 100, 200]) as days where job_id = tests.user_id('job of Ada');
insert into public.verification_findings (verification_id, component, severity, object)
select id, 'tables', 'failed', 'public.t' from public.verifications;
insert into private.memories (target_ref, component, key, value)
select target_ref, 'data', 'k', '1' from public.jobs where id in (tests.user_id('job of Ada'), tests.user_id('old job'))
union values ('gonegonegonegonegone', 'data', 'k', '1'::jsonb);
select private.prune_history();
select is((select count(*)::int from public.verifications where job_id = tests.user_id('job of Ada')), 2,
  'verifications go after 90 days where a later one is known');
select is((select count(*)::int from public.verifications where id = tests.user_id('old verification')), 1,
  'the last one of a job stays');
select is((select count(*)::int from public.verification_findings where verification_id = tests.user_id('old verification')), 0,
  'without its single findings');
select ok(exists (select from public.verification_findings where verification_id = tests.user_id('verification of Ada')),
  'those of a late verification stay');
select is((select array_agg(target_ref) from private.memories),
  (select array_agg(target_ref) from public.jobs where id = tests.user_id('job of Ada')),
  'memories stay for targets that were cloned into within a year');

select * from finish();
rollback;
