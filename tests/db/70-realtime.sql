-- Who may listen to `job:<id>` and `user:<id>`, and what is sent there.
begin;
set local search_path = public, extensions;
select no_plan();
select tests.tell_story();

-- What the Realtime service asks the database when a client joins.
create function pg_temp.may_listen(name text, topic text, extension text default 'broadcast') returns boolean
language plpgsql
as $$
declare
  probe uuid := gen_random_uuid();
  seen boolean;
begin
  perform tests.sign_out();
  insert into realtime.messages (id, topic, extension, private, payload) values (probe, topic, extension, true, '{}');
  perform set_config('realtime.topic', topic, true);
  if name = 'anon' then
    perform tests.be('anon');
  else
    perform tests.sign_in(name);
  end if;
  seen := exists (select 1 from realtime.messages where id = probe);
  perform tests.sign_out();
  return seen;
end
$$;

select ok(pg_temp.may_listen('Ada', 'job:' || tests.user_id('job of Ada')), 'Ada listens to her clone');
select ok(not pg_temp.may_listen('Boris', 'job:' || tests.user_id('job of Ada')), 'Boris does not');
select ok(not pg_temp.may_listen('anon', 'job:' || tests.user_id('job of Ada')), 'a visitor does not');
select ok(not pg_temp.may_listen('Ada', topic), format('Ada cannot listen to "%s"', topic))
from unnest(array['job:', 'job:%', 'job:' || gen_random_uuid(), 'jobs', '', 'job:not a uuid',
  'JOB:' || tests.user_id('job of Ada')]) as topic;
select ok(
  not pg_temp.may_listen('Ada', 'job:' || tests.user_id('job of Ada'), 'presence'), 'nobody is seen watching'
);

select ok(pg_temp.may_listen('Ada', 'user:' || tests.user_id('Ada')), 'Ada listens to her notifications');
select ok(not pg_temp.may_listen('Boris', 'user:' || tests.user_id('Ada')), 'Boris does not');
select ok(not pg_temp.may_listen('anon', 'user:' || tests.user_id('Ada')), 'a visitor does not');
select ok(not pg_temp.may_listen('anon', 'user:'), 'nor to those of nobody');

select tests.sign_in('Ada');
select set_config('realtime.topic', 'job:' || tests.user_id('job of Ada'), true) is not null as topic \gset
select throws_ok(
  $$ insert into realtime.messages (topic, extension, private, payload, event)
     values (realtime.topic(), 'broadcast', true, '{"job": "faked"}', 'changed') $$,
  '42501', null, 'Ada cannot speak in the engine''s name'
);
select tests.sign_out();

delete from realtime.messages;
delete from private.broadcasts;
update public.job_components set items_done = 7 where job_id = tests.user_id('job of Ada');
select results_eq(
  'select topic, event, private, payload ->> ''table'', (payload #>> ''{record,items_done}'')::int
   from realtime.messages',
  $$ values ('job:' || tests.user_id('job of Ada'), 'changed', true, 'job_components', 7) $$,
  'a change is sent to the topic of its job, privately, with the row'
);
update public.job_components set items_done = items_done + 1 where job_id = tests.user_id('job of Ada');
update public.job_components set items_done = items_done + 1 where job_id = tests.user_id('job of Ada');
select is((select count(*) from realtime.messages), 1::bigint, 'more within half a second waits');
select is(private.flush_broadcasts(), 0, 'is not sent before its time');
update private.broadcasts set sent_at = sent_at - interval '1 second';
select is(private.flush_broadcasts(), 1, 'and is sent then');
select results_eq(
  $$ select (payload #>> '{components,0,items_done}')::int from realtime.messages
     order by inserted_at desc, payload ->> 'table' desc limit 1 $$,
  array[9], 'with the latest state'
);
select is_empty(
  $$ select 1 from realtime.messages
     where payload::text ~* '(ciphertext|credential|sbp_|sb_secret|lease|cursor)' $$,
  'and nothing secret'
);
update public.job_components set status = status where job_id = tests.user_id('job of Ada');
select is((select count(*) from realtime.messages), 2::bigint, 'no change, no message');

select * from finish();
rollback;
