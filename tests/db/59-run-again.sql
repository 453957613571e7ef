-- run_again: attempts of a clone, what they copy, and what pages read of their slices.
begin;
set local search_path = public, extensions;
set local client_min_messages = error;
select no_plan();
select tests.tell_story();

update public.jobs
set options = '{"components": {"tables": true, "data": true, "views": false}, "row_limit": 7, "verify": "none"}',
  status = 'failed'
where id = tests.user_id('job of Ada');
update public.twins set options = '{"row_limit": 7}' where id = tests.user_id('twin of Ada');

create function pg_temp.again_says(given text[], told jsonb) returns setof text language plpgsql as $$
declare
  again uuid;
begin
  perform tests.sign_out();
  update public.jobs set status = 'completed', finished_at = now(), report = '{}' where finished_at is null;
  update public.jobs set agreed = given where id = tests.user_id('job of Ada');
  perform tests.sign_in('Ada');
  again := (public.run_again(tests.user_id('job of Ada'))).id;
  perform tests.sign_out();
  return next is(
    coalesce(private.run_facts(step) -> 'agreed', 'null'), coalesce(told, 'null'), 'agreed to: ' || coalesce(given::text, 'nothing asked')
  ) from private.steps as step where step.job_id = again;
end
$$;

select tests.sign_in('Ada');
select tests.refuses(
  tests.call('run_again', gen_random_uuid()::text), 'PT404', 'no such clone', 'nothing is run again that never was'
);
select tests.refuses(
  tests.call('run_again', tests.user_id('job of Ada')::text, '{views}'), '22023', 'no such component',
  'nor what the clone left out'
);
select tests.refuses(
  tests.call('run_again', tests.user_id('job of Ada')::text, '{}'), '22023', 'No component', 'nor nothing of it'
);
select id as second from public.run_again(tests.user_id('job of Ada'), '{data}') \gset
select results_eq(
  format('select parent_id, attempt, options ->> %L, options -> %L -> %L, options -> %L -> %L from public.jobs where id = %L',
    'row_limit', 'components', 'data', 'components', 'tables', :'second'),
  format('select %L::uuid, 2, %L::text, %L::jsonb, %L::jsonb', tests.user_id('job of Ada'), '7', 'true', 'false'),
  'the second attempt has the options of the first, and only the component asked for'
);
select tests.refuses(
  tests.call('run_again', :'second'), 'PT409', 'still running', 'an attempt is waited for before the next'
);
select tests.sign_in('Boris');
select tests.refuses(tests.call('run_again', :'second'), 'PT404', 'no such clone', 'others learn nothing of it');
select tests.sign_out();

-- A worker carries out its first step: a slice that dies, one that is retried, one that ends it.
select (private.claim_step() -> 'step' ->> 'id')::bigint as step \gset
update private.steps set lease_until = now() - interval '1 second' where id = :step;
select private.return_expired_leases();
update private.steps set run_after = now() where id = :step;
select private.claim_step() #>> '{step,lease}' as lease \gset
select private.heartbeat(:step, :'lease', '{"rows": 5, "at_work": [{"object": "public.orders", "done": 1, "total": 4}]}');
select is((select at_work -> 0 ->> 'object' from private.steps where id = :step), 'public.orders', 'what takes long is named');
select private.finish_slice(:step, :'lease', '{"outcome": "retry", "error": {"message": "busy"}, "retry_after": 0}');
update private.steps set run_after = now() where id = :step;
select private.claim_step() #>> '{step,lease}' as lease \gset
select private.finish_slice(:step, :'lease', '{"outcome": "done",
  "items": [{"component": "data", "object": "public.orders", "outcome": "copied"}]}');

select tests.sign_in('Ada');
select results_eq(
  format('select outcome, items, rows_done, error ->> %L from public.job_slices where job_id = %L order by id', 'message', :'second'),
  $$ values ('lost', 0, 0::bigint, 'The worker on this step stopped without a word (1 times)'),
    ('retry', 0, 5, 'busy'), ('done', 1, 5, null) $$,
  'every slice is kept with how it ended'
);
select results_eq(
  format('select event, object from public.job_log where job_id = %L order by place, event', :'second'),
  $$ values ('copied', 'public.orders'), ('lost', null), ('started', null), ('retry', null), ('started', null),
    ('done', null), ('started', null) $$,
  'and is in the log, with the objects'
);
select results_eq(
  $$ select (options ->> 'row_limit')::int from public.twins where id = tests.user_id('twin of Ada') $$, $$ values (7) $$,
  'the options remembered for the next clone are those of the whole'
);
select tests.sign_out();
select is((select status from public.jobs where id = :'second'), 'completed', 'the attempt is over');

-- The next attempt counts on, whichever it repeats.
select tests.sign_in('Ada');
select results_eq(
  format('select attempt, parent_id = tests.user_id(%L) from public.run_again(%L)', 'job of Ada', :'second'),
  $$ values (3, true) $$, 'attempts are counted from the first'
);

-- A further attempt may do what was agreed to for the first, and nobody looks where nobody was asked.
select pg_temp.again_says(null, null);
select pg_temp.again_says('{rls_off public.a}', '["rls_off public.a"]');
select * from finish();
rollback;
