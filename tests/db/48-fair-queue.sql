-- Workers are shared out among users: many runs of one keep nobody else waiting, and no user has all workers.
begin;
set local search_path = public, extensions;
select no_plan();
select tests.tell_story();
delete from private.steps;

create function pg_temp.queue_preview(of_user text, since interval) returns void
language sql
as $$
  with preview as (
    insert into public.previews (twin_id) values (tests.user_id('twin of ' || of_user)) returning id
  )
  insert into private.steps (preview_id, kind, created_at) select id, 'prepare', now() - since from preview;
$$;

create function pg_temp.claim() returns text
language sql
as $$
  select upper(left(split_part(account.email, '@', 1), 1)) || substr(split_part(account.email, '@', 1), 2)
  from (select (private.claim_step() #>> '{step,id}')::bigint as id) as claimed
  join private.steps as step on step.id = claimed.id
  join auth.users as account on account.id = step.owner_id;
$$;

select pg_temp.queue_preview('Ada', make_interval(hours => nth)) from generate_series(1, 14) as nth;
select pg_temp.queue_preview('Boris', make_interval(mins => nth)) from generate_series(1, 3) as nth;

select results_eq(
  'select distinct owner_id from private.steps order by 1',
  $$ select tests.user_id(name) from unnest(array['Ada', 'Boris']) as name order by 1 $$,
  'a step knows whose run it is of'
);
select is(pg_temp.claim(), 'Ada', 'the oldest run comes first');
select is(pg_temp.claim(), 'Boris', 'then who has no worker yet, however many older runs wait');
select is(pg_temp.claim(), 'Ada', 'and both in turn');
select is(pg_temp.claim(), 'Boris', 'and both in turn');
select is(pg_temp.claim(), 'Ada', 'and both in turn');
select is(pg_temp.claim(), 'Boris', 'and both in turn');
select is(pg_temp.claim(), 'Ada', 'one alone takes what is left');
select is(
  (select count(pg_temp.claim()) from generate_series(1, 20)), private.parallel_steps_of_user() - 4::bigint,
  'but no more than a user may have at a time'
);
select pg_temp.queue_preview('Boris', '0');
select is(pg_temp.claim(), 'Boris', 'who comes meanwhile gets a worker at once');
select is(pg_temp.claim(), null, 'and the rest waits');
update private.steps set status = 'done', lease = null, lease_until = null
where id = (select min(id) from private.steps where status = 'running' and owner_id = tests.user_id('Ada'));
select is(pg_temp.claim(), 'Ada', 'until one of them is over');

-- Workers are called for free places, not for steps; whoever ends a slice calls for its own user.
delete from private.steps;
select vault.create_secret('https://example.com/worker', 'twins_worker_url')
where not exists (select from vault.secrets where name = 'twins_worker_url');
select vault.create_secret('secret', 'twins_worker_secret')
where not exists (select from vault.secrets where name = 'twins_worker_secret');
insert into private.steps (job_id, kind, rank, component, stage)
select tests.user_id('job of Ada'), 'stage', 1, 'tables', 'stage ' || nth from generate_series(1, 9) as nth;
select pg_temp.queue_preview('Boris', '0') from generate_series(1, 2);
select is(private.wake_workers(tests.user_id('Ada')), 3, 'nine steps of a run are three places');
select is(private.wake_workers(tests.user_id('Ada'), takes => 1), 2, 'less those that the caller takes');
select is(private.wake_workers(tests.user_id('Boris')), 2, 'a run with one step is one');
select is(private.wake_workers(), 5, 'cron calls for all');
update private.steps set status = 'running', lease = gen_random_uuid(), lease_until = now() + interval '1 minute', started_at = now()
where job_id is not null and stage in ('stage 1', 'stage 2');
select is(private.wake_workers(tests.user_id('Ada')), 1, 'places that are taken are not called for');

delete from private.steps;
select pg_temp.queue_preview('Ada', '0') from generate_series(1, private.open_runs_of_user() - 1);
select tests.sign_in('Ada');
create function pg_temp.preview() returns text language sql as $$
  select 'started' from public.start_preview(
    tests.user_id('account of Ada'), repeat('a', 20), tests.user_id('account of Ada'), repeat('b', 20)
  )
$$;
select is(pg_temp.preview(), 'started', 'a user may have many runs open');
select throws_ok('select pg_temp.preview()', 'PT409', '50 runs of yours are still open', 'but not without end');
select throws_ok(
  $$ select public.start_clone(
    tests.user_id('account of Ada'), repeat('a', 20), tests.user_id('account of Ada'), repeat('b', 20),
    without_preview => true
  ) $$,
  'PT409', '50 runs of yours are still open', 'of whichever kind'
);
select throws_ok(
  $$ select public.start_verification(tests.user_id('job of Ada')) $$,
  'PT409', '50 runs of yours are still open', 'of whichever kind'
);
select throws_ok(
  $$ select public.start_backup(tests.user_id('account of Ada'), repeat('a', 20)) $$,
  'PT409', '50 runs of yours are still open', 'backups count like the rest'
);

select * from finish();
rollback;
