-- Purpose: Checks the options of a clone. The command line and the web app check the same rules in
-- TypeScript; one table of cases is tested against both.

-- They are kept with each run and broadcast with each change of it.
create function private.refuse_large_options(given jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  if octet_length(given::text) > 1000000 then
    perform private.refuse(
      'The options are larger than 1 MB', 'Name fewer tables; an ignore rule takes a pattern.'
    );
  end if;
end
$$;

-- Options as given, checked, with every default filled in. An option that is null counts as left out.
create function private.clone_options(given jsonb) returns jsonb
language plpgsql
set search_path = ''
as $$
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
$$;
