-- Event triggers of the platform: hosted ones under their own names, and those that do locally what the supautils
-- extension does on the hosted platform.

-- The Data API reads the schema again after a change.
create function extensions.pgrst_ddl_watch() returns event_trigger
language plpgsql
as $$
begin
  if exists (
    select from pg_event_trigger_ddl_commands()
    where schema_name is distinct from 'pg_temp'
      and command_tag ~ '^(CREATE|ALTER) (SCHEMA|TABLE|FOREIGN TABLE|VIEW|MATERIALIZED VIEW|FUNCTION|TRIGGER|TYPE|RULE)|^CREATE TABLE AS|^SELECT INTO|^COMMENT'
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$$;
create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_ddl_watch();

create function extensions.pgrst_drop_watch() returns event_trigger
language plpgsql
as $$
begin
  if exists (
    select from pg_event_trigger_dropped_objects()
    where not is_temporary
      and object_type in (
        'schema', 'table', 'foreign table', 'view', 'materialized view', 'function', 'trigger', 'type', 'rule'
      )
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$$;
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_drop_watch();

-- Gives postgres what it has on the hosted platform once one of these extensions is created. Security definer: an
-- extension's objects belong to the superuser.
create function extensions.grant_extension_access() returns event_trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if exists (select from pg_catalog.pg_event_trigger_ddl_commands() where object_identity = 'pg_cron') then
    -- A trusted extension belongs to who creates it; pg_cron writes its tables as its owner, the superuser on hosted.
    -- There is no ALTER EXTENSION … OWNER. Whatever schema was named, it lands in pg_catalog, as hosted.
    update pg_catalog.pg_extension
    set extowner = current_user::pg_catalog.regrole, extnamespace = 'pg_catalog'::pg_catalog.regnamespace
    where extname = 'pg_cron';
    delete from pg_catalog.pg_depend as d
    using pg_catalog.pg_extension as e
    where d.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.objid = e.oid
      and d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.deptype = 'n'
      and e.extname = 'pg_cron';
    delete from pg_catalog.pg_shdepend as d
    using pg_catalog.pg_extension as e
    where d.classid = 'pg_catalog.pg_extension'::regclass and d.objid = e.oid and d.deptype = 'o'
      and d.dbid = (select oid from pg_catalog.pg_database where datname = current_database())
      and e.extname = 'pg_cron';
    grant usage on schema cron to postgres with grant option;
    grant all on all functions in schema cron to postgres with grant option;
    alter default privileges for role supabase_admin in schema cron
      grant all on tables to postgres with grant option;
    alter default privileges for role supabase_admin in schema cron
      grant all on routines to postgres with grant option;
    alter default privileges for role supabase_admin in schema cron
      grant all on sequences to postgres with grant option;
    grant all on all tables in schema cron to postgres with grant option;
    revoke all on table cron.job from postgres;
    grant select on table cron.job to postgres with grant option;
    revoke trigger on table cron.job_run_details from postgres;
  end if;
  if exists (select from pg_catalog.pg_event_trigger_ddl_commands() where object_identity = 'pg_net') then
    grant usage on schema net to supabase_functions_admin, postgres, anon, authenticated, service_role;
    revoke all on function net._await_response(bigint) from public;
  end if;
  if exists (select from pg_catalog.pg_event_trigger_ddl_commands() where object_identity = 'postgres_fdw') then
    grant usage on foreign data wrapper postgres_fdw to postgres with grant option;
  end if;
end
$$;
create event trigger issue_extension_access on ddl_command_end
  when tag in ('CREATE EXTENSION')
  execute function extensions.grant_extension_access();

-- In the managed schemas postgres reads and writes rows, creates triggers and refers to tables by the privileges it is
-- granted. Policies, and dropping a trigger, Postgres leaves to the owner of a table: supautils lets postgres do both
-- on the tables listed here. So these are its own for the length of such a command. Changed in the catalog: ALTER
-- TABLE … OWNER would rewrite the privileges, and a membership granted for a moment would be everybody's to wait for.
create function extensions.hand_over_managed_tables() returns event_trigger
language plpgsql security definer set search_path = ''
as $$
declare
  invoker text := case pg_catalog.current_setting('role')
    when 'none' then session_user else pg_catalog.current_setting('role') end;
  query text := pg_catalog.lower(pg_catalog.current_query());
begin
  if invoker <> 'postgres' then
    return;
  end if;
  update pg_catalog.pg_class as c
  set relowner = case tg_event
    when 'ddl_command_start' then 'postgres' else managed.owner end::pg_catalog.regrole
  from (values
    ('auth', 'supabase_auth_admin',
      '{audit_log_entries,flow_state,identities,instances,mfa_amr_claims,mfa_challenges,mfa_factors,oauth_clients,
        one_time_tokens,refresh_tokens,saml_providers,saml_relay_states,sessions,sso_domains,sso_providers,
        users}'::pg_catalog.text[]),
    ('realtime', 'supabase_realtime_admin', '{messages,subscription}'),
    ('storage', 'supabase_storage_admin',
      '{buckets,buckets_analytics,objects,prefixes,s3_multipart_uploads,s3_multipart_uploads_parts}')
  ) as managed (schema, owner, tables)
  where c.relnamespace = managed.schema::pg_catalog.regnamespace and c.relname = any (managed.tables)
    and c.relkind in ('r', 'p')
    and case tg_event
      when 'ddl_command_end' then c.relowner = 'postgres'::pg_catalog.regrole
      -- Only what the statement names, as far as its words are there to read: whoever waits for the same row of
      -- pg_class waits for the end of this transaction.
      else pg_catalog.strpos(query, c.relname) > 0 or query ~ '\m(do|execute|call)\M' or query !~ 'policy|trigger'
    end;
end
$$;
create event trigger lend_managed_tables on ddl_command_start
  when tag in ('CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'DROP TRIGGER')
  execute function extensions.hand_over_managed_tables();
create event trigger return_managed_tables on ddl_command_end
  when tag in ('CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'DROP TRIGGER')
  execute function extensions.hand_over_managed_tables();
-- As supautils, whatever session_replication_role is.
alter event trigger lend_managed_tables enable always;
alter event trigger return_managed_tables enable always;
alter event trigger issue_extension_access enable always;

-- supautils moves an extension to another schema as the superuser to whom its parts belong. Here they are
-- postgres's for the length of such a command.
create function extensions.hand_over_extension_members() returns event_trigger
language plpgsql security definer set search_path = ''
as $$
declare
  invoker text := case pg_catalog.current_setting('role')
    when 'none' then session_user else pg_catalog.current_setting('role') end;
  query text := pg_catalog.lower(pg_catalog.current_query());
  giver regrole := case tg_event when 'ddl_command_start' then 'supabase_admin' else 'postgres' end;
  taker regrole := case tg_event when 'ddl_command_start' then 'postgres' else 'supabase_admin' end;
  members oid[];
begin
  if invoker <> 'postgres' or query !~ 'set\s+schema' then
    return;
  end if;
  members := array(
    select d.objid from pg_catalog.pg_depend as d
    join pg_catalog.pg_extension as e on e.oid = d.refobjid
    where d.refclassid = 'pg_catalog.pg_extension'::regclass and d.deptype = 'e'
      and e.extowner = 'postgres'::regrole and pg_catalog.strpos(query, e.extname) > 0
  );
  update pg_catalog.pg_proc set proowner = taker where oid = any (members) and proowner = giver;
  update pg_catalog.pg_type set typowner = taker where oid = any (members) and typowner = giver;
  update pg_catalog.pg_operator set oprowner = taker where oid = any (members) and oprowner = giver;
  update pg_catalog.pg_opclass set opcowner = taker where oid = any (members) and opcowner = giver;
  update pg_catalog.pg_opfamily set opfowner = taker where oid = any (members) and opfowner = giver;
end
$$;
create event trigger lend_extension_members on ddl_command_start
  when tag in ('ALTER EXTENSION') execute function extensions.hand_over_extension_members();
create event trigger return_extension_members on ddl_command_end
  when tag in ('ALTER EXTENSION') execute function extensions.hand_over_extension_members();

-- Extensions that a hosted project may have and this server has not: said where Postgres would only say "not
-- available". Only when the statement's words name one extension; a DO block may be about to look first.
create function extensions.explain_missing_extension() returns event_trigger
language plpgsql set search_path = ''
as $$
declare
  named text;
  package text;
begin
  select pg_catalog.min(coalesce(found.match[1], found.match[2])) into named
  from pg_catalog.regexp_matches(
    pg_catalog.current_query(), '\mcreate\s+extension\s+(?:if\s+not\s+exists\s+)?(?:"([^"]+)"|([a-z0-9_]+))', 'gi'
  ) as found (match)
  having pg_catalog.count(*) = 1;
  if named is null or exists (select from pg_catalog.pg_available_extensions as a where a.name = named) then
    return;
  end if;
  select known.package into package
  from (values
    ('address_standardizer', 'postgis-3'), ('address_standardizer_data_us', 'postgis-3'),
    ('hypopg', 'hypopg'), ('index_advisor', 'hypopg'), ('pg_graphql', null), ('pg_hashids', null), ('pg_jsonschema', null),
    ('pg_partman', 'partman'), ('pg_repack', 'repack'), ('pg_stat_monitor', null), ('pg_tle', null),
    ('pgaudit', 'pgaudit'), ('pgroonga', null), ('pgroonga_database', null), ('pgrouting', 'pgrouting'),
    ('pgsodium', null), ('plcoffee', null), ('pljava', null), ('plls', null), ('plpgsql_check', 'plpgsql-check'),
    ('plv8', null), ('postgis', 'postgis-3'), ('postgis_raster', 'postgis-3'), ('postgis_sfcgal', 'postgis-3'),
    ('postgis_tiger_geocoder', 'postgis-3'), ('postgis_topology', 'postgis-3'), ('rum', 'rum'),
    ('timescaledb', null), ('vector', 'pgvector'), ('wrappers', null)
  ) as known (name, package)
  where known.name = named;
  if not found then
    return;
  end if;
  raise feature_not_supported using
    message = pg_catalog.format('extension "%s" is not available', named),
    detail = 'Hosted Supabase has it, this local stack has not.',
    hint = coalesce(
      pg_catalog.format(
        'Where Debian packages it, install postgresql-%s-%s and start the stack again.',
        pg_catalog.current_setting('server_version_num')::int / 10000, package
      ),
      'Try it on a hosted project: nothing stands in for it here.'
    );
end
$$;
create event trigger explain_missing_extension on ddl_command_start
  when tag in ('CREATE EXTENSION')
  execute function extensions.explain_missing_extension();
