-- Makes a new project one of the older kind (created before 2026-05-30): what postgres creates in
-- schema public is granted to the API roles by default privileges. Run as supabase_admin in each database.

alter default privileges for role postgres in schema public
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on routines to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on sequences to postgres, anon, authenticated, service_role;
