-- Everything about runs is read by its owner, by nobody else, and written by no user.
begin;
set local search_path = public, extensions;
select no_plan();
select tests.tell_story();

create temporary table readable (relation text primary key);
insert into readable
select c.oid::regclass::text from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v');
grant select on readable to public;

select tests.sign_in('Ada');
select cmp_ok(tests.seen(relation), '>', 0::bigint, 'Ada sees something in ' || relation)
from readable order by relation;

select tests.sign_out();
delete from public.twins where owner_id = tests.user_id('Boris');
delete from public.connected_accounts where owner_id = tests.user_id('Boris');
select tests.sign_in('Boris');
select is(tests.seen(relation), 0::bigint, 'Boris, who has nothing, sees nothing in ' || relation)
from readable order by relation;

select tests.sign_in('Ada');
select throws_ok(format('insert into %s default values', relation), '42501', null, 'Ada cannot write to ' || relation)
from unnest(array['jobs', 'job_components', 'job_items', 'previews', 'planned_work', 'verifications', 'verification_findings',
  'backups', 'schedules', 'schedule_slots', 'twins']) as relation;
select throws_ok(
  format('delete from public.%I', relation), '42501', null, 'Ada cannot delete from ' || relation
)
from unnest(array['jobs', 'job_components', 'job_items', 'previews', 'planned_work', 'verifications', 'verification_findings',
  'backups', 'schedules', 'schedule_slots', 'twins', 'projects']) as relation;
select throws_ok(
  $$ update public.jobs set status = 'completed' $$, '42501', null, 'Ada cannot make a clone a success'
);
select is(
  (select status from public.verifications where id = tests.user_id('verification of Ada')), 'not_run',
  'a verification that nobody began says so'
);
select tests.sign_out();

-- Nonsense is refused whoever writes it.
select throws_ok(statement, '23514', null, description)
from (values
  ('update public.jobs set status = ''done''', 'a job has a known status'),
  ('update public.jobs set finished_at = null', 'a job that is over has an end'),
  ('update public.jobs set status = ''in_progress''', 'and one that goes on has none'),
  ('update public.jobs set kind = ''copy''', 'a job clones or restores'),
  ('update public.jobs set trigger = ''webhook''', 'it was started by hand or by a schedule'),
  ('update public.jobs set options = ''3''', 'its options are an object'),
  ('update public.job_components set position = 14', 'there are 13 components'),
  ('update public.job_components set items_done = -1', 'progress is not negative'),
  ('update public.job_components set status = ''unknown''', 'a component has a known status'),
  ('update public.job_items set outcome = ''lost''', 'nothing is lost silently: an outcome is one of five'),
  ('update public.previews set status = ''running''', 'a preview has a known status'),
  ('update public.verifications set mode = ''full''', 'a verification has a known mode'),
  ('update public.verifications set status = ''ok''', 'and a known status'),
  ('update public.verification_findings set severity = ''minor''', 'a finding is a warning or a failure'),
  ('update public.backups set bytes = -1', 'a backup has a size'),
  ('update public.backups set status = ''lost''', 'and a known status')
) as nonsense (statement, description);
select throws_ok(
  $$ insert into public.jobs (owner_id, twin_id, target_ref, options)
     select tests.user_id('Ada'), tests.user_id('twin of Ada'), repeat('b', 20), '{}' from generate_series(1, 2) $$,
  '23505', null, 'two clones never run into one target'
);
select throws_ok(
  $$ insert into private.steps (job_id, kind) values (null, 'prepare') $$, '23502', null, 'a step belongs to a run'
);
select throws_ok(
  $$ insert into private.steps (job_id, kind, status) values (tests.user_id('job of Ada'), 'stage', 'running') $$,
  '23514', null, 'a step runs under a lease only'
);

-- The end of a user is the end of all this.
delete from auth.users where id = tests.user_id('Ada');
select is_empty('select 1 from ' || relation, 'nothing of Ada is left in ' || relation) from readable order by relation;

select * from finish();
rollback;
