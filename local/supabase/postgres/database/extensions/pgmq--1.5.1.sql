-- pgmq for the local stack. A queue is a table q_<name> and its archive a_<name>, both members of the extension.

create table pgmq.meta (
  queue_name varchar unique not null,
  is_partitioned boolean not null,
  is_unlogged boolean not null,
  created_at timestamptz not null default now()
);
create type pgmq.message_record as (
  msg_id bigint, read_ct integer, enqueued_at timestamptz, vt timestamptz, message jsonb, headers jsonb
);
create type pgmq.queue_record as (
  queue_name varchar, is_partitioned boolean, is_unlogged boolean, created_at timestamptz
);
create type pgmq.metrics_result as (
  queue_name text, queue_length bigint, newest_msg_age_sec integer, oldest_msg_age_sec integer, total_messages bigint,
  scrape_time timestamptz, queue_visible_length bigint
);

create function pgmq.validate_queue_name(queue_name text) returns void
language plpgsql
as $$
begin
  if length(queue_name) > 47 then
    raise exception 'queue name is too long, maximum length is 47 characters';
  end if;
end
$$;

create function pgmq.format_table_name(queue_name text, prefix text) returns text
language plpgsql
as $$
begin
  if queue_name ~ '\$|;|--|''' then
    raise exception 'queue name contains invalid characters: $, ;, --, or \''';
  end if;
  return lower(prefix || '_' || queue_name);
end
$$;

-- Queues ---------------------------------------------------------------------------------------------------------

create function pgmq._create(queue_name text, is_unlogged boolean) returns void
language plpgsql
as $$
#variable_conflict use_column
declare
  queue constant text := pgmq.format_table_name(queue_name, 'q');
  archive constant text := pgmq.format_table_name(queue_name, 'a');
  made text;
begin
  perform pgmq.validate_queue_name(queue_name);
  perform pg_advisory_xact_lock(hashtext('pgmq.queue_' || queue_name));
  execute format(
    'create %s table if not exists pgmq.%I (
      msg_id bigint primary key generated always as identity,
      read_ct int default 0 not null,
      enqueued_at timestamptz default now() not null,
      vt timestamptz not null,
      message jsonb,
      headers jsonb
    )', case when $2 then 'unlogged' else '' end, queue
  );
  execute format(
    'create table if not exists pgmq.%I (
      msg_id bigint primary key,
      read_ct int default 0 not null,
      enqueued_at timestamptz default now() not null,
      archived_at timestamptz default now() not null,
      vt timestamptz not null,
      message jsonb,
      headers jsonb
    )', archive
  );
  execute format('create index if not exists %I on pgmq.%I (vt asc)', queue || '_vt_idx', queue);
  execute format('create index if not exists %I on pgmq.%I (archived_at)', 'archived_at_idx_' || $1, archive);
  foreach made in array array[queue, archive] loop
    if not exists (
      select from pg_depend as d join pg_extension as e on e.oid = d.refobjid
      where d.objid = format('pgmq.%I', made)::regclass and d.deptype = 'e' and e.extname = 'pgmq'
    ) then
      execute format('alter extension pgmq add table pgmq.%I', made);
    end if;
  end loop;
  insert into pgmq.meta (queue_name, is_partitioned, is_unlogged) values ($1, false, $2) on conflict do nothing;
end
$$;

create function pgmq.create_non_partitioned(queue_name text) returns void
language sql as $$ select pgmq._create(queue_name, false) $$;

create function pgmq.create(queue_name text) returns void
language sql as $$ select pgmq._create(queue_name, false) $$;

create function pgmq.create_unlogged(queue_name text) returns void
language sql as $$ select pgmq._create(queue_name, true) $$;

create function pgmq.create_partitioned(
  queue_name text, partition_interval text default '10000', retention_interval text default '100000'
) returns void
language plpgsql
as $$
begin
  raise feature_not_supported using
    message = 'pg_partman is required for partitioned queues',
    hint = 'The local stack has no partitioned queues: try them on a hosted project.';
end
$$;

create function pgmq.drop_queue(queue_name text) returns boolean
language plpgsql
as $$
declare
  gone text;
begin
  if not exists (select from pgmq.meta as m where m.queue_name = $1) then
    raise notice 'pgmq queue `%` does not exist', queue_name;
    return false;
  end if;
  foreach gone in array array[pgmq.format_table_name(queue_name, 'q'), pgmq.format_table_name(queue_name, 'a')] loop
    if exists (
      select from pg_depend as d join pg_extension as e on e.oid = d.refobjid
      where d.objid = to_regclass(format('pgmq.%I', gone)) and d.deptype = 'e' and e.extname = 'pgmq'
    ) then
      execute format('alter extension pgmq drop table pgmq.%I', gone);
    end if;
    execute format('drop table if exists pgmq.%I', gone);
  end loop;
  delete from pgmq.meta as m where m.queue_name = $1;
  return true;
end
$$;

create function pgmq.drop_queue(queue_name text, partitioned boolean) returns boolean
language sql as $$ select pgmq.drop_queue(queue_name) $$;

create function pgmq.detach_archive(queue_name text) returns void
language plpgsql
as $$
begin
  execute format('alter extension pgmq drop table pgmq.%I', pgmq.format_table_name(queue_name, 'a'));
end
$$;

create function pgmq.purge_queue(queue_name text) returns bigint
language plpgsql
as $$
declare
  purged bigint;
begin
  execute format('select count(*) from pgmq.%I', pgmq.format_table_name(queue_name, 'q')) into purged;
  execute format('truncate table pgmq.%I', pgmq.format_table_name(queue_name, 'q'));
  return purged;
end
$$;

create function pgmq.list_queues() returns setof pgmq.queue_record
language sql as $$ select queue_name, is_partitioned, is_unlogged, created_at from pgmq.meta $$;

create function pgmq.metrics(queue_name text) returns pgmq.metrics_result
language plpgsql
as $$
declare
  found pgmq.metrics_result;
  queue constant text := pgmq.format_table_name(queue_name, 'q');
begin
  execute format(
    'select %L, count(*), extract(epoch from now() - max(enqueued_at))::int,
      extract(epoch from now() - min(enqueued_at))::int,
      (select case when is_called then last_value else 0 end from pgmq.%I), now(), count(*) filter (where vt <= now())
    from pgmq.%I', queue_name, queue || '_msg_id_seq', queue
  ) into found;
  return found;
end
$$;

create function pgmq.metrics_all() returns setof pgmq.metrics_result
language sql as $$ select m.* from pgmq.meta as q, pgmq.metrics(q.queue_name) as m $$;

-- Messages -------------------------------------------------------------------------------------------------------

create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay timestamptz) returns setof bigint
language plpgsql
as $$
begin
  if headers is not null and cardinality(headers) <> cardinality(msgs) then
    raise exception 'msgs and headers arrays must have the same length';
  end if;
  return query execute format(
    'insert into pgmq.%I (vt, message, headers)
    select $2, sent.message, sent.headers from unnest($1, $3) as sent (message, headers) returning msg_id',
    pgmq.format_table_name(queue_name, 'q')
  ) using msgs, delay, headers;
end
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[]) returns setof bigint
language sql as $$ select pgmq.send_batch(queue_name, msgs, null, clock_timestamp()) $$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[]) returns setof bigint
language sql as $$ select pgmq.send_batch(queue_name, msgs, headers, clock_timestamp()) $$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], delay integer) returns setof bigint
language sql as $$ select pgmq.send_batch(queue_name, msgs, null, clock_timestamp() + make_interval(secs => delay)) $$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], delay timestamptz) returns setof bigint
language sql as $$ select pgmq.send_batch(queue_name, msgs, null, delay) $$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], headers jsonb[], delay integer) returns setof bigint
language sql
as $$ select pgmq.send_batch(queue_name, msgs, headers, clock_timestamp() + make_interval(secs => delay)) $$;

create function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay timestamptz) returns setof bigint
language sql as $$ select pgmq.send_batch(queue_name, array[msg], array[headers], delay) $$;
create function pgmq.send(queue_name text, msg jsonb) returns setof bigint
language sql as $$ select pgmq.send(queue_name, msg, null, clock_timestamp()) $$;
create function pgmq.send(queue_name text, msg jsonb, headers jsonb) returns setof bigint
language sql as $$ select pgmq.send(queue_name, msg, headers, clock_timestamp()) $$;
create function pgmq.send(queue_name text, msg jsonb, delay integer) returns setof bigint
language sql as $$ select pgmq.send(queue_name, msg, null, clock_timestamp() + make_interval(secs => delay)) $$;
create function pgmq.send(queue_name text, msg jsonb, delay timestamptz) returns setof bigint
language sql as $$ select pgmq.send(queue_name, msg, null, delay) $$;
create function pgmq.send(queue_name text, msg jsonb, headers jsonb, delay integer) returns setof bigint
language sql as $$ select pgmq.send(queue_name, msg, headers, clock_timestamp() + make_interval(secs => delay)) $$;

create function pgmq.read(queue_name text, vt integer, qty integer, conditional jsonb default '{}')
returns setof pgmq.message_record
language plpgsql
as $$
begin
  return query execute format(
    'with due as (
      select msg_id from pgmq.%1$I
      where vt <= clock_timestamp() and ($3 = ''{}'' or message @> $3)
      order by msg_id limit $2 for update skip locked
    )
    update pgmq.%1$I as m set vt = clock_timestamp() + make_interval(secs => $1), read_ct = m.read_ct + 1
    from due where m.msg_id = due.msg_id
    returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers',
    pgmq.format_table_name(queue_name, 'q')
  ) using vt, qty, conditional;
end
$$;

create function pgmq.read_with_poll(
  queue_name text, vt integer, qty integer, max_poll_seconds integer default 5, poll_interval_ms integer default 100,
  conditional jsonb default '{}'
) returns setof pgmq.message_record
language plpgsql
as $$
declare
  stop_at constant timestamptz := clock_timestamp() + make_interval(secs => max_poll_seconds);
begin
  while clock_timestamp() < stop_at loop
    return query select * from pgmq.read(queue_name, vt, qty, conditional);
    exit when found;
    perform pg_sleep(poll_interval_ms / 1000.0);
  end loop;
end
$$;

create function pgmq.pop(queue_name text) returns setof pgmq.message_record
language plpgsql
as $$
begin
  return query execute format(
    'with due as (
      select msg_id from pgmq.%1$I where vt <= clock_timestamp() order by msg_id limit 1 for update skip locked
    )
    delete from pgmq.%1$I as m using due where m.msg_id = due.msg_id
    returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers',
    pgmq.format_table_name(queue_name, 'q')
  );
end
$$;

create function pgmq.set_vt(queue_name text, msg_id bigint, vt integer) returns setof pgmq.message_record
language plpgsql
as $$
begin
  return query execute format(
    'update pgmq.%I as m set vt = clock_timestamp() + make_interval(secs => $2) where m.msg_id = $1
    returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message, m.headers',
    pgmq.format_table_name(queue_name, 'q')
  ) using msg_id, vt;
end
$$;

create function pgmq.delete(queue_name text, msg_ids bigint[]) returns setof bigint
language plpgsql
as $$
begin
  return query execute format(
    'delete from pgmq.%I where msg_id = any ($1) returning msg_id', pgmq.format_table_name(queue_name, 'q')
  ) using msg_ids;
end
$$;
create function pgmq.delete(queue_name text, msg_id bigint) returns boolean
language sql as $$ select exists (select from pgmq.delete(queue_name, array[msg_id])) $$;

create function pgmq.archive(queue_name text, msg_ids bigint[]) returns setof bigint
language plpgsql
as $$
begin
  return query execute format(
    'with gone as (delete from pgmq.%I where msg_id = any ($1) returning *)
    insert into pgmq.%I (msg_id, vt, read_ct, enqueued_at, message, headers)
    select msg_id, vt, read_ct, enqueued_at, message, headers from gone returning msg_id',
    pgmq.format_table_name(queue_name, 'q'), pgmq.format_table_name(queue_name, 'a')
  ) using msg_ids;
end
$$;
create function pgmq.archive(queue_name text, msg_id bigint) returns boolean
language sql as $$ select exists (select from pgmq.archive(queue_name, array[msg_id])) $$;

-- As on the hosted platform all of it belongs to postgres, which creates the queues.
do $$
declare
  member record;
begin
  for member in
    select d.classid, d.objid from pg_depend as d join pg_extension as e on e.oid = d.refobjid
    where e.extname = 'pgmq' and d.deptype = 'e'
      and d.refclassid = 'pg_extension'::regclass
      and not exists (
        select from pg_type as t left join pg_class as c on c.oid = t.typrelid
        where d.classid = 'pg_type'::regclass and t.oid = d.objid and (c.relkind <> 'c' or t.typelem <> 0)
      )
  loop
    case member.classid
      when 'pg_proc'::regclass then execute format('alter function %s owner to postgres', member.objid::regprocedure);
      when 'pg_type'::regclass then execute format('alter type %s owner to postgres', member.objid::regtype);
      when 'pg_class'::regclass then execute format('alter table %s owner to postgres', member.objid::regclass);
      else null;
    end case;
  end loop;
  alter schema pgmq owner to postgres;
end
$$;
