-- start_clone: what it makes, and what it refuses.
begin;
set local search_path = public, extensions;
-- Starting a run without a worker's address in Vault warns; here that is as it should be.
set local client_min_messages = error;
select no_plan();
select tests.tell_story();

-- A call as the web app makes it, with one thing changed.
create function pg_temp.clone(
  options jsonb default '{}', target_ref text default repeat('b', 20), source_ref text default repeat('a', 20),
  source text default 'Ada', target text default 'Ada'
) returns text
language sql
return format('select public.start_clone(%L, %L, %L, %L, %L, true)',
  tests.user_id('account of ' || source), source_ref, tests.user_id('account of ' || target), target_ref, options);

select tests.sign_in('Ada');
select tests.refuses(
  pg_temp.clone(target_ref => repeat('a', 20)), '22023', 'same project', 'the same project cannot be source and target'
);
select tests.refuses(
  pg_temp.clone(target_ref => ref), '22023', '20 lower-case letters', 'a ref must look like one: ' || ref
)
from unnest(array['', 'short', repeat('A', 20), repeat('b', 21), 'bbbbbbbbbb; drop tab']) as ref;
select tests.refuses(
  pg_temp.clone(source => 'Boris'), 'PT404', 'not one of yours', 'another''s account cannot be the source'
);
select tests.refuses(
  pg_temp.clone(target => 'Boris'), 'PT404', 'not one of yours', 'another''s account cannot be the target'
);
select tests.refuses(
  pg_temp.clone(target_ref => repeat('d', 20)), 'PT404', 'does not list the target',
  'a project of another user is no target, whatever account is named'
);
select tests.refuses(
  pg_temp.clone(source_ref => repeat('c', 20)), 'PT404', 'does not list the source', 'nor a source'
);
select tests.refuses(
  replace(replace(pg_temp.clone(target_ref => repeat('d', 20)), 'start_clone', 'start_preview'), ', true)', ')'), 'PT404',
  'does not list the target', 'nor is it read for a preview'
);
select tests.sign_out();
update public.projects set gone_at = now() where ref = repeat('b', 20);
select tests.sign_in('Ada');
select tests.refuses(
  pg_temp.clone(), 'PT404', 'does not list the target', 'a project that the account lost is no target'
);
select tests.sign_out();
update public.projects set gone_at = null;
insert into public.projects (account_id, ref, name) values (tests.user_id('account of Ada'), repeat('e', 20), 'Third');
select tests.sign_in('Ada');
select tests.refuses(pg_temp.clone(options), '22023', words, description)
from (values
  ('{"unknown": 1}'::jsonb, 'Unknown options: unknown', 'unknown options are refused by name'),
  ('{"components": {"tabels": true}}', 'tabels', 'and unknown components'),
  ('{"confirm_target": "something else"}', 'something else', 'a wrong confirmation is refused'),
  (jsonb_build_object('confirm_target', repeat('x', 1000000)), 'larger than 1 MB', 'so are options of any size')
) as refused (options, words, description);
select tests.refuses(
  pg_temp.clone((
    select jsonb_build_object('components', jsonb_object_agg(component, false))
    from unnest(array['tables', 'data', 'views', 'functions', 'triggers', 'policies', 'edge_functions', 'storage',
      'auth_users', 'cron_jobs', 'webhooks', 'realtime', 'project_config']) as component
  )),
  '22023', 'No component', 'a clone of nothing is refused'
);
select is(tests.seen('public.jobs'), 1::bigint, 'nothing that was refused left a job');
select is(tests.seen('public.twins'), 1::bigint, 'or a twin');

update public.projects set is_protected = true where ref = repeat('b', 20);
select tests.refuses(pg_temp.clone(), '22023', 'protected', 'a protected project is no target');
update public.projects set is_protected = false where ref = repeat('b', 20);

select isnt(
  (select (public.start_clone(
    tests.user_id('account of Ada'), repeat('a', 20), tests.user_id('account of Ada'), repeat('b', 20),
    '{"components": {"storage": false}, "row_limit": 10, "strategies": {"public.orders": "upsert"}}', true
  )).id),
  null, 'a clone starts'
);
select results_eq(
  $$ select status, trigger, kind, options ->> 'row_limit', options ->> 'verify', options #>> '{components,tables}',
       options #>> '{components,storage}', twin_id
     from public.jobs where finished_at is null $$,
  $$ values ('pending', 'manual', 'clone', '10', 'none', 'true', 'false', tests.user_id('twin of Ada')) $$,
  'it waits, belongs to the twin of the pair, and has every option filled in'
);
select results_eq(
  $$ select count(*), count(*) filter (where part.status = 'pending'),
       min(part.component) filter (where part.status = 'skipped')
     from public.job_components as part join public.jobs on jobs.id = part.job_id where jobs.finished_at is null $$,
  $$ values (13::bigint, 12::bigint, 'storage') $$,
  'it has all 13 components, the one left out as skipped'
);
select tests.refuses(
  pg_temp.clone(), 'PT409', 'still running', 'a second clone into the same target must wait'
);
select tests.refuses(
  pg_temp.clone(source_ref => repeat('b', 20), target_ref => repeat('e', 20)),
  'PT409', 'is writing', 'a project that a clone is writing is no source yet'
);
select tests.refuses(
  pg_temp.clone(source_ref => repeat('e', 20), target_ref => repeat('a', 20)),
  'PT409', 'is reading', 'a project that a clone is reading is no target yet'
);
select tests.refuses(
  pg_temp.clone(source_ref => repeat('b', 20), target_ref => repeat('a', 20)),
  'PT409', 'is writing', 'nor is a pair cloned in both directions at once'
);

select tests.sign_out();
select is(
  (select count(*) from private.steps join public.jobs on jobs.id = steps.job_id where jobs.finished_at is null),
  1::bigint, 'a first step is queued'
);
update public.projects set is_protected = true where ref = repeat('d', 20);
update public.connected_accounts set status = 'expired' where owner_id = tests.user_id('Ada');

-- What a refusal says for programs.
create function pg_temp.detail_of(command text) returns text
language plpgsql
as $$
declare
  found text;
begin
  execute command;
  return null;
exception when others then
  get stacked diagnostics found = pg_exception_detail;
  return found;
end
$$;

select tests.sign_in('Boris');
select is(
  pg_temp.detail_of(pg_temp.clone('{}', repeat('d', 20), repeat('c', 20), 'Boris', 'Boris')),
  'confirm_target', 'a refusal for want of the typed ref says so to programs'
);
select lives_ok(
  pg_temp.clone('{"confirm_target": "dddddddddddddddddddd"}', repeat('d', 20), repeat('c', 20), 'Boris', 'Boris'),
  'a protected target is taken when its ref is typed'
);
select is(tests.seen('public.jobs'), 1::bigint, 'Boris sees his clone and not Ada''s');

select tests.sign_in('Ada');
select tests.refuses(
  pg_temp.clone(target_ref => repeat('e', 20)), '22023', 'has expired', 'an expired account must be reconnected first'
);
select tests.sign_out();
update public.connected_accounts set status = 'revoked' where owner_id = tests.user_id('Ada');
select tests.sign_in('Ada');
select tests.refuses(
  pg_temp.clone(target_ref => repeat('e', 20)), 'PT404', 'not one of yours', 'a disconnected account is gone'
);
select tests.be('authenticated');
select tests.refuses(pg_temp.clone(), '42501', 'not signed in', 'a token without a user starts nothing');
select tests.be('anon');
select throws_ok(pg_temp.clone(), '42501', null, 'a visitor starts nothing');
select tests.be('service_role');
select throws_ok(pg_temp.clone(), '42501', null, 'nor does the service role: a clone has an owner');

select * from finish();
rollback;
