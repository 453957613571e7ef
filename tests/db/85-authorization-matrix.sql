-- Who may do what: everything that the API offers × a visitor, the owner of what is asked for, another user, the service
-- role. The edge functions are in tests/stack/authorization.test.ts; schema private is closed to all four by a rule of
-- its own (80-engine-is-private.sql). What is new fails here until it has its line.
begin;
set local search_path = public, extensions;
-- Starting a run without a worker's address in Vault warns; here that is as it should be.
set local client_min_messages = error;
select no_plan();
select tests.tell_story();
-- The other user has as much as the owner: a policy that forgets whose row it is shows only to somebody who has some.
select tests.tell_runs('Boris', repeat('d', 20));

-- A clone of Ada's that is still running, between two other projects.
insert into public.twins (id, owner_id, source_account_id, source_ref, target_account_id, target_ref)
values (tests.user_id('busy twin of Ada'), tests.user_id('Ada'), tests.user_id('account of Ada'), repeat('e', 20),
  tests.user_id('account of Ada'), repeat('f', 20));
insert into public.jobs (id, owner_id, twin_id, target_ref, options)
values (tests.user_id('running job of Ada'), tests.user_id('Ada'), tests.user_id('busy twin of Ada'), repeat('f', 20), '{}');

insert into public.backup_destinations (id, owner_id, name, region, bucket, key_hint)
values (tests.user_id('empty destination of Ada'), tests.user_id('Ada'), 'Empty', 'eu-central-1', 'empty', 'ABCD');

-- Somebody joins the channel of Ada's clone: Realtime sets the topic and reads a message of it in that user's name.
select set_config('realtime.topic', 'job:' || tests.user_id('job of Ada'), true) is not null as topic \gset
insert into realtime.messages (topic, extension, private, payload)
values (realtime.topic(), 'broadcast', true, '{"table": "jobs"}');

create temporary table matrix (
  name text primary key,
  statement text not null,
  visitor text not null,
  owner text not null,
  another text not null,
  service text not null
);

insert into matrix
select 'select ' || relation,
  format('select from public.%I as listed where listed::text ~ %L', relation, (
    select string_agg(tests.user_id(thing || ' of Ada')::text, '|')
    from unnest(array[
      'account', 'twin', 'schedule', 'job', 'preview', 'verification', 'backup', 'destination', 'channel', 'notification', 'delivery'
    ]) as thing
  )),
  'refused', 'works', 'finds nothing', 'refused'
from unnest(array[
  'backup_destinations', 'backups', 'clone_history', 'component_durations', 'connected_accounts', 'delivery_log', 'ignore_rules',
  'job_components', 'job_items', 'job_log', 'job_slices', 'jobs', 'notification_channels', 'notification_deliveries',
  'notifications', 'planned_work', 'preview_risks', 'previews', 'projects', 'schedule_health', 'schedule_slots', 'schedules', 'ticks', 'twin_overview',
  'twin_tables', 'twin_to_do', 'twins', 'verification_counts', 'verification_findings', 'verifications'
]) as relation;

insert into matrix values
  ('select job_slices_id_seq', 'select from public.job_slices_id_seq', 'refused', 'refused', 'refused', 'refused'),
  ('select planned_work_number_seq', 'select from public.planned_work_number_seq', 'refused', 'refused', 'refused', 'refused'),
  ('insert ignore_rules.twin_id, ignore_rules.pattern',
    $$ insert into public.ignore_rules (twin_id, pattern) values (tests.user_id('twin of Ada'), 'public.new') $$,
    'refused', 'works', 'refused', 'refused'),
  ('delete ignore_rules',
    $$ delete from public.ignore_rules where twin_id = tests.user_id('twin of Ada') $$,
    'refused', 'works', 'finds nothing', 'refused'),
  ('update projects.is_protected',
    $$ update public.projects set is_protected = true where account_id = tests.user_id('account of Ada') $$,
    'refused', 'works', 'finds nothing', 'refused'),
  ('insert ticks.twin_id, ticks.component, ticks.object',
    $$ insert into public.ticks (twin_id, component, object) values (tests.user_id('twin of Ada'), 'tables', 'new') $$,
    'refused', 'works', 'refused', 'refused'),
  ('delete ticks',
    $$ delete from public.ticks where twin_id = tests.user_id('twin of Ada') $$,
    'refused', 'works', 'finds nothing', 'refused'),
  ('listen job:<id>',
    $$ select from realtime.messages where topic = 'job:' || tests.user_id('job of Ada') $$,
    'finds nothing', 'works', 'finds nothing', 'works'),
  ('speak job:<id>',
    $$ insert into realtime.messages (topic, extension, private, payload, event)
       values ('job:' || tests.user_id('job of Ada'), 'broadcast', true, '{}', 'changed') $$,
    'refused', 'refused', 'refused', 'works'),
  ('call change_channel',
    tests.call('change_channel', tests.user_id('channel of Ada')::text, 'Hers', '{run_failed}', 'true'),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call delete_channel',
    tests.call('delete_channel', tests.user_id('channel of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call test_channel',
    tests.call('test_channel', tests.user_id('channel of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call replay_delivery',
    tests.call('replay_delivery', tests.user_id('delivery of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call cancel_job',
    tests.call('cancel_job', tests.user_id('running job of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call delete_schedule',
    tests.call('delete_schedule', tests.user_id('schedule of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused'),
  -- A calculation: it reads nobody's rows.
  ('call next_runs',
    tests.call('next_runs', '6'),
    'refused', 'works', 'works', 'refused'),
  ('call run_again',
    tests.call('run_again', tests.user_id('job of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call arm',
    tests.call('arm', tests.user_id('twin of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call open_twin',
    tests.call('open_twin', tests.user_id('account of Ada')::text, repeat('a', 20),
      tests.user_id('account of Ada')::text, repeat('b', 20)),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call run_schedule',
    tests.call('run_schedule', tests.user_id('schedule of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call save_schedule',
    tests.call('save_schedule', tests.user_id('twin of Ada')::text, 'Hers', '6'),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call start_clone',
    tests.call('start_clone', tests.user_id('account of Ada')::text, repeat('a', 20),
      tests.user_id('account of Ada')::text, repeat('b', 20), '{}', 'true'),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call start_preview',
    tests.call('start_preview', tests.user_id('account of Ada')::text, repeat('a', 20),
      tests.user_id('account of Ada')::text, repeat('b', 20)),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call start_restore',
    tests.call('start_restore', tests.user_id('backup of Ada')::text, tests.user_id('account of Ada')::text,
      repeat('b', 20)),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call start_backup',
    tests.call('start_backup', tests.user_id('account of Ada')::text, repeat('a', 20)),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call prove_backup',
    tests.call('prove_backup', tests.user_id('backup of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call delete_backup',
    tests.call('delete_backup', tests.user_id('backup of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call delete_destination',
    tests.call('delete_destination', tests.user_id('empty destination of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call save_retention',
    tests.call('save_retention', tests.user_id('twin of Ada')::text, '3', '30'),
    'refused', 'works', 'is told there is none', 'refused'),
  ('call start_verification',
    tests.call('start_verification', tests.user_id('job of Ada')::text),
    'refused', 'works', 'is told there is none', 'refused');

-- What a statement comes to for one of the four. All it did is undone.
create function pg_temp.outcome(who text, statement text) returns text
language plpgsql
as $$
declare
  touched bigint;
begin
  case who
    when 'visitor' then perform tests.be('anon');
    when 'owner' then perform tests.sign_in('Ada');
    when 'another' then perform tests.sign_in('Boris');
    when 'service' then perform tests.be('service_role');
  end case;
  execute statement;
  get diagnostics touched = row_count;
  raise exception using
    errcode = 'UNDO1', message = case when touched > 0 then 'works' else 'finds nothing' end;
exception
  when sqlstate 'UNDO1' then return sqlerrm;
  when insufficient_privilege then return 'refused';
  when feature_not_supported then return 'is not built';
  when sqlstate 'PT404' then return 'is told there is none';
  when others then return sqlstate || ': ' || sqlerrm;
end
$$;

select is(
  pg_temp.outcome(who, statement), expected, format('%s: %s %s', name, who, expected)
)
from matrix
cross join lateral (values
  ('visitor', visitor), ('owner', owner), ('another', another), ('service', service)
) as cell (who, expected)
order by name, who;

-- Nothing is missing from the matrix.
select bag_eq(
  $$ select substr(name, length('select ') + 1) from matrix where name like 'select %' $$,
  $$ select relname::text from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f', 'S') $$,
  'every table and view has its line'
);
select bag_eq(
  $$ select substr(name, length('call ') + 1) from matrix where name like 'call %' $$,
  $$ select proname::text from pg_proc as function
     where pronamespace = 'public'::regnamespace
       and not exists (select from pg_depend where objid = function.oid and deptype = 'e') $$,
  'every function has its line'
);
select bag_eq(
  $$ select verb || ' ' || place from matrix
     cross join split_part(name, ' ', 1) as verb
     cross join unnest(string_to_array(substr(name, length(verb) + 2), ', ')) as place
     where verb in ('insert', 'update', 'delete') $$,
  $$ select lower(privilege_type) || ' ' || place
     from (
       select relname::text, relacl from pg_class where relnamespace = 'public'::regnamespace
       union all
       select relname || '.' || attname, attacl from pg_class join pg_attribute on attrelid = pg_class.oid
       where relnamespace = 'public'::regnamespace
     ) as grantable (place, acl)
     cross join lateral aclexplode(acl) as granted
     where privilege_type <> 'SELECT'
       and grantee in (0, 'anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole) $$,
  'every right to write has its line'
);
select bag_eq(
  'select policyname::text from pg_policies where schemaname = ''realtime''',
  array['Owners listen to their jobs', 'Users listen to their notifications'],
  'every channel has its line'
);

select * from finish();
rollback;
