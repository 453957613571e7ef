-- Calls of the Management API: 120 an account in any minute, whoever makes them; and the login that all workers share.
begin;
set local search_path = public, extensions;
select no_plan();
select tests.tell_story();

create function pg_temp.book(seconds int default 20) returns int
language sql
as $$ select private.book_api_call(tests.user_id('account of Ada'), make_interval(secs => seconds)) $$;

select is(
  (select max(pg_temp.book()) from generate_series(1, 120)), 0, 'a minute has room for 120 calls at once'
);
select is(pg_temp.book(), null, 'and the next one has to be made later');
select is(
  (select cardinality(made_at) from private.api_calls), 120, 'for which nothing is booked'
);
select is(
  private.book_api_call(tests.user_id('account of Boris'), '20 seconds'), 0, 'other accounts have their own'
) where exists (select from public.connected_accounts where id = tests.user_id('account of Boris'));

-- Half a minute ago 40 of them were made.
update private.api_calls
set made_at = array(select clock_timestamp() - interval '50 seconds' from generate_series(1, 40))
  || array(select clock_timestamp() - interval '5 seconds' from generate_series(1, 80))
where account_id = tests.user_id('account of Ada');
select cmp_ok(pg_temp.book(), '>', 9000, 'who waits, waits until the first of the last 120 is a minute old');
select is((select cardinality(made_at) from private.api_calls where account_id = tests.user_id('account of Ada')), 120,
  'no more than the last 120 are kept');
select ok(
  (select bool_and(later - earlier >= interval '1 minute' or position <= 120 or later is null)
   from private.api_calls, unnest(made_at) with ordinality as made (earlier, position)
   left join lateral (select made_at[position + 120] as later) as next on true),
  'no minute has more'
);

update private.api_calls set made_at = '{}';
select private.hold_api_calls(tests.user_id('account of Ada'), 7);
select private.hold_api_calls(tests.user_id('account of Ada'), 3);
select cmp_ok(pg_temp.book(), '>', 6000, 'what Supabase asked for holds for all calls, the longest of it');
select is(pg_temp.book(5), null, 'and who cannot wait that long is told');
select is(
  private.book_api_call(gen_random_uuid(), '20 seconds'), null, 'an account that is gone makes no calls'
);

create function pg_temp.take(refused text default null) returns text
language sql
as $$ select private.take_login(tests.user_id('account of Ada'), repeat('a', 20), refused)::text $$;
create function pg_temp.store(iv text, seconds int) returns void
language sql
as $$
  select private.store_login(tests.user_id('account of Ada'), repeat('a', 20), 'k', iv, 'AAAA', seconds)
$$;

select is(pg_temp.take(), '{"ask": true}', 'the first one asks for a login');
select is(pg_temp.take(), '{"wait": true}', 'the others wait');
select pg_temp.store('AAAAAAAAAAAAAAAA', 100);
select is(pg_temp.take() :: jsonb #>> '{login,iv}', 'AAAAAAAAAAAAAAAA', 'and use it');
select is(pg_temp.take('BBBBBBBBBBBBBBBB') :: jsonb #>> '{login,iv}', 'AAAAAAAAAAAAAAAA', 'also who was refused with another');
select is(pg_temp.take('AAAAAAAAAAAAAAAA'), '{"ask": true}', 'one that was refused is replaced');
select is(pg_temp.take() :: jsonb #>> '{login,iv}', 'AAAAAAAAAAAAAAAA', 'while those go on whom it serves');
select private.store_login(tests.user_id('account of Ada'), repeat('a', 20), null, null, null, 0);
select is(pg_temp.take('AAAAAAAAAAAAAAAA'), '{"ask": true}', 'a request that failed keeps nobody waiting');
select pg_temp.store('CCCCCCCCCCCCCCCC', -1);
select is(pg_temp.take(), '{"ask": true}', 'one whose time is over is replaced');
select is(
  private.take_login(tests.user_id('account of Ada'), repeat('z', 20)), '{"ask": true}', 'of a project that is not listed'
);
select is(
  (select count(*) from private.database_logins where ref = repeat('z', 20)), 0::bigint, 'nothing is kept'
);

select * from finish();
rollback;
