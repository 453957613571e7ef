-- What supabase/migrations make of an empty project. Written by `npm run test:db -- --update`.
-- Printed by PostgreSQL 15

CREATE SCHEMA private;

COMMENT ON SCHEMA private IS 'Credentials, the step queue and the functions of the engine. Never exposed by the API.';

CREATE TYPE private.cron_fields AS (
	minutes integer[],
	hours integer[],
	days integer[],
	months integer[],
	weekdays integer[],
	is_either_day boolean
);

CREATE TABLE public.notification_channels (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    owner_id uuid NOT NULL,
    twin_id uuid,
    kind text NOT NULL,
    name text NOT NULL,
    destination text NOT NULL,
    events text[] NOT NULL,
    is_enabled boolean DEFAULT true NOT NULL,
    stopped_reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT notification_channels_destination_check CHECK ((length(destination) <= 320)),
    CONSTRAINT notification_channels_events_check CHECK (((cardinality(events) > 0) AND (events <@ ARRAY['run_failed'::text, 'run_recovered'::text, 'verification_failed'::text, 'schedule_paused'::text, 'account_expires'::text]))),
    CONSTRAINT notification_channels_kind_check CHECK ((kind = ANY (ARRAY['mail'::text, 'webhook'::text, 'slack'::text]))),
    CONSTRAINT notification_channels_name_check CHECK (((length(btrim(name)) >= 1) AND (length(btrim(name)) <= 100))),
    CONSTRAINT notification_channels_stopped_when_off CHECK (((NOT is_enabled) OR (stopped_reason IS NULL)))
);

COMMENT ON TABLE public.notification_channels IS 'Where a user is notified, besides open pages.';

COMMENT ON COLUMN public.notification_channels.twin_id IS 'Only of this twin; null: of all of them.';

COMMENT ON COLUMN public.notification_channels.destination IS 'What may be shown of the address: the host. The address itself is sealed; mail goes to the user''s own.';

COMMENT ON COLUMN public.notification_channels.stopped_reason IS 'Why it was switched off by itself.';

CREATE FUNCTION private.add_channel(channel public.notification_channels, address_key_id text, address_iv text, address_ciphertext text) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  added public.notification_channels;
begin
  perform private.refuse_channel(channel);
  -- One after the other: two at once would both count the same channels.
  perform from auth.users where id = channel.owner_id for no key update;
  if (select count(*) from public.notification_channels where owner_id = channel.owner_id) >= 20 then
    perform private.refuse('You have 20 channels', 'Delete one of them, or change it.', 'PT409');
  end if;
  insert into public.notification_channels (id, owner_id, twin_id, kind, name, destination, events)
  values (
    channel.id, channel.owner_id, channel.twin_id, channel.kind, btrim(channel.name), channel.destination, channel.events
  )
  returning * into added;
  if address_ciphertext is not null then
    insert into private.channel_addresses (channel_id, key_id, iv, ciphertext)
    values (added.id, address_key_id, decode(address_iv, 'base64'), decode(address_ciphertext, 'base64'));
  end if;
  return to_jsonb(added);
end
$$;

CREATE TABLE private.steps (
    id bigint NOT NULL,
    job_id uuid,
    preview_id uuid,
    verification_id uuid,
    backup_id uuid,
    owner_id uuid NOT NULL,
    run_id uuid GENERATED ALWAYS AS (COALESCE(job_id, preview_id, verification_id, backup_id)) STORED NOT NULL,
    kind text NOT NULL,
    rank integer DEFAULT 0 NOT NULL,
    component text,
    stage text,
    waits_for text[] DEFAULT '{}'::text[] NOT NULL,
    status text DEFAULT 'queued'::text NOT NULL,
    cursor jsonb,
    slices integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    lease uuid,
    lease_until timestamp with time zone,
    run_after timestamp with time zone DEFAULT now() NOT NULL,
    items_done bigint DEFAULT 0 NOT NULL,
    items_total bigint,
    bytes_done bigint DEFAULT 0 NOT NULL,
    rows_done bigint DEFAULT 0 NOT NULL,
    at_work jsonb,
    error jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    CONSTRAINT steps_kind_check CHECK ((kind = ANY (ARRAY['prepare'::text, 'guard'::text, 'stage'::text, 'preview'::text, 'plan'::text, 'verify'::text, 'cleanup'::text, 'backup'::text, 'prove'::text, 'remove'::text]))),
    CONSTRAINT steps_leased_while_running CHECK (((status = 'running'::text) = ((lease IS NOT NULL) AND (lease_until IS NOT NULL)))),
    CONSTRAINT steps_one_run CHECK ((num_nonnulls(job_id, preview_id, verification_id, backup_id) = 1)),
    CONSTRAINT steps_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'canceled'::text])))
);

COMMENT ON TABLE private.steps IS 'Units of work: (run, kind, component, stage), worked off in slices.';

COMMENT ON COLUMN private.steps.waits_for IS 'Names, component.stage, of the steps of the run that must be over first. The engine derives them.';

COMMENT ON COLUMN private.steps.cursor IS 'Where the next slice goes on. All that survives a worker.';

COMMENT ON COLUMN private.steps.attempts IS 'Failures and deaths since the last slice that succeeded.';

CREATE FUNCTION private.add_steps(held private.steps, steps jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into private.steps
    (job_id, preview_id, verification_id, kind, rank, component, stage, waits_for)
  select
    held.job_id, held.preview_id, held.verification_id,
    step.kind, step.rank, step.component, step.stage,
    coalesce(step.waits_for, '{}')
  from jsonb_to_recordset(coalesce(nullif(steps, 'null'), '[]')) as step (
    kind text, rank int, component text, stage text, waits_for text[]
  )
  on conflict do nothing;
$$;

CREATE FUNCTION private.announce_items(step_id bigint, step_lease uuid, items jsonb) RETURNS boolean
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into private.announced_items as announced (step_id, lease, component, object, outcome, detail, fix)
  select distinct on (named.component, named.object)
    step.id, step.lease, named.component, named.object, entry ->> 'outcome', entry ->> 'detail', entry ->> 'fix'
  from private.steps as step
  cross join jsonb_array_elements(items) with ordinality as list (entry, place)
  cross join lateral (
    select coalesce(entry ->> 'component', step.component) as component, entry ->> 'object' as object
  ) as named
  where step.id = announce_items.step_id and step.lease = step_lease and step.job_id is not null
  order by named.component, named.object, place desc
  on conflict on constraint announced_items_pkey do update
  set lease = excluded.lease, outcome = excluded.outcome, detail = excluded.detail, fix = excluded.fix;
  select exists (select from private.steps as step where step.id = announce_items.step_id and step.lease = step_lease);
$$;

CREATE FUNCTION private.api_calls_per_minute() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN 120;

CREATE TABLE public.jobs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    owner_id uuid NOT NULL,
    twin_id uuid,
    target_ref text NOT NULL,
    kind text DEFAULT 'clone'::text NOT NULL,
    trigger text DEFAULT 'manual'::text NOT NULL,
    schedule_id uuid,
    parent_id uuid,
    attempt integer DEFAULT 1 NOT NULL,
    options jsonb NOT NULL,
    loss_limit integer,
    agreed text[],
    status text DEFAULT 'pending'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    cancel_requested_at timestamp with time zone,
    error jsonb,
    report jsonb,
    backup_id uuid,
    target_account_id uuid,
    CONSTRAINT jobs_attempt_check CHECK ((attempt > 0)),
    CONSTRAINT jobs_clones_have_twins CHECK (((kind = 'restore'::text) OR (twin_id IS NOT NULL))),
    CONSTRAINT jobs_finished_when_over CHECK (((finished_at IS NOT NULL) = (status = ANY (ARRAY['completed'::text, 'failed'::text, 'canceled'::text])))),
    CONSTRAINT jobs_kind_check CHECK ((kind = ANY (ARRAY['clone'::text, 'restore'::text]))),
    CONSTRAINT jobs_loss_limit_check CHECK (((loss_limit >= 1) AND (loss_limit <= 100))),
    CONSTRAINT jobs_options_check CHECK ((jsonb_typeof(options) = 'object'::text)),
    CONSTRAINT jobs_restores_have_backups CHECK (((kind = 'restore'::text) = (backup_id IS NOT NULL))),
    CONSTRAINT jobs_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'in_progress'::text, 'completed'::text, 'failed'::text, 'canceled'::text]))),
    CONSTRAINT jobs_trigger_check CHECK ((trigger = ANY (ARRAY['manual'::text, 'schedule'::text])))
);

COMMENT ON TABLE public.jobs IS 'One clone (or restore): a run of a twin.';

COMMENT ON COLUMN public.jobs.parent_id IS 'The first attempt of the same clone, where this one was run again.';

COMMENT ON COLUMN public.jobs.loss_limit IS 'Percent of the rows of a table that it may remove or overwrite; null: nobody looks, a person saw the preview.';

COMMENT ON COLUMN public.jobs.agreed IS 'Risks ("risk object") that somebody agreed to; runs of schedules and further attempts stop before others. null: nobody looks.';

COMMENT ON COLUMN public.jobs.error IS '{code, message, fix}: why the job failed, or that parts of it did.';

COMMENT ON COLUMN public.jobs.report IS 'Counts per component, failures, and what is left to do by hand.';

COMMENT ON COLUMN public.jobs.backup_id IS 'Of a restore: the backup that it writes into the target.';

COMMENT ON COLUMN public.jobs.target_account_id IS 'Of a restore: the account of the target; clones have their twin''s.';

CREATE FUNCTION private.ask_about_run(job public.jobs, failure jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  update public.schedule_slots
  set outcome = 'stopped', reason = failure ->> 'message'
  where job_id = job.id;
  update public.schedules
  set is_active = false, next_run_at = null, is_asking = true, paused_reason = (failure ->> 'message') || '.',
      asked = (
        select coalesce(array_agg(distinct named), '{}')
        from private.steps as guard
        cross join lateral jsonb_array_elements_text(guard.error -> 'risks') as named
        where guard.job_id = job.id and guard.kind = 'guard' and jsonb_typeof(guard.error -> 'risks') = 'array'
      )
  where id = job.schedule_id;
$$;

CREATE FUNCTION private.begin_oauth(requesting_user_id uuid, reconnected_account_id uuid, request_state_hash text, verifier_key_id text, verifier_iv text, verifier_ciphertext text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if reconnected_account_id is not null and not exists (
    select from public.connected_accounts
    where id = reconnected_account_id and owner_id = requesting_user_id and status <> 'revoked'
  ) then
    perform private.refuse('There is no such account', 'Pick one of your connected accounts.', 'PT404');
  end if;
  delete from private.oauth_requests where expires_at < now();
  if (select count(*) from private.oauth_requests where owner_id = requesting_user_id) >= 20 then
    perform private.refuse(
      'Too many connections were begun and not ended', 'Wait ten minutes, then connect again.', 'PT409'
    );
  end if;
  insert into private.oauth_requests (state_hash, owner_id, account_id, key_id, iv, ciphertext)
  values (
    request_state_hash, requesting_user_id, reconnected_account_id, verifier_key_id,
    decode(verifier_iv, 'base64'), decode(verifier_ciphertext, 'base64')
  );
end
$$;

CREATE TABLE public.backups (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    owner_id uuid NOT NULL,
    job_id uuid,
    twin_id uuid,
    account_id uuid,
    ref text NOT NULL,
    project_name text NOT NULL,
    destination_id uuid,
    folder text NOT NULL,
    status text NOT NULL,
    is_unwanted boolean DEFAULT false NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    tables bigint DEFAULT 0 NOT NULL,
    tables_total bigint,
    row_count bigint DEFAULT 0 NOT NULL,
    problems bigint DEFAULT 0 NOT NULL,
    moments integer,
    components text[] DEFAULT '{}'::text[] NOT NULL,
    recipient text,
    location text,
    manifest_sha256 text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    expires_at timestamp with time zone,
    error jsonb,
    proof jsonb,
    proven_at timestamp with time zone,
    is_being_proven boolean DEFAULT false NOT NULL,
    CONSTRAINT backups_bytes_check CHECK ((bytes >= 0)),
    CONSTRAINT backups_moments_check CHECK ((moments > 0)),
    CONSTRAINT backups_problems_check CHECK ((problems >= 0)),
    CONSTRAINT backups_ref_check CHECK ((ref ~ '^[a-z]{20}$'::text)),
    CONSTRAINT backups_row_count_check CHECK ((row_count >= 0)),
    CONSTRAINT backups_status_check CHECK ((status = ANY (ARRAY['in_progress'::text, 'complete'::text, 'failed'::text, 'deleted'::text]))),
    CONSTRAINT backups_tables_check CHECK ((tables >= 0)),
    CONSTRAINT backups_tables_total_check CHECK ((tables_total >= 0))
);

COMMENT ON TABLE public.backups IS 'Backups of projects, kept in S3, restorable without the source.';

COMMENT ON COLUMN public.backups.job_id IS 'The clone with which it was taken; null: it was taken by itself.';

COMMENT ON COLUMN public.backups.destination_id IS 'Null: the installation''s own store.';

COMMENT ON COLUMN public.backups.folder IS 'Where it is, below the prefix of its destination.';

COMMENT ON COLUMN public.backups.is_unwanted IS 'It is to be deleted, or that was tried.';

COMMENT ON COLUMN public.backups.tables IS 'Tables that are in it (while it is taken: so far).';

COMMENT ON COLUMN public.backups.problems IS 'Objects that could not be read.';

COMMENT ON COLUMN public.backups.moments IS 'At how many moments of the source its rows were read; 1: all at one.';

COMMENT ON COLUMN public.backups.components IS 'What it keeps, once it is complete.';

COMMENT ON COLUMN public.backups.recipient IS 'Public key of age for which it is encrypted; null: it is not.';

COMMENT ON COLUMN public.backups.location IS 'Its address for people: s3://bucket/folder.';

COMMENT ON COLUMN public.backups.manifest_sha256 IS 'Of its manifest as it was written: a bucket may be changed by others.';

COMMENT ON COLUMN public.backups.error IS '{code, message, fix}: why it failed, or could not be deleted.';

COMMENT ON COLUMN public.backups.proof IS '{mode, objects, damaged}: what came of reading it back last.';

CREATE FUNCTION private.bind_restore_key(backup public.backups, of_job_id uuid, given_id text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if backup.recipient is null then
    return;
  end if;
  update private.restore_keys as given
  set job_id = of_job_id
  where given.id::text = given_id and given.owner_id = backup.owner_id and given.job_id is null
    and given.recipient = backup.recipient and given.created_at > now() - interval '1 hour';
  if not found then
    perform private.refuse(
      'This backup is encrypted', format('Give the key that belongs to %s.', backup.recipient)
    );
  end if;
end
$$;

CREATE FUNCTION private.book_api_call(of_account_id uuid, longest_wait interval) RETURNS integer
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into private.api_calls (account_id, made_at)
  select id, '{}' from public.connected_accounts where id = of_account_id
  on conflict (account_id) do nothing;
  with due as (
    select account_id, made_at, greatest(
      clock_timestamp(),
      held_until,
      made_at[cardinality(made_at) + 1 - private.api_calls_per_minute()] + interval '1 minute'
    ) as next
    from private.api_calls where account_id = of_account_id for update
  ), booked as (
    update private.api_calls as calls
    set made_at = (due.made_at || due.next)[cardinality(due.made_at) + 2 - private.api_calls_per_minute() :]
    from due
    where calls.account_id = due.account_id and due.next <= clock_timestamp() + longest_wait
    returning due.next
  )
  select greatest(0, ceil(extract(epoch from next - clock_timestamp()) * 1000))::int from booked;
$$;

CREATE FUNCTION private.broadcast_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_table_name = 'jobs' then
    perform private.broadcast_job(new.id, tg_table_name, to_jsonb(new));
  else
    perform private.broadcast_job(new.job_id, tg_table_name, to_jsonb(new));
  end if;
  return null;
end
$$;

CREATE FUNCTION private.broadcast_job(of_job_id uuid, changed_table text, changed_row jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  insert into private.broadcasts as last (job_id, sent_at)
  values (of_job_id, clock_timestamp())
  on conflict (job_id) do update
  set sent_at = case
        when last.sent_at <= clock_timestamp() - interval '500 milliseconds' then excluded.sent_at
        else last.sent_at
      end,
      is_pending = last.sent_at > clock_timestamp() - interval '500 milliseconds';
  if (select is_pending from private.broadcasts where job_id = of_job_id) then
    return;
  end if;
  perform realtime.send(
    jsonb_build_object(
      'table', changed_table,
      'record', changed_row - 'report',
      'job', (select to_jsonb(job) - 'report' from public.jobs as job where job.id = of_job_id),
      'components', (
        -- Not "as component": that is a column too, and to_jsonb would take the column.
        select coalesce(jsonb_agg(to_jsonb(part) order by part.position), '[]')
        from public.job_components as part where part.job_id = of_job_id
      )
    ),
    'changed',
    'job:' || of_job_id,
    true
  );
end
$$;

CREATE FUNCTION private.call_workers(wanted integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  worker_url text;
  worker_secret text;
begin
  if wanted <= 0 then
    return 0;
  end if;
  select decrypted_secret into worker_url from vault.decrypted_secrets where name = 'twins_worker_url';
  select decrypted_secret into worker_secret
  from vault.decrypted_secrets where name = 'twins_worker_secret';
  if worker_url is null or worker_secret is null then
    raise warning 'No worker can be woken: Vault lacks twins_worker_url or twins_worker_secret'
      using hint = 'Create both with vault.create_secret(value, name).';
    return 0;
  end if;
  perform net.http_post(
    url := worker_url,
    body := '{}'::jsonb,
    headers := jsonb_build_object(
      'content-type', 'application/json',
      'authorization', 'Bearer ' || worker_secret
    ),
    -- A worker answers before it works. pg_net calls nobody else meanwhile, and cron looks every two seconds.
    timeout_milliseconds := 5000
  )
  from generate_series(1, wanted);
  return wanted;
end
$$;

CREATE FUNCTION private.checked_rhythm(every_hours integer, cron text, timezone text) RETURNS private.cron_fields
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  parsed private.cron_fields;
begin
  if num_nonnulls(every_hours, cron) <> 1 then
    perform private.refuse('A schedule has one rhythm', 'Send every_hours or cron, not both.');
  end if;
  if every_hours is not null and every_hours not in (2, 6, 8) then
    perform private.refuse(
      format('A clone every %s hours is not offered', every_hours), 'Use 2, 6 or 8, or a cron expression.'
    );
  end if;
  if length(cron) > 100 then
    perform private.refuse('A cron expression has at most 100 characters', 'Shorten it.');
  end if;
  if timezone is null or not exists (select from pg_catalog.pg_timezone_names as known where known.name = timezone) then
    perform private.refuse(
      format('There is no time zone "%s"', coalesce(timezone, '')), 'Use a name such as UTC or Europe/Berlin.'
    );
  end if;
  parsed := private.parse_cron(private.rhythm(every_hours, cron));
  if private.least_gap_minutes(parsed) < 15 then
    perform private.refuse(
      'The cron expression comes more often than every 15 minutes',
      'A clone needs time to end: leave at least 15 minutes between two of them.'
    );
  end if;
  if private.next_slot(parsed, timezone, now()) is null then
    perform private.refuse(
      'The cron expression never comes', 'Check its day and month: 30 February, for example, is no day.'
    );
  end if;
  return parsed;
end
$$;

CREATE FUNCTION private.claim_deliveries(most integer, at timestamp with time zone DEFAULT now()) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  claimed jsonb;
begin
  update public.notification_deliveries as delivery
  set status = 'dead',
      next_attempt_at = null,
      detail = case when channel.is_enabled then delivery.detail else 'The channel was switched off.' end
  from public.notification_channels as channel
  where channel.id = delivery.channel_id
    and delivery.status = 'waiting'
    and delivery.queued_at <= at - interval '1 day'
    and (delivery.attempts > 0 or not channel.is_enabled);

  with due as (
    select delivery.id
    from public.notification_deliveries as delivery
    join public.notification_channels as channel on channel.id = delivery.channel_id
    where delivery.status = 'waiting' and delivery.next_attempt_at <= at and channel.is_enabled
    order by least(delivery.attempts, 1), delivery.next_attempt_at
    limit most
    for update of delivery skip locked
  ), taken as (
    update public.notification_deliveries as delivery
    set attempts = delivery.attempts + 1,
        next_attempt_at = at + private.delivery_back_off(delivery.attempts + 1)
    from due
    where delivery.id = due.id
    returning delivery.*
  )
  select jsonb_agg(
    jsonb_build_object(
      'id', taken.id,
      'attempt', taken.attempts,
      'notification', to_jsonb(notification) - 'event_key' - 'owner_id',
      'channel', jsonb_build_object(
        'id', channel.id,
        'kind', channel.kind,
        -- Nobody is written to who did not prove that the address is his.
        'email', case when channel.kind = 'mail' and owner.email_confirmed_at is not null then owner.email end,
        'sealed', case when address.channel_id is not null then jsonb_build_object(
          'key_id', address.key_id,
          'iv', encode(address.iv, 'base64'),
          'ciphertext', encode(address.ciphertext, 'base64')
        ) end
      )
    )
    order by taken.queued_at
  ) into claimed
  from taken
  join public.notifications as notification on notification.id = taken.notification_id
  join public.notification_channels as channel on channel.id = taken.channel_id
  join auth.users as owner on owner.id = channel.owner_id
  left join private.channel_addresses as address on address.channel_id = channel.id;
  return coalesce(claimed, '[]');
end
$$;

CREATE FUNCTION private.claim_step(lease_seconds integer DEFAULT 10, of_run_id uuid DEFAULT NULL::uuid, by_worker uuid DEFAULT NULL::uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  waiting_run_id uuid;
  claimed private.steps;
begin
  perform private.return_expired_leases();

  -- Run by run, up to the first with something to do: asking for all that is claimable would cost seconds with a thousand
  -- runs open. Whoever has the fewest workers comes first, then the oldest: many runs of one user keep nobody waiting.
  for waiting_run_id in
    select waiting.run_id
    from (
      select run_id, owner_id, min(created_at) as since
      from private.steps
      where status = 'queued' and run_after <= now() and (of_run_id is null or run_id = of_run_id)
      group by run_id, owner_id
    ) as waiting
    left join (
      select owner_id, count(*) as workers from private.steps where status = 'running' group by owner_id
    ) as busy using (owner_id)
    order by coalesce(busy.workers, 0), waiting.since, waiting.run_id
  loop
    continue when not exists (
      select from private.claimable_steps where run_id = waiting_run_id
    );
    perform private.lock_run(waiting_run_id);
    update private.steps
    set status = 'running',
        lease = gen_random_uuid(),
        lease_until = now() + make_interval(secs => lease_seconds),
        started_at = coalesce(steps.started_at, now())
    where id = (
      select id from private.claimable_steps where run_id = waiting_run_id order by id limit 1
    )
    returning * into claimed;
    exit when claimed.id is not null;
  end loop;
  if claimed.id is null then
    return null;
  end if;

  -- Who has something to do waits no more: another may.
  delete from private.waiters where worker = by_worker;
  perform private.open_slice(claimed);
  update public.jobs set status = 'in_progress', started_at = now()
  where id = claimed.job_id and status = 'pending';
  update public.previews set status = 'in_progress'
  where id = claimed.preview_id and status = 'pending';
  update public.verifications set status = 'running', started_at = now()
  where id = claimed.verification_id and status = 'not_run';
  perform private.refresh_component(claimed.job_id, claimed.component);

  return jsonb_build_object(
    'step', jsonb_build_object(
      'id', claimed.id,
      'lease', claimed.lease,
      'kind', claimed.kind,
      'component', claimed.component,
      'stage', claimed.stage,
      'cursor', claimed.cursor,
      'memory', private.load_memories(claimed),
      'slices', claimed.slices,
      'attempts', claimed.attempts
    ),
    'run', private.run_facts(claimed)
  );
end
$$;

CREATE FUNCTION private.clone_options(given jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
declare
  defaults constant jsonb := '{"row_limit": 0, "backup": false, "remove_extra": false,
    "activate": false, "copy_mfa": false, "hold_snapshot": true, "verify": "none", "strategies": {}}';
  given_options jsonb := coalesce(nullif(given, 'null'), '{}');
  given_components jsonb;
  wrong text;
begin
  perform private.refuse_large_options(given);
  if jsonb_typeof(given_options) <> 'object' then
    perform private.refuse('The options are not a JSON object', 'Send an object such as {"row_limit": 0}.');
  end if;

  select string_agg(key, ', ' order by key) into wrong
  from jsonb_object_keys(given_options) as key
  where not defaults ? key and key not in ('components', 'confirm_target', 'arm');
  if wrong is not null then
    perform private.refuse(
      'Unknown options: ' || wrong,
      'Use components, row_limit, backup, remove_extra, activate, arm, copy_mfa, hold_snapshot, confirm_target, verify, strategies.'
    );
  end if;

  select coalesce(jsonb_object_agg(entry.key, entry.value), '{}') into given_options
  from jsonb_each(given_options) as entry
  where entry.value <> 'null';

  given_components := coalesce(given_options -> 'components', '{}');
  if jsonb_typeof(given_components) <> 'object' then
    perform private.refuse('components is not an object', 'Send {"tables": true, "data": false, …}.');
  end if;
  select string_agg(entry.key, ', ' order by entry.key) into wrong
  from jsonb_each(given_components) as entry
  where jsonb_typeof(entry.value) <> 'boolean'
    or not exists (select from private.component_catalogue() as known where known.component = entry.key);
  if wrong is not null then
    perform private.refuse(
      'Unknown components, or values that are not true or false: ' || wrong,
      'Known components: ' || (
        select string_agg(known.component, ', ' order by known.position)
        from private.component_catalogue() as known
      ) || '.'
    );
  end if;

  select string_agg(entry.key, ', ' order by entry.key) into wrong
  from jsonb_each(given_options) as entry
  where entry.key in ('backup', 'remove_extra', 'activate', 'copy_mfa', 'hold_snapshot')
    and jsonb_typeof(entry.value) <> 'boolean';
  if wrong is not null then
    perform private.refuse('Not true or false: ' || wrong, 'Send true or false without quotes.');
  end if;

  if given_options ? 'row_limit' and (
    jsonb_typeof(given_options -> 'row_limit') <> 'number'
    or (given_options ->> 'row_limit')::numeric not between 0 and 1000000000000
    or (given_options ->> 'row_limit')::numeric <> trunc((given_options ->> 'row_limit')::numeric)
  ) then
    perform private.refuse(
      'row_limit is not a whole number of rows',
      'Send 0 for all rows, or the most rows to copy per table.'
    );
  end if;

  if given_options ? 'verify'
    and given_options ->> 'verify' not in ('none', 'structure', 'counts', 'checksums') then
    perform private.refuse('Unknown kind of verification', 'Use none, structure, counts or checksums.');
  end if;

  if given_options ? 'strategies' then
    if jsonb_typeof(given_options -> 'strategies') <> 'object' then
      perform private.refuse('strategies is not an object', 'Send {"public.orders": "upsert"}.');
    end if;
    select string_agg(key, ', ' order by key) into wrong
    from jsonb_object_keys(given_options -> 'strategies') as key
    where key !~ '^.+[.].+$';
    if wrong is not null then
      perform private.refuse('Strategies for what is no table: ' || wrong, 'Name tables as schema.table.');
    end if;
    select string_agg(entry.key, ', ' order by entry.key) into wrong
    from jsonb_each_text(given_options -> 'strategies') as entry
    where entry.value is null or entry.value not in ('mirror', 'upsert', 'skip');
    if wrong is not null then
      perform private.refuse('Unknown strategy for: ' || wrong, 'Use mirror, upsert or skip.');
    end if;
  end if;

  if given_options ? 'arm' and (
    jsonb_typeof(given_options -> 'arm') <> 'array'
    or exists (
      select from jsonb_array_elements(given_options -> 'arm') as entry where jsonb_typeof(entry.value) <> 'string'
    )
  ) then
    perform private.refuse('arm is not a list of names', 'Send ["nightly"]: cron jobs and webhooks as reports name them.');
  end if;

  if given_options ? 'confirm_target'
    and jsonb_typeof(given_options -> 'confirm_target') <> 'string' then
    perform private.refuse('confirm_target is not a text', 'Send the ref of the target project.');
  end if;

  return defaults || given_options || jsonb_build_object(
    'components',
    (
      select jsonb_object_agg(known.component, coalesce(given_components -> known.component, 'true'))
      from private.component_catalogue() as known
    )
  );
end
$_$;

CREATE FUNCTION private.close_slice(of_step_id bigint, of_outcome text, reported integer) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  update public.job_slices as slice
  set finished_at = now(),
      outcome = of_outcome,
      items = reported,
      items_done = step.items_done,
      items_total = step.items_total,
      rows_done = step.rows_done,
      bytes_done = step.bytes_done,
      error = case when of_outcome in ('retry', 'failed', 'lost') then step.error end
  from private.steps as step
  where step.id = of_step_id and slice.step_id = of_step_id and slice.finished_at is null;
$$;

CREATE FUNCTION private.component_catalogue() RETURNS TABLE(component text, "position" integer, unit text)
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    AS $$
  values
    ('tables', 1, 'tables'),
    ('data', 2, 'tables'),
    ('views', 3, 'views'),
    ('functions', 4, 'functions'),
    ('triggers', 5, 'triggers'),
    ('policies', 6, 'policies'),
    ('edge_functions', 7, 'functions'),
    ('storage', 8, 'files'),
    ('auth_users', 9, 'users'),
    ('cron_jobs', 10, 'jobs'),
    ('webhooks', 11, 'webhooks'),
    ('realtime', 12, 'tables'),
    ('project_config', 13, 'settings')
$$;

CREATE TABLE public.schedules (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    twin_id uuid NOT NULL,
    name text NOT NULL,
    every_hours integer,
    cron text,
    timezone text DEFAULT 'UTC'::text NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    is_confirmed boolean DEFAULT false NOT NULL,
    loss_limit integer DEFAULT 50 NOT NULL,
    agreed text[] DEFAULT '{}'::text[] NOT NULL,
    asked text[] DEFAULT '{}'::text[] NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    paused_reason text,
    is_asking boolean DEFAULT false NOT NULL,
    next_run_at timestamp with time zone,
    last_job_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT schedules_ask_why CHECK (((NOT is_asking) OR (paused_reason IS NOT NULL))),
    CONSTRAINT schedules_cron_check CHECK ((length(cron) <= 100)),
    CONSTRAINT schedules_every_hours_check CHECK ((every_hours = ANY (ARRAY[2, 6, 8]))),
    CONSTRAINT schedules_loss_limit_check CHECK (((loss_limit >= 1) AND (loss_limit <= 100))),
    CONSTRAINT schedules_name_check CHECK (((length(btrim(name)) >= 1) AND (length(btrim(name)) <= 100))),
    CONSTRAINT schedules_one_rhythm CHECK ((num_nonnulls(every_hours, cron) = 1)),
    CONSTRAINT schedules_options_check CHECK ((jsonb_typeof(options) = 'object'::text)),
    CONSTRAINT schedules_paused_when_not_active CHECK (((NOT is_active) OR (paused_reason IS NULL)))
);

COMMENT ON TABLE public.schedules IS 'Runs clones of a twin again and again with the same options.';

COMMENT ON COLUMN public.schedules.timezone IS 'Slots are times of the clocks there, also when they change.';

COMMENT ON COLUMN public.schedules.is_confirmed IS 'The ref of the target was typed when this was saved: its runs need nobody to type it.';

COMMENT ON COLUMN public.schedules.loss_limit IS 'Percent of the rows of a table that a run may remove or overwrite before it stops and asks; 100: all.';

COMMENT ON COLUMN public.schedules.agreed IS 'Risks ("risk object", "risk *") that somebody agreed to: its runs may do these, and stop before others.';

COMMENT ON COLUMN public.schedules.asked IS 'Risks for which a run stopped: whoever runs it anyway agrees to them.';

COMMENT ON COLUMN public.schedules.paused_reason IS 'Why it stopped by itself, and the way back.';

COMMENT ON COLUMN public.schedules.is_asking IS 'A run stopped before writing. Somebody says whether it shall be done anyway.';

CREATE TABLE public.twins (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    owner_id uuid NOT NULL,
    source_account_id uuid NOT NULL,
    source_ref text NOT NULL,
    target_account_id uuid NOT NULL,
    target_ref text NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    keep_backups integer,
    keep_days integer,
    CONSTRAINT twins_keep_backups_check CHECK (((keep_backups >= 1) AND (keep_backups <= 1000))),
    CONSTRAINT twins_keep_days_check CHECK (((keep_days >= 1) AND (keep_days <= 3650))),
    CONSTRAINT twins_options_check CHECK ((jsonb_typeof(options) = 'object'::text)),
    CONSTRAINT twins_projects_differ CHECK ((source_ref <> target_ref)),
    CONSTRAINT twins_source_ref_check CHECK ((source_ref ~ '^[a-z]{20}$'::text)),
    CONSTRAINT twins_target_ref_check CHECK ((target_ref ~ '^[a-z]{20}$'::text))
);

COMMENT ON TABLE public.twins IS 'A persistent ordered pair: the source is only read, the target is written.';

COMMENT ON COLUMN public.twins.options IS 'The options of the last clone, offered again for the next.';

COMMENT ON COLUMN public.twins.keep_backups IS 'How many complete backups are kept; null: all.';

COMMENT ON COLUMN public.twins.keep_days IS 'For how many days backups are kept; null: for ever. The last complete one always is.';

CREATE FUNCTION private.confirmed_for_runs(twin public.twins, earlier public.schedules, checked_options jsonb) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  removes_extras boolean := checked_options -> 'remove_extra' = 'true';
  typed text := checked_options ->> 'confirm_target';
begin
  if typed is null and earlier.is_confirmed
    and (not removes_extras or earlier.options -> 'remove_extra' = 'true') then
    return true;
  end if;
  perform private.refuse_unconfirmed_target(twin, typed);
  if typed is null and removes_extras then
    perform private.refuse(
      format('Each run would remove what only the target "%s" has', twin.target_ref),
      'Send its ref as confirm_target if you really mean it, or switch remove_extra off.',
      detail => 'confirm_target'
    );
  end if;
  return typed is not null;
end
$$;

CREATE FUNCTION private.count_findings(of_verification_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  select jsonb_build_object(
    'failed', coalesce(sum(failed), 0),
    'warnings', coalesce(sum(warnings), 0),
    'notes', coalesce(sum(notes), 0),
    'reported_with', coalesce(sum(reported_with), 0),
    'groups', coalesce(jsonb_object_agg(component, jsonb_build_object(
      'failed', failed, 'warnings', warnings, 'notes', notes, 'reported_with', reported_with, 'entries', entries
    )), '{}')
  )
  from (
    select
      component,
      coalesce(sum(objects) filter (where reported_with is null and severity = 'failed'), 0) as failed,
      coalesce(sum(objects) filter (where reported_with is null and severity = 'warning'), 0) as warnings,
      coalesce(sum(objects) filter (where reported_with is null and severity = 'note'), 0) as notes,
      coalesce(sum(objects) filter (where reported_with is not null), 0) as reported_with,
      count(*) filter (where reported_with is null) as entries
    from public.verification_findings
    where verification_id = of_verification_id
    group by component
  ) as per_component;
$$;

CREATE FUNCTION private.create_backup(of_owner_id uuid, of_account_id uuid, of_ref text, of_twin_id uuid, of_job_id uuid, wanted_destination_id uuid DEFAULT NULL::uuid, wanted_recipient text DEFAULT NULL::text) RETURNS public.backups
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  new_id uuid := gen_random_uuid();
  picked_id uuid := private.pick_destination(of_owner_id, wanted_destination_id);
  backup public.backups;
begin
  insert into public.backups (
    id, owner_id, job_id, twin_id, account_id, ref, project_name, destination_id, folder, status, recipient
  )
  values (
    new_id, of_owner_id, of_job_id, of_twin_id, of_account_id, of_ref,
    coalesce(
      (select listed.name from public.projects as listed where listed.account_id = of_account_id and listed.ref = of_ref),
      of_ref
    ),
    picked_id,
    of_ref || '/' || to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24-MI-SS-MS"Z"') || '-' || left(new_id::text, 4),
    'in_progress',
    coalesce(wanted_recipient, (select kept.recipient from public.backup_destinations as kept where kept.id = picked_id))
  )
  returning * into backup;
  insert into private.steps (backup_id, kind) values (backup.id, 'backup');
  return backup;
end
$$;

CREATE FUNCTION private.create_clone(twin public.twins, checked_options jsonb, of_trigger text DEFAULT 'manual'::text, of_schedule_id uuid DEFAULT NULL::uuid) RETURNS public.jobs
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  job public.jobs;
begin
  perform private.refuse_too_many_runs(twin.owner_id);
  perform private.refuse_crossing_clone(twin);
  begin
    insert into public.jobs (owner_id, twin_id, target_ref, options, trigger, schedule_id)
    values (twin.owner_id, twin.id, twin.target_ref, checked_options, of_trigger, of_schedule_id)
    returning * into job;
  exception when unique_violation then
    perform private.refuse(
      format('Another clone into "%s" is still running', twin.target_ref),
      'Wait until it ends, or cancel it.',
      'PT409'
    );
  end;

  insert into public.job_components (job_id, component, position, unit, status)
  select job.id, known.component, known.position, known.unit,
    case when (job.options -> 'components' -> known.component) = 'true' then 'pending' else 'skipped' end
  from private.component_catalogue() as known;

  insert into private.steps (job_id, kind) values (job.id, 'prepare');
  -- A run of its own: what becomes of it is no matter of the clone.
  if (checked_options -> 'backup') = 'true' then
    perform private.create_backup(twin.owner_id, twin.source_account_id, twin.source_ref, twin.id, job.id);
  end if;
  perform private.wake_workers(twin.owner_id);
  return job;
end
$$;

CREATE TABLE public.verifications (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    job_id uuid NOT NULL,
    twin_id uuid NOT NULL,
    mode text NOT NULL,
    status text DEFAULT 'not_run'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    summary jsonb,
    CONSTRAINT verifications_mode_check CHECK ((mode = ANY (ARRAY['structure'::text, 'counts'::text, 'checksums'::text]))),
    CONSTRAINT verifications_status_check CHECK ((status = ANY (ARRAY['not_run'::text, 'running'::text, 'passed'::text, 'warning'::text, 'failed'::text])))
);

COMMENT ON TABLE public.verifications IS 'Comparisons of source and target after a clone.';

CREATE FUNCTION private.create_verification(of_job public.jobs, of_mode text) RETURNS public.verifications
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  verification public.verifications;
begin
  insert into public.verifications (job_id, twin_id, mode)
  values (of_job.id, of_job.twin_id, of_mode)
  returning * into verification;
  insert into private.steps (verification_id, kind) values (verification.id, 'prepare');
  return verification;
end
$$;

CREATE FUNCTION private.cron_field(field text, field_name text, lowest integer, highest integer, names text[] DEFAULT '{}'::text[]) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO ''
    AS $_$
declare
  spelled text := lower(field);
  part text;
  parts text[];
  first_value int;
  last_value int;
  step int;
  found int[] := '{}';
begin
  for index in 1 .. cardinality(names) loop
    spelled := regexp_replace(spelled, '\m' || names[index] || '\M', (lowest + index - 1)::text, 'g');
  end loop;
  foreach part in array string_to_array(spelled, ',') loop
    parts := regexp_match(part, '^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?$');
    if parts is null then
      perform private.refuse(
        format('The %s of the cron expression is not understood: "%s"', field_name, field),
        format('Use *, numbers from %s to %s, ranges such as 1-5, steps such as */2, and commas.', lowest, highest)
      );
    end if;
    step := coalesce(parts[4]::int, 1);
    first_value := coalesce(parts[2]::int, lowest);
    -- As in cron: `5/10` goes on to the end.
    last_value := case
      when parts[1] is not null or (parts[3] is null and parts[4] is not null) then highest
      else coalesce(parts[3]::int, first_value)
    end;
    if step = 0 or first_value < lowest or last_value > highest or first_value > last_value then
      perform private.refuse(
        format('The %s of the cron expression is out of range: "%s"', field_name, field),
        format('Use numbers from %s to %s, ranges from the lower to the higher one.', lowest, highest)
      );
    end if;
    found := found || array(select generate_series(first_value, last_value, step));
  end loop;
  return array(select distinct value from unnest(found) as value order by value);
end
$_$;

CREATE FUNCTION private.delivery_back_off(attempts integer) RETURNS interval
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN LEAST(('00:00:30'::interval * ((4)::double precision ^ (LEAST((attempts - 1), 10))::double precision)), '03:00:00'::interval);

CREATE FUNCTION private.disconnect_account(account_owner_id uuid, ended_account_id uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  stopped jsonb;
begin
  perform from public.connected_accounts
  where id = ended_account_id and owner_id = account_owner_id and status <> 'revoked' for update;
  if not found then
    perform private.refuse('There is no such account', 'Pick one of your connected accounts.', 'PT404');
  end if;
  if exists (
    select from public.jobs as job
    join public.twins as twin on twin.id = job.twin_id
    where job.status in ('pending', 'in_progress')
      and ended_account_id in (twin.source_account_id, twin.target_account_id)
  ) then
    perform private.refuse(
      'A clone that uses this account is still running', 'Wait until it ends, or cancel it.', 'PT409'
    );
  end if;
  with paused as (
    update public.schedules as schedule
    set is_active = false,
        next_run_at = null,
        paused_reason =
          'Its account was disconnected. Connect it again, clone the pair, and schedule that twin.'
    from public.twins as twin
    where twin.id = schedule.twin_id
      and schedule.is_active
      and ended_account_id in (twin.source_account_id, twin.target_account_id)
    returning schedule.name
  )
  select coalesce(jsonb_agg(name order by name), '[]') into stopped from paused;
  delete from private.account_credentials where account_id = ended_account_id;
  delete from public.projects where account_id = ended_account_id;
  update public.connected_accounts set status = 'revoked' where id = ended_account_id;
  return jsonb_build_object('stopped_schedules', stopped);
end
$$;

CREATE FUNCTION private.drop_canceled_steps(of_job_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if not exists (
    select from public.jobs
    where id = of_job_id and cancel_requested_at is not null and finished_at is null
  ) then
    return;
  end if;
  update private.steps
  set status = 'canceled', finished_at = now()
  where job_id = of_job_id and status = 'queued' and kind <> 'cleanup';
  perform private.refresh_component(of_job_id, component)
  from public.job_components where job_id = of_job_id;
end
$$;

CREATE FUNCTION private.drop_refused_steps(of_job_id uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  delete from private.steps as step
  where step.job_id = of_job_id and step.status = 'queued'
    and exists (
      select from private.steps as guard
      where guard.job_id = of_job_id and guard.kind = 'guard' and guard.status = 'failed'
    );
$$;

CREATE FUNCTION private.end_delivery(delivery_id uuid, attempt integer, outcome text, answer_status integer, words text, at timestamp with time zone DEFAULT now()) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  delivery public.notification_deliveries;
  next_attempt timestamptz;
begin
  select * into delivery from public.notification_deliveries
  where id = delivery_id and status = 'waiting' and (attempts = attempt or outcome = 'delivered')
  for update;
  if delivery.id is null then
    return;
  end if;
  next_attempt := at + private.delivery_back_off(delivery.attempts);
  update public.notification_deliveries
  set status = case
        when outcome = 'delivered' then 'delivered'
        when outcome = 'gone' or next_attempt > delivery.queued_at + interval '1 day' then 'dead'
        else 'waiting'
      end,
      answered_at = at,
      http_status = answer_status,
      detail = words,
      next_attempt_at = case
        when outcome = 'failed' and next_attempt <= delivery.queued_at + interval '1 day' then next_attempt
      end
  where id = delivery.id;
  if outcome = 'gone' then
    update public.notification_channels
    set is_enabled = false, stopped_reason = words
    where id = delivery.channel_id;
  end if;
end
$$;

CREATE FUNCTION private.end_oauth(requesting_user_id uuid, request_state_hash text) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with ended as (
    delete from private.oauth_requests
    where state_hash = request_state_hash and owner_id = requesting_user_id
    returning *
  )
  select jsonb_build_object(
    'account_id', ended.account_id,
    'display_name', account.display_name,
    'key_id', ended.key_id,
    'iv', encode(ended.iv, 'base64'),
    'ciphertext', encode(ended.ciphertext, 'base64')
  )
  from ended
  left join public.connected_accounts as account on account.id = ended.account_id
  where ended.expires_at > now();
$$;

CREATE FUNCTION private.expire_account(refused_account_id uuid, refused_iv text) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  update public.connected_accounts as account
  set status = 'expired'
  from private.account_credentials as credential
  where account.id = refused_account_id
    and account.status = 'connected'
    and credential.account_id = account.id
    and credential.iv = decode(refused_iv, 'base64');
$$;

CREATE FUNCTION private.expire_backups(of_twin_id uuid DEFAULT NULL::uuid) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  expired_id uuid;
  count int := 0;
begin
  for expired_id in
    select ranked.id
    from (
      select backup.id, backup.created_at, twin.keep_backups, twin.keep_days,
        row_number() over (partition by backup.twin_id order by backup.created_at desc, backup.id) as place
      from public.backups as backup
      join public.twins as twin on twin.id = backup.twin_id
      where backup.status = 'complete' and not backup.is_unwanted
        and (of_twin_id is null or backup.twin_id = of_twin_id)
    ) as ranked
    where ranked.place > 1
      and (ranked.place > ranked.keep_backups or ranked.created_at < now() - make_interval(days => ranked.keep_days))
      and not exists (
        select from public.jobs where jobs.backup_id = ranked.id and jobs.status in ('pending', 'in_progress')
      )
    order by ranked.created_at
  loop
    perform private.remove_backup(expired_id);
    count := count + 1;
  end loop;
  if count > 0 then
    perform private.wake_workers();
  end if;
  return count;
end
$$;

COMMENT ON FUNCTION private.expire_backups(of_twin_id uuid) IS 'After each backup and each night: removes what retention does not keep.';

CREATE TABLE public.job_components (
    job_id uuid NOT NULL,
    component text NOT NULL,
    "position" integer NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    items_done bigint DEFAULT 0 NOT NULL,
    items_total bigint,
    unit text NOT NULL,
    bytes_done bigint DEFAULT 0 NOT NULL,
    rows_done bigint DEFAULT 0 NOT NULL,
    at_work jsonb,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    error jsonb,
    CONSTRAINT job_components_bytes_done_check CHECK ((bytes_done >= 0)),
    CONSTRAINT job_components_items_done_check CHECK ((items_done >= 0)),
    CONSTRAINT job_components_items_total_check CHECK ((items_total >= 0)),
    CONSTRAINT job_components_position_check CHECK ((("position" >= 1) AND ("position" <= 13))),
    CONSTRAINT job_components_rows_done_check CHECK ((rows_done >= 0)),
    CONSTRAINT job_components_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'in_progress'::text, 'completed'::text, 'failed'::text, 'skipped'::text, 'canceled'::text])))
);

COMMENT ON TABLE public.job_components IS 'Progress and outcome of each of the 13 components of a job.';

COMMENT ON COLUMN public.job_components.at_work IS '[{object, done, total}]: objects that take long and are being copied now, and how far they are.';

COMMENT ON COLUMN public.job_components.error IS '{code, message, fix}; what failed as a whole.';

CREATE TABLE public.job_items (
    job_id uuid NOT NULL,
    component text NOT NULL,
    object text NOT NULL,
    outcome text NOT NULL,
    detail text,
    fix text,
    sqlstate text,
    at timestamp with time zone DEFAULT now() NOT NULL,
    rank integer GENERATED ALWAYS AS (
CASE outcome
    WHEN 'failed'::text THEN 1
    WHEN 'copied'::text THEN 2
    WHEN 'adapted'::text THEN 3
    WHEN 'skipped'::text THEN 4
    ELSE 5
END) STORED,
    CONSTRAINT job_items_outcome_check CHECK ((outcome = ANY (ARRAY['copied'::text, 'unchanged'::text, 'adapted'::text, 'skipped'::text, 'failed'::text])))
);

COMMENT ON TABLE public.job_items IS 'What became of every object of a job. Nothing is silent.';

COMMENT ON COLUMN public.job_items.rank IS 'Failures first, then what was changed, then what was not.';

CREATE FUNCTION private.failures_of(of_job_id uuid) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO ''
    RETURN (SELECT ((SELECT count(*) AS count FROM public.job_items WHERE ((job_items.job_id = failures_of.of_job_id) AND (job_items.outcome = 'failed'::text))) + (SELECT count(*) AS count FROM public.job_components component WHERE ((component.job_id = failures_of.of_job_id) AND (component.status = 'failed'::text) AND ((component.started_at IS NOT NULL) OR (component.error IS NOT NULL)) AND (NOT (EXISTS (SELECT FROM public.job_items item WHERE ((item.job_id = failures_of.of_job_id) AND (item.component = component.component) AND (item.outcome = 'failed'::text)))))))));

CREATE FUNCTION private.finish_backup(of_backup_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  written private.steps;
  proven private.steps;
  removed private.steps;
  backup public.backups;
begin
  select * into written from private.steps where backup_id = of_backup_id and kind = 'backup';
  select * into proven from private.steps where backup_id = of_backup_id and kind = 'prove';
  select * into removed from private.steps where backup_id = of_backup_id and kind = 'remove';
  update public.backups as finished
  set status = case
        when finished.is_unwanted and removed.status = 'done' then 'deleted'
        when finished.status <> 'in_progress' then finished.status
        when written.status = 'done' then 'complete'
        else 'failed'
      end,
      error = case
        when removed.status = 'failed' then removed.error
        when written.status = 'failed' then written.error
        when not finished.is_unwanted then finished.error
      end,
      proof = case
        when finished.is_being_proven and proven.status = 'failed'
          then jsonb_build_object('mode', proven.stage, 'error', proven.error)
        else finished.proof
      end,
      is_being_proven = false,
      is_unwanted = finished.is_unwanted and removed.status is distinct from 'failed',
      finished_at = coalesce(finished.finished_at, now()),
      expires_at = case
        when finished.status = 'in_progress' and written.status = 'done' then finished.created_at + (
          select make_interval(days => twin.keep_days) from public.twins as twin where twin.id = finished.twin_id
        )
        else finished.expires_at
      end
  where finished.id = of_backup_id
  returning * into backup;
  if backup.status = 'complete' then
    perform private.expire_backups(backup.twin_id);
  end if;
end
$$;

CREATE FUNCTION private.finish_job(of_job_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  job public.jobs;
  failure jsonb;
  failed_components text[];
  is_any_as_wanted boolean;
begin
  select * into job from public.jobs where id = of_job_id and finished_at is null for update;
  if job.id is null then
    return;
  end if;
  delete from private.restore_keys where job_id = of_job_id;

  -- Components that never got a step: the first step failed, or a cancel came before it.
  update public.job_components
  set status = case when job.cancel_requested_at is not null then 'canceled' else 'failed' end
  where job_id = of_job_id and status in ('pending', 'in_progress');

  select error into failure
  from private.steps
  where job_id = of_job_id and kind in ('prepare', 'guard') and status = 'failed'
  order by id
  limit 1;
  select array_agg(component order by position) filter (where status = 'failed')
  into failed_components
  from public.job_components where job_id = of_job_id;
  -- A component that had nothing to do is completed too: it is objects that count.
  is_any_as_wanted := exists (
    select from public.job_items
    where job_id = of_job_id and outcome in ('copied', 'adapted', 'unchanged')
  );

  update public.jobs
  set status = case
        when failure is not null then 'failed'
        when job.cancel_requested_at is not null
          and exists (select from private.steps where job_id = of_job_id and status = 'canceled')
          then 'canceled'
        when failed_components is not null and not is_any_as_wanted then 'failed'
        else 'completed'
      end,
      finished_at = now(),
      error = coalesce(failure, case
        when failed_components is not null then jsonb_build_object(
          'code', 'conflict',
          'message', case when is_any_as_wanted then 'Not everything was copied: ' else 'Nothing was copied: ' end
            || array_to_string(failed_components, ', '),
          'fix', 'Read what each failed object says, mend it, and clone again: only what is missing is done.'
        )
      end),
      report = private.job_report(of_job_id)
  where id = of_job_id;

  -- Not those of a schedule, which has its own; and running parts of a clone again, or arming what it brought, is no other
  -- wish for the next one.
  update public.twins
  set options = job.options - 'confirm_target'
  where id = job.twin_id and job.schedule_id is null and job.parent_id is null and not job.options ? 'arm';

  -- A guard that could not look says nothing of the source: that is a failure like others.
  if failure ->> 'code' = 'limit_exceeded' and exists (
    select from private.steps where job_id = of_job_id and kind = 'guard' and status = 'failed'
  ) then
    perform private.ask_about_run(job, failure);
  end if;

  if job.options ->> 'verify' in ('structure', 'counts', 'checksums') and failure is null
    and job.cancel_requested_at is null then
    perform private.create_verification(job, job.options ->> 'verify');
  end if;
end
$$;

CREATE FUNCTION private.finish_preview(of_preview_id uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  update public.previews
  set status = case when exists (
        select from private.steps where preview_id = of_preview_id and status = 'done'
          and kind = 'preview'
      ) then 'completed' else 'failed' end,
      result = result || jsonb_build_object('errors', coalesce((
        select jsonb_agg(jsonb_build_object('component', component, 'error', error))
        from private.steps where preview_id = of_preview_id and status = 'failed'
      ), '[]')),
      finished_at = now()
  where id = of_preview_id and finished_at is null;
$$;

CREATE FUNCTION private.finish_run_if_over(of_run_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  run private.steps;
begin
  perform private.lock_run(of_run_id);
  select * into run from private.steps where run_id = of_run_id order by id limit 1;
  if run.id is null then
    return;
  end if;
  perform private.drop_canceled_steps(run.job_id);
  perform private.drop_refused_steps(run.job_id);
  perform private.give_up_backup(run.backup_id);
  if exists (select from private.steps where run_id = of_run_id and status in ('queued', 'running')) then
    return;
  end if;
  case
    when run.job_id is not null then perform private.finish_job(run.job_id);
    when run.preview_id is not null then perform private.finish_preview(run.preview_id);
    when run.backup_id is not null then perform private.finish_backup(run.backup_id);
    else perform private.finish_verification(run.verification_id);
  end case;
end
$$;

CREATE FUNCTION private.finish_slice(step_id bigint, step_lease uuid, result jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  held private.steps;
  outcome text := result ->> 'outcome';
begin
  perform private.lock_run((select run_id from private.steps where id = step_id));
  select * into held from private.steps where id = step_id and lease = step_lease;
  if held.id is null then
    return '{"lost": true}';
  end if;
  if outcome is null or outcome not in ('more', 'done', 'retry', 'failed') then
    raise exception 'unknown outcome of a slice: %', outcome using errcode = '22023';
  end if;
  if outcome = 'retry' and held.attempts + 1 >= private.max_attempts() then
    outcome := 'failed';
  end if;

  perform private.store_items(held.job_id, held.component, result -> 'items');
  perform private.store_announced(held, outcome);
  perform private.store_memories(held, result -> 'memory');
  perform private.add_steps(held, result -> 'steps');
  update public.previews
  set result = previews.result || coalesce(finish_slice.result -> 'preview', '{}')
  where id = held.preview_id;
  perform private.store_plan(held, result -> 'plan');
  perform private.store_findings(held, result -> 'findings');
  perform private.store_counts(held, result -> 'counts');
  perform private.store_backup(held, result -> 'backup');

  update private.steps
  set status = case outcome when 'done' then 'done' when 'failed' then 'failed' else 'queued' end,
      lease = null,
      lease_until = null,
      cursor = case when outcome = 'more' then result -> 'cursor' else cursor end,
      slices = slices + 1,
      attempts = case outcome when 'retry' then attempts + 1 when 'more' then 0 else attempts end,
      run_after = now() + case
        when outcome <> 'retry' then interval '0'
        else make_interval(secs => coalesce(
          (result ->> 'retry_after')::numeric,
          least(60, power(2, attempts)) * (0.5 + random() / 2)
        )::double precision)
      end,
      items_done = coalesce((result #>> '{progress,done}')::bigint, items_done),
      items_total = coalesce((result #>> '{progress,total}')::bigint, items_total),
      bytes_done = coalesce((result #>> '{progress,bytes}')::bigint, bytes_done),
      rows_done = coalesce((result #>> '{progress,rows}')::bigint, rows_done),
      at_work = null,
      error = case when outcome in ('retry', 'failed') then result -> 'error' end,
      finished_at = case when outcome in ('done', 'failed') then now() end
  where id = held.id
  returning * into held;

  perform private.refresh_backup(held);
  perform private.close_slice(held.id, outcome, coalesce(jsonb_array_length(nullif(result -> 'items', 'null')), 0));
  perform private.refresh_component(held.job_id, held.component);
  perform private.finish_run_if_over(held.run_id);
  perform private.wake_workers(held.owner_id, takes => (
    select count(*)::int
    from (select from private.claimable_steps where run_id = held.run_id limit 1) as claimable
    where (result ->> 'goes_on')::boolean
  ));
  return '{"lost": false}';
end
$$;

CREATE FUNCTION private.finish_verification(of_verification_id uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  select private.report_with_missing(of_verification_id)
  from public.verifications where id = of_verification_id and finished_at is null;

  update public.verifications
  set status = case
        when exists (
          select from private.steps where verification_id = of_verification_id and status = 'failed'
        ) or exists (
          select from public.verification_findings
          where verification_id = of_verification_id and severity = 'failed'
        ) then 'failed'
        -- What is left to do by hand was known before: it is listed, and no difference that warns.
        when exists (
          select from public.verification_findings
          where verification_id = of_verification_id and severity = 'warning'
        ) then 'warning'
        else 'passed'
      end,
      summary = private.count_findings(of_verification_id) || jsonb_build_object(
        'not_compared', private.not_compared(of_verification_id),
        'rows', (
          select jsonb_build_object('tables', count(*), 'differing', count(*) filter (where difference > 0))
          from public.verification_counts where verification_id = of_verification_id
        ),
        'components', coalesce((
          select jsonb_object_agg(component, case
            when status = 'failed' then 'not_run'
            when worst = 1 then 'failed'
            when worst = 2 then 'warning'
            else 'passed' end)
          from (
            select step.component, step.status, min(finding.rank) as worst
            from private.steps as step
            left join public.verification_findings as finding
              on finding.verification_id = of_verification_id and finding.component = step.component
            where step.verification_id = of_verification_id and step.component is not null
            group by step.component, step.status
          ) as verdict
        ), '{}'),
        'errors', coalesce((
          select jsonb_agg(jsonb_build_object('component', component, 'error', error))
          from private.steps where verification_id = of_verification_id and status = 'failed'
        ), '[]')
      ),
      finished_at = now()
  where id = of_verification_id and finished_at is null;
$$;

CREATE FUNCTION private.flush_broadcasts() RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  held_back uuid;
  count int := 0;
begin
  for held_back in
    select job_id from private.broadcasts
    where is_pending and sent_at <= clock_timestamp() - interval '500 milliseconds'
    for update skip locked
  loop
    perform private.broadcast_job(
      held_back,
      'jobs',
      (select to_jsonb(job) from public.jobs as job where job.id = held_back)
    );
    count := count + 1;
  end loop;
  return count;
end
$$;

CREATE FUNCTION private.forget_old_secrets() RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  delete from private.oauth_requests where expires_at < now();
  delete from private.restore_keys where job_id is null and created_at < now() - interval '1 hour';
  delete from private.database_logins
  where expires_at < now() and coalesce(asking_until, '-infinity') < now();
$$;

CREATE FUNCTION private.give_up_backup(of_backup_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  backup public.backups;
begin
  select * into backup from public.backups where id = of_backup_id and status <> 'deleted';
  if backup.id is null then
    return;
  end if;
  if backup.is_unwanted then
    update private.steps
    set status = 'canceled', finished_at = now()
    where backup_id = backup.id and status = 'queued' and kind in ('backup', 'prove');
  end if;
  insert into private.steps (backup_id, kind, rank)
  select backup.id, 'remove', 1
  where backup.status = 'in_progress' and exists (
    select from private.steps
    where backup_id = backup.id and kind = 'backup' and status in ('failed', 'canceled')
  )
  on conflict do nothing;
end
$$;

CREATE FUNCTION private.hand_on_notification() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  perform realtime.send(
    jsonb_build_object(
      'id', new.id, 'event', new.event, 'title', new.title, 'detail', new.detail, 'path', new.path
    ),
    'notification',
    'user:' || new.owner_id,
    true
  );
  insert into public.notification_deliveries (notification_id, channel_id)
  select new.id, channel.id
  from public.notification_channels as channel
  where channel.owner_id = new.owner_id
    and channel.is_enabled
    and new.event = any (channel.events)
    and (
      channel.twin_id is null
      or channel.twin_id = new.twin_id
      or exists (
        select from public.twins as twin
        where twin.id = channel.twin_id and new.account_id in (twin.source_account_id, twin.target_account_id)
      )
    );
  return null;
end
$$;

CREATE FUNCTION private.heartbeat(step_id bigint, step_lease uuid, progress jsonb, lease_seconds integer DEFAULT 10) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  held private.steps;
begin
  perform private.lock_run((select run_id from private.steps where id = step_id));
  update private.steps
  set lease_until = now() + make_interval(secs => lease_seconds),
      items_done = coalesce((progress ->> 'done')::bigint, items_done),
      items_total = coalesce((progress ->> 'total')::bigint, items_total),
      bytes_done = coalesce((progress ->> 'bytes')::bigint, bytes_done),
      rows_done = coalesce((progress ->> 'rows')::bigint, rows_done),
      at_work = progress -> 'at_work'
  where id = step_id and lease = step_lease
  returning * into held;
  if held.id is null then
    return '{"lost": true, "cancel": false}';
  end if;
  perform private.refresh_component(held.job_id, held.component);
  perform private.refresh_backup(held);
  perform private.flush_broadcasts();
  return jsonb_build_object(
    'lost', false,
    'cancel', exists (
      select from public.jobs where id = held.job_id and cancel_requested_at is not null
    ) or (held.kind = 'backup' and exists (
      select from public.backups where id = held.backup_id and is_unwanted
    ))
  );
end
$$;

CREATE FUNCTION private.hold_api_calls(of_account_id uuid, seconds double precision) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  update private.api_calls
  set held_until = greatest(held_until, clock_timestamp() + make_interval(secs => least(seconds, 3600)))
  where account_id = of_account_id;
$$;

CREATE FUNCTION private.job_report(of_job_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO ''
    RETURN (SELECT jsonb_build_object('components', (SELECT COALESCE(jsonb_object_agg(counted.component, counted.outcomes), '{}'::jsonb) AS "coalesce" FROM (SELECT per_outcome.component, jsonb_object_agg(per_outcome.outcome, per_outcome.count) AS outcomes FROM (SELECT job_items.component, job_items.outcome, count(*) AS count FROM public.job_items WHERE (job_items.job_id = job_report.of_job_id) GROUP BY job_items.component, job_items.outcome) per_outcome GROUP BY per_outcome.component) counted), 'totals', (SELECT COALESCE(jsonb_object_agg(per_outcome.outcome, per_outcome.count), '{}'::jsonb) AS "coalesce" FROM (SELECT job_items.outcome, count(*) AS count FROM public.job_items WHERE (job_items.job_id = job_report.of_job_id) GROUP BY job_items.outcome) per_outcome), 'failures', private.failures_of(of_job_id), 'failed', (SELECT COALESCE(jsonb_agg(to_jsonb(failed.*) ORDER BY failed.component, failed.object), '[]'::jsonb) AS "coalesce" FROM (SELECT job_items.component, job_items.object, job_items.detail, job_items.fix, job_items.sqlstate FROM public.job_items WHERE ((job_items.job_id = job_report.of_job_id) AND (job_items.outcome = 'failed'::text)) ORDER BY job_items.component, job_items.object LIMIT 200) failed), 'by_hand_total', (SELECT count(*) AS count FROM public.job_items WHERE ((job_items.job_id = job_report.of_job_id) AND (job_items.outcome = ANY (ARRAY['adapted'::text, 'skipped'::text])) AND (job_items.fix IS NOT NULL))), 'by_hand', (SELECT COALESCE(jsonb_agg(to_jsonb(left_to_do.*) ORDER BY left_to_do.component, left_to_do.object), '[]'::jsonb) AS "coalesce" FROM (SELECT job_items.component, job_items.object, job_items.outcome, job_items.detail, job_items.fix FROM public.job_items WHERE ((job_items.job_id = job_report.of_job_id) AND (job_items.outcome = ANY (ARRAY['adapted'::text, 'skipped'::text])) AND (job_items.fix IS NOT NULL)) ORDER BY job_items.component, job_items.object LIMIT 200) left_to_do)) AS jsonb_build_object);

CREATE FUNCTION private.keep_moving() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  perform private.return_expired_leases();
  perform private.flush_broadcasts();
  perform private.forget_old_secrets();
  perform private.wake_workers();
end
$$;

COMMENT ON FUNCTION private.keep_moving() IS 'Each minute: expired leases, held-back broadcasts, secrets that are over, waiting steps.';

CREATE FUNCTION private.least_gap_minutes(parsed private.cron_fields) RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN (SELECT min(gaps.gap) AS min FROM (SELECT (lead(slots.at) OVER (ORDER BY slots.at) - slots.at) AS gap FROM (SELECT ((hour.hour * 60) + minute.minute) AS at FROM (unnest((least_gap_minutes.parsed).hours) hour(hour) CROSS JOIN unnest((least_gap_minutes.parsed).minutes) minute(minute)) UNION SELECT ((1440 + ((least_gap_minutes.parsed).hours[1] * 60)) + (least_gap_minutes.parsed).minutes[1])) slots) gaps);

CREATE TABLE private.memories (
    target_ref text NOT NULL,
    component text NOT NULL,
    key text NOT NULL,
    value jsonb NOT NULL
);

COMMENT ON TABLE private.memories IS 'What clones know about copies on a target that the target cannot hold, e.g. which state of a large file a copy stands for.';

CREATE TABLE public.previews (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    twin_id uuid NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    count_rows boolean DEFAULT false NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    result jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT previews_result_check CHECK ((jsonb_typeof(result) = 'object'::text)),
    CONSTRAINT previews_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'in_progress'::text, 'completed'::text, 'failed'::text, 'canceled'::text])))
);

COMMENT ON TABLE public.previews IS 'What is read before a clone: per component counts, plan, objects, warnings.';

COMMENT ON COLUMN public.previews.count_rows IS 'Rows of tables are counted, however long that takes; else estimated.';

COMMENT ON COLUMN public.previews.result IS 'As domain/preview.ts defines it, by component; `target` where a clone would ask; `errors`.';

CREATE FUNCTION private.load_memories(step private.steps) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO ''
    RETURN (SELECT COALESCE(jsonb_object_agg(memory.key, memory.value), '{}'::jsonb) AS "coalesce" FROM private.memories memory WHERE ((memory.component = (load_memories.step).component) AND (memory.target_ref = (SELECT twin.target_ref FROM public.twins twin WHERE (twin.id = COALESCE((SELECT job.twin_id FROM public.jobs job WHERE (job.id = (load_memories.step).job_id)), (SELECT preview.twin_id FROM public.previews preview WHERE (preview.id = (load_memories.step).preview_id)), (SELECT verification.twin_id FROM public.verifications verification WHERE (verification.id = (load_memories.step).verification_id))))))));

CREATE FUNCTION private.lock_run(of_run_id uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  select pg_advisory_xact_lock(hashtextextended('twins:run:' || of_run_id, 0));
$$;

CREATE FUNCTION private.max_attempts() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN 8;

CREATE FUNCTION private.next_slot(parsed private.cron_fields, timezone text, after timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  first_day date := (after at time zone timezone)::date;
  day date;
  found timestamptz;
begin
  for day in
    -- From the day before: the clocks may have been set back over midnight.
    select days.day::date
    from generate_series(first_day - 1, first_day + 3290, interval '1 day') as days (day)
    where extract(month from days.day) = any (parsed.months)
      and case
        when parsed.is_either_day then
          extract(day from days.day) = any (parsed.days) or extract(dow from days.day) = any (parsed.weekdays)
        else extract(day from days.day) = any (parsed.days) and extract(dow from days.day) = any (parsed.weekdays)
      end
    order by 1
  loop
    select min(slot) into found
    from (
      select (day + make_interval(hours => hour, mins => minute)) at time zone timezone as slot
      from unnest(parsed.hours) as hour cross join unnest(parsed.minutes) as minute
    ) as slots
    where slot > after;
    if found is not null then
      return found;
    end if;
  end loop;
  return null;
end
$$;

CREATE TABLE public.ignore_rules (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    twin_id uuid NOT NULL,
    pattern text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ignore_rules_pattern_check CHECK (((pattern ~ '^[^.]+\.[^.].*$'::text) AND (length(pattern) <= 200)))
);

COMMENT ON TABLE public.ignore_rules IS 'Tables whose rows a twin does not copy; their structure still is.';

COMMENT ON COLUMN public.ignore_rules.pattern IS '`schema.table`; `*` stands for any characters.';

CREATE FUNCTION private.not_compared(of_verification_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO ''
    RETURN (SELECT jsonb_build_object('components', (SELECT COALESCE(jsonb_agg(known.component ORDER BY known."position"), '[]'::jsonb) AS "coalesce" FROM private.component_catalogue() known(component, "position", unit) WHERE (((job.options -> 'components'::text) -> known.component) = 'false'::jsonb)), 'skipped_tables', (SELECT count(*) AS count FROM jsonb_each_text(COALESCE((job.options -> 'strategies'::text), '{}'::jsonb)) chosen(key, value) WHERE (chosen.value = 'skip'::text)), 'ignore_rules', (SELECT count(*) AS count FROM public.ignore_rules rule WHERE (rule.twin_id = job.twin_id)), 'row_limit', COALESCE(((job.options ->> 'row_limit'::text))::bigint, (0)::bigint)) AS jsonb_build_object FROM (public.verifications verification JOIN public.jobs job ON ((job.id = verification.job_id))) WHERE (verification.id = not_compared.of_verification_id));

CREATE FUNCTION private.note_account() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  noted public.notifications;
begin
  noted.owner_id := new.owner_id;
  noted.account_id := new.id;
  noted.event := 'account_expires';
  noted.event_key := format('%s:%s:%s', noted.event, new.id, gen_random_uuid());
  noted.title := format('The access of account "%s" has expired', new.display_name);
  noted.detail := 'Reconnect it under Connected accounts. Until then clones with its projects cannot run.';
  noted.path := '/accounts';
  perform private.note_event(noted);
  return null;
end
$$;

CREATE FUNCTION private.note_backup() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  noted public.notifications;
begin
  noted.owner_id := new.owner_id;
  noted.twin_id := new.twin_id;
  noted.path := '/backups';
  if new.status = 'failed' then
    noted.event := 'run_failed';
    noted.event_key := 'backup_failed:' || new.id;
    noted.title := 'Backup failed: ' || new.project_name;
    noted.detail := 'Nothing is kept of it. The reason is under Backups.';
  elsif new.proof -> 'error' is null and coalesce(new.proof -> 'damaged', '[]') = '[]' then
    return null;
  else
    noted.event := 'verification_failed';
    noted.event_key := format('backup_damaged:%s:%s', new.id, new.proven_at);
    noted.title := 'Backup damaged: ' || new.project_name;
    noted.detail := 'Objects of it are missing or changed, or it could not be read back. Which ones is under Backups.';
  end if;
  perform private.note_event(noted);
  return null;
end
$$;

CREATE TABLE public.notifications (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    owner_id uuid NOT NULL,
    twin_id uuid,
    account_id uuid,
    event text NOT NULL,
    event_key text NOT NULL,
    title text NOT NULL,
    detail text,
    path text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT notifications_event_check CHECK ((event = ANY (ARRAY['run_failed'::text, 'run_recovered'::text, 'verification_failed'::text, 'schedule_paused'::text, 'account_expires'::text, 'test'::text]))),
    CONSTRAINT notifications_path_check CHECK ((path ~~ '/%'::text))
);

COMMENT ON TABLE public.notifications IS 'The outbox: what happened that users want to hear of.';

COMMENT ON COLUMN public.notifications.event_key IS 'Names the event, so that it is noted once.';

COMMENT ON COLUMN public.notifications.path IS 'The page of the web app that shows it.';

CREATE FUNCTION private.note_event(event public.notifications) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into public.notifications (owner_id, twin_id, account_id, event, event_key, title, detail, path)
  values (
    event.owner_id, event.twin_id, event.account_id, event.event, event.event_key, event.title, event.detail, event.path
  )
  on conflict (event_key) do nothing;
$$;

CREATE FUNCTION private.note_expiring_accounts(today date DEFAULT CURRENT_DATE) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  account public.connected_accounts;
  noted public.notifications;
begin
  for account in
    select * from public.connected_accounts
    where status = 'connected' and expires_on <= today + 7
    order by id
  loop
    noted.owner_id := account.owner_id;
    noted.account_id := account.id;
    noted.event := 'account_expires';
    noted.event_key := format('%s:%s:%s', noted.event, account.id, account.expires_on);
    noted.title := format(
      'The access of account "%s" expires on %s', account.display_name, to_char(account.expires_on, 'FMDD FMMonth YYYY')
    );
    noted.detail := 'Make a new access token at Supabase and replace the old one under Connected accounts.';
    noted.path := '/accounts';
    perform private.note_event(noted);
  end loop;
end
$$;

COMMENT ON FUNCTION private.note_expiring_accounts(today date) IS 'Each day: notes accounts whose access ends within a week.';

CREATE FUNCTION private.note_job() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  noted public.notifications;
  is_previous_good boolean;
  pair text := coalesce(
    private.pair_words(new.twin_id),
    (select backup.project_name || ' → ' || new.target_ref from public.backups as backup where backup.id = new.backup_id)
  );
begin
  noted.owner_id := new.owner_id;
  noted.twin_id := new.twin_id;
  noted.path := '/clones/' || new.id;
  if new.error is not null or new.status = 'failed' then
    noted.event := 'run_failed';
    noted.title := format(
      '%s %s: %s',
      case new.kind when 'restore' then 'Restore' else 'Clone' end,
      case when new.status = 'failed' then 'failed' else 'ended with failures' end,
      pair
    );
    noted.detail := coalesce(
      'It was started by the schedule "' ||
        (select name from public.schedules where id = new.schedule_id and new.trigger = 'schedule') || '".',
      'It was started by hand.'
    );
  else
    select previous.error is null and previous.status = 'completed' into is_previous_good
    from public.jobs as previous
    where (previous.twin_id = new.twin_id or previous.backup_id = new.backup_id) and previous.kind = new.kind and previous.id <> new.id
      and previous.status in ('completed', 'failed')
    order by previous.finished_at desc
    limit 1;
    if coalesce(is_previous_good, true) then
      return null;
    end if;
    noted.event := 'run_recovered';
    noted.title := format(
      '%s succeeded again: %s',
      case new.kind when 'restore' then 'Restore' else 'Clone' end,
      pair
    );
  end if;
  noted.event_key := noted.event || ':' || new.id;
  perform private.note_event(noted);
  return null;
end
$$;

CREATE FUNCTION private.note_schedule() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  noted public.notifications;
begin
  select owner_id into noted.owner_id from public.twins where id = new.twin_id;
  noted.twin_id := new.twin_id;
  noted.event := 'schedule_paused';
  -- It can pause again for the same reason, once it was switched on meanwhile.
  noted.event_key := format('%s:%s:%s', noted.event, new.id, gen_random_uuid());
  noted.title := format('Schedule "%s" was paused: %s', new.name, private.pair_words(new.twin_id));
  noted.detail := new.paused_reason;
  noted.path := '/schedules';
  perform private.note_event(noted);
  return null;
end
$$;

CREATE FUNCTION private.note_verification() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  noted public.notifications;
begin
  select owner_id into noted.owner_id from public.twins where id = new.twin_id;
  noted.twin_id := new.twin_id;
  noted.event := 'verification_failed';
  noted.event_key := noted.event || ':' || new.id;
  noted.title := 'Verification failed: ' || private.pair_words(new.twin_id);
  noted.detail := 'Source and target differ, or could not be compared.';
  noted.path := '/clones/' || new.job_id;
  perform private.note_event(noted);
  return null;
end
$$;

CREATE FUNCTION private.open_runs_of_user() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN 50;

CREATE FUNCTION private.open_slice(claimed private.steps) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into public.job_slices (job_id, step_id, kind, component, stage, waits_for, queued_at)
  select claimed.job_id, claimed.id, claimed.kind, claimed.component, claimed.stage, claimed.waits_for,
    claimed.created_at
  where claimed.job_id is not null;
$$;

CREATE TABLE public.connected_accounts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    owner_id uuid NOT NULL,
    display_name text NOT NULL,
    method text NOT NULL,
    status text DEFAULT 'connected'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    expires_on date,
    rights jsonb,
    CONSTRAINT connected_accounts_display_name_check CHECK (((length(btrim(display_name)) >= 1) AND (length(btrim(display_name)) <= 100))),
    CONSTRAINT connected_accounts_method_check CHECK ((method = ANY (ARRAY['oauth'::text, 'pat'::text]))),
    CONSTRAINT connected_accounts_rights_check CHECK ((jsonb_typeof(rights) = 'object'::text)),
    CONSTRAINT connected_accounts_status_check CHECK ((status = ANY (ARRAY['connected'::text, 'expired'::text, 'revoked'::text])))
);

COMMENT ON TABLE public.connected_accounts IS 'A Supabase account that a user linked. Its token is in private.account_credentials.';

COMMENT ON COLUMN public.connected_accounts.status IS 'connected; expired = the API refused the token; revoked = the user disconnected it.';

COMMENT ON COLUMN public.connected_accounts.expires_on IS 'When its access token ends, as the user said: Supabase does not tell. Null where nothing was said, and for OAuth.';

COMMENT ON COLUMN public.connected_accounts.rights IS 'What its token may do, as found when it was saved (domain/rights.ts). Null: never asked.';

CREATE FUNCTION private.own_account(wanted_account_id uuid, role_of_account text) RETURNS public.connected_accounts
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  account public.connected_accounts;
begin
  select * into account
  from public.connected_accounts
  where id = wanted_account_id and owner_id = (select auth.uid()) and status <> 'revoked';
  if account.id is null then
    perform private.refuse(
      'The ' || role_of_account || ' account is not one of yours',
      'Connect it first, or pick one of your connected accounts.',
      'PT404'
    );
  end if;
  if account.status = 'expired' then
    perform private.refuse(
      format('The access of account "%s" has expired', account.display_name),
      'Reconnect it under Connected accounts.'
    );
  end if;
  return account;
end
$$;

CREATE FUNCTION private.own_backup(wanted_id uuid) RETURNS public.backups
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  backup public.backups;
begin
  select * into backup from public.backups where id = wanted_id and owner_id = (select auth.uid());
  if backup.id is null then
    perform private.refuse('There is no such backup', 'Pick one from your list of backups.', 'PT404');
  end if;
  return backup;
end
$$;

CREATE FUNCTION private.own_channel(wanted_id uuid) RETURNS public.notification_channels
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  channel public.notification_channels;
begin
  select * into channel from public.notification_channels
  where id = wanted_id and owner_id = (select auth.uid());
  if channel.id is null then
    perform private.refuse('There is no such channel', 'Pick one from your list of channels.', 'PT404');
  end if;
  return channel;
end
$$;

CREATE FUNCTION private.own_schedule(wanted_id uuid) RETURNS public.schedules
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  schedule public.schedules;
begin
  select * into schedule from public.schedules
  where id = wanted_id
    and twin_id in (select id from public.twins where owner_id = (select auth.uid()));
  if schedule.id is null then
    perform private.refuse('There is no such schedule', 'Pick one from your list of schedules.', 'PT404');
  end if;
  return schedule;
end
$$;

CREATE FUNCTION private.own_twin(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text) RETURNS public.twins
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
#variable_conflict use_variable
declare
  twin public.twins;
begin
  if (select auth.uid()) is null then
    perform private.refuse('You are not signed in', 'Sign in and try again.', '42501');
  end if;
  if source_ref is null or source_ref !~ '^[a-z]{20}$' or target_ref is null or target_ref !~ '^[a-z]{20}$' then
    perform private.refuse(
      'A project ref is 20 lower-case letters',
      'Copy the ref from the address of the project''s dashboard.'
    );
  end if;
  if source_ref = target_ref then
    perform private.refuse(
      'Source and target are the same project',
      'Pick another target: a clone would overwrite the project with itself.'
    );
  end if;
  perform private.refuse_unlisted_project(private.own_account(source_account_id, 'source'), source_ref, 'source');
  perform private.refuse_unlisted_project(private.own_account(target_account_id, 'target'), target_ref, 'target');

  insert into public.twins (owner_id, source_account_id, source_ref, target_account_id, target_ref)
  values ((select auth.uid()), source_account_id, source_ref, target_account_id, target_ref)
  on conflict do nothing;
  select * into twin
  from public.twins as existing
  where existing.owner_id = (select auth.uid())
    and existing.source_account_id = own_twin.source_account_id
    and existing.source_ref = own_twin.source_ref
    and existing.target_account_id = own_twin.target_account_id
    and existing.target_ref = own_twin.target_ref;
  return twin;
end
$_$;

CREATE TABLE public.projects (
    account_id uuid NOT NULL,
    ref text NOT NULL,
    name text NOT NULL,
    organization_name text,
    region text,
    status text,
    postgres_version text,
    is_protected boolean DEFAULT false NOT NULL,
    has_own_login boolean DEFAULT false NOT NULL,
    gone_at timestamp with time zone,
    CONSTRAINT projects_ref_check CHECK ((ref ~ '^[a-z]{20}$'::text))
);

COMMENT ON TABLE public.projects IS 'Projects that an account opens, as last listed by the Management API.';

COMMENT ON COLUMN public.projects.is_protected IS 'Never a target unless its ref is typed (option confirm_target).';

COMMENT ON COLUMN public.projects.has_own_login IS 'The user gave a login to its database, for projects that give no temporary one.';

COMMENT ON COLUMN public.projects.gone_at IS 'Since when the account does not list it. Kept: a narrower token or one empty answer must not end its protection.';

CREATE FUNCTION private.pair_words(of_twin_id uuid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO ''
    RETURN (SELECT ((COALESCE(source.name, twin.source_ref) || ' → '::text) || COALESCE(target.name, twin.target_ref)) FROM ((public.twins twin LEFT JOIN public.projects source ON (((source.account_id = twin.source_account_id) AND (source.ref = twin.source_ref)))) LEFT JOIN public.projects target ON (((target.account_id = twin.target_account_id) AND (target.ref = twin.target_ref)))) WHERE (twin.id = pair_words.of_twin_id));

CREATE FUNCTION private.parallel_steps() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN 3;

CREATE FUNCTION private.parallel_steps_of_user() RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN 12;

CREATE FUNCTION private.parse_cron(expression text) RETURNS private.cron_fields
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO ''
    AS $$
declare
  spelled text := lower(btrim(coalesce(expression, '')));
  fields text[];
  parsed private.cron_fields;
begin
  spelled := case spelled
    when '@hourly' then '0 * * * *'
    when '@daily' then '0 0 * * *'
    when '@midnight' then '0 0 * * *'
    when '@weekly' then '0 0 * * 0'
    when '@monthly' then '0 0 1 * *'
    when '@yearly' then '0 0 1 1 *'
    when '@annually' then '0 0 1 1 *'
    else spelled
  end;
  fields := regexp_split_to_array(spelled, '\s+');
  if cardinality(fields) <> 5 then
    perform private.refuse(
      'A cron expression has five fields: minute, hour, day, month, weekday',
      'For example "0 3 * * *": every day at three.'
    );
  end if;
  parsed.minutes := private.cron_field(fields[1], 'minute', 0, 59);
  parsed.hours := private.cron_field(fields[2], 'hour', 0, 23);
  parsed.days := private.cron_field(fields[3], 'day', 1, 31);
  parsed.months := private.cron_field(
    fields[4], 'month', 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}'
  );
  parsed.weekdays := private.cron_field(fields[5], 'weekday', 0, 7, '{sun,mon,tue,wed,thu,fri,sat}');
  if 7 = any (parsed.weekdays) then
    parsed.weekdays := parsed.weekdays || 0;
  end if;
  parsed.is_either_day := fields[3] not like '*%' and fields[5] not like '*%';
  return parsed;
end
$$;

CREATE FUNCTION private.pick_destination(of_owner_id uuid, wanted_id uuid) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  picked_id uuid;
begin
  select id into picked_id
  from public.backup_destinations
  where owner_id = of_owner_id and (wanted_id is null or id = wanted_id)
  order by created_at, id
  limit 1;
  if picked_id is null and wanted_id is not null then
    perform private.refuse('There is no such destination', 'Pick one from your list of destinations.', 'PT404');
  end if;
  return picked_id;
end
$$;

CREATE FUNCTION private.prove_old_backups() RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  old_id uuid;
  count int := 0;
begin
  for old_id in
    select backup.id from public.backups as backup
    where backup.status = 'complete' and not backup.is_unwanted and not backup.is_being_proven
      and greatest(backup.finished_at, backup.proven_at) < now() - interval '7 days'
    order by greatest(backup.finished_at, backup.proven_at)
    limit 500
  loop
    perform private.lock_run(old_id);
    perform private.start_proof(old_id, 'sampled');
    count := count + 1;
  end loop;
  if count > 0 then
    perform private.wake_workers();
  end if;
  return count;
end
$$;

COMMENT ON FUNCTION private.prove_old_backups() IS 'Each night: has up to 500 backups read back by samples that nobody has for a week.';

CREATE FUNCTION private.prune_history() RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  delete from private.steps as step
  where step.finished_at < now() - interval '7 days'
    and not exists (
      select from private.steps as open
      where open.run_id = step.run_id and open.status in ('queued', 'running')
    );
  delete from public.job_items as item
  using public.jobs as job
  where job.id = item.job_id and job.finished_at < now() - interval '90 days';
  delete from public.verification_findings as finding
  using public.verifications as verification
  where verification.id = finding.verification_id and verification.finished_at < now() - interval '90 days';
  delete from public.verifications as verification
  where verification.finished_at < now() - interval '90 days'
    and exists (
      select from public.verifications as later
      where later.job_id = verification.job_id and later.finished_at > verification.finished_at
    );
  delete from private.memories as memory
  where not exists (
    select from public.jobs as job
    where job.target_ref = memory.target_ref and coalesce(job.finished_at, now()) > now() - interval '1 year'
  );
  delete from public.job_slices as slice
  using public.jobs as job
  where job.id = slice.job_id and job.finished_at < now() - interval '90 days';
  delete from public.verification_counts as counted
  using public.verifications as verification
  where verification.id = counted.verification_id and verification.finished_at < now() - interval '90 days';
  delete from public.schedule_slots where slot_at < now() - interval '90 days';
  delete from public.previews where finished_at < now() - interval '90 days';
  delete from public.notifications where created_at < now() - interval '90 days';
  delete from private.waiters where until < now();
  delete from private.broadcasts as last
  using public.jobs as job
  where job.id = last.job_id and job.finished_at < now() - interval '7 days';
$$;

COMMENT ON FUNCTION private.prune_history() IS 'Each night: steps after 7 days; items, slices, findings, counts, verifications, slots, previews and notifications after 90; memories after a year.';

CREATE FUNCTION private.reason_to_pause(schedule public.schedules, twin public.twins) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO ''
    RETURN (SELECT CASE WHEN (account.status = 'revoked'::text) THEN format('The account "%s" was disconnected. Connect it again, clone the pair, and schedule that twin.'::text, account.display_name) WHEN (account.status = 'expired'::text) THEN format('The access of account "%s" has expired. Reconnect it, then switch the schedule on again.'::text, account.display_name) WHEN ((project.ref IS NULL) OR (project.gone_at IS NOT NULL)) THEN format('Account "%s" does not list the project "%s" any more. If it is there, list the projects again, then switch the schedule on.'::text, account.display_name, endpoint.ref) WHEN (endpoint.is_target AND project.is_protected AND (NOT (reason_to_pause.schedule).is_confirmed)) THEN format('The target "%s" is protected now. Save the schedule again and type its ref, or end the protection.'::text, endpoint.ref) ELSE NULL::text END AS "case" FROM (((VALUES ((reason_to_pause.twin).source_account_id,(reason_to_pause.twin).source_ref,false), ((reason_to_pause.twin).target_account_id,(reason_to_pause.twin).target_ref,true)) endpoint(account_id, ref, is_target) JOIN public.connected_accounts account ON ((account.id = endpoint.account_id))) LEFT JOIN public.projects project ON (((project.account_id = account.id) AND (project.ref = endpoint.ref)))) WHERE ((account.status <> 'connected'::text) OR (project.ref IS NULL) OR (project.gone_at IS NOT NULL) OR (endpoint.is_target AND project.is_protected AND (NOT (reason_to_pause.schedule).is_confirmed))) ORDER BY endpoint.is_target LIMIT 1);

CREATE FUNCTION private.refresh_backup(held private.steps) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  update public.backups
  set tables = held.items_done,
      tables_total = held.items_total,
      row_count = held.rows_done,
      bytes = held.bytes_done
  where id = held.backup_id and status = 'in_progress' and held.kind = 'backup';
$$;

CREATE FUNCTION private.refresh_component(of_job_id uuid, of_component text) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with step as (
    select *, max(items_total) over () as objects
    from private.steps
    where job_id = of_job_id and component = of_component
  ), progress as (
    select
      bool_and(status in ('done', 'failed', 'canceled')) as is_over,
      bool_or(status = 'failed') as has_failed,
      bool_or(status = 'canceled') as was_canceled,
      bool_or(started_at is not null) filter (where kind <> 'cleanup') as has_started,
      coalesce(floor(
        max(objects) * sum(items_done)
        / nullif(sum(case when status in ('queued', 'running')
            then coalesce(items_total, objects) else coalesce(items_total, 0) end), 0)
      ), 0) as items_done,
      max(objects) as items_total,
      sum(bytes_done) as bytes_done,
      sum(rows_done) as rows_done,
      (
        select jsonb_agg(work.entry)
        from step as running
        cross join lateral jsonb_array_elements(running.at_work) as work (entry)
        where running.status = 'running' and jsonb_typeof(running.at_work) = 'array'
      ) as at_work,
      min(started_at) filter (where kind <> 'cleanup') as started_at,
      max(finished_at) as finished_at,
      (array_agg(error order by finished_at) filter (where status = 'failed'))[1] as error
    from step
    having count(*) > 0
  ), failures as (
    select count(*) as count
    from public.job_items
    where job_id = of_job_id and component = of_component and outcome = 'failed'
  )
  update public.job_components as component
  set status = case
        when not progress.is_over and coalesce(progress.has_started, false) then 'in_progress'
        when not progress.is_over then 'pending'
        when progress.has_failed or failures.count > 0 then 'failed'
        when progress.was_canceled then 'canceled'
        else 'completed'
      end,
      items_done = progress.items_done,
      items_total = progress.items_total,
      bytes_done = progress.bytes_done,
      rows_done = progress.rows_done,
      at_work = progress.at_work,
      started_at = progress.started_at,
      finished_at = case when progress.is_over then progress.finished_at end,
      error = case
        when progress.error is not null then progress.error
        when progress.is_over and failures.count > 0 then jsonb_build_object(
          'code', 'conflict',
          'message', failures.count || ' of its objects failed',
          'fix', 'Read what each failed object says, mend it, and clone again.'
        )
      end
  from progress, failures
  where component.job_id = of_job_id
    and component.component = of_component
    and component.status <> 'skipped';
$$;

CREATE FUNCTION private.refuse(message text, fix text, code text DEFAULT '22023'::text, detail text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  -- RAISE takes no null.
  if detail is null then
    raise exception using message = message, hint = fix, errcode = code;
  end if;
  raise exception using message = message, hint = fix, detail = detail, errcode = code;
end
$$;

CREATE FUNCTION private.refuse_channel(channel public.notification_channels) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if coalesce(length(btrim(channel.name)), 0) not between 1 and 100 then
    perform private.refuse('The name of a channel has 1 to 100 characters', 'Name it, for example "On call".');
  end if;
  if coalesce(cardinality(channel.events), 0) = 0 or not channel.events <@ array[
    'run_failed', 'run_recovered', 'verification_failed', 'schedule_paused', 'account_expires'
  ] then
    perform private.refuse(
      'A channel has events, and only those that there are',
      'Pick some of run_failed, run_recovered, verification_failed, schedule_paused, account_expires.'
    );
  end if;
  if channel.twin_id is not null and not exists (
    select from public.twins where id = channel.twin_id and owner_id = channel.owner_id
  ) then
    perform private.refuse('There is no such twin', 'Pick one of your twins, or all of them.', 'PT404');
  end if;
end
$$;

CREATE FUNCTION private.refuse_crossing_clone(twin public.twins) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  perform pg_advisory_xact_lock(hashtextextended(ref, 0))
  from unnest(array[
    least(twin.source_ref, twin.target_ref), greatest(twin.source_ref, twin.target_ref)
  ]) as ref;
  if exists (
    select from public.jobs
    where jobs.status in ('pending', 'in_progress') and jobs.target_ref = twin.source_ref
  ) then
    perform private.refuse(
      format('Another clone is writing "%s", the source of this one', twin.source_ref),
      'Wait until it ends, or cancel it.',
      'PT409'
    );
  end if;
  if exists (
    select from public.jobs
    join public.twins as other on other.id = jobs.twin_id
    where jobs.status in ('pending', 'in_progress') and other.source_ref = twin.target_ref
  ) then
    perform private.refuse(
      format('Another clone is reading "%s", which this one would overwrite', twin.target_ref),
      'Wait until it ends, or cancel it.',
      'PT409'
    );
  end if;
end
$$;

CREATE FUNCTION private.refuse_empty_clone(checked_options jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if not exists (
    select from jsonb_each(checked_options -> 'components') as entry where entry.value = 'true'
  ) then
    perform private.refuse('No component is switched on', 'Switch on at least one component.');
  end if;
end
$$;

CREATE FUNCTION private.refuse_incomplete_backup(backup public.backups) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if backup.status <> 'complete' or backup.is_unwanted then
    perform private.refuse(
      case
        when backup.status = 'in_progress' then 'This backup is still being taken'
        when backup.status = 'failed' then 'This backup failed: nothing is kept of it'
        else 'This backup is deleted, or about to be'
      end,
      'Pick one that is complete.',
      'PT409'
    );
  end if;
end
$$;

CREATE FUNCTION private.refuse_large_options(given jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if octet_length(given::text) > 1000000 then
    perform private.refuse(
      'The options are larger than 1 MB', 'Name fewer tables; an ignore rule takes a pattern.'
    );
  end if;
end
$$;

CREATE FUNCTION private.refuse_risks(twin public.twins, checked_options jsonb, of_preview_id uuid, agreed text[], without_preview boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  preview public.previews;
  -- What does not change what is done to the target.
  beside constant text[] := '{confirm_target, backup, verify, hold_snapshot}';
  open_risks text[];
begin
  if of_preview_id is null then
    if not coalesce(without_preview, false) then
      perform private.refuse(
        'Nobody has said which preview of this clone was read',
        'Send preview_id, or without_preview = true to start without one.',
        detail => 'preview'
      );
    end if;
    return;
  end if;
  select * into preview from public.previews where id = of_preview_id and twin_id = twin.id;
  if preview.id is null then
    perform private.refuse(
      'There is no such preview of this pair', 'Read both projects again: start_preview.', 'PT404', 'preview'
    );
  end if;
  if preview.finished_at is null then
    perform private.refuse(
      'Both projects are still being read', 'Wait for the preview, or start without it.', 'PT409', 'preview'
    );
  end if;
  if preview.finished_at < now() - interval '1 day' then
    perform private.refuse(
      'The preview is older than a day', 'Read both projects again, and look at what has changed.', 'PT409', 'preview'
    );
  end if;
  if preview.options - beside <> checked_options - beside then
    perform private.refuse(
      'The preview is of a clone with other options', 'Read both projects again with these.', 'PT409', 'preview'
    );
  end if;
  select array_agg(named order by named) into open_risks
  from (
    select distinct risk.risk || ' ' || risk.object as named
    from public.preview_risks as risk where risk.preview_id = preview.id
  ) as named
  where not named.named = any (coalesce(agreed, '{}'));
  if open_risks is not null then
    perform private.refuse(
      format('This clone must be agreed to first: %s%s', open_risks[1], case
        when cardinality(open_risks) > 1 then format(' and %s more', cardinality(open_risks) - 1) else '' end),
      'Look at preview_risks of the preview and name all of them in agreed, as "risk object".',
      'PT409',
      'risks'
    );
  end if;
  if checked_options ->> 'confirm_target' is null
    and exists (select from public.preview_risks as risk where risk.preview_id = preview.id) then
    perform private.refuse(
      format('The target project "%s" would lose protection or contents', twin.target_ref),
      'Send its ref as confirm_target if you really mean it.',
      detail => 'confirm_target'
    );
  end if;
end
$$;

CREATE FUNCTION private.refuse_too_many_runs(of_owner_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  open_runs int;
begin
  -- Calls at the same time must not all see the last free place.
  perform pg_advisory_xact_lock(hashtextextended('twins:runs:' || of_owner_id, 0));
  select count(distinct run_id) into open_runs
  from private.steps where owner_id = of_owner_id and status in ('queued', 'running');
  if open_runs >= private.open_runs_of_user() then
    perform private.refuse(
      format('%s runs of yours are still open', open_runs),
      'Wait until some have ended, or cancel clones.',
      'PT409'
    );
  end if;
end
$$;

CREATE FUNCTION private.refuse_unconfirmed_target(twin public.twins, confirmed text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if confirmed = twin.target_ref then
    return;
  end if;
  if confirmed is not null then
    perform private.refuse(
      format('confirm_target says "%s", but the target is "%s"', confirmed, twin.target_ref),
      'Type the ref of the target exactly, or leave confirm_target out.',
      detail => 'confirm_target'
    );
  end if;
  if exists (
    select from public.projects as project
    where project.ref = twin.target_ref and project.is_protected
      and project.account_id in (
        select id from public.connected_accounts where owner_id = twin.owner_id
      )
  ) then
    perform private.refuse(
      format('The target project "%s" is protected', twin.target_ref),
      'Send its ref as confirm_target if you really mean to overwrite it, or end its protection.',
      detail => 'confirm_target'
    );
  end if;
end
$$;

CREATE FUNCTION private.refuse_unlisted_project(account public.connected_accounts, wanted_ref text, role_of_project text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if not exists (
    select from public.projects as listed
    where listed.account_id = account.id and listed.ref = wanted_ref and listed.gone_at is null
  ) then
    perform private.refuse(
      format('Account "%s" does not list the %s project "%s"', account.display_name, role_of_project, wanted_ref),
      'List the projects again under Connected accounts, and check that its token reaches the project.',
      'PT404'
    );
  end if;
end
$$;

CREATE FUNCTION private.remove_backup(of_backup_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  perform private.lock_run(of_backup_id);
  update public.backups set is_unwanted = true where id = of_backup_id;
  delete from private.steps
  where backup_id = of_backup_id and kind = 'remove' and status not in ('queued', 'running');
  insert into private.steps (backup_id, kind, rank) values (of_backup_id, 'remove', 1)
  on conflict do nothing;
  perform private.finish_run_if_over(of_backup_id);
end
$$;

CREATE FUNCTION private.report_with_missing(of_verification_id uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  update public.verification_findings as part
  set reported_with = whole.object
  from (
    select distinct on (finding.component, finding.object)
      finding.component, finding.object, missing.object as whole
    from public.verification_findings as finding
    cross join lateral (
      select case when finding.belongs_to is null and finding.component <> 'data' then null
        else coalesce(finding.belongs_to, finding.object) end as name
    ) as belongs
    cross join lateral (
      values
        (1, replace(belongs.name, '"', '')),
        (2, replace(substring(belongs.name from '^(?:"(?:[^"]|"")+"|[^".]+)'), '"', ''))
    ) as candidate (rank, name)
    join public.verification_findings as missing
      on missing.verification_id = of_verification_id
      and missing.is_missing
      and replace(missing.object, '"', '') = candidate.name
      and (missing.component, missing.object) <> (finding.component, finding.object)
    where finding.verification_id = of_verification_id and not finding.is_missing
    order by finding.component, finding.object, candidate.rank
  ) as whole (component, part, object)
  where part.verification_id = of_verification_id
    and part.component = whole.component
    and part.object = whole.part;

  update public.verification_findings as missing
  set covers = covered.counts
  from (
    select reported_with, jsonb_object_agg(component, count) as counts
    from (
      select reported_with, component, sum(objects) as count
      from public.verification_findings
      where verification_id = of_verification_id and reported_with is not null
      group by reported_with, component
    ) as per_component
    group by reported_with
  ) as covered
  where missing.verification_id = of_verification_id
    and missing.is_missing
    and missing.object = covered.reported_with;
$$;

CREATE FUNCTION private.rescue(looked_before interval) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  -- Being called takes as long as a look: it waits the rest out (seconds_to_wait).
  if exists (
    select from private.steps
    where status = 'queued' and attempts > 0 and run_after > now() and run_after <= now() + interval '2 seconds'
  ) then
    perform private.call_workers(1);
  end if;
  if private.return_expired_leases() = 0 and not exists (
    select from private.steps
    where status = 'queued' and attempts > 0 and run_after <= now() and run_after > now() - looked_before
  ) and not exists (
    select from private.claimable_steps as claimable
    join private.steps as step using (id)
    cross join lateral (
      -- It waited for others until the last of them was over.
      select greatest(step.run_after, max(other.finished_at)) as since
      from private.steps as other where other.run_id = step.run_id
    ) as ready
    where ready.since <= now() - interval '4 seconds' and ready.since > now() - interval '16 seconds'
  ) then
    return false;
  end if;
  perform private.wake_workers();
  return true;
end
$$;

COMMENT ON FUNCTION private.rescue(looked_before interval) IS 'Between the minutes: steps of workers that died or were never woken, and back-offs that are over.';

CREATE FUNCTION private.restore_options(given jsonb, kept text[]) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
declare
  options jsonb := coalesce(nullif(given, 'null'), '{}');
  named jsonb;
begin
  perform private.refuse_large_options(given);
  if jsonb_typeof(options) <> 'object'
    or exists (select from jsonb_object_keys(options) as key where key not in ('components', 'tables', 'confirm_target', 'key_id')) then
    perform private.refuse('These options are not known', 'Send an object with components, tables, confirm_target, key_id.');
  end if;
  select coalesce(jsonb_object_agg(entry.key, entry.value), '{}') into options
  from jsonb_each(options) as entry where entry.value <> 'null';
  named := coalesce(options -> 'components', '{}');
  if jsonb_typeof(named) <> 'object' or exists (
    select from jsonb_each(named) as entry
    where jsonb_typeof(entry.value) <> 'boolean'
      or not exists (select from private.component_catalogue() as known where known.component = entry.key)
      or entry.value = 'true' and entry.key <> all (kept)
  ) then
    perform private.refuse(
      'Unknown components, or such as this backup does not have',
      'It has ' || array_to_string(kept, ', ') || '.'
    );
  end if;
  if options ? 'tables' and (
    jsonb_typeof(options -> 'tables') <> 'array'
    or jsonb_array_length(options -> 'tables') not between 1 and 1000
    or exists (
      select from jsonb_array_elements(options -> 'tables') as entry
      where jsonb_typeof(entry) <> 'string' or entry #>> '{}' !~ '^.+[.].+$'
    )
  ) then
    perform private.refuse('tables is no list of tables', 'Name 1 to 1000 tables as schema.table, or leave it out.');
  end if;
  if options ? 'tables' and exists (
    select from jsonb_each(named) as entry where entry.value = 'true' and entry.key <> 'data'
  ) then
    perform private.refuse(
      'Single tables are restored with their rows only', 'Leave components out, or tables.'
    );
  end if;
  if options ? 'confirm_target' and jsonb_typeof(options -> 'confirm_target') <> 'string' then
    perform private.refuse('confirm_target is not a text', 'Send the ref of the target project.');
  end if;
  return (options - 'key_id') || jsonb_build_object('components', (
    select jsonb_object_agg(
      known.component,
      known.component = any (kept) and coalesce(
        (named -> known.component)::boolean,
        -- Of single tables, the rows.
        not options ? 'tables' or known.component = 'data'
      )
    )
    from private.component_catalogue() as known
  ));
end
$_$;

CREATE FUNCTION private.return_expired_leases() RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  expired_run_id uuid;
  returned private.steps;
  count int := 0;
begin
  for expired_run_id in
    select distinct run_id from private.steps
    where status = 'running' and lease_until < now()
    order by run_id
  loop
    -- Busy: whoever holds it is alive, and the next call looks again.
    continue when not pg_try_advisory_xact_lock(
      hashtextextended('twins:run:' || expired_run_id, 0)
    );
    for returned in
      update private.steps
      set status = case when attempts + 1 >= private.max_attempts() then 'failed' else 'queued' end,
          lease = null,
          lease_until = null,
          attempts = attempts + 1,
          at_work = null,
          finished_at = case when attempts + 1 >= private.max_attempts() then now() end,
          error = jsonb_build_object(
            'code', 'internal',
            'message', 'The worker on this step stopped without a word (' || attempts + 1 || ' times)',
            'fix', 'Clone again. If it happens again, look at the logs of the function "worker".'
          )
      where run_id = expired_run_id and status = 'running' and lease_until < now()
      returning *
    loop
      count := count + 1;
      perform private.close_slice(returned.id, 'lost', 0);
      perform private.refresh_component(returned.job_id, returned.component);
    end loop;
    perform private.finish_run_if_over(expired_run_id);
  end loop;
  return count;
end
$$;

CREATE FUNCTION private.rhythm(every_hours integer, cron text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    RETURN COALESCE(cron, format('0 */%s * * *'::text, every_hours));

CREATE TABLE private.account_credentials (
    account_id uuid NOT NULL,
    key_id text NOT NULL,
    iv bytea NOT NULL,
    ciphertext bytea NOT NULL,
    expires_at timestamp with time zone,
    CONSTRAINT account_credentials_iv_check CHECK ((octet_length(iv) = 12))
);

COMMENT ON TABLE private.account_credentials IS 'Tokens under AES-256-GCM. The key is in the functions'' environment; key_id says which, for rotation.';

COMMENT ON COLUMN private.account_credentials.expires_at IS 'Of tokens from OAuth, which are renewed before; null for personal access tokens.';

CREATE TABLE private.database_passwords (
    account_id uuid NOT NULL,
    ref text NOT NULL,
    key_id text NOT NULL,
    iv bytea NOT NULL,
    ciphertext bytea NOT NULL,
    CONSTRAINT database_passwords_iv_check CHECK ((octet_length(iv) = 12))
);

COMMENT ON TABLE private.database_passwords IS 'Passwords of databases, sealed as account_credentials are. Gone with the project or its account.';

CREATE FUNCTION private.run_project(project_account_id uuid, project_ref text) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO ''
    RETURN (SELECT jsonb_build_object('account_id', account.id, 'ref', run_project.project_ref, 'account_status', account.status, 'key_id', credential.key_id, 'iv', encode(credential.iv, 'base64'::text), 'ciphertext', encode(credential.ciphertext, 'base64'::text), 'expires_at', credential.expires_at, 'database_password', (SELECT jsonb_build_object('key_id', given.key_id, 'iv', encode(given.iv, 'base64'::text), 'ciphertext', encode(given.ciphertext, 'base64'::text)) AS jsonb_build_object FROM private.database_passwords given WHERE ((given.account_id = account.id) AND (given.ref = run_project.project_ref)))) AS jsonb_build_object FROM (public.connected_accounts account LEFT JOIN private.account_credentials credential ON ((credential.account_id = account.id))) WHERE (account.id = run_project.project_account_id));

CREATE TABLE private.destination_keys (
    destination_id uuid NOT NULL,
    key_id text NOT NULL,
    iv bytea NOT NULL,
    ciphertext bytea NOT NULL,
    CONSTRAINT destination_keys_iv_check CHECK ((octet_length(iv) = 12))
);

COMMENT ON TABLE private.destination_keys IS 'Access keys of destinations, sealed as account_credentials are.';

CREATE TABLE private.restore_keys (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    job_id uuid,
    recipient text NOT NULL,
    key_id text NOT NULL,
    iv bytea NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT restore_keys_iv_check CHECK ((octet_length(iv) = 12))
);

COMMENT ON TABLE private.restore_keys IS 'Keys of encrypted backups for the time of a restore, sealed as account_credentials are.';

CREATE TABLE public.backup_destinations (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    owner_id uuid NOT NULL,
    name text NOT NULL,
    endpoint text,
    region text NOT NULL,
    bucket text NOT NULL,
    prefix text DEFAULT ''::text NOT NULL,
    key_hint text NOT NULL,
    recipient text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    tested_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT backup_destinations_bucket_check CHECK (((length(bucket) >= 1) AND (length(bucket) <= 255))),
    CONSTRAINT backup_destinations_endpoint_check CHECK ((length(endpoint) <= 2000)),
    CONSTRAINT backup_destinations_key_hint_check CHECK ((length(key_hint) <= 8)),
    CONSTRAINT backup_destinations_name_check CHECK (((length(btrim(name)) >= 1) AND (length(btrim(name)) <= 100))),
    CONSTRAINT backup_destinations_prefix_check CHECK ((length(prefix) <= 500)),
    CONSTRAINT backup_destinations_recipient_check CHECK ((recipient ~ '^age1[a-z0-9]{58}$'::text)),
    CONSTRAINT backup_destinations_region_check CHECK (((length(region) >= 1) AND (length(region) <= 100)))
);

COMMENT ON TABLE public.backup_destinations IS 'Buckets in which a user keeps backups.';

COMMENT ON COLUMN public.backup_destinations.endpoint IS 'Base URL of the store; null: Amazon''s.';

COMMENT ON COLUMN public.backup_destinations.prefix IS 'Folder within the bucket, without slashes at its ends.';

COMMENT ON COLUMN public.backup_destinations.key_hint IS 'The last characters of the access key''s id, to tell keys from each other.';

COMMENT ON COLUMN public.backup_destinations.recipient IS 'Public key of age for which backups are encrypted; null: they are not. The secret one is nowhere here.';

COMMENT ON COLUMN public.backup_destinations.tested_at IS 'When an object was last written, read and removed with its key.';

CREATE FUNCTION private.stored_backup(of_backup_id uuid, of_job_id uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO ''
    RETURN (SELECT jsonb_build_object('id', backup.id, 'owner_id', backup.owner_id, 'ref', backup.ref, 'folder', backup.folder, 'manifest_sha256', backup.manifest_sha256, 'recipient', backup.recipient, 'identity', (SELECT jsonb_build_object('id', given.id, 'key_id', given.key_id, 'iv', encode(given.iv, 'base64'::text), 'ciphertext', encode(given.ciphertext, 'base64'::text)) AS jsonb_build_object FROM private.restore_keys given WHERE (given.job_id = stored_backup.of_job_id)), 'destination', (SELECT jsonb_build_object('id', destination.id, 'endpoint', destination.endpoint, 'region', destination.region, 'bucket', destination.bucket, 'prefix', destination.prefix, 'key_id', sealed.key_id, 'iv', encode(sealed.iv, 'base64'::text), 'ciphertext', encode(sealed.ciphertext, 'base64'::text)) AS jsonb_build_object FROM (public.backup_destinations destination JOIN private.destination_keys sealed ON ((sealed.destination_id = destination.id))) WHERE (destination.id = backup.destination_id))) AS jsonb_build_object FROM public.backups backup WHERE (backup.id = stored_backup.of_backup_id));

CREATE FUNCTION private.run_facts(step private.steps) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO ''
    RETURN (SELECT jsonb_build_object('id', (run_facts.step).run_id, 'kind', CASE WHEN ((run_facts.step).job_id IS NOT NULL) THEN 'job'::text WHEN ((run_facts.step).preview_id IS NOT NULL) THEN 'preview'::text WHEN ((run_facts.step).backup_id IS NOT NULL) THEN 'backup'::text ELSE 'verification'::text END, 'job_id', COALESCE((run_facts.step).job_id, verification.job_id), 'twin_id', twin.id, 'mode', verification.mode, 'options', COALESCE(job.options, preview.options, verified_job.options), 'loss_limit', job.loss_limit, 'count_rows', COALESCE(preview.count_rows, false), 'agreed', CASE WHEN ((job.schedule_id IS NOT NULL) OR (job.attempt > 1)) THEN to_jsonb(job.agreed) ELSE NULL::jsonb END, 'ignore_rules', COALESCE((SELECT jsonb_agg(rule.pattern ORDER BY rule.pattern) AS jsonb_agg FROM public.ignore_rules rule WHERE (rule.twin_id = twin.id)), '[]'::jsonb), 'backup', private.stored_backup(COALESCE((run_facts.step).backup_id, job.backup_id), job.id), 'source', CASE WHEN (backup.id IS NOT NULL) THEN private.run_project(backup.account_id, backup.ref) WHEN (job.backup_id IS NULL) THEN private.run_project(twin.source_account_id, twin.source_ref) ELSE NULL::jsonb END, 'target', CASE WHEN (job.backup_id IS NOT NULL) THEN private.run_project(job.target_account_id, job.target_ref) WHEN (backup.id IS NULL) THEN private.run_project(twin.target_account_id, twin.target_ref) ELSE NULL::jsonb END, 'target_is_protected', COALESCE((SELECT project.is_protected FROM public.projects project WHERE ((project.account_id = twin.target_account_id) AND (project.ref = twin.target_ref))), false), 'cloned_before', (EXISTS (SELECT FROM (public.jobs earlier JOIN public.twins same_pair ON ((same_pair.id = earlier.twin_id))) WHERE ((same_pair.owner_id = twin.owner_id) AND (same_pair.source_ref = twin.source_ref) AND (same_pair.target_ref = twin.target_ref) AND (EXISTS (SELECT FROM public.job_items item WHERE ((item.job_id = earlier.id) AND (item.outcome = ANY (ARRAY['copied'::text, 'adapted'::text]))))))))) AS jsonb_build_object FROM (((((((SELECT 1 AS "?column?") one LEFT JOIN public.jobs job ON ((job.id = (run_facts.step).job_id))) LEFT JOIN public.previews preview ON ((preview.id = (run_facts.step).preview_id))) LEFT JOIN public.verifications verification ON ((verification.id = (run_facts.step).verification_id))) LEFT JOIN public.jobs verified_job ON ((verified_job.id = verification.job_id))) LEFT JOIN public.backups backup ON ((backup.id = (run_facts.step).backup_id))) LEFT JOIN public.twins twin ON ((twin.id = COALESCE(job.twin_id, preview.twin_id, verification.twin_id, backup.twin_id)))));

CREATE FUNCTION private.save_account(account_owner_id uuid, account_id uuid, account_display_name text, account_method text, credential_key_id text, credential_iv text, credential_ciphertext text, credential_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, account_expires_on date DEFAULT NULL::date) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  account public.connected_accounts;
begin
  insert into public.connected_accounts (id, owner_id, display_name, method, expires_on)
  values (
    coalesce(account_id, gen_random_uuid()), account_owner_id, account_display_name, account_method, account_expires_on
  )
  on conflict (id) do update
  set status = 'connected',
      method = excluded.method,
      display_name = excluded.display_name,
      expires_on = excluded.expires_on,
      -- Of the token before.
      rights = null
  where connected_accounts.owner_id = excluded.owner_id
  returning * into account;
  if account.id is null then
    perform private.refuse('There is no such account', 'Pick one of your connected accounts.', 'PT404');
  end if;
  insert into private.account_credentials (account_id, key_id, iv, ciphertext, expires_at)
  values (
    account.id, credential_key_id, decode(credential_iv, 'base64'), decode(credential_ciphertext, 'base64'),
    credential_expires_at
  )
  on conflict on constraint account_credentials_pkey do update
  set key_id = excluded.key_id,
      iv = excluded.iv,
      ciphertext = excluded.ciphertext,
      expires_at = excluded.expires_at;
  return to_jsonb(account);
end
$$;

CREATE FUNCTION private.save_database_password(account_owner_id uuid, of_account_id uuid, of_ref text, password_key_id text, password_iv text, password_ciphertext text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  update public.projects as project
  set has_own_login = password_ciphertext is not null
  from public.connected_accounts as account
  where account.id = of_account_id
    and account.owner_id = account_owner_id
    and account.status <> 'revoked'
    and project.account_id = account.id
    and project.ref = of_ref;
  if not found then
    perform private.refuse(
      'There is no such project in this account', 'List the projects again, then pick one of them.', 'PT404'
    );
  end if;
  delete from private.database_passwords where account_id = of_account_id and ref = of_ref;
  insert into private.database_passwords (account_id, ref, key_id, iv, ciphertext)
  select of_account_id, of_ref, password_key_id, decode(password_iv, 'base64'),
    decode(password_ciphertext, 'base64')
  where password_ciphertext is not null;
end
$$;

CREATE FUNCTION private.save_destination(destination public.backup_destinations, sealed_key_id text, sealed_iv text, sealed_ciphertext text) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  saved public.backup_destinations;
begin
  -- One after the other: two at once would both count the same destinations.
  perform from auth.users where id = destination.owner_id for no key update;
  if (
    select count(*) from public.backup_destinations where owner_id = destination.owner_id and id <> destination.id
  ) >= 20 then
    perform private.refuse('You have 20 destinations', 'Delete one of them, or change it.', 'PT409');
  end if;
  insert into public.backup_destinations as kept (id, owner_id, name, endpoint, region, bucket, prefix, key_hint, recipient)
  values (
    destination.id, destination.owner_id, btrim(destination.name), destination.endpoint, destination.region,
    destination.bucket, destination.prefix, destination.key_hint, destination.recipient
  )
  on conflict (id) do update
  set name = excluded.name, region = excluded.region, key_hint = excluded.key_hint, recipient = excluded.recipient, tested_at = now()
  where kept.owner_id = excluded.owner_id and kept.endpoint is not distinct from excluded.endpoint
    and kept.bucket = excluded.bucket and kept.prefix = excluded.prefix
  returning * into saved;
  if saved.id is null then
    perform private.refuse(
      'There is no such destination, or it is another place',
      'Keep endpoint, bucket and folder as they are, or save it as another destination: backups stay where they were written.',
      'PT404'
    );
  end if;
  insert into private.destination_keys (destination_id, key_id, iv, ciphertext)
  values (saved.id, sealed_key_id, decode(sealed_iv, 'base64'), decode(sealed_ciphertext, 'base64'))
  on conflict (destination_id) do update
  set key_id = excluded.key_id, iv = excluded.iv, ciphertext = excluded.ciphertext;
  return to_jsonb(saved);
end
$$;

CREATE FUNCTION private.save_restore_key(new_id uuid, of_owner_id uuid, of_recipient text, sealed_key_id text, sealed_iv text, sealed_ciphertext text) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  delete from private.restore_keys where job_id is null and (created_at < now() - interval '1 hour' or owner_id = of_owner_id);
  insert into private.restore_keys (id, owner_id, recipient, key_id, iv, ciphertext)
  values (new_id, of_owner_id, of_recipient, sealed_key_id, decode(sealed_iv, 'base64'), decode(sealed_ciphertext, 'base64'));
$$;

CREATE FUNCTION private.seconds_to_wait(of_run_id uuid, by_worker uuid) RETURNS double precision
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with open as (
    select least(1, min(
      case when step.status = 'running' then 1 else greatest(0.05, extract(epoch from step.run_after - now())) end
    ))::double precision as seconds
    from private.steps as step
    where case
      when of_run_id is null then step.status = 'queued' and step.attempts > 0 and step.run_after < now() + interval '3 seconds'
      else step.run_id = of_run_id and (
        step.status = 'running' or (step.status = 'queued' and step.attempts > 0 and step.run_after < now() + interval '30 seconds')
      )
    end
    having count(*) > 0
  ), taken as (
    insert into private.waiters as waiter (run_id, worker, until)
    select coalesce(of_run_id, '00000000-0000-0000-0000-000000000000'), by_worker, now() + interval '3 seconds' from open
    on conflict (run_id) do update set worker = excluded.worker, until = excluded.until
    where waiter.worker = excluded.worker or waiter.until < now()
    returning run_id
  )
  select seconds from open where exists (select from taken);
$$;

CREATE FUNCTION private.set_step_owner() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  select found.owner_id into new.owner_id from (
    select job.owner_id from public.jobs as job where job.id = new.job_id
    union all
    select twin.owner_id from public.previews as preview join public.twins as twin on twin.id = preview.twin_id
    where preview.id = new.preview_id
    union all
    select job.owner_id from public.verifications as verification join public.jobs as job on job.id = verification.job_id
    where verification.id = new.verification_id
    union all
    select backup.owner_id from public.backups as backup where backup.id = new.backup_id
  ) as found;
  return new;
end
$$;

CREATE FUNCTION private.start_due_schedules(at timestamp with time zone DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  schedule public.schedules;
  taken int := 0;
begin
  for schedule in
    select * from public.schedules
    where is_active and next_run_at <= at
    order by next_run_at, id
    for update skip locked
  loop
    perform private.take_slot(schedule, at);
    taken := taken + 1;
  end loop;
  return taken;
end
$$;

COMMENT ON FUNCTION private.start_due_schedules(at timestamp with time zone) IS 'Each minute: clones of schedules that are due. Answers how many slots it took.';

CREATE FUNCTION private.start_proof(of_backup_id uuid, wanted_mode text) RETURNS public.backups
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  delete from private.steps where steps.backup_id = of_backup_id and kind = 'prove';
  insert into private.steps (backup_id, kind, stage) values (of_backup_id, 'prove', wanted_mode);
  update public.backups set is_being_proven = true where id = of_backup_id returning *;
$$;

CREATE FUNCTION private.start_run_of_schedule(schedule public.schedules, twin public.twins, of_trigger text) RETURNS public.jobs
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  job public.jobs;
begin
  job := private.create_clone(
    twin,
    schedule.options || case
      when schedule.is_confirmed then jsonb_build_object('confirm_target', twin.target_ref)
      else '{}'
    end,
    of_trigger,
    schedule.id
  );
  -- Whoever runs it by hand accepts what it takes, which the next run by itself may take as well.
  update public.jobs
  set loss_limit = case of_trigger when 'schedule' then schedule.loss_limit else 100 end,
      -- That extras are removed was confirmed when it was saved.
      agreed = schedule.agreed || case when schedule.options -> 'remove_extra' = 'true' then '{removed *,dropped *}' else '{}' end::text[]
  where id = job.id
  returning * into job;
  update public.schedules set last_job_id = job.id where id = schedule.id;
  return job;
end
$$;

CREATE FUNCTION private.store_announced(held private.steps, outcome text) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  delete from private.announced_items as announced
  where announced.step_id = held.id
    and (store_announced.outcome = 'failed'
      or (store_announced.outcome in ('more', 'done') and announced.lease = held.lease));
  with lost as (
    delete from private.announced_items as announced
    where announced.step_id = held.id and store_announced.outcome = 'done'
    returning *
  )
  insert into public.job_items as item (job_id, component, object, outcome, detail, fix)
  select held.job_id, component, object, lost.outcome, detail, fix from lost
  on conflict (job_id, component, object) do update
  set outcome = excluded.outcome, detail = excluded.detail, fix = excluded.fix, sqlstate = null, at = now()
  where item.outcome = 'unchanged';
$$;

CREATE FUNCTION private.store_backup(held private.steps, facts jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  update public.backups
  set location = coalesce(facts ->> 'location', location),
      manifest_sha256 = coalesce(facts ->> 'manifest_sha256', manifest_sha256),
      problems = coalesce((facts ->> 'problems')::bigint, problems),
      moments = coalesce((facts ->> 'moments')::int, moments),
      components = case
        when jsonb_typeof(facts -> 'components') = 'array' then array(select jsonb_array_elements_text(facts -> 'components'))
        else components
      end,
      proof = coalesce(nullif(facts -> 'proof', 'null'), proof),
      proven_at = case when jsonb_typeof(facts -> 'proof') = 'object' then now() else proven_at end
  where id = held.backup_id and jsonb_typeof(facts) = 'object';
$$;

CREATE FUNCTION private.store_counts(held private.steps, counts jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into public.verification_counts (verification_id, object, source_rows, target_rows)
  select distinct on (counted.object) held.verification_id, counted.object, counted.source, counted.target
  from jsonb_to_recordset(coalesce(nullif(counts, 'null'), '[]'))
    as counted (object text, source bigint, target bigint)
  where held.verification_id is not null
  order by counted.object
  on conflict (verification_id, object) do update
  set source_rows = excluded.source_rows, target_rows = excluded.target_rows;
$$;

CREATE FUNCTION private.store_findings(held private.steps, findings jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into public.verification_findings (
    verification_id, component, severity, object, expected, found, fix, objects, belongs_to, is_missing, examples
  )
  select
    held.verification_id, held.component,
    case
      when bool_or(entry ->> 'severity' = 'failed') then 'failed'
      when bool_or(entry ->> 'severity' = 'warning') then 'warning'
      else 'note'
    end,
    entry ->> 'object',
    string_agg(entry ->> 'expected', e'\n' order by place),
    string_agg(entry ->> 'found', e'\n' order by place),
    (
      select string_agg(fix.text, e'\n' order by fix.place)
      from (
        select told.text, min(told.place) as place
        from unnest(array_agg(entry ->> 'fix' order by place)) with ordinality as told (text, place)
        group by told.text
      ) as fix
    ),
    max(coalesce((entry ->> 'objects')::bigint, 1)),
    min(entry ->> 'of'),
    bool_or(coalesce((entry ->> 'missing')::boolean, false)),
    (
      select array_agg(example.text order by example.place)
      from jsonb_array_elements_text((jsonb_agg(entry -> 'examples') filter (where entry ? 'examples')) -> 0)
        with ordinality as example (text, place)
    )
  from jsonb_array_elements(coalesce(nullif(findings, 'null'), '[]')) with ordinality as list (entry, place)
  where held.verification_id is not null
  group by entry ->> 'object'
  on conflict (verification_id, component, object) do update
  set severity = excluded.severity,
      expected = excluded.expected,
      found = excluded.found,
      fix = excluded.fix,
      objects = excluded.objects,
      belongs_to = excluded.belongs_to,
      is_missing = excluded.is_missing,
      examples = excluded.examples;
$$;

CREATE FUNCTION private.store_items(items_job_id uuid, running_component text, items jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into public.job_items as item (job_id, component, object, outcome, detail, fix, sqlstate)
  select distinct on (component, object)
    items_job_id, component, object, outcome, detail, fix, sqlstate
  from (
    select
      coalesce(entry ->> 'component', running_component) as component,
      entry ->> 'object' as object,
      entry ->> 'outcome' as outcome,
      entry ->> 'detail' as detail,
      entry ->> 'fix' as fix,
      entry ->> 'sqlstate' as sqlstate,
      place
    from jsonb_array_elements(coalesce(nullif(items, 'null'), '[]')) with ordinality as list (entry, place)
    where items_job_id is not null
  ) as parsed
  order by component, object, place desc
  on conflict (job_id, component, object) do update
  set outcome = excluded.outcome,
      detail = excluded.detail,
      fix = excluded.fix,
      sqlstate = excluded.sqlstate,
      at = now()
  where not (item.outcome in ('copied', 'adapted') and excluded.outcome = 'unchanged');
$$;

CREATE FUNCTION private.store_login(of_account_id uuid, of_ref text, login_key_id text, login_iv text, login_ciphertext text, good_for_seconds double precision) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  update private.database_logins
  set key_id = coalesce(login_key_id, key_id),
      iv = coalesce(decode(login_iv, 'base64'), iv),
      ciphertext = coalesce(decode(login_ciphertext, 'base64'), ciphertext),
      expires_at = case
        when login_key_id is null then expires_at else now() + make_interval(secs => good_for_seconds)
      end,
      asking_until = null
  where account_id = of_account_id and ref = of_ref;
$$;

CREATE FUNCTION private.store_memories(held private.steps, entries jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with entry as (
    select job.target_ref, entry.key, entry.value
    from public.jobs as job
    cross join jsonb_each(coalesce(nullif(entries, 'null'), '{}')) as entry
    where job.id = held.job_id and held.component is not null
  ), forgotten as (
    delete from private.memories as memory
    using entry
    where memory.target_ref = entry.target_ref
      and memory.component = held.component
      and memory.key = entry.key
      and entry.value = 'null'
  )
  insert into private.memories as memory (target_ref, component, key, value)
  select entry.target_ref, held.component, entry.key, entry.value
  from entry
  where entry.value <> 'null'
  on conflict (target_ref, component, key) do update
  set value = excluded.value;
$$;

CREATE FUNCTION private.store_plan(held private.steps, plan jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into public.planned_work (
    preview_id, rank, component, stage, object, kind, action, statements, calls, detail, definition_before,
    definition_after, risks, words
  )
  select
    held.preview_id, (entry ->> 'rank')::int, entry ->> 'component', entry ->> 'stage', entry ->> 'object',
    entry ->> 'kind', entry ->> 'action',
    array(
      select statement.text
      from jsonb_array_elements_text(coalesce(entry -> 'statements', '[]')) with ordinality as statement (text, place)
      order by statement.place
    ),
    coalesce(entry -> 'calls', '[]'), entry ->> 'detail', entry ->> 'before', entry ->> 'after',
    coalesce(entry -> 'risks', '[]'),
    concat_ws(e'\n', entry ->> 'object', (
      select string_agg(statement.text, e'\n' order by statement.place)
      from jsonb_array_elements_text(entry -> 'statements') with ordinality as statement (text, place)
    ), entry ->> 'calls', entry ->> 'detail')
  from jsonb_array_elements(coalesce(nullif(plan, 'null'), '[]')) with ordinality as list (entry, place)
  where held.preview_id is not null
  order by place;
$$;

CREATE FUNCTION private.store_projects(of_account_id uuid, listed jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with incoming as (
    select * from jsonb_to_recordset(listed) as project (
      ref text, name text, organization_name text, region text, status text, postgres_version text
    )
  ), gone as (
    update public.projects set gone_at = now()
    where account_id = of_account_id and gone_at is null and ref not in (select ref from incoming)
  ), touched as (
    update public.connected_accounts set last_used_at = now(), status = 'connected'
    where id = of_account_id
  )
  insert into public.projects
    (account_id, ref, name, organization_name, region, status, postgres_version)
  select of_account_id, ref, name, organization_name, region, status, postgres_version
  from incoming
  on conflict (account_id, ref) do update
  set name = excluded.name,
      organization_name = excluded.organization_name,
      region = excluded.region,
      status = excluded.status,
      postgres_version = excluded.postgres_version,
      gone_at = null;
$$;

CREATE FUNCTION private.take_login(of_account_id uuid, of_ref text, refused_iv text DEFAULT NULL::text, asking_seconds integer DEFAULT 60) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  known private.database_logins;
begin
  -- Of a project that was disconnected meanwhile nothing is kept.
  insert into private.database_logins (account_id, ref)
  select account_id, ref from public.projects where account_id = of_account_id and ref = of_ref
  on conflict (account_id, ref) do nothing;
  select * into known
  from private.database_logins where account_id = of_account_id and ref = of_ref for update;
  if known.expires_at > now() and known.iv is distinct from decode(refused_iv, 'base64') then
    return jsonb_build_object('login', jsonb_build_object(
      'key_id', known.key_id,
      'iv', encode(known.iv, 'base64'),
      'ciphertext', encode(known.ciphertext, 'base64')
    ));
  end if;
  if known.asking_until > now() then
    return '{"wait": true}';
  end if;
  update private.database_logins set asking_until = now() + make_interval(secs => asking_seconds)
  where account_id = of_account_id and ref = of_ref;
  return '{"ask": true}';
end
$$;

CREATE FUNCTION private.take_slot(schedule public.schedules, at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  twin public.twins;
  job public.jobs;
  slot public.schedule_slots;
begin
  select * into twin from public.twins where id = schedule.twin_id;
  slot := row(schedule.id, schedule.next_run_at, 'started', null, null);
  slot.reason := private.reason_to_pause(schedule, twin);
  if slot.reason is not null then
    slot.outcome := 'paused';
  elsif exists (
    select from public.jobs
    where jobs.schedule_id = schedule.id and jobs.status in ('pending', 'in_progress')
  ) then
    slot.outcome := 'skipped';
    slot.reason := 'The previous run was still going.';
  else
    begin
      job := private.start_run_of_schedule(schedule, twin, 'schedule');
      slot.job_id := job.id;
    exception when sqlstate 'PT409' then
      slot.outcome := 'skipped';
      slot.reason := sqlerrm || '.';
    end;
  end if;
  insert into public.schedule_slots values (slot.*);
  update public.schedules
  set is_active = slot.outcome <> 'paused',
      paused_reason = case when slot.outcome = 'paused' then slot.reason end,
      next_run_at = case when slot.outcome <> 'paused' then
        private.next_slot(private.parse_cron(private.rhythm(every_hours, cron)), timezone, at)
      end
  where id = schedule.id;
end
$$;

CREATE FUNCTION private.wake_for_deliveries() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  perform private.wake_notifications();
  return null;
end
$$;

CREATE FUNCTION private.wake_notifications() RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
declare
  worker_url text;
  worker_secret text;
begin
  if not exists (
    select from public.notification_deliveries where status = 'waiting' and next_attempt_at <= now()
  ) then
    return false;
  end if;
  select decrypted_secret into worker_url from vault.decrypted_secrets where name = 'twins_worker_url';
  select decrypted_secret into worker_secret from vault.decrypted_secrets where name = 'twins_worker_secret';
  if worker_url is null or worker_secret is null then
    raise warning 'Nobody can be notified: Vault lacks twins_worker_url or twins_worker_secret'
      using hint = 'Create both with vault.create_secret(value, name).';
    return false;
  end if;
  perform net.http_post(
    url := regexp_replace(worker_url, '[^/]+/?$', 'notifications'),
    body := '{"action": "deliver"}'::jsonb,
    headers := jsonb_build_object('content-type', 'application/json', 'authorization', 'Bearer ' || worker_secret),
    timeout_milliseconds := 5000
  );
  return true;
end
$_$;

COMMENT ON FUNCTION private.wake_notifications() IS 'Each minute, and when something was noted: has due deliveries made.';

CREATE FUNCTION private.wake_workers(of_owner_id uuid DEFAULT NULL::uuid, takes integer DEFAULT 0) RETURNS integer
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  select private.call_workers(least(
    2 * private.parallel_steps(),
    case when of_owner_id is not null then (
      select private.parallel_steps_of_user() - count(*)::int
      from private.steps where owner_id = of_owner_id and status = 'running'
    ) end,
    (
      select coalesce(sum(least(waiting.steps, private.parallel_steps() - (
        select count(*) from private.steps as busy where busy.run_id = waiting.run_id and busy.status = 'running'
      ))), 0)::int
      from (
        select run_id, count(*) as steps from private.claimable_steps
        where of_owner_id is null or owner_id = of_owner_id
        group by run_id
      ) as waiting
    )
  ) - takes);
$$;

CREATE FUNCTION public.arm(twin_id uuid, component text DEFAULT NULL::text, object text DEFAULT NULL::text, confirm_target text DEFAULT NULL::text) RETURNS public.jobs
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  known constant text[] := '{cron_jobs, webhooks}';
  twin public.twins;
begin
  select * into twin from public.twins where id = arm.twin_id and owner_id = (select auth.uid());
  if twin.id is null then
    perform private.refuse('There is no such twin', 'Pick one from your list of twins.', 'PT404');
  end if;
  if arm.component is not null and not arm.component = any (known) then
    perform private.refuse(
      format('Nothing of "%s" can be armed', arm.component), 'Name cron_jobs or webhooks, or leave it out for both.'
    );
  end if;
  if arm.object is not null and arm.component is null then
    perform private.refuse('Nobody knows whether it is a cron job or a webhook', 'Name the component, too.');
  end if;
  perform private.own_twin(twin.source_account_id, twin.source_ref, twin.target_account_id, twin.target_ref);
  perform private.refuse_unconfirmed_target(twin, arm.confirm_target);
  return private.create_clone(twin, private.clone_options(jsonb_build_object(
    'components', (
      select jsonb_object_agg(
        catalogue.component,
        catalogue.component = any (known) and (arm.component is null or catalogue.component = arm.component)
      )
      from private.component_catalogue() as catalogue
    ),
    'activate', arm.object is null,
    'arm', case when arm.object is null then '[]' else jsonb_build_array(arm.object) end,
    'confirm_target', arm.confirm_target
  )));
end
$$;

COMMENT ON FUNCTION public.arm(twin_id uuid, component text, object text, confirm_target text) IS 'Arms cron jobs and webhooks of a twin''s target: all of them, those of a component, or one by its name.';

CREATE FUNCTION public.cancel_job(job_id uuid) RETURNS public.jobs
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  job public.jobs;
begin
  perform private.lock_run(cancel_job.job_id);
  select * into job
  from public.jobs where id = cancel_job.job_id and owner_id = (select auth.uid());
  if job.id is null then
    perform private.refuse('There is no such clone', 'Pick one from your list of clones.', 'PT404');
  end if;
  if job.finished_at is not null then
    perform private.refuse(
      format('This clone is over (%s)', job.status), 'Nothing is left to cancel.', 'PT409'
    );
  end if;
  update public.jobs set cancel_requested_at = coalesce(cancel_requested_at, now()) where id = job.id;
  perform private.finish_run_if_over(job.id);
  perform private.wake_workers((select auth.uid()));
  select * into job from public.jobs where id = job.id;
  return job;
end
$$;

COMMENT ON FUNCTION public.cancel_job(job_id uuid) IS 'Asks a running clone to stop: the current operation finishes, what is done stays, nothing is rolled back.';

CREATE FUNCTION public.change_channel(channel_id uuid, name text, events text[], is_enabled boolean, twin_id uuid DEFAULT NULL::uuid) RETURNS public.notification_channels
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  channel public.notification_channels := private.own_channel(change_channel.channel_id);
begin
  channel.twin_id := change_channel.twin_id;
  channel.name := btrim(change_channel.name);
  channel.events := change_channel.events;
  channel.is_enabled := coalesce(change_channel.is_enabled, channel.is_enabled);
  channel.stopped_reason := case when not channel.is_enabled then channel.stopped_reason end;
  perform private.refuse_channel(channel);
  update public.notification_channels as kept
  set twin_id = channel.twin_id,
      name = channel.name,
      events = channel.events,
      is_enabled = channel.is_enabled,
      stopped_reason = channel.stopped_reason
  where kept.id = channel.id;
  return channel;
end
$$;

COMMENT ON FUNCTION public.change_channel(channel_id uuid, name text, events text[], is_enabled boolean, twin_id uuid) IS 'Name, events and twin (null: all) of a channel, and whether it is on. Its address stays.';

CREATE FUNCTION public.delete_backup(backup_id uuid) RETURNS public.backups
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  backup public.backups := private.own_backup(delete_backup.backup_id);
begin
  if backup.status = 'deleted' then
    perform private.refuse('This backup is deleted already', 'Nothing is left to do.', 'PT409');
  end if;
  if exists (
    select from public.jobs where jobs.backup_id = backup.id and jobs.status in ('pending', 'in_progress')
  ) then
    perform private.refuse('This backup is being restored', 'Wait until the restore is over, or cancel it.', 'PT409');
  end if;
  perform private.remove_backup(backup.id);
  perform private.wake_workers(backup.owner_id);
  select * into backup from public.backups where id = backup.id;
  return backup;
end
$$;

COMMENT ON FUNCTION public.delete_backup(backup_id uuid) IS 'Removes the objects of a backup; one that is being taken is given up first.';

CREATE FUNCTION public.delete_channel(channel_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  channel public.notification_channels := private.own_channel(delete_channel.channel_id);
begin
  delete from public.notification_channels where id = channel.id;
end
$$;

COMMENT ON FUNCTION public.delete_channel(channel_id uuid) IS 'Ends a channel with the log of its deliveries.';

CREATE FUNCTION public.delete_destination(destination_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  destination public.backup_destinations;
begin
  select * into destination from public.backup_destinations
  where id = delete_destination.destination_id and owner_id = (select auth.uid());
  if destination.id is null then
    perform private.refuse('There is no such destination', 'Pick one from your list of destinations.', 'PT404');
  end if;
  if exists (
    select from public.backups where destination_id = destination.id and status in ('in_progress', 'complete')
  ) then
    perform private.refuse(
      format('There are backups in "%s"', destination.name),
      'Delete them first: without its key they could neither be restored nor removed.',
      'PT409'
    );
  end if;
  delete from public.backup_destinations where id = destination.id;
end
$$;

COMMENT ON FUNCTION public.delete_destination(destination_id uuid) IS 'Forgets a destination and its key; the bucket is left as it is.';

CREATE FUNCTION public.delete_schedule(schedule_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  -- Asked once: in the condition it would be asked for each schedule of all users, and find this one gone.
  schedule public.schedules := private.own_schedule(delete_schedule.schedule_id);
begin
  delete from public.schedules where id = schedule.id;
end
$$;

COMMENT ON FUNCTION public.delete_schedule(schedule_id uuid) IS 'Ends a schedule. The clones that it started stay in the history.';

CREATE FUNCTION public.next_runs(every_hours integer DEFAULT NULL::integer, cron text DEFAULT NULL::text, timezone text DEFAULT 'UTC'::text, runs integer DEFAULT 5) RETURNS SETOF timestamp with time zone
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  parsed private.cron_fields := private.checked_rhythm(every_hours, cron, timezone);
  slot timestamptz := now();
begin
  for nth in 1 .. least(greatest(runs, 1), 20) loop
    slot := private.next_slot(parsed, timezone, slot);
    exit when slot is null;
    return next slot;
  end loop;
end
$$;

COMMENT ON FUNCTION public.next_runs(every_hours integer, cron text, timezone text, runs integer) IS 'The next times (at most 20) of a rhythm; refuses one that is not understood, never comes or comes too often.';

CREATE FUNCTION public.open_twin(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text) RETURNS public.twins
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO ''
    AS $$
  select private.own_twin(source_account_id, source_ref, target_account_id, target_ref);
$$;

COMMENT ON FUNCTION public.open_twin(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text) IS 'The twin of a pair of the signed-in user, made when it is new.';

CREATE FUNCTION public.prove_backup(backup_id uuid, mode text DEFAULT 'sampled'::text) RETURNS public.backups
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  backup public.backups := private.own_backup(prove_backup.backup_id);
begin
  perform private.refuse_incomplete_backup(backup);
  if prove_backup.mode is null or prove_backup.mode not in ('sampled', 'whole') then
    perform private.refuse('Unknown way of verifying a backup', 'Use sampled or whole.');
  end if;
  perform private.lock_run(backup.id);
  if exists (
    select from private.steps where steps.backup_id = backup.id and kind = 'prove' and status in ('queued', 'running')
  ) then
    perform private.refuse('This backup is being read back already', 'Wait until that is over.', 'PT409');
  end if;
  perform private.refuse_too_many_runs(backup.owner_id);
  select * into backup from private.start_proof(backup.id, prove_backup.mode);
  perform private.wake_workers(backup.owner_id);
  return backup;
end
$$;

COMMENT ON FUNCTION public.prove_backup(backup_id uuid, mode text) IS 'Reads a backup back and compares every size, and the hashes of all objects (whole) or of some (sampled).';

CREATE TABLE public.notification_deliveries (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    notification_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    status text DEFAULT 'waiting'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now(),
    answered_at timestamp with time zone,
    http_status integer,
    detail text,
    CONSTRAINT notification_deliveries_next_while_waiting CHECK (((next_attempt_at IS NOT NULL) = (status = 'waiting'::text))),
    CONSTRAINT notification_deliveries_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'delivered'::text, 'dead'::text])))
);

COMMENT ON TABLE public.notification_deliveries IS 'Each notification over each channel: tried again and again for a day. Also the log that users read.';

COMMENT ON COLUMN public.notification_deliveries.queued_at IS 'When it was first due, or was asked for again.';

COMMENT ON COLUMN public.notification_deliveries.detail IS 'What became of the last attempt, in our words.';

CREATE FUNCTION public.replay_delivery(delivery_id uuid) RETURNS public.notification_deliveries
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  delivery public.notification_deliveries;
  channel public.notification_channels;
begin
  select * into delivery from public.notification_deliveries
  where id = replay_delivery.delivery_id
    and notification_deliveries.channel_id in (
      select id from public.notification_channels where owner_id = (select auth.uid())
    )
  for update;
  if delivery.id is null then
    perform private.refuse('There is no such delivery', 'Pick one from the log of a channel.', 'PT404');
  end if;
  channel := private.own_channel(delivery.channel_id);
  if not channel.is_enabled then
    perform private.refuse('This channel is off', 'Switch it on first.', 'PT409');
  end if;
  update public.notification_deliveries as replayed
  set status = 'waiting', attempts = 0, queued_at = now(), next_attempt_at = now()
  where replayed.id = delivery.id
  returning * into delivery;
  perform private.wake_notifications();
  return delivery;
end
$$;

COMMENT ON FUNCTION public.replay_delivery(delivery_id uuid) IS 'Makes a delivery again, at once and for a day: the same message with the same id.';

CREATE FUNCTION public.run_again(job_id uuid, components text[] DEFAULT NULL::text[]) RETURNS public.jobs
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  earlier public.jobs;
  twin public.twins;
  job public.jobs;
  wanted jsonb;
begin
  select * into earlier
  from public.jobs where id = run_again.job_id and owner_id = (select auth.uid()) and kind = 'clone';
  if earlier.id is null then
    perform private.refuse('There is no such clone', 'Pick one from your list of clones.', 'PT404');
  end if;
  if earlier.finished_at is null then
    perform private.refuse('This clone is still running', 'Run it again when it is over, or cancel it.', 'PT409');
  end if;
  if exists (
    select from unnest(run_again.components) as named (component)
    where earlier.options -> 'components' -> named.component is distinct from 'true'
  ) then
    perform private.refuse(
      'That clone had no such component',
      'Leave components out for all of them, or start a new clone with other components.'
    );
  end if;
  select * into twin from public.twins where id = earlier.twin_id;
  perform private.own_twin(twin.source_account_id, twin.source_ref, twin.target_account_id, twin.target_ref);
  perform private.refuse_unconfirmed_target(twin, earlier.options ->> 'confirm_target');

  select jsonb_object_agg(
    known.component,
    (earlier.options -> 'components' -> known.component) = 'true'
      and (run_again.components is null or known.component = any (run_again.components))
  ) into wanted
  from private.component_catalogue() as known;
  perform private.refuse_empty_clone(jsonb_build_object('components', wanted));

  job := private.create_clone(twin, earlier.options || jsonb_build_object('components', wanted));
  update public.jobs
  set parent_id = coalesce(earlier.parent_id, earlier.id),
      -- What stopped a run of a schedule stops its next attempt too: this is not the place where losses are agreed to.
      loss_limit = earlier.loss_limit,
      agreed = earlier.agreed,
      attempt = 1 + (
        select max(other.attempt) from public.jobs as other
        where coalesce(earlier.parent_id, earlier.id) in (other.id, other.parent_id)
      )
  where id = job.id
  returning * into job;
  return job;
end
$$;

COMMENT ON FUNCTION public.run_again(job_id uuid, components text[]) IS 'Starts another attempt of a clone that is over, with its options: all components (null), or those named.';

CREATE FUNCTION public.run_schedule(schedule_id uuid) RETURNS public.jobs
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  schedule public.schedules := private.own_schedule(run_schedule.schedule_id);
  twin public.twins;
  job public.jobs;
begin
  select * into twin from public.twins where id = schedule.twin_id;
  perform private.own_twin(
    twin.source_account_id, twin.source_ref, twin.target_account_id, twin.target_ref
  );
  if not schedule.is_confirmed then
    perform private.refuse_unconfirmed_target(twin, null);
  end if;
  -- The answer to what it asked: that was agreed to, and it goes on by itself.
  schedule.agreed := array(select distinct unnest(schedule.agreed || schedule.asked));
  job := private.start_run_of_schedule(schedule, twin, 'manual');
  update public.schedules
  set agreed = schedule.agreed,
      asked = '{}',
      is_asking = false,
      is_active = true,
      paused_reason = null,
      next_run_at = private.next_slot(private.parse_cron(private.rhythm(every_hours, cron)), timezone, now())
  where id = schedule.id and is_asking;
  return job;
end
$$;

COMMENT ON FUNCTION public.run_schedule(schedule_id uuid) IS 'Starts a clone with the options of a schedule now; its slots stay as they are. One that asks goes on by itself.';

CREATE FUNCTION public.save_retention(twin_id uuid, keep_backups integer, keep_days integer) RETURNS public.twins
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  twin public.twins;
begin
  if save_retention.keep_backups not between 1 and 1000 or save_retention.keep_days not between 1 and 3650 then
    perform private.refuse(
      'Keep 1 to 1000 backups, and for 1 to 3650 days', 'Leave a number out to keep all of them, or for ever.'
    );
  end if;
  update public.twins
  set keep_backups = save_retention.keep_backups, keep_days = save_retention.keep_days
  where id = save_retention.twin_id and owner_id = (select auth.uid())
  returning * into twin;
  if twin.id is null then
    perform private.refuse('There is no such twin', 'Pick one of your twins.', 'PT404');
  end if;
  update public.backups
  set expires_at = created_at + make_interval(days => twin.keep_days)
  where backups.twin_id = twin.id and status = 'complete';
  perform private.expire_backups(twin.id);
  return twin;
end
$$;

COMMENT ON FUNCTION public.save_retention(twin_id uuid, keep_backups integer, keep_days integer) IS 'How many complete backups of a twin are kept and for how long; null: no limit. What is beyond is removed at once.';

CREATE FUNCTION public.save_schedule(twin_id uuid, name text, every_hours integer DEFAULT NULL::integer, cron text DEFAULT NULL::text, timezone text DEFAULT 'UTC'::text, options jsonb DEFAULT '{}'::jsonb, is_active boolean DEFAULT true, schedule_id uuid DEFAULT NULL::uuid, loss_limit integer DEFAULT NULL::integer) RETURNS public.schedules
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  parsed private.cron_fields :=
    private.checked_rhythm(save_schedule.every_hours, save_schedule.cron, save_schedule.timezone);
  checked_options jsonb := private.clone_options(save_schedule.options);
  twin public.twins;
  schedule public.schedules;
begin
  select * into twin from public.twins where id = save_schedule.twin_id and owner_id = (select auth.uid());
  if twin.id is null then
    perform private.refuse('There is no such twin', 'Clone a pair of projects once, then schedule it.', 'PT404');
  end if;
  if save_schedule.schedule_id is not null then
    schedule := private.own_schedule(save_schedule.schedule_id);
    if schedule.twin_id <> twin.id then
      perform private.refuse('This schedule is of another twin', 'Make a new one for this twin.');
    end if;
  elsif (select count(*) from public.schedules where twin_id = twin.id) >= 20 then
    perform private.refuse('This twin has 20 schedules', 'Delete one of them, or change it.', 'PT409');
  end if;
  if coalesce(length(btrim(save_schedule.name)), 0) not between 1 and 100 then
    perform private.refuse('The name of a schedule has 1 to 100 characters', 'Name it, for example "Nightly".');
  end if;
  if save_schedule.loss_limit not between 1 and 100 then
    perform private.refuse(
      'A run may remove or overwrite 1 to 100 percent of a table', 'Send 50, or 100 to stop it never.'
    );
  end if;
  perform private.refuse_empty_clone(checked_options);
  schedule.is_confirmed := private.confirmed_for_runs(twin, schedule, checked_options);

  -- What somebody has agreed to for this pair by hand, its runs may do as well.
  schedule.agreed := coalesce(schedule.agreed, (
    select job.agreed from public.jobs as job
    where job.twin_id = twin.id and job.schedule_id is null and job.agreed is not null
    order by job.created_at desc limit 1
  ), '{}');
  insert into public.schedules as kept
    (id, twin_id, name, every_hours, cron, timezone, options, is_confirmed, loss_limit, agreed, is_active, next_run_at)
  values (
    coalesce(schedule.id, gen_random_uuid()), twin.id, btrim(save_schedule.name), save_schedule.every_hours,
    save_schedule.cron, save_schedule.timezone, checked_options - 'confirm_target', schedule.is_confirmed,
    coalesce(save_schedule.loss_limit, schedule.loss_limit, 50),
    schedule.agreed,
    coalesce(save_schedule.is_active, true),
    case when coalesce(save_schedule.is_active, true) then
      private.next_slot(parsed, save_schedule.timezone, now())
    end
  )
  on conflict (id) do update
  set name = excluded.name,
      every_hours = excluded.every_hours,
      cron = excluded.cron,
      timezone = excluded.timezone,
      options = excluded.options,
      is_confirmed = excluded.is_confirmed,
      loss_limit = excluded.loss_limit,
      is_active = excluded.is_active,
      paused_reason = null,
      is_asking = false,
      asked = '{}',
      next_run_at = excluded.next_run_at
  returning * into schedule;
  return schedule;
end
$$;

COMMENT ON FUNCTION public.save_schedule(twin_id uuid, name text, every_hours integer, cron text, timezone text, options jsonb, is_active boolean, schedule_id uuid, loss_limit integer) IS 'Makes a schedule of a twin, or changes one: every 2, 6 or 8 hours, or by a cron expression, in a time zone.';

CREATE FUNCTION public.start_backup(account_id uuid, ref text, options jsonb DEFAULT '{}'::jsonb) RETURNS public.backups
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $_$
#variable_conflict use_column
declare
  given jsonb := coalesce(nullif(start_backup.options, 'null'), '{}');
  of_twin public.twins;
  backup public.backups;
begin
  if (select auth.uid()) is null then
    perform private.refuse('You are not signed in', 'Sign in and try again.', '42501');
  end if;
  if jsonb_typeof(given) <> 'object' or exists (
    select from jsonb_each(given) as entry
    where entry.key not in ('destination_id', 'twin_id', 'recipient')
      or entry.value <> 'null' and not (
        jsonb_typeof(entry.value) = 'string'
        and entry.value #>> '{}' ~ case entry.key when 'recipient' then '^age1[a-z0-9]{58}$' else '^[0-9a-f-]{36}$' end
      )
  ) then
    perform private.refuse(
      'These options are not known', 'Send an object with destination_id, twin_id, recipient (age1…), or none of them.'
    );
  end if;
  perform private.refuse_unlisted_project(
    private.own_account(start_backup.account_id, 'source'), start_backup.ref, 'source'
  );
  if given ->> 'twin_id' is not null then
    select * into of_twin from public.twins
    where id = (given ->> 'twin_id')::uuid and owner_id = (select auth.uid())
      and source_account_id = start_backup.account_id and source_ref = start_backup.ref;
    if of_twin.id is null then
      perform private.refuse('There is no such twin of this project', 'Pick one of its twins, or none.', 'PT404');
    end if;
  end if;
  perform private.refuse_too_many_runs((select auth.uid()));
  -- Two calls at once must not both pass.
  perform pg_advisory_xact_lock(hashtextextended(start_backup.ref, 0));
  if exists (
    select from public.backups
    where owner_id = (select auth.uid()) and backups.ref = start_backup.ref and status = 'in_progress'
  ) then
    perform private.refuse('A backup of this project is being taken', 'Wait until it is complete, or delete it.', 'PT409');
  end if;
  if exists (
    select from public.jobs where target_ref = start_backup.ref and status in ('pending', 'in_progress')
  ) then
    perform private.refuse(
      format('A clone is writing "%s" now', start_backup.ref), 'Wait until it ends, or cancel it.', 'PT409'
    );
  end if;
  backup := private.create_backup(
    (select auth.uid()), start_backup.account_id, start_backup.ref, of_twin.id, null, (given ->> 'destination_id')::uuid,
    given ->> 'recipient'
  );
  perform private.wake_workers((select auth.uid()));
  return backup;
end
$_$;

COMMENT ON FUNCTION public.start_backup(account_id uuid, ref text, options jsonb) IS 'Takes a backup of a project: options destination_id (the first saved one where it is left out), twin_id, whose ignore rules hold, and recipient (of age; that of the destination where it is left out).';

CREATE FUNCTION public.start_clone(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text, options jsonb DEFAULT '{}'::jsonb, without_preview boolean DEFAULT false, preview_id uuid DEFAULT NULL::uuid, agreed text[] DEFAULT '{}'::text[]) RETURNS public.jobs
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  checked_options jsonb := private.clone_options(options);
  twin public.twins;
  job public.jobs;
begin
  twin := private.own_twin(source_account_id, source_ref, target_account_id, target_ref);
  perform private.refuse_unconfirmed_target(twin, checked_options ->> 'confirm_target');
  perform private.refuse_empty_clone(checked_options);
  perform private.refuse_risks(twin, checked_options, preview_id, agreed, without_preview);
  job := private.create_clone(twin, checked_options);
  -- For further attempts: what of the preview is a risk was agreed to, all of it.
  update public.jobs
  set agreed = case when start_clone.preview_id is not null then (
    select coalesce(array_agg(distinct risk.risk || ' ' || risk.object), '{}')
    from public.preview_risks as risk where risk.preview_id = start_clone.preview_id
  ) end
  where id = job.id
  returning * into job;
  return job;
end
$$;

COMMENT ON FUNCTION public.start_clone(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text, options jsonb, without_preview boolean, preview_id uuid, agreed text[]) IS 'Starts a clone of source into target as the signed-in user; makes the twin of the pair when it is new. Needs the preview that was read and all of its risks by name, or without_preview.';

CREATE FUNCTION public.start_preview(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text, options jsonb DEFAULT '{}'::jsonb, count_rows boolean DEFAULT false) RETURNS public.previews
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  checked_options jsonb := private.clone_options(options);
  twin public.twins;
  preview public.previews;
begin
  twin := private.own_twin(source_account_id, source_ref, target_account_id, target_ref);
  perform private.refuse_too_many_runs(twin.owner_id);
  insert into public.previews (twin_id, options, count_rows)
  values (twin.id, checked_options, coalesce(start_preview.count_rows, false))
  returning * into preview;
  insert into private.steps (preview_id, kind) values (preview.id, 'prepare');
  perform private.wake_workers(twin.owner_id);
  return preview;
end
$$;

COMMENT ON FUNCTION public.start_preview(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text, options jsonb, count_rows boolean) IS 'Reads both projects and reports what a clone with these options would find. Changes nothing. count_rows: rows of tables are counted, which takes its time.';

CREATE FUNCTION public.start_restore(backup_id uuid, target_account_id uuid, target_ref text, options jsonb DEFAULT '{}'::jsonb) RETURNS public.jobs
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  backup public.backups := private.own_backup(start_restore.backup_id);
  checked_options jsonb := private.restore_options(start_restore.options, backup.components);
  pair public.twins;
  job public.jobs;
begin
  perform private.refuse_incomplete_backup(backup);
  perform private.refuse_unlisted_project(
    private.own_account(start_restore.target_account_id, 'target'), start_restore.target_ref, 'target'
  );
  pair.owner_id := backup.owner_id;
  pair.target_ref := start_restore.target_ref;
  perform private.refuse_unconfirmed_target(pair, checked_options ->> 'confirm_target');
  perform private.refuse_empty_clone(checked_options);
  perform private.refuse_too_many_runs(backup.owner_id);
  perform pg_advisory_xact_lock(hashtextextended(start_restore.target_ref, 0));
  if exists (
    select from public.jobs as other
    join public.twins as reading on reading.id = other.twin_id
    where other.status in ('pending', 'in_progress') and reading.source_ref = start_restore.target_ref
  ) or exists (
    select from public.backups as other where other.status = 'in_progress' and other.ref = start_restore.target_ref
  ) then
    perform private.refuse(
      format('A clone or backup is reading "%s", which this restore would write', start_restore.target_ref),
      'Wait until it ends, or cancel it.',
      'PT409'
    );
  end if;
  begin
    insert into public.jobs (owner_id, kind, backup_id, target_account_id, target_ref, options)
    values (
      backup.owner_id, 'restore', backup.id, start_restore.target_account_id, start_restore.target_ref, checked_options
    )
    returning * into job;
  exception when unique_violation then
    perform private.refuse(
      format('A clone into "%s" is still running', start_restore.target_ref), 'Wait until it ends, or cancel it.', 'PT409'
    );
  end;
  perform private.bind_restore_key(backup, job.id, start_restore.options ->> 'key_id');
  insert into public.job_components (job_id, component, position, unit, status)
  select job.id, known.component, known.position, known.unit,
    case when (job.options -> 'components' -> known.component) = 'true' then 'pending' else 'skipped' end
  from private.component_catalogue() as known;
  insert into private.steps (job_id, kind) values (job.id, 'prepare');
  perform private.wake_workers(backup.owner_id);
  return job;
end
$$;

COMMENT ON FUNCTION public.start_restore(backup_id uuid, target_account_id uuid, target_ref text, options jsonb) IS 'Restores a complete backup into a target project, without its source: all of it, some components, or single tables.';

CREATE FUNCTION public.start_verification(job_id uuid, mode text DEFAULT 'counts'::text) RETURNS public.verifications
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  job public.jobs;
  verification public.verifications;
begin
  select * into job
  from public.jobs where id = start_verification.job_id and owner_id = (select auth.uid());
  if job.id is null then
    perform private.refuse('There is no such clone', 'Pick one from your list of clones.', 'PT404');
  end if;
  if job.kind = 'restore' then
    perform private.refuse(
      'A restore has no source to compare with', 'Verify the backup: what is in it was restored, or the report names it.'
    );
  end if;
  if job.finished_at is null then
    perform private.refuse('This clone is still running', 'Verify it when it is over.', 'PT409');
  end if;
  if start_verification.mode is null
    or start_verification.mode not in ('structure', 'counts', 'checksums') then
    perform private.refuse('Unknown kind of verification', 'Use structure, counts or checksums.');
  end if;
  perform private.refuse_too_many_runs(job.owner_id);
  verification := private.create_verification(job, start_verification.mode);
  perform private.wake_workers(job.owner_id);
  return verification;
end
$$;

COMMENT ON FUNCTION public.start_verification(job_id uuid, mode text) IS 'Compares source and target of a finished clone: structure, exact row counts, or contents by checksum.';

CREATE FUNCTION public.test_channel(channel_id uuid) RETURNS public.notification_deliveries
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
  channel public.notification_channels := private.own_channel(test_channel.channel_id);
  notification public.notifications;
  delivery public.notification_deliveries;
begin
  if not channel.is_enabled then
    perform private.refuse('This channel is off', 'Switch it on first.', 'PT409');
  end if;
  if exists (
    select from public.notification_deliveries as earlier
    join public.notifications as tested on tested.id = earlier.notification_id
    where earlier.channel_id = channel.id and tested.event = 'test' and tested.created_at > now() - interval '5 seconds'
  ) then
    perform private.refuse('A test message was sent just now', 'Wait five seconds, then send another.', 'PT409');
  end if;
  insert into public.notifications (owner_id, twin_id, event, event_key, title, detail, path)
  values (
    channel.owner_id, channel.twin_id, 'test', 'test:' || gen_random_uuid(), 'Test message of Twins',
    format('The channel "%s" works.', channel.name), '/settings/notifications'
  )
  returning * into notification;
  insert into public.notification_deliveries (notification_id, channel_id)
  values (notification.id, channel.id)
  returning * into delivery;
  return delivery;
end
$$;

COMMENT ON FUNCTION public.test_channel(channel_id uuid) IS 'Sends a test message over one channel.';

CREATE TABLE private.announced_items (
    step_id bigint NOT NULL,
    lease uuid NOT NULL,
    component text NOT NULL,
    object text NOT NULL,
    outcome text NOT NULL,
    detail text,
    fix text,
    CONSTRAINT announced_items_outcome_check CHECK ((outcome = ANY (ARRAY['copied'::text, 'adapted'::text])))
);

COMMENT ON TABLE private.announced_items IS 'What a slice was about to write to the target, as it will be reported. Left only by slices that were lost.';

CREATE TABLE private.api_calls (
    account_id uuid NOT NULL,
    made_at timestamp with time zone[] NOT NULL,
    held_until timestamp with time zone
);

COMMENT ON TABLE private.api_calls IS 'When each account made its last 120 calls of the Management API, or will.';

COMMENT ON COLUMN private.api_calls.held_until IS 'Supabase asked for no more calls until then.';

CREATE TABLE private.broadcasts (
    job_id uuid NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    is_pending boolean DEFAULT false NOT NULL
);

COMMENT ON TABLE private.broadcasts IS 'When a job was last broadcast, and whether a change waits to be.';

CREATE TABLE private.channel_addresses (
    channel_id uuid NOT NULL,
    key_id text NOT NULL,
    iv bytea NOT NULL,
    ciphertext bytea NOT NULL,
    CONSTRAINT channel_addresses_iv_check CHECK ((octet_length(iv) = 12))
);

COMMENT ON TABLE private.channel_addresses IS 'Address and signing secret of webhooks, sealed as account_credentials are. Mail has none.';

CREATE VIEW private.claimable_steps AS
 SELECT step.id,
    step.run_id,
    step.owner_id,
    step.created_at
   FROM private.steps step
  WHERE ((step.status = 'queued'::text) AND (step.run_after <= now()) AND (NOT (EXISTS ( SELECT
           FROM private.steps earlier
          WHERE ((earlier.run_id = step.run_id) AND (earlier.status = ANY (ARRAY['queued'::text, 'running'::text])) AND ((earlier.rank < step.rank) OR (((earlier.component || '.'::text) || earlier.stage) = ANY (step.waits_for))))))) AND (( SELECT count(*) AS count
           FROM private.steps running
          WHERE ((running.run_id = step.run_id) AND (running.status = 'running'::text))) < private.parallel_steps()) AND (( SELECT count(*) AS count
           FROM private.steps running
          WHERE ((running.owner_id = step.owner_id) AND (running.status = 'running'::text))) < private.parallel_steps_of_user()));

COMMENT ON VIEW private.claimable_steps IS 'Queued steps that wait for no other, of runs and users with a free place.';

CREATE TABLE private.database_logins (
    account_id uuid NOT NULL,
    ref text NOT NULL,
    key_id text,
    iv bytea,
    ciphertext bytea,
    expires_at timestamp with time zone,
    asking_until timestamp with time zone,
    CONSTRAINT database_logins_check CHECK ((num_nulls(key_id, iv, ciphertext, expires_at) = ANY (ARRAY[0, 4]))),
    CONSTRAINT database_logins_iv_check CHECK ((octet_length(iv) = 12))
);

COMMENT ON TABLE private.database_logins IS 'Temporary logins, sealed as account_credentials are. Null: the first one is being asked for.';

COMMENT ON COLUMN private.database_logins.expires_at IS 'From when on nobody signs in with it any more; sessions that are open go on.';

COMMENT ON COLUMN private.database_logins.asking_until IS 'Until when the others wait for whoever asks for a new one.';

CREATE TABLE private.oauth_requests (
    state_hash text NOT NULL,
    owner_id uuid NOT NULL,
    account_id uuid,
    key_id text NOT NULL,
    iv bytea NOT NULL,
    ciphertext bytea NOT NULL,
    expires_at timestamp with time zone DEFAULT (now() + '00:10:00'::interval) NOT NULL,
    CONSTRAINT oauth_requests_iv_check CHECK ((octet_length(iv) = 12))
);

COMMENT ON TABLE private.oauth_requests IS 'Users who are agreeing at Supabase: the SHA-256 of the state, and the PKCE verifier, encrypted. Used once.';

ALTER TABLE private.steps ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME private.steps_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE private.waiters (
    run_id uuid NOT NULL,
    worker uuid NOT NULL,
    until timestamp with time zone NOT NULL
);

COMMENT ON TABLE private.waiters IS 'Which worker waits for steps of a run (all zeros: of any run) that will be free in a moment. One is enough.';

COMMENT ON COLUMN private.waiters.until IS 'Another may take its place then: it has died.';

CREATE VIEW public.clone_history WITH (security_invoker='true') AS
 SELECT job.id AS job_id,
    job.twin_id,
    job.backup_id,
    job.kind,
    job.trigger,
    job.parent_id,
    job.attempt,
    job.status,
    job.options,
    job.error,
    job.created_at,
    job.started_at,
    job.finished_at,
    (EXTRACT(epoch FROM (COALESCE(job.finished_at, now()) - job.started_at)))::double precision AS duration_seconds,
    COALESCE(twin.source_ref, backup.ref) AS source_ref,
    COALESCE(source.name, backup.project_name, twin.source_ref) AS source_name,
    source.organization_name AS source_organization,
    job.target_ref,
    COALESCE(target.name, job.target_ref) AS target_name,
    target.organization_name AS target_organization,
    components.completed AS components_completed,
    components.failed AS components_failed,
    components.total AS components_total,
    COALESCE(((job.report ->> 'failures'::text))::integer, 0) AS failures,
    (COALESCE(((job.report #>> '{totals,copied}'::text[]))::integer, 0) + COALESCE(((job.report #>> '{totals,adapted}'::text[]))::integer, 0)) AS changes,
    components.bytes_done,
    ((job.status = 'failed'::text) OR ((job.status = 'completed'::text) AND (COALESCE(((job.report ->> 'failures'::text))::integer, 0) > 0))) AS has_failures
   FROM (((((public.jobs job
     LEFT JOIN public.twins twin ON ((twin.id = job.twin_id)))
     LEFT JOIN public.backups backup ON ((backup.id = job.backup_id)))
     LEFT JOIN public.projects source ON (((source.account_id = twin.source_account_id) AND (source.ref = twin.source_ref))))
     LEFT JOIN public.projects target ON (((target.account_id = COALESCE(twin.target_account_id, job.target_account_id)) AND (target.ref = job.target_ref))))
     LEFT JOIN LATERAL ( SELECT count(*) FILTER (WHERE (component.status = 'completed'::text)) AS completed,
            count(*) FILTER (WHERE (component.status = 'failed'::text)) AS failed,
            count(*) FILTER (WHERE (component.status <> 'skipped'::text)) AS total,
            (COALESCE(sum(component.bytes_done), (0)::numeric))::double precision AS bytes_done
           FROM public.job_components component
          WHERE (component.job_id = job.id)) components ON (true));

COMMENT ON VIEW public.clone_history IS 'One row per clone, newest state, with names and counts.';

CREATE VIEW public.component_durations WITH (security_invoker='true') AS
 SELECT job.twin_id,
    component.component,
    count(*) AS runs,
    (avg(EXTRACT(epoch FROM (component.finished_at - component.started_at))))::double precision AS average_seconds,
    (max(EXTRACT(epoch FROM (component.finished_at - component.started_at))))::double precision AS longest_seconds
   FROM (public.job_components component
     JOIN public.jobs job ON ((job.id = component.job_id)))
  WHERE ((component.status = 'completed'::text) AND (component.finished_at IS NOT NULL))
  GROUP BY job.twin_id, component.component;

COMMENT ON VIEW public.component_durations IS 'How long each component of a twin takes.';

CREATE VIEW public.delivery_log WITH (security_invoker='true') AS
 SELECT delivery.id,
    delivery.channel_id,
    channel.name AS channel_name,
    channel.twin_id,
    notification.event,
    notification.title,
    notification.path,
    delivery.status,
    delivery.attempts,
    delivery.queued_at,
    delivery.next_attempt_at,
    delivery.answered_at,
    delivery.http_status,
    delivery.detail
   FROM ((public.notification_deliveries delivery
     JOIN public.notification_channels channel ON ((channel.id = delivery.channel_id)))
     JOIN public.notifications notification ON ((notification.id = delivery.notification_id)));

COMMENT ON VIEW public.delivery_log IS 'What was delivered over each channel, as pages list it.';

CREATE TABLE public.job_slices (
    id bigint NOT NULL,
    job_id uuid NOT NULL,
    step_id bigint NOT NULL,
    kind text NOT NULL,
    component text,
    stage text,
    waits_for text[] DEFAULT '{}'::text[] NOT NULL,
    queued_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    outcome text,
    items integer DEFAULT 0 NOT NULL,
    items_done bigint DEFAULT 0 NOT NULL,
    items_total bigint,
    rows_done bigint DEFAULT 0 NOT NULL,
    bytes_done bigint DEFAULT 0 NOT NULL,
    error jsonb,
    CONSTRAINT job_slices_outcome_check CHECK ((outcome = ANY (ARRAY['more'::text, 'done'::text, 'retry'::text, 'failed'::text, 'lost'::text]))),
    CONSTRAINT job_slices_outcome_when_over CHECK (((finished_at IS NULL) = (outcome IS NULL)))
);

COMMENT ON TABLE public.job_slices IS 'Each slice that a worker carried out for a job, in the order they began.';

COMMENT ON COLUMN public.job_slices.waits_for IS 'Names, component.stage, of the steps that had to be over first.';

COMMENT ON COLUMN public.job_slices.outcome IS 'more: another slice follows; retry: it failed for a passing reason; lost: its worker stopped without a word.';

COMMENT ON COLUMN public.job_slices.items IS 'Objects it reported.';

COMMENT ON COLUMN public.job_slices.bytes_done IS 'Of its step, when it ended.';

CREATE VIEW public.job_log WITH (security_invoker='true') AS
 SELECT slice.job_id,
    slice.component,
    slice.started_at AS at,
    slice.id AS place,
    'started'::text AS event,
    slice.stage,
    NULL::text AS object,
    NULL::text AS detail,
    0 AS items
   FROM public.job_slices slice
UNION ALL
 SELECT slice.job_id,
    slice.component,
    slice.finished_at AS at,
    slice.id AS place,
    slice.outcome AS event,
    slice.stage,
    NULL::text AS object,
    (slice.error ->> 'message'::text) AS detail,
    slice.items
   FROM public.job_slices slice
  WHERE (slice.finished_at IS NOT NULL)
UNION ALL
 SELECT item.job_id,
    item.component,
    item.at,
    0 AS place,
    item.outcome AS event,
    NULL::text AS stage,
    item.object,
    item.detail,
    0 AS items
   FROM public.job_items item;

COMMENT ON VIEW public.job_log IS 'What happened to a component, in order: slices that started and ended, and each object with its outcome.';

ALTER TABLE public.job_slices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.job_slices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.planned_work (
    preview_id uuid NOT NULL,
    number bigint NOT NULL,
    rank integer NOT NULL,
    component text NOT NULL,
    stage text NOT NULL,
    object text NOT NULL,
    kind text,
    action text NOT NULL,
    statements text[] DEFAULT '{}'::text[] NOT NULL,
    calls jsonb DEFAULT '[]'::jsonb NOT NULL,
    detail text,
    definition_before text,
    definition_after text,
    risks jsonb DEFAULT '[]'::jsonb NOT NULL,
    words text DEFAULT ''::text NOT NULL,
    CONSTRAINT planned_work_calls_check CHECK ((jsonb_typeof(calls) = 'array'::text)),
    CONSTRAINT planned_work_risks_check CHECK ((jsonb_typeof(risks) = 'array'::text))
);

COMMENT ON TABLE public.planned_work IS 'The plan of a preview: statements and calls of APIs that a clone would send to its target, in order.';

ALTER TABLE public.planned_work ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.planned_work_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.preview_risks WITH (security_invoker='true') AS
 SELECT DISTINCT work.preview_id,
    work.component,
    (entry.value ->> 'risk'::text) AS risk,
    (entry.value ->> 'object'::text) AS object
   FROM (public.planned_work work
     CROSS JOIN LATERAL jsonb_array_elements(work.risks) entry(value))
  WHERE (work.risks <> '[]'::jsonb)
UNION ALL
 SELECT DISTINCT preview.id AS preview_id,
    (entry.value ->> 'component'::text) AS component,
    'unread'::text AS risk,
    COALESCE((entry.value ->> 'component'::text), 'everything'::text) AS object
   FROM (public.previews preview
     CROSS JOIN LATERAL jsonb_array_elements((preview.result -> 'errors'::text)) entry(value))
  WHERE (jsonb_typeof((preview.result -> 'errors'::text)) = 'array'::text);

COMMENT ON VIEW public.preview_risks IS 'What of a previewed clone must be agreed to by name: it makes the target less safe, or takes something from it.';

CREATE TABLE public.schedule_slots (
    schedule_id uuid NOT NULL,
    slot_at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    reason text,
    job_id uuid,
    CONSTRAINT schedule_slots_outcome_check CHECK ((outcome = ANY (ARRAY['started'::text, 'skipped'::text, 'paused'::text, 'stopped'::text]))),
    CONSTRAINT schedule_slots_say_why CHECK (((reason IS NULL) = (outcome = 'started'::text)))
);

COMMENT ON TABLE public.schedule_slots IS 'What became of each time at which a schedule was due.';

COMMENT ON COLUMN public.schedule_slots.outcome IS 'stopped = its clone was started and ended before it wrote anything.';

CREATE VIEW public.twin_overview WITH (security_invoker='true') AS
 SELECT twin.id AS twin_id,
    twin.source_account_id,
    twin.source_ref,
    COALESCE(source.name, twin.source_ref) AS source_name,
    source.organization_name AS source_organization,
    twin.target_account_id,
    twin.target_ref,
    COALESCE(target.name, twin.target_ref) AS target_name,
    target.organization_name AS target_organization,
    COALESCE(target.is_protected, false) AS target_is_protected,
    twin.options,
    twin.created_at,
    COALESCE(clones.count, (0)::bigint) AS clone_count,
    last_job.id AS last_job_id,
    last_job.status AS last_status,
    last_job.created_at AS last_created_at,
    last_job.finished_at AS last_finished_at,
    COALESCE(((last_job.report ->> 'failures'::text))::integer, 0) AS last_failures,
    (COALESCE(((last_job.report #>> '{totals,copied}'::text[]))::integer, 0) + COALESCE(((last_job.report #>> '{totals,adapted}'::text[]))::integer, 0)) AS last_changes,
    ( SELECT min(schedule.next_run_at) AS min
           FROM public.schedules schedule
          WHERE ((schedule.twin_id = twin.id) AND schedule.is_active)) AS next_run_at
   FROM ((((public.twins twin
     LEFT JOIN public.projects source ON (((source.account_id = twin.source_account_id) AND (source.ref = twin.source_ref))))
     LEFT JOIN public.projects target ON (((target.account_id = twin.target_account_id) AND (target.ref = twin.target_ref))))
     LEFT JOIN LATERAL ( SELECT job.id,
            job.owner_id,
            job.twin_id,
            job.target_ref,
            job.kind,
            job.trigger,
            job.schedule_id,
            job.parent_id,
            job.attempt,
            job.options,
            job.loss_limit,
            job.agreed,
            job.status,
            job.created_at,
            job.started_at,
            job.finished_at,
            job.cancel_requested_at,
            job.error,
            job.report,
            job.backup_id,
            job.target_account_id
           FROM public.jobs job
          WHERE (job.twin_id = twin.id)
          ORDER BY job.created_at DESC
         LIMIT 1) last_job ON (true))
     LEFT JOIN LATERAL ( SELECT count(*) AS count
           FROM public.jobs job
          WHERE (job.twin_id = twin.id)) clones ON (true));

COMMENT ON VIEW public.twin_overview IS 'One row per twin, as its card shows it.';

CREATE VIEW public.schedule_health WITH (security_invoker='true') AS
 SELECT schedule.id AS schedule_id,
    schedule.twin_id,
    twin.source_name,
    twin.target_name,
    twin.target_ref,
    schedule.name,
    schedule.every_hours,
    schedule.cron,
    schedule.timezone,
    schedule.options,
    schedule.is_active,
    schedule.paused_reason,
    schedule.is_asking,
    schedule.asked,
    schedule.loss_limit,
    schedule.next_run_at,
    job.id AS last_job_id,
    job.status AS last_status,
    job.finished_at AS last_finished_at,
    COALESCE(((job.report ->> 'failures'::text))::integer, 0) AS last_failures,
    runs.average_seconds,
    COALESCE(runs.recent, '[]'::jsonb) AS recent_runs,
    skipped.slot_at AS last_skipped_at,
    skipped.reason AS last_skipped_reason
   FROM ((((public.schedules schedule
     JOIN public.twin_overview twin ON ((twin.twin_id = schedule.twin_id)))
     LEFT JOIN public.jobs job ON ((job.id = schedule.last_job_id)))
     LEFT JOIN LATERAL ( SELECT (avg(EXTRACT(epoch FROM (last_ten.finished_at - last_ten.started_at))))::double precision AS average_seconds,
            jsonb_agg(jsonb_build_object('job_id', last_ten.id, 'status', last_ten.status, 'failures', COALESCE(((last_ten.report ->> 'failures'::text))::integer, 0), 'started_at', last_ten.started_at, 'seconds', (EXTRACT(epoch FROM (last_ten.finished_at - last_ten.started_at)))::double precision) ORDER BY last_ten.created_at) AS recent
           FROM ( SELECT latest.id,
                    latest.owner_id,
                    latest.twin_id,
                    latest.target_ref,
                    latest.kind,
                    latest.trigger,
                    latest.schedule_id,
                    latest.parent_id,
                    latest.attempt,
                    latest.options,
                    latest.loss_limit,
                    latest.agreed,
                    latest.status,
                    latest.created_at,
                    latest.started_at,
                    latest.finished_at,
                    latest.cancel_requested_at,
                    latest.error,
                    latest.report,
                    latest.backup_id,
                    latest.target_account_id
                   FROM public.jobs latest
                  WHERE (latest.schedule_id = schedule.id)
                  ORDER BY latest.created_at DESC
                 LIMIT 10) last_ten) runs ON (true))
     LEFT JOIN LATERAL ( SELECT slot.slot_at,
            slot.reason
           FROM public.schedule_slots slot
          WHERE ((slot.schedule_id = schedule.id) AND (slot.outcome = 'skipped'::text) AND (slot.slot_at > COALESCE(job.created_at, '-infinity'::timestamp with time zone)))
          ORDER BY slot.slot_at DESC
         LIMIT 1) skipped ON (true));

COMMENT ON VIEW public.schedule_health IS 'Schedules with their last ten runs (oldest first), and the slot that was skipped since the last one.';

CREATE TABLE public.ticks (
    twin_id uuid NOT NULL,
    component text NOT NULL,
    object text NOT NULL,
    ticked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ticks_component_check CHECK ((length(component) <= 100)),
    CONSTRAINT ticks_object_check CHECK ((length(object) <= 1000))
);

COMMENT ON TABLE public.ticks IS 'What a user has done by hand for a twin, and said so.';

CREATE VIEW public.twin_tables WITH (security_invoker='true') AS
 SELECT newest.twin_id,
    newest.finished_at AS read_at,
    (listed.object ->> 'object'::text) AS name,
    (listed.object ->> 'partition_of'::text) AS partition_of,
    ( SELECT ((counted.value ->> 'source'::text))::double precision AS float8
           FROM jsonb_array_elements((listed.object -> 'counts'::text)) counted(value)
          WHERE ((counted.value ->> 'unit'::text) = 'row'::text)) AS row_estimate,
    GREATEST(0, (newest.total - jsonb_array_length(newest.objects))) AS not_listed
   FROM (( SELECT DISTINCT ON (preview.twin_id) preview.twin_id,
            preview.finished_at,
            (preview.result #> '{data,objects}'::text[]) AS objects,
            ((preview.result #>> '{data,objects_total}'::text[]))::integer AS total
           FROM public.previews preview
          WHERE ((preview.finished_at IS NOT NULL) AND (jsonb_typeof((preview.result #> '{data,objects}'::text[])) = 'array'::text))
          ORDER BY preview.twin_id, preview.finished_at DESC) newest
     CROSS JOIN LATERAL jsonb_array_elements(newest.objects) listed(object))
  WHERE ((listed.object ? 'object'::text) AND ((listed.object -> 'is_extra'::text) IS NULL));

COMMENT ON VIEW public.twin_tables IS 'Tables of a twin''s source, as its newest preview listed them.';

CREATE TABLE public.verification_findings (
    verification_id uuid NOT NULL,
    component text NOT NULL,
    severity text NOT NULL,
    object text NOT NULL,
    expected text,
    found text,
    fix text,
    objects bigint DEFAULT 1 NOT NULL,
    belongs_to text,
    is_missing boolean DEFAULT false NOT NULL,
    reported_with text,
    covers jsonb,
    examples text[],
    rank integer GENERATED ALWAYS AS (
CASE severity
    WHEN 'failed'::text THEN 1
    WHEN 'warning'::text THEN 2
    ELSE 3
END) STORED,
    CONSTRAINT verification_findings_objects_check CHECK ((objects > 0)),
    CONSTRAINT verification_findings_severity_check CHECK ((severity = ANY (ARRAY['failed'::text, 'warning'::text, 'note'::text])))
);

COMMENT ON TABLE public.verification_findings IS 'One difference each: what was expected, what was found.';

COMMENT ON COLUMN public.verification_findings.severity IS 'failed: missing or different; warning: a difference that a clone leaves; note: left to do by hand, known before.';

COMMENT ON COLUMN public.verification_findings.objects IS 'How many objects it stands for: more than one where they are only counted.';

COMMENT ON COLUMN public.verification_findings.belongs_to IS 'The table (or view) that the object is part of.';

COMMENT ON COLUMN public.verification_findings.is_missing IS 'The target lacks the whole object.';

COMMENT ON COLUMN public.verification_findings.reported_with IS 'The missing object whose finding reports this one too; counted there, not by itself.';

COMMENT ON COLUMN public.verification_findings.covers IS 'Of a missing object: how many findings per component are reported with it.';

COMMENT ON COLUMN public.verification_findings.examples IS 'Keys of some rows that differ, each with where it is.';

COMMENT ON COLUMN public.verification_findings.rank IS 'The worst first.';

CREATE VIEW public.twin_to_do WITH (security_invoker='true') AS
 SELECT latest.twin_id,
    latest.component,
    latest.object,
        CASE
            WHEN (checked.id IS NULL) THEN latest.detail
            ELSE finding.found
        END AS detail,
        CASE
            WHEN (checked.id IS NULL) THEN latest.fix
            ELSE finding.fix
        END AS fix,
    latest.job_id,
    latest.at,
    tick.ticked_at
   FROM (((( SELECT DISTINCT ON (job.twin_id, item.component, item.object) job.twin_id,
            item.component,
            item.object,
            item.outcome,
            item.detail,
            item.fix,
            item.job_id,
            item.at
           FROM (public.jobs job
             JOIN public.job_items item ON ((item.job_id = job.id)))
          WHERE ((item.outcome <> 'unchanged'::text) OR (item.component = ANY (ARRAY['cron_jobs'::text, 'webhooks'::text])))
          ORDER BY job.twin_id, item.component, item.object, item.at DESC) latest
     LEFT JOIN public.ticks tick ON (((tick.twin_id = latest.twin_id) AND (tick.component = latest.component) AND (tick.object = latest.object))))
     LEFT JOIN LATERAL ( SELECT verification.id
           FROM public.verifications verification
          WHERE ((verification.twin_id = latest.twin_id) AND (verification.finished_at > latest.at) AND (latest.component = ANY (ARRAY['cron_jobs'::text, 'webhooks'::text])) AND (((verification.summary -> 'components'::text) ->> latest.component) <> 'not_run'::text))
          ORDER BY verification.finished_at DESC
         LIMIT 1) checked ON (true))
     LEFT JOIN public.verification_findings finding ON (((finding.verification_id = checked.id) AND (finding.component = latest.component) AND (finding.object = latest.object))))
  WHERE
        CASE
            WHEN (checked.id IS NULL) THEN ((latest.outcome = ANY (ARRAY['adapted'::text, 'skipped'::text, 'unchanged'::text])) AND (latest.fix IS NOT NULL))
            ELSE ((finding.severity = 'note'::text) AND (finding.fix IS NOT NULL))
        END;

COMMENT ON VIEW public.twin_to_do IS 'What is left to do by hand for a twin, with what was ticked off.';

CREATE TABLE public.verification_counts (
    verification_id uuid NOT NULL,
    object text NOT NULL,
    source_rows bigint NOT NULL,
    target_rows bigint NOT NULL,
    difference bigint GENERATED ALWAYS AS (abs((source_rows - target_rows))) STORED,
    CONSTRAINT verification_counts_source_rows_check CHECK ((source_rows >= 0)),
    CONSTRAINT verification_counts_target_rows_check CHECK ((target_rows >= 0))
);

COMMENT ON TABLE public.verification_counts IS 'Rows of every table that a verification counted, on both endpoints.';

ALTER TABLE ONLY private.account_credentials
    ADD CONSTRAINT account_credentials_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY private.announced_items
    ADD CONSTRAINT announced_items_pkey PRIMARY KEY (step_id, component, object);

ALTER TABLE ONLY private.api_calls
    ADD CONSTRAINT api_calls_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY private.broadcasts
    ADD CONSTRAINT broadcasts_pkey PRIMARY KEY (job_id);

ALTER TABLE ONLY private.channel_addresses
    ADD CONSTRAINT channel_addresses_pkey PRIMARY KEY (channel_id);

ALTER TABLE ONLY private.database_logins
    ADD CONSTRAINT database_logins_pkey PRIMARY KEY (account_id, ref);

ALTER TABLE ONLY private.database_passwords
    ADD CONSTRAINT database_passwords_pkey PRIMARY KEY (account_id, ref);

ALTER TABLE ONLY private.destination_keys
    ADD CONSTRAINT destination_keys_pkey PRIMARY KEY (destination_id);

ALTER TABLE ONLY private.memories
    ADD CONSTRAINT memories_pkey PRIMARY KEY (target_ref, component, key);

ALTER TABLE ONLY private.oauth_requests
    ADD CONSTRAINT oauth_requests_pkey PRIMARY KEY (state_hash);

ALTER TABLE ONLY private.restore_keys
    ADD CONSTRAINT restore_keys_job_id_key UNIQUE (job_id);

ALTER TABLE ONLY private.restore_keys
    ADD CONSTRAINT restore_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY private.steps
    ADD CONSTRAINT steps_pkey PRIMARY KEY (id);

ALTER TABLE ONLY private.steps
    ADD CONSTRAINT steps_run_id_kind_component_stage_key UNIQUE NULLS NOT DISTINCT (run_id, kind, component, stage);

ALTER TABLE ONLY private.waiters
    ADD CONSTRAINT waiters_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY public.backup_destinations
    ADD CONSTRAINT backup_destinations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.backups
    ADD CONSTRAINT backups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.connected_accounts
    ADD CONSTRAINT connected_accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ignore_rules
    ADD CONSTRAINT ignore_rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ignore_rules
    ADD CONSTRAINT ignore_rules_twin_id_pattern_key UNIQUE (twin_id, pattern);

ALTER TABLE ONLY public.job_components
    ADD CONSTRAINT job_components_pkey PRIMARY KEY (job_id, component);

ALTER TABLE ONLY public.job_items
    ADD CONSTRAINT job_items_pkey PRIMARY KEY (job_id, component, object);

ALTER TABLE ONLY public.job_slices
    ADD CONSTRAINT job_slices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notification_channels
    ADD CONSTRAINT notification_channels_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notification_deliveries
    ADD CONSTRAINT notification_deliveries_notification_id_channel_id_key UNIQUE (notification_id, channel_id);

ALTER TABLE ONLY public.notification_deliveries
    ADD CONSTRAINT notification_deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_event_key_key UNIQUE (event_key);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.planned_work
    ADD CONSTRAINT planned_work_pkey PRIMARY KEY (preview_id, number);

ALTER TABLE ONLY public.previews
    ADD CONSTRAINT previews_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (account_id, ref);

ALTER TABLE ONLY public.schedule_slots
    ADD CONSTRAINT schedule_slots_pkey PRIMARY KEY (schedule_id, slot_at);

ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ticks
    ADD CONSTRAINT ticks_pkey PRIMARY KEY (twin_id, component, object);

ALTER TABLE ONLY public.twins
    ADD CONSTRAINT twins_owner_id_source_account_id_source_ref_target_account__key UNIQUE (owner_id, source_account_id, source_ref, target_account_id, target_ref);

ALTER TABLE ONLY public.twins
    ADD CONSTRAINT twins_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.verification_counts
    ADD CONSTRAINT verification_counts_pkey PRIMARY KEY (verification_id, object);

ALTER TABLE ONLY public.verification_findings
    ADD CONSTRAINT verification_findings_pkey PRIMARY KEY (verification_id, component, object);

ALTER TABLE ONLY public.verifications
    ADD CONSTRAINT verifications_pkey PRIMARY KEY (id);

CREATE INDEX oauth_requests_account_id_idx ON private.oauth_requests USING btree (account_id);

CREATE INDEX oauth_requests_owner_id_idx ON private.oauth_requests USING btree (owner_id);

CREATE INDEX restore_keys_owner_id_idx ON private.restore_keys USING btree (owner_id);

CREATE INDEX steps_backup_id_idx ON private.steps USING btree (backup_id) WHERE (backup_id IS NOT NULL);

CREATE INDEX steps_job_id_idx ON private.steps USING btree (job_id) WHERE (job_id IS NOT NULL);

CREATE INDEX steps_open_idx ON private.steps USING btree (run_id, rank) WHERE (status = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX steps_owner_id_idx ON private.steps USING btree (owner_id);

CREATE INDEX steps_preview_id_idx ON private.steps USING btree (preview_id) WHERE (preview_id IS NOT NULL);

CREATE INDEX steps_run_id_idx ON private.steps USING btree (run_id);

CREATE INDEX steps_running_idx ON private.steps USING btree (run_id) WHERE (status = 'running'::text);

CREATE INDEX steps_running_owner_idx ON private.steps USING btree (owner_id) WHERE (status = 'running'::text);

CREATE INDEX steps_verification_id_idx ON private.steps USING btree (verification_id) WHERE (verification_id IS NOT NULL);

CREATE INDEX backup_destinations_owner_id_idx ON public.backup_destinations USING btree (owner_id, created_at);

CREATE INDEX backups_account_id_idx ON public.backups USING btree (account_id);

CREATE INDEX backups_destination_id_idx ON public.backups USING btree (destination_id);

CREATE INDEX backups_job_id_idx ON public.backups USING btree (job_id) WHERE (job_id IS NOT NULL);

CREATE INDEX backups_owner_id_created_at_idx ON public.backups USING btree (owner_id, created_at DESC);

CREATE INDEX backups_twin_id_idx ON public.backups USING btree (twin_id);

CREATE INDEX connected_accounts_owner_id_idx ON public.connected_accounts USING btree (owner_id);

CREATE INDEX job_items_job_id_component_rank_idx ON public.job_items USING btree (job_id, component, rank, object);

CREATE INDEX job_items_job_id_outcome_idx ON public.job_items USING btree (job_id, outcome);

CREATE INDEX job_slices_job_id_idx ON public.job_slices USING btree (job_id, id);

CREATE UNIQUE INDEX job_slices_open_idx ON public.job_slices USING btree (step_id) WHERE (finished_at IS NULL);

CREATE INDEX jobs_backup_id_idx ON public.jobs USING btree (backup_id) WHERE (backup_id IS NOT NULL);

CREATE UNIQUE INDEX jobs_one_running_per_target ON public.jobs USING btree (target_ref) WHERE (status = ANY (ARRAY['pending'::text, 'in_progress'::text]));

CREATE INDEX jobs_owner_id_created_at_idx ON public.jobs USING btree (owner_id, created_at DESC);

CREATE INDEX jobs_parent_id_idx ON public.jobs USING btree (parent_id) WHERE (parent_id IS NOT NULL);

CREATE INDEX jobs_schedule_id_idx ON public.jobs USING btree (schedule_id) WHERE (schedule_id IS NOT NULL);

CREATE INDEX jobs_target_account_id_idx ON public.jobs USING btree (target_account_id) WHERE (target_account_id IS NOT NULL);

CREATE INDEX jobs_twin_id_created_at_idx ON public.jobs USING btree (twin_id, created_at DESC);

CREATE INDEX notification_channels_owner_id_idx ON public.notification_channels USING btree (owner_id);

CREATE INDEX notification_channels_twin_id_idx ON public.notification_channels USING btree (twin_id);

CREATE INDEX notification_deliveries_channel_id_idx ON public.notification_deliveries USING btree (channel_id, queued_at DESC);

CREATE INDEX notification_deliveries_due_idx ON public.notification_deliveries USING btree (next_attempt_at) WHERE (status = 'waiting'::text);

CREATE INDEX notifications_account_id_idx ON public.notifications USING btree (account_id);

CREATE INDEX notifications_owner_id_created_at_idx ON public.notifications USING btree (owner_id, created_at DESC);

CREATE INDEX notifications_twin_id_idx ON public.notifications USING btree (twin_id);

CREATE INDEX planned_work_order_idx ON public.planned_work USING btree (preview_id, rank, number);

CREATE INDEX planned_work_risks_idx ON public.planned_work USING btree (preview_id) WHERE (risks <> '[]'::jsonb);

CREATE INDEX previews_twin_id_idx ON public.previews USING btree (twin_id);

CREATE INDEX schedule_slots_job_id_idx ON public.schedule_slots USING btree (job_id);

CREATE INDEX schedules_due_idx ON public.schedules USING btree (next_run_at) WHERE is_active;

CREATE INDEX schedules_twin_id_idx ON public.schedules USING btree (twin_id);

CREATE INDEX twins_source_account_id_idx ON public.twins USING btree (source_account_id);

CREATE INDEX twins_target_account_id_idx ON public.twins USING btree (target_account_id);

CREATE INDEX verifications_job_id_idx ON public.verifications USING btree (job_id);

CREATE INDEX verifications_twin_id_idx ON public.verifications USING btree (twin_id);

CREATE TRIGGER set_step_owner BEFORE INSERT ON private.steps FOR EACH ROW EXECUTE FUNCTION private.set_step_owner();

CREATE TRIGGER broadcast_component_change AFTER UPDATE ON public.job_components FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION private.broadcast_change();

CREATE TRIGGER broadcast_job_change AFTER INSERT OR UPDATE ON public.jobs FOR EACH ROW EXECUTE FUNCTION private.broadcast_change();

CREATE TRIGGER hand_on_notification AFTER INSERT ON public.notifications FOR EACH ROW WHEN ((new.event <> 'test'::text)) EXECUTE FUNCTION private.hand_on_notification();

CREATE TRIGGER note_account_expiry AFTER UPDATE ON public.connected_accounts FOR EACH ROW WHEN (((old.status = 'connected'::text) AND (new.status = 'expired'::text))) EXECUTE FUNCTION private.note_account();

CREATE TRIGGER note_backup_failure AFTER UPDATE ON public.backups FOR EACH ROW WHEN (((NOT new.is_unwanted) AND (((old.status = 'in_progress'::text) AND (new.status = 'failed'::text)) OR (old.is_being_proven AND (NOT new.is_being_proven))))) EXECUTE FUNCTION private.note_backup();

CREATE TRIGGER note_job_end AFTER UPDATE ON public.jobs FOR EACH ROW WHEN (((old.finished_at IS NULL) AND (new.status = ANY (ARRAY['completed'::text, 'failed'::text])))) EXECUTE FUNCTION private.note_job();

CREATE TRIGGER note_schedule_pause AFTER UPDATE ON public.schedules FOR EACH ROW WHEN (((old.paused_reason IS NULL) AND (new.paused_reason IS NOT NULL))) EXECUTE FUNCTION private.note_schedule();

CREATE TRIGGER note_verification_failure AFTER UPDATE ON public.verifications FOR EACH ROW WHEN (((old.status <> 'failed'::text) AND (new.status = 'failed'::text))) EXECUTE FUNCTION private.note_verification();

CREATE TRIGGER wake_for_deliveries AFTER INSERT ON public.notification_deliveries FOR EACH STATEMENT EXECUTE FUNCTION private.wake_for_deliveries();

ALTER TABLE ONLY private.account_credentials
    ADD CONSTRAINT account_credentials_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.connected_accounts(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.announced_items
    ADD CONSTRAINT announced_items_step_id_fkey FOREIGN KEY (step_id) REFERENCES private.steps(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.api_calls
    ADD CONSTRAINT api_calls_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.connected_accounts(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.broadcasts
    ADD CONSTRAINT broadcasts_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.channel_addresses
    ADD CONSTRAINT channel_addresses_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES public.notification_channels(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.database_logins
    ADD CONSTRAINT database_logins_account_id_ref_fkey FOREIGN KEY (account_id, ref) REFERENCES public.projects(account_id, ref) ON DELETE CASCADE;

ALTER TABLE ONLY private.database_passwords
    ADD CONSTRAINT database_passwords_account_id_ref_fkey FOREIGN KEY (account_id, ref) REFERENCES public.projects(account_id, ref) ON DELETE CASCADE;

ALTER TABLE ONLY private.destination_keys
    ADD CONSTRAINT destination_keys_destination_id_fkey FOREIGN KEY (destination_id) REFERENCES public.backup_destinations(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.oauth_requests
    ADD CONSTRAINT oauth_requests_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.connected_accounts(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.oauth_requests
    ADD CONSTRAINT oauth_requests_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.restore_keys
    ADD CONSTRAINT restore_keys_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.restore_keys
    ADD CONSTRAINT restore_keys_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.steps
    ADD CONSTRAINT steps_backup_id_fkey FOREIGN KEY (backup_id) REFERENCES public.backups(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.steps
    ADD CONSTRAINT steps_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.steps
    ADD CONSTRAINT steps_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.steps
    ADD CONSTRAINT steps_preview_id_fkey FOREIGN KEY (preview_id) REFERENCES public.previews(id) ON DELETE CASCADE;

ALTER TABLE ONLY private.steps
    ADD CONSTRAINT steps_verification_id_fkey FOREIGN KEY (verification_id) REFERENCES public.verifications(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.backup_destinations
    ADD CONSTRAINT backup_destinations_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.backups
    ADD CONSTRAINT backups_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.connected_accounts(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.backups
    ADD CONSTRAINT backups_destination_id_fkey FOREIGN KEY (destination_id) REFERENCES public.backup_destinations(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.backups
    ADD CONSTRAINT backups_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.backups
    ADD CONSTRAINT backups_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.backups
    ADD CONSTRAINT backups_twin_id_fkey FOREIGN KEY (twin_id) REFERENCES public.twins(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.connected_accounts
    ADD CONSTRAINT connected_accounts_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.ignore_rules
    ADD CONSTRAINT ignore_rules_twin_id_fkey FOREIGN KEY (twin_id) REFERENCES public.twins(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.job_components
    ADD CONSTRAINT job_components_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.job_items
    ADD CONSTRAINT job_items_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.job_slices
    ADD CONSTRAINT job_slices_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_backup_id_fkey FOREIGN KEY (backup_id) REFERENCES public.backups(id);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.jobs(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES public.schedules(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_target_account_id_fkey FOREIGN KEY (target_account_id) REFERENCES public.connected_accounts(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_twin_id_fkey FOREIGN KEY (twin_id) REFERENCES public.twins(id);

ALTER TABLE ONLY public.notification_channels
    ADD CONSTRAINT notification_channels_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notification_channels
    ADD CONSTRAINT notification_channels_twin_id_fkey FOREIGN KEY (twin_id) REFERENCES public.twins(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notification_deliveries
    ADD CONSTRAINT notification_deliveries_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES public.notification_channels(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notification_deliveries
    ADD CONSTRAINT notification_deliveries_notification_id_fkey FOREIGN KEY (notification_id) REFERENCES public.notifications(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.connected_accounts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_twin_id_fkey FOREIGN KEY (twin_id) REFERENCES public.twins(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.planned_work
    ADD CONSTRAINT planned_work_preview_id_fkey FOREIGN KEY (preview_id) REFERENCES public.previews(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.previews
    ADD CONSTRAINT previews_twin_id_fkey FOREIGN KEY (twin_id) REFERENCES public.twins(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.connected_accounts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.schedule_slots
    ADD CONSTRAINT schedule_slots_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.schedule_slots
    ADD CONSTRAINT schedule_slots_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES public.schedules(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_last_job_id_fkey FOREIGN KEY (last_job_id) REFERENCES public.jobs(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_twin_id_fkey FOREIGN KEY (twin_id) REFERENCES public.twins(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.ticks
    ADD CONSTRAINT ticks_twin_id_fkey FOREIGN KEY (twin_id) REFERENCES public.twins(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.twins
    ADD CONSTRAINT twins_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.twins
    ADD CONSTRAINT twins_source_account_id_fkey FOREIGN KEY (source_account_id) REFERENCES public.connected_accounts(id);

ALTER TABLE ONLY public.twins
    ADD CONSTRAINT twins_target_account_id_fkey FOREIGN KEY (target_account_id) REFERENCES public.connected_accounts(id);

ALTER TABLE ONLY public.verification_counts
    ADD CONSTRAINT verification_counts_verification_id_fkey FOREIGN KEY (verification_id) REFERENCES public.verifications(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.verification_findings
    ADD CONSTRAINT verification_findings_verification_id_fkey FOREIGN KEY (verification_id) REFERENCES public.verifications(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.verifications
    ADD CONSTRAINT verifications_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.verifications
    ADD CONSTRAINT verifications_twin_id_fkey FOREIGN KEY (twin_id) REFERENCES public.twins(id) ON DELETE CASCADE;

ALTER TABLE private.account_credentials ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.announced_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.api_calls ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.broadcasts ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.channel_addresses ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.database_logins ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.database_passwords ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.destination_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.memories ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.oauth_requests ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.restore_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.steps ENABLE ROW LEVEL SECURITY;

ALTER TABLE private.waiters ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Owners add rules to their twins" ON public.ignore_rules FOR INSERT TO authenticated WITH CHECK ((twin_id IN ( SELECT twins.id
   FROM public.twins)));

CREATE POLICY "Owners protect their projects" ON public.projects FOR UPDATE TO authenticated USING ((account_id IN ( SELECT connected_accounts.id
   FROM public.connected_accounts))) WITH CHECK ((account_id IN ( SELECT connected_accounts.id
   FROM public.connected_accounts)));

CREATE POLICY "Owners read the components of their jobs" ON public.job_components FOR SELECT TO authenticated USING ((job_id IN ( SELECT jobs.id
   FROM public.jobs)));

CREATE POLICY "Owners read the counts of their verifications" ON public.verification_counts FOR SELECT TO authenticated USING ((verification_id IN ( SELECT verifications.id
   FROM public.verifications)));

CREATE POLICY "Owners read the deliveries of their channels" ON public.notification_deliveries FOR SELECT TO authenticated USING ((channel_id IN ( SELECT notification_channels.id
   FROM public.notification_channels)));

CREATE POLICY "Owners read the findings of their verifications" ON public.verification_findings FOR SELECT TO authenticated USING ((verification_id IN ( SELECT verifications.id
   FROM public.verifications)));

CREATE POLICY "Owners read the items of their jobs" ON public.job_items FOR SELECT TO authenticated USING ((job_id IN ( SELECT jobs.id
   FROM public.jobs)));

CREATE POLICY "Owners read the plans of their previews" ON public.planned_work FOR SELECT TO authenticated USING ((preview_id IN ( SELECT previews.id
   FROM public.previews)));

CREATE POLICY "Owners read the previews of their twins" ON public.previews FOR SELECT TO authenticated USING ((twin_id IN ( SELECT twins.id
   FROM public.twins)));

CREATE POLICY "Owners read the rules of their twins" ON public.ignore_rules FOR SELECT TO authenticated USING ((twin_id IN ( SELECT twins.id
   FROM public.twins)));

CREATE POLICY "Owners read the schedules of their twins" ON public.schedules FOR SELECT TO authenticated USING ((twin_id IN ( SELECT twins.id
   FROM public.twins)));

CREATE POLICY "Owners read the slices of their jobs" ON public.job_slices FOR SELECT TO authenticated USING ((job_id IN ( SELECT jobs.id
   FROM public.jobs)));

CREATE POLICY "Owners read the slots of their schedules" ON public.schedule_slots FOR SELECT TO authenticated USING ((schedule_id IN ( SELECT schedules.id
   FROM public.schedules)));

CREATE POLICY "Owners read the ticks of their twins" ON public.ticks FOR SELECT TO authenticated USING ((twin_id IN ( SELECT twins.id
   FROM public.twins)));

CREATE POLICY "Owners read the verifications of their twins" ON public.verifications FOR SELECT TO authenticated USING ((twin_id IN ( SELECT twins.id
   FROM public.twins)));

CREATE POLICY "Owners read their accounts" ON public.connected_accounts FOR SELECT TO authenticated USING ((owner_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "Owners read their backups" ON public.backups FOR SELECT TO authenticated USING ((owner_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "Owners read their channels" ON public.notification_channels FOR SELECT TO authenticated USING ((owner_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "Owners read their destinations" ON public.backup_destinations FOR SELECT TO authenticated USING ((owner_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "Owners read their jobs" ON public.jobs FOR SELECT TO authenticated USING ((owner_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "Owners read their notifications" ON public.notifications FOR SELECT TO authenticated USING ((owner_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "Owners read their projects" ON public.projects FOR SELECT TO authenticated USING ((account_id IN ( SELECT connected_accounts.id
   FROM public.connected_accounts)));

CREATE POLICY "Owners read their twins" ON public.twins FOR SELECT TO authenticated USING ((owner_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY "Owners remove rules of their twins" ON public.ignore_rules FOR DELETE TO authenticated USING ((twin_id IN ( SELECT twins.id
   FROM public.twins)));

CREATE POLICY "Owners take back ticks of their twins" ON public.ticks FOR DELETE TO authenticated USING ((twin_id IN ( SELECT twins.id
   FROM public.twins)));

CREATE POLICY "Owners tick off what is left to do for their twins" ON public.ticks FOR INSERT TO authenticated WITH CHECK ((twin_id IN ( SELECT twins.id
   FROM public.twins)));

ALTER TABLE public.backup_destinations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.backups ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.connected_accounts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ignore_rules ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.job_components ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.job_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.job_slices ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.jobs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.notification_channels ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.notification_deliveries ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.notifications ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.planned_work ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.previews ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.projects ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.schedule_slots ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.schedules ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.twins ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.verification_counts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.verification_findings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.verifications ENABLE ROW LEVEL SECURITY;

GRANT SELECT ON TABLE public.notification_channels TO authenticated;

REVOKE ALL ON FUNCTION private.add_channel(channel public.notification_channels, address_key_id text, address_iv text, address_ciphertext text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.add_steps(held private.steps, steps jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.announce_items(step_id bigint, step_lease uuid, items jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.api_calls_per_minute() FROM PUBLIC;

GRANT SELECT ON TABLE public.jobs TO authenticated;

REVOKE ALL ON FUNCTION private.ask_about_run(job public.jobs, failure jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.begin_oauth(requesting_user_id uuid, reconnected_account_id uuid, request_state_hash text, verifier_key_id text, verifier_iv text, verifier_ciphertext text) FROM PUBLIC;

GRANT SELECT ON TABLE public.backups TO authenticated;

REVOKE ALL ON FUNCTION private.bind_restore_key(backup public.backups, of_job_id uuid, given_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.book_api_call(of_account_id uuid, longest_wait interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.broadcast_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.broadcast_job(of_job_id uuid, changed_table text, changed_row jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.call_workers(wanted integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.checked_rhythm(every_hours integer, cron text, timezone text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.claim_deliveries(most integer, at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.claim_step(lease_seconds integer, of_run_id uuid, by_worker uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.clone_options(given jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.close_slice(of_step_id bigint, of_outcome text, reported integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.component_catalogue() FROM PUBLIC;

GRANT SELECT ON TABLE public.schedules TO authenticated;

GRANT SELECT ON TABLE public.twins TO authenticated;

REVOKE ALL ON FUNCTION private.confirmed_for_runs(twin public.twins, earlier public.schedules, checked_options jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.count_findings(of_verification_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.create_backup(of_owner_id uuid, of_account_id uuid, of_ref text, of_twin_id uuid, of_job_id uuid, wanted_destination_id uuid, wanted_recipient text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.create_clone(twin public.twins, checked_options jsonb, of_trigger text, of_schedule_id uuid) FROM PUBLIC;

GRANT SELECT ON TABLE public.verifications TO authenticated;

REVOKE ALL ON FUNCTION private.create_verification(of_job public.jobs, of_mode text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.cron_field(field text, field_name text, lowest integer, highest integer, names text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.delivery_back_off(attempts integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.disconnect_account(account_owner_id uuid, ended_account_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.drop_canceled_steps(of_job_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.drop_refused_steps(of_job_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.end_delivery(delivery_id uuid, attempt integer, outcome text, answer_status integer, words text, at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.end_oauth(requesting_user_id uuid, request_state_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.expire_account(refused_account_id uuid, refused_iv text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.expire_backups(of_twin_id uuid) FROM PUBLIC;

GRANT SELECT ON TABLE public.job_components TO authenticated;

GRANT SELECT ON TABLE public.job_items TO authenticated;

REVOKE ALL ON FUNCTION private.failures_of(of_job_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.finish_backup(of_backup_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.finish_job(of_job_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.finish_preview(of_preview_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.finish_run_if_over(of_run_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.finish_slice(step_id bigint, step_lease uuid, result jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.finish_verification(of_verification_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.flush_broadcasts() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.forget_old_secrets() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.give_up_backup(of_backup_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.hand_on_notification() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.heartbeat(step_id bigint, step_lease uuid, progress jsonb, lease_seconds integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.hold_api_calls(of_account_id uuid, seconds double precision) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.job_report(of_job_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.keep_moving() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.least_gap_minutes(parsed private.cron_fields) FROM PUBLIC;

GRANT SELECT ON TABLE public.previews TO authenticated;

REVOKE ALL ON FUNCTION private.load_memories(step private.steps) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.lock_run(of_run_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.max_attempts() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.next_slot(parsed private.cron_fields, timezone text, after timestamp with time zone) FROM PUBLIC;

GRANT SELECT,DELETE ON TABLE public.ignore_rules TO authenticated;

GRANT INSERT(twin_id) ON TABLE public.ignore_rules TO authenticated;

GRANT INSERT(pattern) ON TABLE public.ignore_rules TO authenticated;

REVOKE ALL ON FUNCTION private.not_compared(of_verification_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.note_account() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.note_backup() FROM PUBLIC;

GRANT SELECT ON TABLE public.notifications TO authenticated;

REVOKE ALL ON FUNCTION private.note_event(event public.notifications) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.note_expiring_accounts(today date) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.note_job() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.note_schedule() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.note_verification() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.open_runs_of_user() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.open_slice(claimed private.steps) FROM PUBLIC;

GRANT SELECT ON TABLE public.connected_accounts TO authenticated;

REVOKE ALL ON FUNCTION private.own_account(wanted_account_id uuid, role_of_account text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.own_backup(wanted_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.own_channel(wanted_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.own_schedule(wanted_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.own_twin(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text) FROM PUBLIC;

GRANT SELECT ON TABLE public.projects TO authenticated;

GRANT UPDATE(is_protected) ON TABLE public.projects TO authenticated;

REVOKE ALL ON FUNCTION private.pair_words(of_twin_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.parallel_steps() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.parallel_steps_of_user() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.parse_cron(expression text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.pick_destination(of_owner_id uuid, wanted_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.prove_old_backups() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.prune_history() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.reason_to_pause(schedule public.schedules, twin public.twins) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refresh_backup(held private.steps) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refresh_component(of_job_id uuid, of_component text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refuse(message text, fix text, code text, detail text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refuse_channel(channel public.notification_channels) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refuse_crossing_clone(twin public.twins) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refuse_empty_clone(checked_options jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refuse_incomplete_backup(backup public.backups) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refuse_large_options(given jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refuse_risks(twin public.twins, checked_options jsonb, of_preview_id uuid, agreed text[], without_preview boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refuse_too_many_runs(of_owner_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refuse_unconfirmed_target(twin public.twins, confirmed text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.refuse_unlisted_project(account public.connected_accounts, wanted_ref text, role_of_project text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.remove_backup(of_backup_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.report_with_missing(of_verification_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.rescue(looked_before interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.restore_options(given jsonb, kept text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.return_expired_leases() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.rhythm(every_hours integer, cron text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.run_project(project_account_id uuid, project_ref text) FROM PUBLIC;

GRANT SELECT ON TABLE public.backup_destinations TO authenticated;

REVOKE ALL ON FUNCTION private.stored_backup(of_backup_id uuid, of_job_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.run_facts(step private.steps) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.save_account(account_owner_id uuid, account_id uuid, account_display_name text, account_method text, credential_key_id text, credential_iv text, credential_ciphertext text, credential_expires_at timestamp with time zone, account_expires_on date) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.save_database_password(account_owner_id uuid, of_account_id uuid, of_ref text, password_key_id text, password_iv text, password_ciphertext text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.save_destination(destination public.backup_destinations, sealed_key_id text, sealed_iv text, sealed_ciphertext text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.save_restore_key(new_id uuid, of_owner_id uuid, of_recipient text, sealed_key_id text, sealed_iv text, sealed_ciphertext text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.seconds_to_wait(of_run_id uuid, by_worker uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.set_step_owner() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.start_due_schedules(at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.start_proof(of_backup_id uuid, wanted_mode text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.start_run_of_schedule(schedule public.schedules, twin public.twins, of_trigger text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.store_announced(held private.steps, outcome text) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.store_backup(held private.steps, facts jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.store_counts(held private.steps, counts jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.store_findings(held private.steps, findings jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.store_items(items_job_id uuid, running_component text, items jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.store_login(of_account_id uuid, of_ref text, login_key_id text, login_iv text, login_ciphertext text, good_for_seconds double precision) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.store_memories(held private.steps, entries jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.store_plan(held private.steps, plan jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.store_projects(of_account_id uuid, listed jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.take_login(of_account_id uuid, of_ref text, refused_iv text, asking_seconds integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.take_slot(schedule public.schedules, at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION private.wake_for_deliveries() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.wake_notifications() FROM PUBLIC;

REVOKE ALL ON FUNCTION private.wake_workers(of_owner_id uuid, takes integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.arm(twin_id uuid, component text, object text, confirm_target text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.arm(twin_id uuid, component text, object text, confirm_target text) TO authenticated;

REVOKE ALL ON FUNCTION public.cancel_job(job_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.cancel_job(job_id uuid) TO authenticated;

REVOKE ALL ON FUNCTION public.change_channel(channel_id uuid, name text, events text[], is_enabled boolean, twin_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.change_channel(channel_id uuid, name text, events text[], is_enabled boolean, twin_id uuid) TO authenticated;

REVOKE ALL ON FUNCTION public.delete_backup(backup_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.delete_backup(backup_id uuid) TO authenticated;

REVOKE ALL ON FUNCTION public.delete_channel(channel_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.delete_channel(channel_id uuid) TO authenticated;

REVOKE ALL ON FUNCTION public.delete_destination(destination_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.delete_destination(destination_id uuid) TO authenticated;

REVOKE ALL ON FUNCTION public.delete_schedule(schedule_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.delete_schedule(schedule_id uuid) TO authenticated;

REVOKE ALL ON FUNCTION public.next_runs(every_hours integer, cron text, timezone text, runs integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.next_runs(every_hours integer, cron text, timezone text, runs integer) TO authenticated;

REVOKE ALL ON FUNCTION public.open_twin(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.open_twin(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text) TO authenticated;

REVOKE ALL ON FUNCTION public.prove_backup(backup_id uuid, mode text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.prove_backup(backup_id uuid, mode text) TO authenticated;

GRANT SELECT ON TABLE public.notification_deliveries TO authenticated;

REVOKE ALL ON FUNCTION public.replay_delivery(delivery_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.replay_delivery(delivery_id uuid) TO authenticated;

REVOKE ALL ON FUNCTION public.run_again(job_id uuid, components text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.run_again(job_id uuid, components text[]) TO authenticated;

REVOKE ALL ON FUNCTION public.run_schedule(schedule_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.run_schedule(schedule_id uuid) TO authenticated;

REVOKE ALL ON FUNCTION public.save_retention(twin_id uuid, keep_backups integer, keep_days integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.save_retention(twin_id uuid, keep_backups integer, keep_days integer) TO authenticated;

REVOKE ALL ON FUNCTION public.save_schedule(twin_id uuid, name text, every_hours integer, cron text, timezone text, options jsonb, is_active boolean, schedule_id uuid, loss_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.save_schedule(twin_id uuid, name text, every_hours integer, cron text, timezone text, options jsonb, is_active boolean, schedule_id uuid, loss_limit integer) TO authenticated;

REVOKE ALL ON FUNCTION public.start_backup(account_id uuid, ref text, options jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.start_backup(account_id uuid, ref text, options jsonb) TO authenticated;

REVOKE ALL ON FUNCTION public.start_clone(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text, options jsonb, without_preview boolean, preview_id uuid, agreed text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.start_clone(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text, options jsonb, without_preview boolean, preview_id uuid, agreed text[]) TO authenticated;

REVOKE ALL ON FUNCTION public.start_preview(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text, options jsonb, count_rows boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.start_preview(source_account_id uuid, source_ref text, target_account_id uuid, target_ref text, options jsonb, count_rows boolean) TO authenticated;

REVOKE ALL ON FUNCTION public.start_restore(backup_id uuid, target_account_id uuid, target_ref text, options jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.start_restore(backup_id uuid, target_account_id uuid, target_ref text, options jsonb) TO authenticated;

REVOKE ALL ON FUNCTION public.start_verification(job_id uuid, mode text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.start_verification(job_id uuid, mode text) TO authenticated;

REVOKE ALL ON FUNCTION public.test_channel(channel_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.test_channel(channel_id uuid) TO authenticated;

GRANT SELECT ON TABLE public.clone_history TO authenticated;

GRANT SELECT ON TABLE public.component_durations TO authenticated;

GRANT SELECT ON TABLE public.delivery_log TO authenticated;

GRANT SELECT ON TABLE public.job_slices TO authenticated;

GRANT SELECT ON TABLE public.job_log TO authenticated;

GRANT SELECT ON TABLE public.planned_work TO authenticated;

GRANT SELECT ON TABLE public.preview_risks TO authenticated;

GRANT SELECT ON TABLE public.schedule_slots TO authenticated;

GRANT SELECT ON TABLE public.twin_overview TO authenticated;

GRANT SELECT ON TABLE public.schedule_health TO authenticated;

GRANT SELECT,DELETE ON TABLE public.ticks TO authenticated;

GRANT INSERT(twin_id) ON TABLE public.ticks TO authenticated;

GRANT INSERT(component) ON TABLE public.ticks TO authenticated;

GRANT INSERT(object) ON TABLE public.ticks TO authenticated;

GRANT SELECT ON TABLE public.twin_tables TO authenticated;

GRANT SELECT ON TABLE public.verification_findings TO authenticated;

GRANT SELECT ON TABLE public.twin_to_do TO authenticated;

GRANT SELECT ON TABLE public.verification_counts TO authenticated;

-- Elsewhere

CREATE POLICY "Owners listen to their jobs" ON realtime.messages FOR SELECT TO authenticated USING (((extension = 'broadcast'::text) AND (EXISTS ( SELECT
   FROM jobs job
  WHERE ((('job:'::text || job.id) = ( SELECT realtime.topic() AS topic)) AND (job.owner_id = ( SELECT auth.uid() AS uid)))))));

CREATE POLICY "Users listen to their notifications" ON realtime.messages FOR SELECT TO authenticated USING (((extension = 'broadcast'::text) AND (( SELECT realtime.topic() AS topic) = ('user:'::text || ( SELECT auth.uid() AS uid)))));

SELECT cron.schedule('twins-deliver-notifications', '* * * * *', 'select private.wake_notifications()');

SELECT cron.schedule('twins-expire-backups', '47 3 * * *', 'select private.expire_backups()');

SELECT cron.schedule('twins-keep-moving', '* * * * *', '
  do $$
  begin
    perform private.keep_moving();
    for look in 1 .. 28 loop
      commit;
      perform pg_catalog.pg_sleep(2);
      -- Looks overlap: one that takes its time must not miss what came free meanwhile.
      perform private.rescue(interval ''6 seconds'');
    end loop;
  end
  $$
');

SELECT cron.schedule('twins-note-expiring-accounts', '23 6 * * *', 'select private.note_expiring_accounts()');

SELECT cron.schedule('twins-prove-backups', '7 2 * * *', 'select private.prove_old_backups()');

SELECT cron.schedule('twins-prune-history', '17 3 * * *', 'select private.prune_history()');

SELECT cron.schedule('twins-start-schedules', '* * * * *', 'select private.start_due_schedules()');
