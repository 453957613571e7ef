-- Counts of a verification and of a run are made over everything, however much it is, and told once each.
begin;
set local search_path = public, extensions;
select no_plan();
select tests.tell_story();

-- 600 missing tables with their rows and a policy each, of 1,200 tables that differ; and two findings of one object.
delete from public.verification_findings;
delete from public.verification_counts;
update public.jobs
set options = '{"components": {"tables": true, "storage": false}, "row_limit": 5,
  "strategies": {"public.a": "skip", "public.b": "upsert"}}'
where id = tests.user_id('job of Ada');
insert into private.steps (verification_id, kind, component, status)
select tests.user_id('verification of Ada'), 'verify', component, 'done'
from unnest(array['tables', 'data', 'policies', 'cron_jobs', 'storage', 'views', 'realtime', 'webhooks']) as component;
create function pg_temp.store(of_component text, findings jsonb) returns void
language sql as $$
  select private.store_findings(step, findings) from private.steps as step
  where step.verification_id = tests.user_id('verification of Ada') and step.component = of_component;
$$;
create function pg_temp.finding(object text, also jsonb default '{}') returns jsonb
language sql as $$
  select jsonb_build_object('severity', 'failed', 'object', object, 'expected', 'x', 'found', 'y', 'fix', 'z') || also;
$$;
select pg_temp.store('tables', (
  select jsonb_agg(pg_temp.finding('public."T ' || n || '"',
    case when n <= 600 then '{"missing": true}' else '{}' end::jsonb))
  from generate_series(1, 1200) as n
));
select pg_temp.store('data', (
  select jsonb_agg(pg_temp.finding('public.T ' || n)) from generate_series(1, 700) as n
));
select pg_temp.store('policies', (
  select jsonb_agg(pg_temp.finding('readers on public."T ' || n || '"', jsonb_build_object('of', 'public."T ' || n || '"')))
  from generate_series(1, 601) as n
));
select pg_temp.store('cron_jobs', jsonb_build_array(
  pg_temp.finding('nightly', '{"expected": "at 3", "found": "at 4"}'),
  pg_temp.finding('nightly', '{"severity": "warning", "expected": "active", "found": "inactive"}')
));
select pg_temp.store('storage', jsonb_build_array(pg_temp.finding('photos: more files', '{"objects": 4000}')));
select pg_temp.store('views', jsonb_build_array(
  pg_temp.finding('gone', '{"missing": true}'),
  pg_temp.finding('part', '{"severity": "warning", "of": "gone.anything"}')
));
select pg_temp.store('realtime', jsonb_build_array(
  pg_temp.finding('by hand', '{"severity": "note"}'),
  pg_temp.finding('rows', '{"severity": "note"}'),
  pg_temp.finding('rows', '{"severity": "warning", "examples": ["id 1: differs", "id 2: differs"]}')
));
select private.store_counts(step, '[{"object": "public.a", "source": 3, "target": 3},
  {"object": "public.b", "source": 9, "target": 7}, {"object": "public.b", "source": 9, "target": 7}]')
from private.steps as step cross join generate_series(1, 2)
where step.verification_id = tests.user_id('verification of Ada') and step.component = 'data';
select private.finish_verification(tests.user_id('verification of Ada'));

select tests.sign_in('Ada');
create function pg_temp.summary() returns jsonb
language sql as $$
  select summary from public.verifications where id = tests.user_id('verification of Ada')
$$;
select is(pg_temp.summary() -> 'not_compared',
  '{"components": ["storage"], "skipped_tables": 1, "ignore_rules": 1, "row_limit": 5}'::jsonb,
  'what was not looked at is named');
select is(pg_temp.summary() -> 'groups' -> 'tables',
  '{"failed": 1200, "warnings": 0, "notes": 0, "reported_with": 0, "entries": 1200}', 'all 1,200 tables are counted');
select is(pg_temp.summary() -> 'groups' -> 'data',
  '{"failed": 100, "warnings": 0, "notes": 0, "reported_with": 600, "entries": 100}', 'rows of a missing table are told with it');
select is(pg_temp.summary() -> 'groups' -> 'policies',
  '{"failed": 1, "warnings": 0, "notes": 0, "reported_with": 600, "entries": 1}', 'and so are its policies');
select is(pg_temp.summary() -> 'groups' -> 'storage' ->> 'failed', '4000', 'what is only counted counts');
select is(pg_temp.summary() -> 'groups' -> 'views',
  '{"failed": 1, "warnings": 0, "notes": 0, "reported_with": 1, "entries": 1}', 'a missing schema covers what was in it');
select is(
  (select jsonb_build_array(pg_temp.summary() -> 'failed', pg_temp.summary() -> 'warnings',
    pg_temp.summary() -> 'reported_with')),
  '[5303, 1, 1201]', 'the whole is the sum of its groups'
);
select is(
  (select jsonb_build_array(pg_temp.summary() -> 'failed', pg_temp.summary() -> 'reported_with')),
  (select jsonb_build_array(sum(objects) filter (where reported_with is null and severity = 'failed'), sum(objects) filter (where reported_with is not null))
   from public.verification_findings),
  'and of the findings that are stored'
);
select is(pg_temp.summary() -> 'components' ->> 'policies', 'failed', 'a component whose objects are missing did not pass');
select results_eq(
  $$ select covers from public.verification_findings where object = 'public."T 600"' $$,
  $$ values ('{"data": 1, "policies": 1}'::jsonb) $$, 'the finding of the missing table says what it stands for'
);
select results_eq(
  $$ select severity, expected, found, fix from public.verification_findings where object = 'nightly' $$,
  $$ values ('failed', e'at 3\nactive', e'at 4\ninactive', 'z') $$, 'two differences of one object are both told'
);
select is(pg_temp.summary() -> 'groups' -> 'realtime' -> 'notes', '1', 'what is left to do by hand is a note');
select is((pg_temp.summary() -> 'components') - '{tables,data,policies,cron_jobs,storage,views}'::text[],
  '{"realtime": "warning", "webhooks": "passed"}', 'the worst finding of a component is its result');
select results_eq(
  $$ select object, severity, examples from public.verification_findings where component = 'realtime' order by rank $$,
  $$ values ('rows', 'warning', '{id 1: differs,id 2: differs}'::text[]), ('by hand', 'note', null) $$,
  'a warning is worse than a note, and examples are kept'
);
select is(pg_temp.summary() -> 'rows', '{"tables": 2, "differing": 1}', 'tables are counted once each');
select results_eq(
  $$ select object, source_rows, target_rows, difference from public.verification_counts order by difference desc $$,
  $$ values ('public.b', 9::bigint, 7::bigint, 2::bigint), ('public.a', 3, 3, 0) $$, 'and their rows told'
);
select tests.sign_out();

-- Notes alone do not make a verification warn.
delete from public.verification_findings where severity <> 'note';
update public.verifications set finished_at = null where id = tests.user_id('verification of Ada');
select private.finish_verification(tests.user_id('verification of Ada'));
select is(status, 'passed', 'what is left to do by hand does not keep it from passing')
from public.verifications where id = tests.user_id('verification of Ada');

-- One number of failures per run.
insert into public.job_components (job_id, component, position, status, unit, started_at, finished_at, error)
select tests.user_id('job of Ada'), component, position, status, 'objects', started_at, now(), error
from (values
  ('views', 2, 'failed', now(), '{"message": "2 of its objects failed"}'::jsonb),
  ('storage', 3, 'failed', now(), '{"message": "unreachable"}'),
  ('data', 4, 'failed', null, null)
) as component (component, position, status, started_at, error);
insert into public.job_items (job_id, component, object, outcome, fix)
select tests.user_id('job of Ada'), 'views', 'v' || n, 'failed', null from generate_series(1, 2) as n
union all
select tests.user_id('job of Ada'), 'tables', 't' || n, 'adapted', 'Do it' from generate_series(1, 249) as n;
update public.jobs set report = private.job_report(id) where id = tests.user_id('job of Ada');
select tests.sign_in('Ada');
select results_eq(
  $$ select (job.report ->> 'failures')::int, history.failures, twin.last_failures, history.has_failures
     from public.jobs as job join public.clone_history as history on history.job_id = job.id
     join public.twin_overview as twin on twin.last_job_id = job.id $$,
  $$ values (3, 3, 3, true) $$,
  'report, history and overview say the same: failed objects, and components that failed as a whole'
);
select results_eq(
  $$ select report -> 'by_hand_total', jsonb_array_length(report -> 'by_hand') from public.jobs $$,
  $$ values ('250'::jsonb, 200) $$, 'what is left to do is counted beyond what is listed'
);

select * from finish();
rollback;
