-- Twins, ignore rules and schedules.
begin;
set local search_path = public, extensions;
select no_plan();
select tests.tell_story();

select tests.sign_in('Ada');
select is(tests.seen('public.twins'), 1::bigint, 'Ada sees her twin');
select lives_ok(
  $$ insert into public.ignore_rules (twin_id, pattern)
     values (tests.user_id('twin of Ada'), '"Odd Schema".it''s_*') $$,
  'Ada ignores tables of her twin'
);
select throws_ok(
  $$ insert into public.ignore_rules (twin_id, pattern) values (tests.user_id('twin of Boris'), 'public.*') $$,
  '42501', null, 'Ada cannot add a rule to the twin of Boris'
);
select throws_ok(
  $$ insert into public.ignore_rules (twin_id, pattern) values (tests.user_id('twin of Ada'), 'public.tmp_*') $$,
  '23505', null, 'a rule is not written twice'
);
select throws_ok(
  format(
    'insert into public.ignore_rules (twin_id, pattern) values (%L, %L)', tests.user_id('twin of Ada'), pattern
  ),
  '23514', null, format('a rule names schema and table, not "%s"', left(pattern, 12))
)
from unnest(array['', 'orders', '.orders', 'public.', 'public..x', 'public.' || repeat('x', 200)]) as pattern;
select throws_ok(
  $$ insert into public.twins (owner_id, source_account_id, source_ref, target_account_id, target_ref)
     values (auth.uid(), tests.user_id('account of Ada'), repeat('a', 20),
       tests.user_id('account of Boris'), repeat('d', 20)) $$,
  '42501', null, 'Ada cannot make a twin by hand, least of all into a project of Boris'
);
select throws_ok('update public.twins set options = ''{}''', '42501', null, 'nor change one');
select throws_ok('update public.schedules set every_hours = 2', '42501', null, 'nor a schedule');

select tests.sign_in('Boris');
select is(
  tests.seen('public.ignore_rules') + tests.seen('public.schedules'), 0::bigint,
  'Boris sees nothing of Ada''s rules and schedules'
);
delete from public.ignore_rules;
select tests.sign_out();
select is(
  (select count(*) from public.ignore_rules), 2::bigint, 'Boris cannot remove Ada''s rules'
);

select tests.sign_in('Ada');
delete from public.ignore_rules where pattern = 'public.tmp_*';
select is(tests.seen('public.ignore_rules'), 1::bigint, 'Ada can');
select tests.sign_out();

select throws_ok(
  $$ update public.twins set target_ref = source_ref $$, '23514', null, 'a twin has two different ends'
);
select throws_ok(
  $$ update public.twins set source_ref = 'not a ref' $$, '23514', null, 'and real refs'
);
select throws_ok(
  $$ update public.twins set options = '[]' $$, '23514', null, 'and options that are an object'
);
select throws_ok(
  $$ delete from public.connected_accounts where owner_id = tests.user_id('Ada') $$,
  '23503', null, 'an account with twins is not deleted under them'
);
select throws_ok(
  format('insert into public.schedules (twin_id, name, every_hours, cron) values (%L, %L, %s, %s)',
    tests.user_id('twin of Ada'), name, coalesce(hours::text, 'null'), coalesce(quote_literal(cron), 'null')),
  '23514', null, description
)
from (values
  ('Every hour', 1, null, 'a schedule runs every 2, 6 or 8 hours'),
  ('Both', 2, '0 * * * *', 'or by cron, not both'),
  ('Neither', null, null, 'and not neither'),
  ('', 2, null, 'it has a name')
) as nonsense (name, hours, cron, description);

select * from finish();
rollback;
