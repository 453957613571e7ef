-- What every database of a project has beside auth, storage and realtime: extensions, privileges, publications.
-- Run as supabase_admin in a new database. Privileges are those of projects since 2026: nothing that is created in
-- public is granted to the API roles (older.sql makes the older kind).

create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;

create schema extensions authorization postgres;
grant usage on schema extensions to postgres, anon, authenticated, service_role;
grant all on schema extensions to dashboard_user;
create extension "uuid-ossp" with schema extensions;
create extension pgcrypto with schema extensions;
create extension pg_stat_statements with schema extensions;
grant all on all tables in schema extensions to postgres with grant option;
grant all on all routines in schema extensions to postgres with grant option;
alter default privileges in schema extensions grant all on tables to postgres with grant option;
alter default privileges in schema extensions grant all on routines to postgres with grant option;
alter default privileges in schema extensions grant all on sequences to postgres with grant option;

grant usage on schema public to postgres, anon, authenticated, service_role;
grant create on schema public to postgres;

create schema vault authorization supabase_admin;
create extension supabase_vault with schema vault;

create schema graphql_public authorization supabase_admin;
grant usage on schema graphql_public to postgres, anon, authenticated, service_role;
create schema graphql authorization supabase_admin;
grant usage on schema graphql to postgres, anon, authenticated, service_role;

-- What is there while pg_graphql is not installed: the default of new projects.
create function graphql_public.graphql(
  "operationName" text default null, query text default null, variables jsonb default null,
  extensions jsonb default null
) returns jsonb
language sql immutable
return '{"errors": [{"message": "pg_graphql extension is not enabled."}]}'::jsonb;

create schema pgbouncer authorization pgbouncer;

-- What the platform itself creates in schema public is open to the API roles, whatever the age of the project: only
-- what postgres creates differs (older.sql).
alter default privileges for role supabase_admin in schema public
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
  grant all on routines to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
  grant all on sequences to postgres, anon, authenticated, service_role;
