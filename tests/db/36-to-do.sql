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
  select job.id, coalesce(entry ->> 3, 'webhooks'), entry ->> 0, entry ->> 1, entry ->> 2, job.created_at
  from job, jsonb_array_elements(items) as entry;
$$;
select pg_temp.clone(1, '[["armed", "adapted", "Arm it"], ["kept", "adapted", "Arm it"], ["made", "skipped", "Make it"],
  ["no advice", "skipped", null], ["elsewhere", "adapted", "Arm it"], ["secret", "skipped", "Set it", "edge_functions"]]');
select pg_temp.clone(2, '[["armed", "copied", null], ["kept", "unchanged", "Arm it"], ["made", "skipped", "Make it so"],
  ["elsewhere", "unchanged", null], ["secret", "unchanged", null, "edge_functions"]]');

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
select results_eq(
  $$ select object from public.twin_to_do where component = 'edge_functions' $$, $$ values ('secret') $$,
  'of other components what is unchanged is still to be done'
);
-- Verifications look again.
select tests.sign_out();
insert into public.verifications (id, job_id, twin_id, mode, status, created_at, finished_at, summary)
select repeat('8', 32)::uuid, job.id, job.twin_id, 'structure', 'passed', now() + interval '3 days', now() + interval '3 days',
  '{"components": {"webhooks": "passed"}}'
from public.jobs as job where job.twin_id = tests.user_id('twin of Ada') order by created_at desc limit 1;
insert into public.verification_findings (verification_id, component, severity, object, expected, found, fix)
values (repeat('8', 32)::uuid, 'webhooks', 'note', 'armed', 'enabled', 'disabled', 'Arm it again');
select tests.sign_in('Ada');
select results_eq(
  $$ select object, fix from public.twin_to_do where component = 'webhooks' order by object $$,
  $$ values ('armed', 'Arm it again') $$,
  'what was armed elsewhere is done, and what was put to rest again is not'
);
select is(
  (select options -> 'components' ->> 'webhooks' || ' ' || (options -> 'components' ->> 'cron_jobs')
     || ' ' || (options ->> 'arm') || ' ' || (options ->> 'activate')
   from public.arm(tests.user_id('twin of Ada'), 'webhooks', 'it''s on "t"')),
  'true false ["it''s on \"t\""] false', 'one is armed by its name, by a clone of its component'
);
select tests.refuses(
  tests.call('arm', tests.user_id('twin of Ada')::text), 'PT409', 'still running', 'one writer at a time'
);
select tests.refuses(
  tests.call('arm', tests.user_id('twin of Ada')::text, 'tables'), '22023', 'can be armed', 'tables have no arms'
);
select tests.refuses(
  tests.call('arm', tests.user_id('twin of Ada')::text, null, 'nightly'), '22023', 'cron job or a webhook', 'nor names alone'
);
select tests.sign_in('Boris');
select tests.refuses(
  tests.call('arm', tests.user_id('twin of Ada')::text), 'PT404', 'no such twin', 'Boris arms nothing of hers'
);
select is_empty('select from public.ticks where twin_id = tests.user_id(''twin of Ada'')', 'others see nothing of it');
select throws_ok(
  $$ insert into public.ticks (twin_id, component, object) values (tests.user_id('twin of Ada'), 'webhooks', 'kept') $$,
  '42501', null, 'and tick nothing off'
);
select * from finish();
rollback;
