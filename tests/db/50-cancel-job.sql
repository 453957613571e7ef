-- cancel_job: who may stop which clone, and when it stops.
begin;
set local search_path = public, extensions;
-- Starting a run without a worker's address in Vault warns; here that is as it should be.
set local client_min_messages = error;
select no_plan();
select tests.tell_story();

select tests.sign_in('Ada');
select tests.refuses(
  tests.call('cancel_job', tests.user_id('job of Ada')::text), 'PT409', 'is over',
  'a clone that is over cannot be canceled'
);
select tests.refuses(
  tests.call('cancel_job', gen_random_uuid()::text), 'PT404', 'no such clone', 'nor one that never was'
);
select tests.refuses(tests.call('cancel_job', null), 'PT404', 'no such clone', 'nor none');
select lives_ok(
  tests.call('start_clone', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Ada')::text, repeat('b', 20), '{}', 'true'),
  'Ada starts a clone'
);
select id as running_job from public.jobs where finished_at is null \gset

select tests.sign_in('Boris');
select tests.refuses(
  tests.call('cancel_job', :'running_job'), 'PT404', 'no such clone', 'Boris cannot cancel it, nor learn that it exists'
);

select tests.sign_in('Ada');
select results_eq(
  format('select cancel_requested_at is not null, status from public.cancel_job(%L)', :'running_job'),
  $$ values (true, 'canceled') $$,
  'a clone that no worker has begun is canceled at once'
);
select is_empty(
  format($$ select 1 from public.job_components where job_id = %L and status not in ('canceled', 'skipped') $$,
    :'running_job'),
  'and so are its components'
);
select tests.refuses(
  tests.call('cancel_job', :'running_job'), 'PT409', 'canceled', 'and cannot be canceled again'
);

-- A clone at work stops after the current step.
select lives_ok(
  tests.call('start_clone', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Ada')::text, repeat('b', 20), '{}', 'true'),
  'the target is free again'
);
select tests.sign_out();
select isnt(private.claim_step(), null, 'a worker takes its first step');
select id as running_job from public.jobs where finished_at is null \gset
select tests.sign_in('Ada');
select results_eq(
  format('select cancel_requested_at is not null, status from public.cancel_job(%L)', :'running_job'),
  $$ values (true, 'in_progress') $$,
  'a clone at work is asked to stop'
);
select lives_ok(tests.call('cancel_job', :'running_job'), 'asking twice is no error');
select tests.sign_out();
select is(
  (select private.heartbeat(id, lease, '{}') -> 'cancel' from private.steps
    where job_id = :'running_job' and status = 'running'),
  'true', 'its worker learns of it with the next heartbeat'
);

select tests.be('anon');
select throws_ok(
  $$ select public.cancel_job(gen_random_uuid()) $$, '42501', null, 'a visitor may not'
);

select tests.sign_out();
-- What is cleaned up after a cancel had no turn for that.
insert into private.steps (job_id, kind, component, stage, status, started_at, finished_at)
values (:'running_job', 'stage', 'data', 'rows', 'canceled', null, now()),
  (:'running_job', 'cleanup', 'data', null, 'done', now(), now());
select private.refresh_component(:'running_job', 'data');
select is(started_at, null, 'cleaning up is no start of a component')
from public.job_components where job_id = :'running_job' and component = 'data';

select * from finish();
rollback;
