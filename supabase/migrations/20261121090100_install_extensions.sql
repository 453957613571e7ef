-- Purpose: The extensions the product runs on. Hosted projects install these by this statement; a stack that brings
-- its own (or has them already) is left as it is.

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
