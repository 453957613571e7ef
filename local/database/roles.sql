-- Roles of a hosted project. Run once per cluster, as the bootstrap superuser supabase_admin.
-- `postgres`, the role of users and of the product, is no superuser, as on the hosted platform.

create role postgres login nosuperuser createrole createdb bypassrls replication;
create role anon nologin inherit;
create role authenticated nologin inherit;
create role service_role nologin inherit bypassrls;
create role authenticator login noinherit;
create role supabase_auth_admin login noinherit createrole;
create role supabase_storage_admin login noinherit createrole;
create role supabase_functions_admin login noinherit createrole;
create role supabase_realtime_admin nologin noinherit;
create role supabase_replication_admin login replication;
create role supabase_etl_admin login replication;
create role supabase_read_only_user login bypassrls;
create role supabase_privileged_role nologin;
create role dashboard_user nologin createdb createrole replication;
create role pgbouncer login;

-- The temporary login role: the Management API gives it a password for minutes, `set role postgres` does the rest.
create role cli_login_postgres login noinherit valid until '-infinity';
grant postgres to cli_login_postgres;

grant anon, authenticated, service_role to authenticator;
grant authenticator to supabase_storage_admin;
grant anon, authenticated, service_role to postgres with admin option;
grant supabase_privileged_role, supabase_functions_admin to postgres;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;
grant pg_read_all_data to supabase_read_only_user, supabase_etl_admin;

-- Hosted lets postgres create policies and triggers on the tables of auth, storage and realtime by an extension
-- (supautils). Plain Postgres asks for ownership: so postgres is a member of the owners, and the event triggers in
-- guards.sql refuse it everything else that only an owner could do there.
grant supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin to postgres;

-- Settings that supautils lets postgres change. Event triggers stay refused (42501): plain Postgres leaves them to
-- superusers, and there is no privilege to grant.
grant set on parameter session_replication_role to postgres;
grant set on parameter log_statement to postgres;
grant set on parameter log_min_messages to postgres;
grant set on parameter log_min_duration_statement to postgres;
grant set on parameter track_io_timing to postgres;

alter role supabase_admin set search_path to "$user", public, auth, extensions;
alter role postgres set search_path to "$user", public, extensions;
alter role anon set statement_timeout to '3s';
alter role authenticated set statement_timeout to '8s';
alter role authenticator set statement_timeout to '8s';
alter role authenticator set lock_timeout to '8s';
alter role supabase_auth_admin set search_path to 'auth';
alter role supabase_auth_admin set idle_in_transaction_session_timeout to '60s';
alter role supabase_storage_admin set search_path to 'storage';
