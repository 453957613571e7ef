-- Event triggers of the platform: hosted ones under their own names, and two that do locally what the supautils
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
    -- There is no ALTER EXTENSION … OWNER.
    update pg_catalog.pg_extension set extowner = current_user::regrole where extname = 'pg_cron';
    delete from pg_catalog.pg_shdepend as d
    using pg_catalog.pg_extension as e
    where d.classid = 'pg_catalog.pg_extension'::regclass and d.objid = e.oid and d.deptype = 'o'
      and d.dbid = (select oid from pg_catalog.pg_database where datname = current_database())
      and e.extname = 'pg_cron';
    grant usage on schema cron to postgres with grant option;
    grant all on all functions in schema cron to postgres with grant option;
    alter default privileges for role supabase_admin in schema cron
      grant all on tables to postgres with grant option;
    grant all on all tables in schema cron to postgres with grant option;
    revoke all on table cron.job from postgres;
    grant select on table cron.job to postgres with grant option;
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

-- In the managed schemas postgres may create policies and triggers and read and write rows; tables, columns,
-- indexes, functions are the platform's. Texts are those of Postgres.
create function extensions.refuse_managed_ddl() returns event_trigger
language plpgsql
as $$
declare
  refused record;
begin
  if current_user <> 'postgres' then
    return;
  end if;
  select object_type, object_identity, schema_name into refused
  from pg_event_trigger_ddl_commands()
  where schema_name in ('auth', 'storage', 'realtime')
    and command_tag !~ '^(CREATE POLICY|ALTER POLICY|CREATE TRIGGER|COMMENT|GRANT|REVOKE)'
    and not in_extension
  limit 1;
  if found then
    raise insufficient_privilege using message = case refused.object_type
      when 'table' then format('must be owner of table %s', split_part(refused.object_identity, '.', 2))
      else format('permission denied for schema %s', refused.schema_name)
    end;
  end if;
end
$$;
create event trigger refuse_managed_ddl on ddl_command_end execute function extensions.refuse_managed_ddl();

create function extensions.refuse_managed_drop() returns event_trigger
language plpgsql
as $$
declare
  refused text;
begin
  if current_user <> 'postgres' then
    return;
  end if;
  select object_identity into refused
  from pg_event_trigger_dropped_objects()
  where original
    and schema_name in ('auth', 'storage', 'realtime')
    and object_type not in ('policy', 'trigger')
  limit 1;
  if found then
    raise insufficient_privilege using message = format('must be owner of %s', refused);
  end if;
end
$$;
create event trigger refuse_managed_drop on sql_drop execute function extensions.refuse_managed_drop();
