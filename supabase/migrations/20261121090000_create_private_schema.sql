-- Purpose: the schema for what no client may see (credentials, the step queue), and the extensions the
-- product runs on. Schema `private` is not exposed by the API and no API role has usage on it.

create schema private;

comment on schema private is 'Credentials, the step queue and the functions of the engine. Never exposed by the API.';

revoke all on schema private from public;

-- Nothing made in `private` is executable or readable by anyone but its owner unless granted by name.
alter default privileges in schema private revoke execute on functions from public;
alter default privileges in schema private revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema private revoke all on functions from anon, authenticated, service_role;
alter default privileges in schema private revoke all on sequences from anon, authenticated, service_role;

-- Hosted projects install these by this statement; a stack that brings its own (or has them already)
-- is left as it is.
do $$
declare
  wanted record;
begin
  for wanted in
    select available.name, place.schema_name
    from (values ('pg_cron', 'pg_catalog'), ('pg_net', 'extensions')) as place (name, schema_name)
    join pg_catalog.pg_available_extensions as available on available.name = place.name
    where available.installed_version is null
  loop
    execute format('create extension %I with schema %I', wanted.name, wanted.schema_name);
  end loop;
end
$$;
