-- start_restore: it refuses, as long as backups cannot be restored.
begin;
set local search_path = public, extensions;
-- Starting a run without a worker's address in Vault warns; here that is as it should be.
set local client_min_messages = error;
select no_plan();
select tests.tell_story();

select tests.sign_in('Ada');
select tests.refuses(
  tests.call('start_restore', gen_random_uuid()::text, tests.user_id('account of Ada')::text, repeat('b', 20)),
  'PT404', 'no such backup', 'a backup that never was is not restored'
);
select tests.refuses(
  tests.call('start_restore', tests.user_id('backup of Ada')::text, tests.user_id('account of Ada')::text,
    repeat('b', 20)),
  '0A000', 'cannot be restored yet', 'nor is hers, yet'
);

select tests.sign_in('Boris');
select tests.refuses(
  tests.call('start_restore', tests.user_id('backup of Ada')::text, tests.user_id('account of Boris')::text,
    repeat('d', 20)),
  'PT404', 'no such backup', 'Boris cannot restore her backup'
);

select tests.be('anon');
select throws_ok(
  $$ select public.start_restore(gen_random_uuid(), gen_random_uuid(), '') $$, '42501', null, 'a visitor may not'
);

select * from finish();
rollback;
