-- start_restore: into a project of one's own, of a backup of one's own.
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
    repeat('b', 20), '{"components": {"storage": true}}'),
  '22023', 'such as this backup does not have', 'what a backup does not keep is not restored'
);
select tests.refuses(
  tests.call('start_restore', tests.user_id('backup of Ada')::text, tests.user_id('account of Ada')::text,
    repeat('c', 20)),
  'PT404', 'does not list', 'nor into a project that her account does not list'
);
update public.projects set is_protected = true where ref = repeat('b', 20);
select tests.refuses(
  tests.call('start_restore', tests.user_id('backup of Ada')::text, tests.user_id('account of Ada')::text,
    repeat('b', 20)),
  '22023', 'is protected', 'nor into a protected one without its ref'
);
select lives_ok(
  tests.call('start_restore', tests.user_id('backup of Ada')::text, tests.user_id('account of Ada')::text,
    repeat('b', 20), format('{"confirm_target": "%s"}', repeat('b', 20))),
  'with its ref typed it is'
);
select is(
  (select options -> 'components' from public.jobs where kind = 'restore'),
  (
    select jsonb_object_agg(component, component in ('tables', 'data', 'auth_users'))
    from public.job_components where job_id = (select id from public.jobs where kind = 'restore')
  ),
  'a restore brings all that the backup keeps'
);
select tests.refuses(
  tests.call('start_restore', tests.user_id('backup of Ada')::text, tests.user_id('account of Ada')::text,
    repeat('b', 20), format('{"confirm_target": "%s"}', repeat('b', 20))),
  'PT409', 'still running', 'two into one project are not carried out at once'
);
select tests.refuses(
  tests.call('delete_backup', tests.user_id('backup of Ada')::text),
  'PT409', 'is being restored', 'and the backup is not deleted meanwhile'
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
