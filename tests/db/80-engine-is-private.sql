-- Users reach the engine only through the functions of the contract: every other way in is closed.
begin;
set local search_path = public, extensions;
select no_plan();
select tests.tell_story();

create temporary table engine (kind text, name text, statement text);
insert into engine
select 'function', p.oid::regprocedure::text, format('select private.%I(%s)', p.proname,
  (select string_agg('null::' || format_type(type, null), ', ' order by place)
   from unnest(p.proargtypes) with ordinality as argument (type, place)))
from pg_proc p
where p.pronamespace = 'private'::regnamespace and p.prorettype <> 'trigger'::regtype;
insert into engine
select 'relation', c.oid::regclass::text, format('select * from %s', c.oid::regclass)
from pg_class c where c.relnamespace = 'private'::regnamespace and c.relkind in ('r', 'v');
grant select on engine to public;

select cmp_ok((select count(*) from engine where kind = 'function'), '>', 10::bigint, 'there is an engine');
select tests.sign_in('Ada');
select throws_ok(statement, '42501', null, 'Ada cannot reach ' || kind || ' ' || name) from engine order by name;
select tests.be('anon');
select throws_ok(statement, '42501', null, 'a visitor cannot reach ' || kind || ' ' || name) from engine order by name;
select tests.be('service_role');
select throws_ok(statement, '42501', null, 'the service role cannot reach ' || kind || ' ' || name)
from engine order by name;

select tests.sign_in('Ada');
select throws_ok('select * from vault.decrypted_secrets', '42501', null, 'Ada cannot read the worker''s secret');
select throws_ok('select * from cron.job', '42501', null, 'nor see what cron does');
select throws_ok('create table public.mine ()', '42501', null, 'nor make tables');
select throws_ok('select * from auth.users', '42501', null, 'nor read other users');

select * from finish();
rollback;
