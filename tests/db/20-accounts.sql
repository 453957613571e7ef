-- Connected accounts and their projects: Ada's are Ada's.
begin;
set local search_path = public, extensions;
select no_plan();
select tests.tell_story();

select tests.sign_in('Ada');
select results_eq(
  'select display_name from public.connected_accounts',
  array['Ada''s "work"'],
  'Ada sees her account'
);
select is(tests.seen('public.projects'), 2::bigint, 'Ada sees her projects');
select throws_ok(
  'select * from private.account_credentials', '42501', null, 'Ada cannot read tokens, not even her own'
);
select throws_ok(
  $$ insert into public.connected_accounts (owner_id, display_name, method) values (auth.uid(), 'x', 'pat') $$,
  '42501', null, 'Ada cannot add an account without its token'
);
select throws_ok(
  'update public.connected_accounts set status = ''connected''', '42501', null, 'Ada cannot change its state'
);
select throws_ok('delete from public.connected_accounts', '42501', null, 'Ada cannot delete it in passing');
select lives_ok(
  $$ update public.projects set is_protected = true where ref = repeat('b', 20) $$, 'Ada protects her project'
);
select throws_ok(
  $$ update public.projects set name = 'Mine' where ref = repeat('b', 20) $$,
  '42501', null, 'Ada cannot rename it: names come from Supabase'
);
select throws_ok(
  $$ update public.projects set is_protected = true, account_id = tests.user_id('account of Boris') $$,
  '42501', null, 'Ada cannot move a project to another account'
);

select tests.sign_in('Boris');
select results_eq(
  'select ref from public.projects order by ref', array[repeat('c', 20), repeat('d', 20)],
  'Boris sees only his projects'
);
-- Without a condition only the policy for updates refuses it, not the one for reading.
update public.projects set is_protected = false;
select tests.sign_out();
select is(
  (select is_protected from public.projects where ref = repeat('b', 20)), true,
  'Boris cannot end the protection of Ada''s project'
);

select tests.be('anon');
select throws_ok('select * from public.connected_accounts', '42501', null, 'a visitor sees no accounts');
select throws_ok('select * from public.projects', '42501', null, 'a visitor sees no projects');
select tests.sign_out();

select throws_ok(
  $$ insert into public.connected_accounts (owner_id, display_name, method)
     values (tests.user_id('Ada'), '   ', 'pat') $$,
  '23514', null, 'an account needs a name'
);
select throws_ok(
  $$ insert into public.connected_accounts (owner_id, display_name, method)
     values (tests.user_id('Ada'), repeat('x', 101), 'pat') $$,
  '23514', null, 'a name has at most 100 characters'
);
select throws_ok(
  $$ insert into public.connected_accounts (owner_id, display_name, method)
     values (tests.user_id('Ada'), 'x', 'password') $$,
  '23514', null, 'accounts are linked by OAuth or token only'
);
select throws_ok(
  $$ update public.connected_accounts set status = 'lost' $$, '23514', null, 'an account has a known state'
);
select throws_ok(
  $$ insert into public.projects (account_id, ref, name) values (tests.user_id('account of Ada'), 'ABC', 'x') $$,
  '23514', null, 'a ref is 20 lower-case letters'
);
select throws_ok(
  $$ insert into private.account_credentials (account_id, key_id, iv, ciphertext)
     values (tests.user_id('account of Boris'), 'k', '\x00', '\x00') $$,
  '23514', null, 'a token is never stored under a short initialisation vector'
);

-- A worker reports a token that Supabase refused; a token that was saved since is not meant.
insert into private.account_credentials (account_id, key_id, iv, ciphertext)
values (tests.user_id('account of Ada'), 'k', decode(repeat('01', 12), 'hex'), '')
on conflict (account_id) do update set iv = excluded.iv;
create function pg_temp.status_after(iv text) returns text language plpgsql as $$
begin
  perform private.expire_account(tests.user_id('account of Ada'), encode(decode(repeat(iv, 12), 'hex'), 'base64'));
  return (select status from public.connected_accounts where id = tests.user_id('account of Ada'));
end $$;
select is(pg_temp.status_after('02'), 'connected', 'an account connected anew stays connected');
select is(pg_temp.status_after('01'), 'expired', 'an account whose token was refused has expired');

-- Passwords of databases: for one's own projects only, gone with the project.
create function pg_temp.save_password(owner_name text, password text) returns void language sql as $$
  select private.save_database_password(
    tests.user_id(owner_name), tests.user_id('account of Ada'), repeat('b', 20), 'k',
    encode(decode(repeat('01', 12), 'hex'), 'base64'), password
  )
$$;
select throws_ok(
  $$ select pg_temp.save_password('Boris', 'AAAA') $$, 'PT404', null,
  'nobody gives a password for the project of another'
);
select lives_ok($$ select pg_temp.save_password('Ada', 'AAAA') $$, 'Ada gives the password of her project');
select is(
  private.run_project(tests.user_id('account of Ada'), repeat('b', 20)) #>> '{database_password,ciphertext}',
  'AAAA', 'a worker on her project gets it, sealed'
);
select is(
  private.run_project(tests.user_id('account of Ada'), repeat('a', 20)) -> 'database_password', 'null',
  'a worker on another project does not'
);
select tests.sign_in('Ada');
select is(
  (select has_own_login from public.projects where ref = repeat('b', 20)), true, 'Ada sees that it is there'
);
select throws_ok('select * from private.database_passwords', '42501', null, 'but not what it is');
select tests.sign_out();
-- A list that lacks projects, or is empty, takes nothing away.
create function pg_temp.list(refs text[]) returns void language sql as $$
  select private.store_projects(
    tests.user_id('account of Ada'),
    (select coalesce(jsonb_agg(jsonb_build_object('ref', ref, 'name', 'Renamed')), '[]') from unnest(refs) as ref)
  )
$$;
update public.projects set is_protected = true where ref = repeat('b', 20);
select pg_temp.list(array[repeat('a', 20)]);
select results_eq(
  $$ select ref, gone_at is not null, is_protected, has_own_login from public.projects
     where account_id = tests.user_id('account of Ada') order by ref $$,
  $$ values (repeat('a', 20), false, false, false), (repeat('b', 20), true, true, true) $$,
  'a project that is not listed any more is marked, and keeps its protection and password'
);
select pg_temp.list('{}');
select is(
  (select count(*) from public.projects where gone_at is not null), 2::bigint, 'nor does an empty list end it'
);
select pg_temp.list(array[repeat('a', 20), repeat('b', 20)]);
select is(
  (select count(*) from public.projects where gone_at is not null), 0::bigint, 'until it is listed again'
);
select lives_ok($$ select pg_temp.save_password('Ada', null) $$, 'it can be forgotten');
select is_empty('select * from private.database_passwords', 'and is gone then');
select pg_temp.save_password('Ada', 'AAAA');

select throws_ok(
  $$ select private.disconnect_account(tests.user_id('Boris'), tests.user_id('account of Ada')) $$,
  'PT404', null, 'nobody disconnects the account of another'
);
select lives_ok(
  $$ select private.disconnect_account(tests.user_id('Ada'), tests.user_id('account of Ada')) $$,
  'Ada''s account is disconnected for her'
);
select is_empty('select * from private.account_credentials', 'its token is gone then');
select is_empty('select * from private.database_passwords', 'so are the passwords of its databases');
select is(
  (select is_active from public.schedules where id = tests.user_id('schedule of Ada')), false,
  'and its schedules have stopped'
);
select is(
  (select count(*) from public.jobs where owner_id = tests.user_id('Ada')), 1::bigint, 'while history stays'
);

delete from auth.users where id = tests.user_id('Boris');
select is_empty(
  $$ select 1 from public.connected_accounts where owner_id = tests.user_id('Boris') $$,
  'when a user is deleted, so are the accounts'
);

select * from finish();
rollback;
