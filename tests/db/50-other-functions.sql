-- cancel_job, start_preview, start_verification, start_restore.
begin;
set local search_path = public, extensions;
-- Starting a run without a worker's address in Vault warns; here that is as it should be.
set local client_min_messages = error;
select no_plan();
select tests.tell_story();

create function pg_temp.call(name text, variadic arguments text[]) returns text
language sql
return format('select public.%I(%s)', name,
  (select string_agg(quote_nullable(argument), ', ' order by place)
   from unnest(arguments) with ordinality as list (argument, place)));

-- Cancel.
select tests.sign_in('Ada');
select tests.refuses(
  pg_temp.call('cancel_job', tests.user_id('job of Ada')::text), '55000', 'is over', 'a clone that is over cannot be canceled'
);
select tests.refuses(
  pg_temp.call('cancel_job', gen_random_uuid()::text), 'P0002', 'no such clone', 'nor one that never was'
);
select tests.refuses(pg_temp.call('cancel_job', null), 'P0002', 'no such clone', 'nor none');
select lives_ok(
  pg_temp.call('start_clone', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Ada')::text, repeat('b', 20), '{}'),
  'Ada starts a clone'
);
select id as running_job from public.jobs where finished_at is null \gset

select tests.sign_in('Boris');
select tests.refuses(
  pg_temp.call('cancel_job', :'running_job'), 'P0002', 'no such clone', 'Boris cannot cancel it, nor learn that it exists'
);
select tests.refuses(
  pg_temp.call('start_verification', tests.user_id('job of Ada')::text), 'P0002', 'no such clone', 'nor verify hers'
);
select tests.refuses(
  pg_temp.call('start_restore', tests.user_id('backup of Ada')::text, tests.user_id('account of Boris')::text, repeat('d', 20)),
  'P0002', 'no such backup', 'nor restore her backup'
);
select tests.refuses(
  pg_temp.call('start_preview', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Boris')::text, repeat('d', 20), '{}'),
  'P0002', 'not one of yours', 'nor preview her project'
);

select tests.sign_in('Ada');
select tests.refuses(
  pg_temp.call('start_verification', :'running_job'), '55000', 'still running', 'a running clone is not verified'
);
select results_eq(
  format('select cancel_requested_at is not null, status from public.cancel_job(%L)', :'running_job'),
  $$ values (true, 'canceled') $$,
  'a clone that no worker has begun is canceled at once'
);
select is_empty(
  format($$ select 1 from public.job_components where job_id = %L and status not in ('canceled', 'skipped') $$, :'running_job'),
  'and so are its components'
);
select tests.refuses(
  pg_temp.call('cancel_job', :'running_job'), '55000', 'canceled', 'and cannot be canceled again'
);

-- A clone at work stops after the current step.
select lives_ok(
  pg_temp.call('start_clone', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Ada')::text, repeat('b', 20), '{}'),
  'the target is free again'
);
select tests.sign_out();
select isnt(private.claim_step(), null, 'a worker takes its first step');
select id as running_job from public.jobs where finished_at is null \gset
select tests.sign_in('Ada');
select results_eq(
  format('select cancel_requested_at is not null, status from public.cancel_job(%L)', :'running_job'),
  $$ values (true, 'in_progress') $$,
  'a clone at work is asked to stop'
);
select lives_ok(pg_temp.call('cancel_job', :'running_job'), 'asking twice is no error');
select tests.sign_out();
select is(
  (select private.heartbeat(id, lease, '{}') -> 'cancel' from private.steps where job_id = :'running_job' and status = 'running'),
  'true', 'its worker learns of it with the next heartbeat'
);

-- Preview.
select tests.sign_in('Ada');
select results_eq(
  format($$ select status, twin_id, options ->> 'row_limit' from public.start_preview(%L, %L, %L, %L, '{"row_limit": 5}') $$,
    tests.user_id('account of Ada'), repeat('a', 20), tests.user_id('account of Ada'), repeat('b', 20)),
  $$ values ('pending', tests.user_id('twin of Ada'), '5') $$,
  'a preview may run beside a clone of the same pair'
);
select tests.refuses(
  pg_temp.call('start_preview', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Ada')::text, repeat('a', 20), '{}'),
  '22023', 'same project', 'a preview refuses what a clone would'
);
select tests.refuses(
  pg_temp.call('start_preview', tests.user_id('account of Ada')::text, repeat('a', 20),
    tests.user_id('account of Ada')::text, repeat('b', 20), '{"nonsense": 1}'),
  '22023', 'nonsense', 'unknown options too'
);

-- Verification.
select results_eq(
  format($$ select mode, status, twin_id from public.start_verification(%L, 'checksums') $$, tests.user_id('job of Ada')),
  $$ values ('checksums', 'not_run', tests.user_id('twin of Ada')) $$,
  'a finished clone is verified when asked'
);
select tests.refuses(
  pg_temp.call('start_verification', tests.user_id('job of Ada')::text, 'by eye'), '22023', 'verification',
  'in one of the known ways'
);
select tests.refuses(
  pg_temp.call('start_verification', tests.user_id('job of Ada')::text, null), '22023', 'verification', 'and in some way'
);

-- Restore.
select tests.refuses(
  pg_temp.call('start_restore', gen_random_uuid()::text, tests.user_id('account of Ada')::text, repeat('b', 20)),
  'P0002', 'no such backup', 'a backup that never was is not restored'
);

-- Visitors call none of them.
select tests.be('anon');
select throws_ok(statement, '42501', null, 'a visitor may not: ' || statement)
from unnest(array[
  'select public.cancel_job(gen_random_uuid())',
  'select public.start_preview(gen_random_uuid(), null, gen_random_uuid(), null, ''{}'')',
  'select public.start_verification(gen_random_uuid(), ''counts'')',
  'select public.start_restore(gen_random_uuid(), gen_random_uuid(), '''')'
]) as statement;

select * from finish();
rollback;
