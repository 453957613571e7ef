-- start_verification: of clones that are over, by their owner.
begin;
set local search_path = public, extensions;
-- Starting a run without a worker's address in Vault warns; here that is as it should be.
set local client_min_messages = error;
select no_plan();
select tests.tell_story();

select tests.sign_in('Ada');
select results_eq(
  format($$ select mode, status, twin_id from public.start_verification(%L, 'checksums') $$,
    tests.user_id('job of Ada')),
  $$ values ('checksums', 'not_run', tests.user_id('twin of Ada')) $$,
  'a finished clone is verified when asked'
);
select tests.refuses(
  tests.call('start_verification', tests.user_id('job of Ada')::text, 'by eye'), '22023', 'verification',
  'in one of the known ways'
);
select tests.refuses(
  tests.call('start_verification', tests.user_id('job of Ada')::text, null), '22023', 'verification', 'and in some way'
);
select lives_ok(
  tests.call('start_clone', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Ada')::text, repeat('b', 20), '{}', 'true'),
  'Ada starts a clone'
);
select id as running_job from public.jobs where finished_at is null \gset
select tests.refuses(
  tests.call('start_verification', :'running_job'), 'PT409', 'still running', 'a running clone is not verified'
);

select tests.sign_in('Boris');
select tests.refuses(
  tests.call('start_verification', tests.user_id('job of Ada')::text), 'PT404', 'no such clone',
  'Boris cannot verify her clone, nor learn that it exists'
);

select tests.be('anon');
select throws_ok(
  $$ select public.start_verification(gen_random_uuid(), 'counts') $$, '42501', null, 'a visitor may not'
);

select * from finish();
rollback;
