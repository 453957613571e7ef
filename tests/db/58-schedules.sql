-- Schedules: what users may save, when they are due, and what becomes of their slots.
begin;
set local search_path = public, extensions;
-- Starting a run without a worker's address in Vault warns; here that is as it should be.
set local client_min_messages = error;
select no_plan();
select tests.tell_story();
delete from public.schedules;

-- A call as the web app makes it.
create function pg_temp.save(
  name text default 'Nightly', every_hours int default null, cron text default null, timezone text default 'UTC',
  options jsonb default '{}', is_active boolean default true, schedule_id uuid default null, twin text default 'Ada'
) returns text
language sql
return format('select * from public.save_schedule(%L, %L, %L, %L, %L, %L, %L, %L)',
  tests.user_id('twin of ' || twin), name, every_hours, cron, timezone, options, is_active, schedule_id);

select tests.sign_in('Ada');
select tests.refuses(pg_temp.save(every_hours => hours, cron => cron, timezone => zone), '22023', words, words)
from (values
  (null, null, 'UTC', 'one rhythm'),
  (6, '0 * * * *', 'UTC', 'one rhythm'),
  (5, null, 'UTC', 'every 5 hours'),
  (null, '0 3 * *', 'UTC', 'five fields'),
  (null, '* * * * * *', 'UTC', 'five fields'),
  (null, '', 'UTC', 'five fields'),
  (null, '61 * * * *', 'UTC', 'minute of the cron expression is out of range'),
  (null, '0 24 * * *', 'UTC', 'hour of the cron expression is out of range'),
  (null, '0 5-3 * * *', 'UTC', 'hour of the cron expression is out of range'),
  (null, '0 0 0 * *', 'UTC', 'day of the cron expression is out of range'),
  (null, '0 0 * 13 *', 'UTC', 'month of the cron expression is out of range'),
  (null, '0 0 * * 8', 'UTC', 'weekday of the cron expression is out of range'),
  (null, '*/0 * * * *', 'UTC', 'minute of the cron expression is out of range'),
  (null, '0 0 * foo *', 'UTC', 'month of the cron expression is not understood'),
  (null, '0 0 L * *', 'UTC', 'day of the cron expression is not understood'),
  (null, '* * * * *', 'UTC', 'more often than every 15 minutes'),
  (null, '0,14 3 * * *', 'UTC', 'more often than every 15 minutes'),
  (null, '50 23 * * *', 'Mars/Olympus', 'no time zone'),
  (null, '5,55 * * * *', 'UTC', 'more often than every 15 minutes'),
  (null, '0 0 30 2 *', 'UTC', 'never comes'),
  (null, repeat('0,', 60) || '0 * * * *', 'UTC', 'at most 100 characters')
) as wrong (hours, cron, zone, words);
select tests.refuses(pg_temp.save(' ', 6), '22023', 'name of a schedule', 'a schedule has a name');
select tests.refuses(pg_temp.save(every_hours => 6, options => '{"x": 1}'), '22023', 'Unknown options', 'options are checked');
select tests.refuses(
  pg_temp.save(every_hours => 6, twin => 'Boris'), 'PT404', 'no such twin', 'another''s twin is not scheduled'
);
select is(tests.seen('public.schedules'), 0::bigint, 'nothing that was refused left a schedule');
select lives_ok(pg_temp.save(every_hours => hours, cron => cron), coalesce(cron, hours::text))
from (values
  (2, null), (null, '0,15,30,45 * * * *'), (null, '59 23 31 12 *'), (null, '@daily'), (null, '0 3 * jan-mar Mon-fri'),
  (null, '0 0 29 2 *'), (null, '10-50/20 */4 * * *')
) as good (hours, cron);
select tests.sign_out();
delete from public.schedules;

select tests.sign_in('Ada');
select tests.refuses(
  pg_temp.save(every_hours => 6, options => '{"remove_extra": true}'), '22023', 'would remove',
  'whoever removes extras again and again types the target'
);
select tests.sign_out();

-- Confirmation: once, and again where more is destroyed.
update public.projects set is_protected = true where ref = repeat('b', 20);
select tests.sign_in('Ada');
select tests.refuses(pg_temp.save(every_hours => 6), '22023', 'protected', 'a protected target must be typed');
create temp table saved on commit drop as
select * from public.save_schedule(
  tests.user_id('twin of Ada'), 'Kept', 6, null, 'UTC', jsonb_build_object('confirm_target', repeat('b', 20))
);
select is(
  (select is_confirmed and not options ? 'confirm_target' from saved), true, 'what was typed is remembered, not kept'
);
select lives_ok(
  pg_temp.save('Renamed', 6, schedule_id => id), 'and is not asked again when the name changes'
) from saved;
select tests.refuses(
  pg_temp.save('Renamed', 6, schedule_id => id, options => '{"remove_extra": true}'), '22023', 'is protected',
  'but when extras shall be removed'
) from saved;
select lives_ok(
  pg_temp.save('Renamed', 6, schedule_id => id,
    options => jsonb_build_object('remove_extra', true, 'confirm_target', repeat('b', 20))),
  'which is typed once as well'
) from saved;
select tests.sign_in('Boris');
select tests.refuses(
  pg_temp.save('Mine', 6, schedule_id => id, twin => 'Boris'), 'PT404', 'no such schedule', 'Boris does not change it'
) from saved;
select tests.refuses(tests.call('delete_schedule', id::text), 'PT404', 'no such schedule', 'nor delete it') from saved;
select tests.refuses(tests.call('run_schedule', id::text), 'PT404', 'no such schedule', 'nor run it') from saved;
select tests.sign_in('Ada');
select is((public.run_schedule(id)).trigger, 'manual', 'Ada runs it now') from saved;
select tests.refuses(tests.call('run_schedule', id::text), 'PT409', 'still running', 'but not twice at once') from saved;
select lives_ok(tests.call('delete_schedule', id::text), 'and deletes it') from saved;
select is(tests.seen('public.jobs'), 2::bigint, 'its clone stays in the history');
select tests.be('anon');
select throws_ok(
  $$ select public.next_runs(6) $$, '42501', null, 'a visitor may not even ask when something would run'
);
select tests.sign_out();
update public.projects set is_protected = false;
delete from public.jobs where status = 'pending';

-- A year of slots. The clocks of Berlin change on 29 March and 25 October 2026.
create function pg_temp.end_jobs(how text default 'completed') returns void language sql as $$
  delete from private.steps where job_id is not null;
  update public.jobs set status = how, started_at = now(), finished_at = now() where finished_at is null;
$$;
create function pg_temp.live_through(until timestamptz) returns void language plpgsql as $$
declare
  due timestamptz;
begin
  loop
    select next_run_at into due from public.schedules where is_active;
    exit when due is null or due > until;
    -- Cron looks once a minute.
    perform private.start_due_schedules(due + interval '20 seconds');
    perform pg_temp.end_jobs();
  end loop;
end
$$;
insert into public.schedules (id, twin_id, name, cron, timezone, next_run_at)
values (tests.user_id('year'), tests.user_id('twin of Ada'), 'Year', '30 2 * * *', 'Europe/Berlin', '2026-01-01 02:30+01');
select pg_temp.live_through('2026-12-31 23:59+01');
select is(count(distinct (slot_at at time zone 'Europe/Berlin')::date), 365::bigint, 'one slot a day for a year')
from public.schedule_slots where schedule_id = tests.user_id('year') and outcome = 'started';
select is(
  array_agg(distinct to_char(slot_at at time zone 'Europe/Berlin', 'HH24:MI')), array['02:30', '03:30'],
  'at the same time of the clock in summer and winter, but for the day without it'
) from public.schedule_slots where schedule_id = tests.user_id('year');
select is(count(*), 365::bigint, 'each one an ordinary clone of that schedule') from public.jobs
where trigger = 'schedule' and schedule_id = tests.user_id('year');
select is(
  (select jsonb_array_length(recent_runs) from public.schedule_health where schedule_id = tests.user_id('year')), 10,
  'of which the last ten are shown'
);

-- Both changes of the clocks, at times that do not exist or come twice.
select is(
  array(select slot at time zone 'UTC' from (
    select private.next_slot(private.parse_cron('30 2 * * *'), 'Europe/Berlin', day) as slot
    from unnest(array['2026-03-28 12:00+01', '2026-03-29 12:00+02', '2026-10-24 12:00+02', '2026-10-25 12:00+01']
      ::timestamptz[]) as day
  ) as slots),
  array['2026-03-29 01:30', '2026-03-30 00:30', '2026-10-25 01:30', '2026-10-26 01:30']::timestamp[],
  '02:30 is 03:30 on the day without it, and comes once on the day that has it twice'
);
select is(
  private.next_slot(private.parse_cron('15 0 * * *'), 'America/Havana', '2026-11-01 00:20-04'),
  '2026-11-01 00:15-05'::timestamptz, 'clocks that go back over midnight do not lose its slot'
);

-- What can be in the way.
create function pg_temp.slot(schedule text default 'way') returns text language plpgsql as $$
declare
  due timestamptz := (select next_run_at from public.schedules where id = tests.user_id(schedule));
begin
  perform private.start_due_schedules(due);
  return (
    select slot.outcome || coalesce(': ' || slot.reason, '') from public.schedule_slots as slot
    where slot.schedule_id = tests.user_id(schedule) and slot.slot_at = due
  );
end
$$;
delete from public.schedules;
insert into public.schedules (id, twin_id, name, every_hours, next_run_at)
values (tests.user_id('way'), tests.user_id('twin of Ada'), 'In the way', 2, '2026-06-01 00:00Z');
select is(pg_temp.slot(), 'started', 'a slot starts a clone');
select is(pg_temp.slot(), 'skipped: The previous run was still going.', 'the next one is skipped while it runs');
select pg_temp.end_jobs('failed');
select is(pg_temp.slot(), 'started', 'a failed run leaves the schedule active');
select pg_temp.end_jobs();
insert into public.jobs (owner_id, twin_id, target_ref, options)
values (tests.user_id('Ada'), tests.user_id('twin of Ada'), repeat('b', 20), '{}');
select is(
  pg_temp.slot(), format('skipped: Another clone into "%s" is still running.', repeat('b', 20)),
  'a target that is busy is not waited for'
);
select pg_temp.end_jobs();
update public.schedules set next_run_at = '2026-06-02 00:00Z';
select private.start_due_schedules('2026-06-05 13:30Z');
select is(
  (select count(*) from public.schedule_slots where slot_at >= '2026-06-02'), 1::bigint,
  'slots that passed while nobody looked are one clone'
);
select is(
  (select next_run_at from public.schedules), '2026-06-05 14:00Z'::timestamptz, 'and the next one is in the future'
);
select pg_temp.end_jobs();
select is(private.start_due_schedules('2026-06-05 13:59Z'), 0, 'nothing starts before it is due');

create function pg_temp.pauses(change text, words text, description text) returns setof text language plpgsql as $$
begin
  execute change;
  return next alike(pg_temp.slot(), 'paused: %' || words || '%', description || ' pauses it');
  return next is(
    (select not is_active and next_run_at is null and paused_reason like '%' || words || '%' from public.schedules), true,
    'and says why'
  );
  return next is(private.start_due_schedules('2030-01-01'), 0, 'a paused schedule is never due');
  update public.connected_accounts set status = 'connected';
  update public.projects set is_protected = false, gone_at = null;
  update public.schedules set is_active = true, paused_reason = null, next_run_at = '2026-07-01 00:00Z';
  delete from public.schedule_slots;
end
$$;
select pg_temp.pauses(change, words, description)
from (values
  ($$ update public.connected_accounts set status = 'expired' $$, 'Reconnect it', 'an expired account'),
  ($$ update public.connected_accounts set status = 'revoked' $$, 'was disconnected', 'a disconnected account'),
  ($$ update public.projects set gone_at = now() where ref = repeat('a', 20) $$, 'does not list', 'a deleted project'),
  ($$ update public.projects set is_protected = true where ref = repeat('b', 20) $$, 'is protected now', 'a target that became protected')
) as change (change, words, description);
update public.projects set is_protected = true where ref = repeat('b', 20);
update public.schedules set is_confirmed = true;
select is(pg_temp.slot(), 'started', 'a protected target that was typed is cloned into');
select is(
  (select options ->> 'confirm_target' from public.jobs where finished_at is null), repeat('b', 20),
  'as if it were typed again'
);
select pg_temp.end_jobs();
select is(
  (select jsonb_array_length(private.disconnect_account(tests.user_id('Ada'), tests.user_id('account of Ada')) -> 'stopped_schedules')),
  1, 'disconnecting names the schedules that stop'
);
select alike((select paused_reason from public.schedules), '%disconnected%', 'and they say why');
-- The guard of runs without anyone there.
update public.connected_accounts set status = 'connected' where id = tests.user_id('account of Ada');
insert into public.projects (account_id, ref, name) values
  (tests.user_id('account of Ada'), repeat('a', 20), 'Source'), (tests.user_id('account of Ada'), repeat('b', 20), 'Target')
on conflict do nothing;
update public.projects set gone_at = null, is_protected = false;
delete from public.schedules;
delete from public.jobs;
update public.twins set options = '{"row_limit": 7}' where id = tests.user_id('twin of Ada');
select tests.sign_in('Ada');
select tests.refuses(
  format('select public.save_schedule(%L, %L, 6, loss_limit => %s)', tests.user_id('twin of Ada'), 'Guarded', wrong),
  '22023', '1 to 100 percent', wrong || ' percent is no limit'
) from unnest(array[0, 101, -1]) as wrong;
create temp table guarded on commit drop as
select * from public.save_schedule(tests.user_id('twin of Ada'), 'Guarded', 6);
select is(loss_limit, 50, 'half of a table is the limit where nothing is said') from guarded;
select is((public.save_schedule(twin_id, 'Guarded', 6, loss_limit => 30, schedule_id => id)).loss_limit, 30, 'or what is said')
from guarded;
select is((public.save_schedule(twin_id, 'Guarded', 6, schedule_id => id)).loss_limit, 30, 'which stays') from guarded;
select tests.sign_out();
-- What a worker does of a job: prepares it, and looks.
create function pg_temp.guard_says(outcome jsonb) returns void language plpgsql as $$
declare
  claim jsonb;
begin
  claim := private.claim_step();
  perform private.finish_slice((claim #>> '{step,id}')::bigint, (claim #>> '{step,lease}')::uuid, '{"outcome": "done", "steps": [
    {"kind": "guard", "rank": 0, "component": "data"}, {"kind": "stage", "rank": 1, "component": "data", "stage": "rows"},
    {"kind": "stage", "rank": 1, "component": "tables", "stage": "structure"}, {"kind": "cleanup", "rank": 2, "component": "data"}
  ]}');
  claim := private.claim_step();
  if claim #>> '{step,kind}' <> 'guard' then
    raise exception 'something else came before the guard: %', claim -> 'step';
  end if;
  perform private.finish_slice((claim #>> '{step,id}')::bigint, (claim #>> '{step,lease}')::uuid, outcome);
end
$$;
delete from private.steps;
update public.schedules set next_run_at = now() - interval '1 minute';
select private.start_due_schedules();
select is((private.run_facts(step) ->> 'loss_limit')::int, 30, 'a run that starts by itself has the limit of its schedule')
from private.steps as step;
select pg_temp.guard_says('{"outcome": "failed", "error":
  {"code": "limit_exceeded", "message": "About 80 % of the rows of public.orders would be removed", "fix": "Look"}}');
select is(status || ' ' || (error ->> 'code'), 'failed limit_exceeded', 'one that would lose too much ends') from public.jobs;
select is_empty($$ select from private.steps where status = 'queued' $$, 'before anything else of it is begun');
select is(private.failures_of(id), 1::bigint, 'with one reason') from public.jobs;
select is(outcome || ': ' || reason, 'stopped: About 80 % of the rows of public.orders would be removed', 'its slot says so')
from public.schedule_slots;
select is(
  row(is_asking, is_active, next_run_at, paused_reason)::text,
  '(t,f,,"About 80 % of the rows of public.orders would be removed.")', 'and its schedule asks'
) from public.schedules;
select isnt_empty($$ select from public.notifications where event = 'schedule_paused' and detail like 'About 80 \%%' $$, 'its owner is notified');
select is(options, '{"row_limit": 7}', 'the options that the twin remembers are not the schedule''s')
from public.twins where id = tests.user_id('twin of Ada');
select tests.sign_in('Ada');
select is((public.run_schedule(id)).loss_limit, 100, 'whoever runs it all the same takes what it takes') from guarded;
select is(
  row(is_asking, is_active, paused_reason, next_run_at > now())::text, '(f,t,,t)', 'and it goes on by itself'
) from public.schedules;
select tests.sign_out();
select pg_temp.guard_says('{"outcome": "done"}');
select isnt_empty($$ select from private.steps where status = 'queued' and kind = 'stage' $$, 'a guard that lets pass holds nothing up');
select pg_temp.end_jobs();
delete from private.steps;
update public.schedules set next_run_at = now() - interval '30 seconds';
select private.start_due_schedules();
select pg_temp.guard_says('{"outcome": "failed", "error": {"code": "database_refused", "message": "no", "fix": "Look"}}');
select is(is_active and not is_asking, true, 'a guard that cannot look fails the run, as anything else does') from public.schedules;
-- What nobody agreed to stops it as well, by name; a run by hand too: nobody saw a preview of it.
select pg_temp.end_jobs();
delete from private.steps;
update public.jobs set schedule_id = null, agreed = '{policies readers on public.a}', created_at = now() + interval '1 minute'
where id = (select id from public.jobs limit 1);
select tests.sign_in('Ada');
select is(
  (public.save_schedule(tests.user_id('twin of Ada'), 'Knows', 6)).agreed, '{policies readers on public.a}',
  'a new schedule may do what was agreed to by hand for its pair'
);
select is(agreed, '{}', 'but no other') from public.schedules where id in (select id from guarded);
select public.run_schedule(id) from guarded;
select tests.sign_out();
select is(private.run_facts(step) -> 'agreed', '[]', 'a run of a schedule may do what its schedule may') from private.steps as step;
select pg_temp.guard_says('{"outcome": "failed", "error":
  {"code": "limit_exceeded", "message": "Nobody has agreed", "fix": "Look", "risks": ["rls_off public.a", "grants anon on b"]}}');
select is(
  row(is_asking, is_active, asked)::text, '(t,f,"{""grants anon on b"",""rls_off public.a""}")', 'it asks about each by name'
) from public.schedules where id in (select id from guarded);
select tests.sign_in('Ada');
select is(asked, '{"grants anon on b","rls_off public.a"}', 'its owner sees them')
from public.schedule_health where schedule_id in (select id from guarded);
select set_eq(
  'select unnest((public.run_schedule(id)).agreed) from guarded', '{grants anon on b,rls_off public.a}'::text[],
  'whoever runs it anyway agrees to these'
);
select is(row(is_asking, is_active, asked)::text, '(f,t,{})', 'and it goes on') from public.schedules where id in (select id from guarded);
select public.save_schedule(twin_id, 'Guarded', 6, options => jsonb_build_object('remove_extra', true, 'confirm_target', repeat('b', 20)),
  schedule_id => id) from guarded;
select tests.sign_out();
select pg_temp.end_jobs();
delete from private.steps;
select tests.sign_in('Ada');
select set_eq(
  'select unnest((public.run_schedule(id)).agreed) from guarded',
  '{grants anon on b,rls_off public.a,removed *,dropped *}'::text[],
  'removing extras was confirmed when it was saved, and what was agreed to stays'
);
select tests.sign_out();
select * from finish();
rollback;
