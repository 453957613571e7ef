-- What the other files share: pgTAP, and acting as one of two users. Runs first and stays in the database;
-- so run these files against a database made for tests.
\set QUIET on
create extension if not exists pgtap with schema extensions;
create schema if not exists tests;
grant usage on schema tests to anon, authenticated, service_role;

-- The id of a user of the story, the same in every file.
create or replace function tests.user_id(name text) returns uuid
language sql immutable set search_path = ''
return overlay(overlay(md5('user ' || name) placing '4' from 13) placing '8' from 17)::uuid;

create or replace function tests.create_user(name text) returns uuid
language sql set search_path = ''
begin atomic
  insert into auth.users (instance_id, id, aud, role, email, email_confirmed_at, created_at, updated_at,
    confirmation_token, recovery_token, email_change_token_new, email_change)
  values ('00000000-0000-0000-0000-000000000000', tests.user_id(name), 'authenticated', 'authenticated',
    lower(name) || '@example.com', now(), now(), now(), '', '', '', '')
  returning id;
end;

-- From here to the end of the transaction, or to sign_out(), SQL runs as that user.
create or replace function tests.sign_in(name text) returns void
language plpgsql set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', jsonb_build_object(
    'sub', tests.user_id(name), 'role', 'authenticated', 'email', lower(name) || '@example.com'
  )::text, true);
  perform set_config('role', 'authenticated', true);
end
$$;

create or replace function tests.be(role_name text) returns void
language plpgsql set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', jsonb_build_object('role', role_name)::text, true);
  perform set_config('role', role_name, true);
end
$$;

create or replace function tests.sign_out() returns void
language plpgsql set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', '', true);
  perform set_config('role', 'none', true);
end
$$;

-- Passes when the statement is refused with that SQLSTATE and words, and the refusal says what to do.
create or replace function tests.refuses(statement text, code text, words text, description text)
returns text
language plpgsql set search_path = 'extensions', 'pg_catalog'
as $$
declare
  hint text;
begin
  execute statement;
  return fail(description) || E'\n' || diag('  was not refused');
exception when others then
  get stacked diagnostics hint = pg_exception_hint;
  if sqlstate = code and sqlerrm ilike '%' || words || '%' and hint <> '' then
    return pass(description);
  end if;
  return fail(description) || E'\n' || diag(format('  %s: %s (hint: %s)', sqlstate, sqlerrm, hint));
end
$$;

-- A call of a function of the contract.
create or replace function tests.call(name text, variadic arguments text[]) returns text
language sql
return format('select public.%I(%s)', name,
  (select string_agg(quote_nullable(argument), ', ' order by place)
   from unnest(arguments) with ordinality as list (argument, place)));

-- Number of rows a query gives to whoever asks.
create or replace function tests.seen(relation text) returns bigint
language plpgsql
as $$
declare
  count bigint;
begin
  execute format('select count(*) from %s', relation) into count;
  return count;
end
$$;

-- A clone of that user's twin that is over, with all that belongs to it, and a schedule.
create or replace function tests.tell_runs(name text, target_ref text) returns void
language plpgsql set search_path = ''
as $$
begin
  insert into public.ignore_rules (twin_id, pattern) values (tests.user_id('twin of ' || name), 'public.tmp_*');
  insert into public.schedules (id, twin_id, name, every_hours)
  values (tests.user_id('schedule of ' || name), tests.user_id('twin of ' || name), 'Nightly', 6);
  insert into public.schedule_slots (schedule_id, slot_at, outcome, reason)
  values (tests.user_id('schedule of ' || name), now() - interval '1 day', 'skipped',
    'The previous run was still going.');
  insert into public.jobs (id, owner_id, twin_id, target_ref, options, status, started_at, finished_at)
  values (tests.user_id('job of ' || name), tests.user_id(name), tests.user_id('twin of ' || name), target_ref,
    '{"components": {"tables": true}}', 'completed', now() - interval '1 minute', now());
  insert into public.job_components (job_id, component, position, status, unit, started_at, finished_at)
  values (tests.user_id('job of ' || name), 'tables', 1, 'completed', 'tables', now() - interval '1 minute', now());
  insert into public.job_items (job_id, component, object, outcome)
  values (tests.user_id('job of ' || name), 'tables', 'public.orders', 'copied');
  insert into public.job_items (job_id, component, object, outcome, fix)
  values (tests.user_id('job of ' || name), 'tables', 'by hand', 'skipped', 'Do it');
  insert into public.ticks (twin_id, component, object)
  values (tests.user_id('twin of ' || name), 'tables', 'by hand');
  insert into public.job_slices (job_id, step_id, kind, component, stage, queued_at, finished_at, outcome)
  values (tests.user_id('job of ' || name), -hashtext(name), 'stage', 'tables', 'structure', now(), now(), 'done');
  insert into public.previews (id, twin_id, status, finished_at, result)
  values (tests.user_id('preview of ' || name), tests.user_id('twin of ' || name), 'completed', now(),
    '{"data": {"objects": [{"object": "public.orders", "counts": [{"unit": "row", "source": 12}]}]}}');
  insert into public.planned_work (preview_id, rank, component, stage, object, action, statements, risks)
  values (tests.user_id('preview of ' || name), 0, 'policies', 'policies', 'row security of public.orders', 'change',
    '{alter table public.orders disable row level security}', '[{"risk": "rls_off", "object": "public.orders"}]');
  insert into public.verifications (id, job_id, twin_id, mode)
  values (tests.user_id('verification of ' || name), tests.user_id('job of ' || name),
    tests.user_id('twin of ' || name), 'counts');
  insert into public.verification_findings (verification_id, component, severity, object)
  values (tests.user_id('verification of ' || name), 'data', 'warning', 'public.orders');
  insert into public.notification_channels (id, owner_id, kind, name, destination, events)
  values (tests.user_id('channel of ' || name), tests.user_id(name), 'webhook', 'On call', 'example.com', '{run_failed}');
  insert into public.notifications (id, owner_id, twin_id, event, event_key, title, path)
  values (tests.user_id('notification of ' || name), tests.user_id(name), tests.user_id('twin of ' || name), 'run_failed',
    'run_failed of ' || name, 'Clone failed', '/clones');
  update public.notification_deliveries set id = tests.user_id('delivery of ' || name)
  where channel_id = tests.user_id('channel of ' || name);
  insert into public.verification_counts (verification_id, object, source_rows, target_rows)
  values (tests.user_id('verification of ' || name), 'public.orders', 2, 1);
  insert into public.backup_destinations (id, owner_id, name, region, bucket, key_hint)
  values (tests.user_id('destination of ' || name), tests.user_id(name), 'Offsite', 'eu-central-1', 'backups', 'ABCD');
  insert into private.destination_keys (destination_id, key_id, iv, ciphertext)
  values (tests.user_id('destination of ' || name), 'key 1', '\x000102030405060708090a0b', '\xff');
  insert into public.backups (
    id, owner_id, job_id, twin_id, account_id, ref, project_name, destination_id, folder, status, components
  )
  select tests.user_id('backup of ' || name), tests.user_id(name), tests.user_id('job of ' || name), twin.id,
    twin.source_account_id, twin.source_ref, 'Source', tests.user_id('destination of ' || name),
    twin.source_ref || '/1', 'complete', array['tables', 'data', 'auth_users']
  from public.twins as twin where twin.id = tests.user_id('twin of ' || name);
end
$$;

-- Ada has an account with two projects, a clone that is over with all that belongs to it, and a schedule.
-- Boris has an account of his own with two other projects, and a twin.
create or replace function tests.tell_story() returns void
language plpgsql set search_path = ''
as $$
begin
  perform tests.create_user('Ada');
  perform tests.create_user('Boris');
  insert into public.connected_accounts (id, owner_id, display_name, method) values
    (tests.user_id('account of Ada'), tests.user_id('Ada'), 'Ada''s "work"', 'pat'),
    (tests.user_id('account of Boris'), tests.user_id('Boris'), 'Boris', 'oauth');
  insert into private.account_credentials (account_id, key_id, iv, ciphertext)
  values (tests.user_id('account of Ada'), 'key 1', '\x000102030405060708090a0b', '\xff');
  insert into public.projects (account_id, ref, name) values
    (tests.user_id('account of Ada'), repeat('a', 20), 'Source'),
    (tests.user_id('account of Ada'), repeat('b', 20), 'Target'),
    (tests.user_id('account of Boris'), repeat('c', 20), 'His source'),
    (tests.user_id('account of Boris'), repeat('d', 20), 'His target');
  insert into public.twins (id, owner_id, source_account_id, source_ref, target_account_id, target_ref) values
    (tests.user_id('twin of Ada'), tests.user_id('Ada'), tests.user_id('account of Ada'), repeat('a', 20),
      tests.user_id('account of Ada'), repeat('b', 20)),
    (tests.user_id('twin of Boris'), tests.user_id('Boris'), tests.user_id('account of Boris'), repeat('c', 20),
      tests.user_id('account of Boris'), repeat('d', 20));
  perform tests.tell_runs('Ada', repeat('b', 20));
end
$$;

-- Test code may be called by every role; the extension's objects are visible to all that have `extensions`.
grant execute on all functions in schema tests to anon, authenticated, service_role;

begin;
set local search_path = public, extensions;
select plan(3);
select tests.create_user('Ada') is not null as created \gset
select tests.sign_in('Ada');
select is(current_user::text, 'authenticated', 'signing in takes the role of users');
select is((select auth.uid()), tests.user_id('Ada'), 'and the identity of one of them');
select tests.sign_out();
select is((select auth.uid()), null, 'signing out ends both');
select * from finish();
rollback;
