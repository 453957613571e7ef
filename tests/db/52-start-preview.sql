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
    tests.user_id('account of Ada')::text, repeat('b', 20), '{}', 'true'),
  'Ada starts a clone'
);
select results_eq(
  format($$ select status, twin_id, options ->> 'row_limit'
    from public.start_preview(%L, %L, %L, %L, '{"row_limit": 5}') $$,
    tests.user_id('account of Ada'), repeat('a', 20), tests.user_id('account of Ada'), repeat('b', 20)),
  $$ values ('pending', tests.user_id('twin of Ada'), '5') $$,
  'a preview may run beside a clone of the same pair'
);
select is(
  (public.start_preview(tests.user_id('account of Ada'), repeat('a', 20), tests.user_id('account of Ada'), repeat('b', 20), '{}', wish)).count_rows,
  counts, 'rows are counted where that is asked for'
) from (values (true, true), (false, false), (null, false)) as wished (wish, counts);
select tests.sign_out();
select set_eq(
  'select private.run_facts(step) ->> ''count_rows'' from private.steps as step where preview_id is not null',
  '{true,false}'::text[], 'and the worker is told'
);
select tests.sign_in('Ada');
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

-- What the preview names must be agreed to before a clone, by name.
select tests.sign_out();
update public.jobs set status = 'canceled', finished_at = now() where finished_at is null;
create temporary table read_before (id uuid);
grant select on read_before to public;
insert into public.previews (id, twin_id, options)
values (repeat('7', 32)::uuid, tests.user_id('twin of Ada'), private.clone_options('{"row_limit": 7}'));
insert into read_before values (repeat('7', 32)::uuid);
create function pg_temp.agreeing(
  agreed text[], options jsonb default '{"row_limit": 7}', preview uuid default repeat('7', 32)::uuid
) returns text
language sql
return format('select public.start_clone(%L, %L, %L, %L, %L, false, %L, %L)', tests.user_id('account of Ada'),
  repeat('a', 20), tests.user_id('account of Ada'), repeat('b', 20), options, preview, agreed);

select tests.sign_in('Ada');
select tests.refuses(
  pg_temp.agreeing('{}', preview => null), '22023', 'which preview', 'a clone needs a preview, or the word that there is none'
);
select tests.refuses(pg_temp.agreeing('{}'), 'PT409', 'still being read', 'a preview has to be over');
select tests.refuses(
  pg_temp.agreeing('{}', preview => gen_random_uuid()), 'PT404', 'no such preview', 'and there'
);
select tests.sign_out();
update public.previews set status = 'completed', finished_at = now(),
  result = '{"errors": [{"component": "storage", "error": {}}]}'
where id = (select id from read_before);
select private.store_plan(jsonb_populate_record(null::private.steps, jsonb_build_object('preview_id', read_before.id)), '[
  {"rank": 4, "component": "policies", "stage": "policies", "object": "o", "action": "change", "statements": ["b", "a"],
    "risks": [{"risk": "rls_off", "object": "public.orders"}, {"risk": "policies", "object": "p on public.orders"}]},
  {"rank": 1, "component": "tables", "stage": "structure", "object": "t", "action": "create", "before": null}
]') from read_before;
select tests.sign_in('Ada');
select results_eq(
  $$ select object, statements, jsonb_array_length(risks) from public.planned_work
     where preview_id = (select id from read_before) order by rank, number $$,
  $$ values ('t', '{}'::text[], 0), ('o', '{b,a}', 2) $$,
  'the plan is read in the order of the clone, its statements in theirs'
);
select tests.refuses(
  pg_temp.agreeing('{"rls_off public.orders"}'), 'PT409', 'policies p on public.orders and 1 more',
  'what is not agreed to is named'
);
select tests.refuses(
  pg_temp.agreeing('{}', options => '{"row_limit": 8}'), 'PT409', 'other options', 'and it must be a preview of this clone'
);
select tests.refuses(
  pg_temp.agreeing('{"rls_off public.orders", "policies p on public.orders", "unread storage"}'), '22023',
  'lose protection', 'the ref is typed where the target would lose something'
);
select lives_ok(
  pg_temp.agreeing('{"rls_off public.orders", "policies p on public.orders", "unread storage"}',
    options => jsonb_build_object('row_limit', 7, 'confirm_target', repeat('b', 20), 'backup', false)),
  'all agreed to, and typed: it starts'
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
