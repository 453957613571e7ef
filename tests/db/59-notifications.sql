-- What users are notified of: the outbox is written with the event, channels get what they asked for, deliveries are tried
-- for a day.
begin;
set local search_path = public, extensions;
-- Waking nobody for want of an address in Vault warns; here that is as it should be.
set local client_min_messages = error;
select no_plan();
select tests.tell_story();
delete from public.jobs;
delete from public.notification_channels;
delete from public.notifications;

create function pg_temp.add_channel(
  name text, kind text default 'webhook', twin text default null, owner text default 'Ada',
  events text[] default '{run_failed,run_recovered,verification_failed,schedule_paused,account_expires}'
) returns jsonb
language sql
begin atomic
  select private.add_channel(
    row(tests.user_id('channel ' || name), tests.user_id(owner), tests.user_id('twin of ' || twin), kind, name, 'example.com',
      events, true, null, now())::public.notification_channels,
    'k', encode('\x000102030405060708090a0b', 'base64'), encode('\xff', 'base64')
  );
end;
-- A job of Ada's twin that ends so, at that minute.
create function pg_temp.ends(name text, minute int, how text, error jsonb default null) returns void language sql as $$
  insert into public.jobs (id, owner_id, twin_id, target_ref, options)
  values (tests.user_id(name), tests.user_id('Ada'), tests.user_id('twin of Ada'), repeat('b', 20), '{}');
  update public.jobs set status = 'in_progress', started_at = now() where id = tests.user_id(name);
  update public.jobs
  set status = how, finished_at = '2026-01-01 12:00Z'::timestamptz + make_interval(mins => minute), error = ends.error
  where id = tests.user_id(name);
$$;
create function pg_temp.noted() returns text language sql as $$
  select string_agg(title, e'\n' order by title) from public.notifications;
$$;

-- Events.
select pg_temp.ends('first', 1, 'completed');
select pg_temp.ends('second', 2, 'completed');
select is(pg_temp.noted(), null, 'clones that succeed as ever are not worth a word');
select pg_temp.ends('third', 3, 'failed', '{"message": "duplicate key (email)=(ada@secret.example)", "code": "conflict"}');
select is(pg_temp.noted(), 'Clone failed: Source → Target', 'one that failed is');
select is_empty(
  $$ select from public.notifications as noted where noted::text like '%secret.example%' $$, 'without the text of its error'
);
select is(path, '/clones/' || tests.user_id('third'), 'with a link to it') from public.notifications;
update public.jobs set report = '{}' where id = tests.user_id('third');
select is(count(*), 1::bigint, 'and once') from public.notifications;
delete from public.notifications;
select pg_temp.ends('fourth', 4, 'canceled');
select is(pg_temp.noted(), null, 'one that was canceled is not');
select pg_temp.ends('fifth', 5, 'completed', '{"code": "conflict", "message": "Not everything was copied"}');
select is(pg_temp.noted(), 'Clone ended with failures: Source → Target', 'failures of parts are told');
delete from public.notifications;
select pg_temp.ends('sixth', 6, 'completed');
select is(pg_temp.noted(), 'Clone succeeded again: Source → Target', 'the first success after failures is');
delete from public.notifications;
select pg_temp.ends('seventh', 7, 'completed');
select is(pg_temp.noted(), null, 'the second is not');

insert into public.verifications (id, job_id, twin_id, mode, status)
values (tests.user_id('compared'), tests.user_id('first'), tests.user_id('twin of Ada'), 'counts', 'running');
update public.verifications set status = 'passed' where id = tests.user_id('compared');
select is(pg_temp.noted(), null, 'verifications that pass are silent');
update public.verifications set status = 'failed' where id = tests.user_id('compared');
select is(pg_temp.noted(), 'Verification failed: Source → Target', 'those that fail are not');
delete from public.notifications;

update public.schedules set is_active = false;
select is(pg_temp.noted(), null, 'a schedule that its owner switches off is silent');
update public.schedules set paused_reason = 'The target is protected now.';
select is(pg_temp.noted(), 'Schedule "Nightly" was paused: Source → Target', 'one that pauses itself is not');
select is(detail, 'The target is protected now.', 'and says why') from public.notifications;
update public.schedules set is_active = true, paused_reason = null;
update public.schedules set is_active = false, paused_reason = 'The target is protected now.';
select is(count(*), 2::bigint, 'each time') from public.notifications;
delete from public.notifications;

update public.connected_accounts set status = 'expired' where id = tests.user_id('account of Ada');
select is(pg_temp.noted(), 'The access of account "Ada''s "work"" has expired', 'accounts that expire are told');
update public.connected_accounts set status = 'revoked' where id = tests.user_id('account of Ada');
select is(count(*), 1::bigint, 'those that are disconnected are not') from public.notifications;
update public.connected_accounts set status = 'connected' where id = tests.user_id('account of Ada');
delete from public.notifications;

update public.connected_accounts set expires_on = '2026-12-03' where id = tests.user_id('account of Ada');
select private.note_expiring_accounts('2026-11-25');
select is(pg_temp.noted(), null, 'more than a week before it ends an account says nothing');
select private.note_expiring_accounts('2026-11-26');
select private.note_expiring_accounts('2026-11-27');
select is(
  pg_temp.noted(), 'The access of account "Ada''s "work"" expires on 3 December 2026', 'a week before it does, once'
);
select is(
  (private.save_account(tests.user_id('Ada'), tests.user_id('account of Ada'), 'Work', 'pat', 'k',
    encode('\x000102030405060708090a0b', 'base64'), 'AA==', account_expires_on => '2027-12-03') ->> 'expires_on'),
  '2027-12-03', 'a new token has another day'
);
update public.connected_accounts set display_name = 'Ada''s "work"' where id = tests.user_id('account of Ada');
delete from public.notifications;

-- Channels.
select throws_ok($$ select pg_temp.add_channel('x', events => '{}') $$, '22023', null, 'a channel has events');
select throws_ok($$ select pg_temp.add_channel('x', events => '{nonsense}') $$, '22023', null, 'only those there are');
select throws_ok($$ select pg_temp.add_channel(' ') $$, '22023', null, 'and a name');
select throws_ok($$ select pg_temp.add_channel('x', twin => 'Boris') $$, 'PT404', null, 'and no twin of another''s');
select pg_temp.add_channel('all') is not null as added \gset
select pg_temp.add_channel('of the twin', 'slack', 'Ada') is not null as added \gset
select pg_temp.add_channel('failures', 'mail', events => '{run_failed}') is not null as added \gset
select pg_temp.add_channel('off') is not null as added \gset
select pg_temp.add_channel('his', owner => 'Boris') is not null as added \gset
update public.notification_channels set is_enabled = false where name = 'off';
create function pg_temp.receivers() returns text[] language sql as $$
  select array_agg(channel.name order by channel.name)
  from public.notification_deliveries as delivery
  join public.notification_channels as channel on channel.id = delivery.channel_id
  where delivery.status = 'waiting';
$$;
insert into public.twins (id, owner_id, source_account_id, source_ref, target_account_id, target_ref)
values (tests.user_id('other twin'), tests.user_id('Ada'), tests.user_id('account of Boris'), repeat('c', 20),
  tests.user_id('account of Boris'), repeat('d', 20));
select pg_temp.add_channel('another twin') is not null as added \gset
update public.notification_channels set twin_id = tests.user_id('other twin') where name = 'another twin';
select pg_temp.ends('eighth', 8, 'failed', '{}');
select is(pg_temp.receivers(), array['all', 'failures', 'of the twin'], 'a failure reaches the channels that want it');
delete from public.notifications;
select pg_temp.ends('ninth', 9, 'completed');
select is(pg_temp.receivers(), array['all', 'of the twin'], 'a recovery those that want it');
delete from public.notifications;
update public.connected_accounts set status = 'expired' where id = tests.user_id('account of Ada');
select is(pg_temp.receivers(), array['all', 'of the twin'], 'an account''s those of the twins that use it, too');
update public.connected_accounts set status = 'connected' where id = tests.user_id('account of Ada');
delete from public.notifications;
savepoint before_rollback;
select pg_temp.ends('undone', 10, 'failed', '{}');
rollback to before_rollback;
select is(pg_temp.receivers(), null, 'an event that is rolled back is told nobody');

-- Open pages.
select pg_temp.ends('tenth', 11, 'failed', '{}');
select isnt_empty(
  $$ select from realtime.messages where topic = 'user:' || tests.user_id('Ada') and event = 'notification'
     and payload ->> 'title' = 'Clone failed: Source → Target' $$,
  'pages that are open hear of it'
);

-- Claims and the back-off.
create function pg_temp.claim(at timestamptz) returns int language sql as $$
  select jsonb_array_length(private.claim_deliveries(20, at));
$$;
delete from public.notification_channels where name <> 'all' or owner_id <> tests.user_id('Ada');
update public.notification_deliveries set queued_at = '2026-01-01 00:00Z', next_attempt_at = '2026-01-01 00:00Z';
create temp table claimed on commit drop as select private.claim_deliveries(20, '2026-01-01 00:00Z') -> 0 as claim;
select is(claim #>> '{notification,title}', 'Clone failed: Source → Target', 'a claim has the notification') from claimed;
select is(
  claim #> '{channel,sealed}', '{"iv": "AAECAwQFBgcICQoL", "key_id": "k", "ciphertext": "/w=="}', 'and the sealed address'
) from claimed;
select is(pg_temp.claim('2026-01-01 00:00:29Z'), 0, 'what is claimed is not claimed again');
select is(pg_temp.claim('2026-01-01 00:00:30Z'), 1, 'until its time is over: who claimed it may have died');
select lives_ok($$
  select private.end_delivery((claim ->> 'id')::uuid, 1, 'failed', 500, 'Answered 500.', '2026-01-01 00:00:31Z') from claimed
$$, 'the first one comes back late');
select is(detail, null, 'and has no say any more') from public.notification_deliveries;
create function pg_temp.fail(at timestamptz) returns text language plpgsql as $$
begin
  perform private.end_delivery(id, attempts, 'failed', 500, 'Answered 500.', at) from public.notification_deliveries;
  return (
    select coalesce((next_attempt_at - at)::text, status) || ' after ' || attempts from public.notification_deliveries
  );
end
$$;
select is(pg_temp.fail('2026-01-01 00:00:31Z'), '00:02:00 after 2', 'the second failure waits two minutes');
create temp table waits (place int generated always as identity, said text) on commit drop;
do $$
declare
  at timestamptz;
begin
  loop
    select next_attempt_at into at from public.notification_deliveries;
    exit when at is null;
    perform private.claim_deliveries(20, at);
    insert into waits (said) values (pg_temp.fail(at));
  end loop;
end
$$;
select is(
  (select array_agg(said order by place) from waits),
  array['00:08:00 after 3', '00:32:00 after 4', '02:08:00 after 5', '03:00:00 after 6', '03:00:00 after 7',
    '03:00:00 after 8', '03:00:00 after 9', '03:00:00 after 10', '03:00:00 after 11', '03:00:00 after 12', 'dead after 13'],
  'waits grow to three hours, and end after a day'
);
select is(pg_temp.claim('2026-02-01 00:00Z'), 0, 'what is dead stays so');

update public.notification_deliveries
set status = 'waiting', attempts = 1, queued_at = '2026-01-01 00:00Z', next_attempt_at = '2026-01-01 00:00:30Z';
select is(pg_temp.claim('2026-01-02 00:00Z'), 0, 'what nobody looked at for a day is given up');
select is(status, 'dead', 'and says so') from public.notification_deliveries;
update public.notification_deliveries
set status = 'waiting', attempts = 0, queued_at = '2026-01-01 00:00Z', next_attempt_at = '2026-01-01 00:00Z';
select is(pg_temp.claim('2026-01-03 00:00Z'), 1, 'but tried once at least: the database may have been paused');
select private.end_delivery(id, attempts, 'failed', null, 'No answer.', '2026-01-03 00:00:10Z') from public.notification_deliveries;
select is(status, 'dead', 'once') from public.notification_deliveries;

-- A delivery that was slow, and is done.
update public.notification_deliveries
set status = 'waiting', attempts = 3, queued_at = '2026-01-01 00:00Z', next_attempt_at = '2026-01-01 00:00Z';
select private.end_delivery(id, 1, 'delivered', 200, null, '2026-01-01 00:01Z') from public.notification_deliveries;
select is(status, 'delivered', 'what was delivered is delivered, whichever attempt it was') from public.notification_deliveries;

-- The owner's log, and what another sees of it.
select tests.sign_in('Boris');
select is(tests.seen('public.notification_channels'), 0::bigint, 'another sees no channel');
select is(tests.seen('public.notifications'), 0::bigint, 'no notification');
select is(tests.seen('public.notification_deliveries'), 0::bigint, 'and no delivery');
select tests.refuses(tests.call('delete_channel', tests.user_id('channel all')::text), 'PT404', 'no such channel', 'deletes none');
select tests.refuses(tests.call('test_channel', tests.user_id('channel all')::text), 'PT404', 'no such channel', 'tests none');
select tests.sign_out();
create temp table ours on commit drop as select id from public.notification_deliveries;
grant select on ours to authenticated;
select tests.sign_in('Boris');
select tests.refuses(tests.call('replay_delivery', id::text), 'PT404', 'no such delivery', 'replays none') from ours;
select tests.sign_in('Ada');
select is(tests.seen('public.notification_deliveries'), 1::bigint, 'Ada reads her log');
select is((public.replay_delivery(id)).attempts, 0, 'and has a delivery made again') from ours;
select tests.sign_out();
select is(jsonb_array_length(private.claim_deliveries(20)), 1, 'which is due at once');
select private.end_delivery(id, attempts, 'gone', 410, 'The receiver answered 410: it is gone.') from public.notification_deliveries;
select is(status, 'dead', 'a receiver that is gone is not tried again') from public.notification_deliveries;
select is(is_enabled, false, 'and its channel is off') from public.notification_channels;
select tests.sign_in('Ada');
select alike(stopped_reason, '%410%', 'and says why') from public.notification_channels;
select tests.refuses(tests.call('replay_delivery', id::text), 'PT409', 'is off', 'nothing is replayed over it') from ours;
select tests.refuses(tests.call('test_channel', tests.user_id('channel all')::text), 'PT409', 'is off', 'nor tested');
select is(
  (select stopped_reason is null and is_enabled and events = '{run_failed}'
   from public.change_channel(tests.user_id('channel all'), 'All', '{run_failed}', true)),
  true, 'Ada switches it on again, for fewer events'
);
select tests.refuses(
  tests.call('change_channel', tests.user_id('channel all')::text, 'All', '{run_failed}', 'true',
    tests.user_id('twin of Boris')::text), 'PT404', 'no such twin', 'but not for another''s twin'
);
select is((public.test_channel(tests.user_id('channel all'))).status, 'waiting', 'a test message is sent');
select tests.refuses(
  tests.call('test_channel', tests.user_id('channel all')::text), 'PT409', 'just now', 'but not one after the other'
);
select lives_ok(tests.call('delete_channel', tests.user_id('channel all')::text), 'and Ada deletes it');
select is(tests.seen('public.notification_deliveries'), 0::bigint, 'with its log');
select tests.sign_out();
select is_empty('select from private.channel_addresses', 'and its address');

select * from finish();
rollback;
