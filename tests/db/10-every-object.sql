-- Rules that hold for every object of the control database, whatever is added later.
begin;
set local search_path = public, extensions;
select no_plan();

select is_empty(
  $$ select c.oid::regclass from pg_class c
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
       and c.relkind in ('r', 'p') and not c.relrowsecurity $$,
  'every table has row level security'
);
select is_empty(
  $$ select c.oid::regclass from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and not exists (select from pg_policy p where p.polrelid = c.oid) $$,
  'every table that users read has a policy'
);
select is_empty(
  $$ select polrelid::regclass, polname from pg_policy join pg_class c on c.oid = polrelid
     where c.relnamespace = 'public'::regnamespace
       and polroles <> array['authenticated'::regrole::oid] $$,
  'every policy is for signed-in users only'
);
select is_empty(
  $$ select c.oid::regclass from pg_class c
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
       and c.relkind in ('r', 'p', 'v') and obj_description(c.oid) is null $$,
  'every table and view says what it is for'
);
select is_empty(
  $$ select c.oid::regclass from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'
       and not coalesce('security_invoker=true' = any (c.reloptions), false) $$,
  'every view obeys the policies of its reader'
);
select is_empty(
  $$ select p.oid::regprocedure from pg_proc p
     where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
       and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
       and not coalesce(p.proconfig @> array['search_path=""'], false) $$,
  'every function has an empty search path'
);
select is_empty(
  $$ select format('%s: %s', c.oid::regclass, a.privilege_type) from pg_class c
     cross join lateral aclexplode(c.relacl) a
     where c.relnamespace = 'public'::regnamespace and a.grantee in (0, 'anon'::regrole) $$,
  'visitors have no right on any table or view'
);
select is_empty(
  $$ select p.oid::regprocedure from pg_proc p
     where p.pronamespace = 'public'::regnamespace and has_function_privilege('anon', p.oid, 'execute')
       and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') $$,
  'visitors may call no function'
);
select set_eq(
  $$ select format('%s %s', lower(a.privilege_type), c.relname) from pg_class c
     cross join lateral aclexplode(c.relacl) a
     where c.relnamespace = 'public'::regnamespace and a.grantee = 'authenticated'::regrole
       and a.privilege_type <> 'SELECT' $$,
  array['delete ignore_rules', 'delete ticks'],
  'what users may write to whole tables is known'
);
select set_eq(
  $$ select format('%s %s.%s', lower(a.privilege_type), c.relname, t.attname)
     from pg_class c join pg_attribute t on t.attrelid = c.oid cross join lateral aclexplode(t.attacl) a
     where c.relnamespace = 'public'::regnamespace and a.grantee = 'authenticated'::regrole $$,
  array['insert ignore_rules.twin_id', 'insert ignore_rules.pattern', 'insert ticks.twin_id', 'insert ticks.component',
    'insert ticks.object', 'update projects.is_protected'],
  'what users may write to columns is known'
);
select set_eq(
  $$ select p.proname::text from pg_proc p
     where p.pronamespace = 'public'::regnamespace and has_function_privilege('authenticated', p.oid, 'execute')
       and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') $$,
  array['start_clone', 'cancel_job', 'start_preview', 'start_verification', 'start_restore', 'next_runs', 'save_schedule',
    'delete_schedule', 'run_schedule', 'run_again', 'arm', 'open_twin', 'change_channel', 'delete_channel', 'test_channel', 'replay_delivery',
    'delete_destination', 'start_backup', 'prove_backup', 'delete_backup', 'save_retention'],
  'users may call the functions of the contract and no others'
);
select is_empty(
  $$ select r.rolname from pg_roles r
     where r.rolname in ('anon', 'authenticated', 'service_role')
       and has_schema_privilege(r.oid, 'private', 'usage') $$,
  'no role of the API has access to schema private'
);
select is_empty(
  $$ select r.rolname, p.oid::regprocedure from pg_proc p, pg_roles r
     where p.pronamespace = 'private'::regnamespace and r.rolname in ('anon', 'authenticated', 'service_role')
       and has_function_privilege(r.oid, p.oid, 'execute') $$,
  'no role of the API may execute a function of the engine'
);
select is_empty(
  $$ select r.rolname, c.oid::regclass from pg_class c, pg_roles r
     where c.relnamespace = 'private'::regnamespace and c.relkind in ('r', 'v', 'S')
       and r.rolname in ('anon', 'authenticated', 'service_role')
       and case when c.relkind = 'S' then has_sequence_privilege(r.oid, c.oid, 'usage, select, update')
         else has_table_privilege(r.oid, c.oid, 'select, insert, update, delete, truncate') end $$,
  'no role of the API may read or write the engine''s tables'
);
select is_empty(
  $$ select conrelid::regclass, conname from pg_constraint k
     where k.contype = 'f' and k.connamespace in ('public'::regnamespace, 'private'::regnamespace)
       and not exists (
         select from pg_index i where i.indrelid = k.conrelid
           and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
       )
       -- Schedules are few, and their last job is never deleted by itself.
       and k.conname <> 'schedules_last_job_id_fkey' $$,
  'every foreign key has an index'
);
select is_empty(
  $$ select c.oid::regclass, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0
       and a.attname ~* '(token|secret|password|ciphertext|cursor|lease)' $$,
  'nothing that users read is named like a secret or an engine''s affair'
);

select * from finish();
rollback;
