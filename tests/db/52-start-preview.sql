-- start_preview: what it makes, and what it refuses.
begin;
set local search_path = public, extensions;
-- Starting a run without a worker's address in Vault warns; here that is as it should be.
set local client_min_messages = error;
select no_plan();
select tests.tell_story();

select tests.sign_in('Ada');
select lives_ok(
  tests.call('start_clone', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Ada')::text, repeat('b', 20), '{}'),
  'Ada starts a clone'
);
select results_eq(
  format($$ select status, twin_id, options ->> 'row_limit'
    from public.start_preview(%L, %L, %L, %L, '{"row_limit": 5}') $$,
    tests.user_id('account of Ada'), repeat('a', 20), tests.user_id('account of Ada'), repeat('b', 20)),
  $$ values ('pending', tests.user_id('twin of Ada'), '5') $$,
  'a preview may run beside a clone of the same pair'
);
select tests.refuses(
  tests.call('start_preview', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Ada')::text, repeat('a', 20), '{}'),
  '22023', 'same project', 'a preview refuses what a clone would'
);
select tests.refuses(
  tests.call('start_preview', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Ada')::text, repeat('b', 20), '{"nonsense": 1}'),
  '22023', 'nonsense', 'unknown options too'
);

select tests.sign_in('Boris');
select tests.refuses(
  tests.call('start_preview', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Boris')::text, repeat('d', 20), '{}'),
  'PT404', 'not one of yours', 'Boris cannot preview her project'
);

select tests.be('anon');
select throws_ok(
  $$ select public.start_preview(gen_random_uuid(), null, gen_random_uuid(), null, '{}') $$,
  '42501', null, 'a visitor may not'
);

select * from finish();
rollback;
