-- What is left to do by hand stays on the twin, whichever clone said so, until it is ticked off.
begin;
set local search_path = public, extensions;
select no_plan();
select tests.tell_story();

create function pg_temp.clone(days int, items jsonb) returns void
language sql as $$
  with job as (
    insert into public.jobs (owner_id, twin_id, target_ref, options, status, created_at, finished_at)
    values (tests.user_id('Ada'), tests.user_id('twin of Ada'), repeat('b', 20), '{}', 'completed',
      now() + days * interval '1 day', now() + days * interval '1 day')
    returning *
  )
  insert into public.job_items (job_id, component, object, outcome, fix, at)
  select job.id, 'webhooks', entry ->> 0, entry ->> 1, entry ->> 2, job.created_at
  from job, jsonb_array_elements(items) as entry;
$$;
select pg_temp.clone(1, '[["armed", "adapted", "Arm it"], ["kept", "adapted", "Arm it"], ["made", "skipped", "Make it"],
  ["no advice", "skipped", null]]');
select pg_temp.clone(2, '[["armed", "copied", null], ["kept", "unchanged", null], ["made", "skipped", "Make it so"]]');

select tests.sign_in('Ada');
select results_eq(
  $$ select object, fix, ticked_at is not null from public.twin_to_do where component = 'webhooks' order by object $$,
  $$ values ('kept', 'Arm it', false), ('made', 'Make it so', false) $$,
  'the last word counts, and what is unchanged since is still to be done'
);
select lives_ok(
  $$ insert into public.ticks (twin_id, component, object) values (tests.user_id('twin of Ada'), 'webhooks', 'made') $$,
  'Ada ticks one off'
);
select results_eq(
  $$ select object from public.twin_to_do where component = 'webhooks' and ticked_at is not null $$, $$ values ('made') $$,
  'and it stays ticked'
);
select tests.sign_in('Boris');
select is_empty('select from public.ticks where twin_id = tests.user_id(''twin of Ada'')', 'others see nothing of it');
select throws_ok(
  $$ insert into public.ticks (twin_id, component, object) values (tests.user_id('twin of Ada'), 'webhooks', 'kept') $$,
  '42501', null, 'and tick nothing off'
);
select * from finish();
rollback;
