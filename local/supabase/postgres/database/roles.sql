-- Roles of a hosted project. Run once per cluster, as the bootstrap superuser supabase_admin.
-- `postgres`, the role of users and of the product, is no superuser, as on the hosted platform.

create role postgres login nosuperuser createrole createdb bypassrls replication;
create role anon nologin inherit;
create role authenticated nologin inherit;
create role service_role nologin inherit bypassrls;
create role authenticator login noinherit;
create role supabase_auth_admin login noinherit;
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

-- Since Postgres 16 whoever grants or alters a role must hold it with ADMIN: hosted gives postgres these.
select current_setting('server_version_num')::int >= 160000 as is_newer \gset
\if :is_newer
grant authenticator, pg_monitor, pg_read_all_data, pg_signal_backend, pg_create_subscription
  to postgres with admin option;
\endif

-- Settings that supautils lets postgres change for a session, a role or a database. It knows wildcards
-- (pgrst.*, auto_explain.*), a privilege has to name each. Event triggers stay refused (42501): plain Postgres leaves
-- them to superusers, and there is no privilege to grant.
grant set on parameter
  session_replication_role, track_io_timing, wal_compression, deadlock_timeout,
  log_connections, log_disconnections, log_duration, log_lock_waits, log_min_duration_statement,
  log_min_error_statement, log_min_messages, log_parameter_max_length, log_replication_commands, log_statement,
  log_temp_files,
  auto_explain.log_analyze, auto_explain.log_buffers, auto_explain.log_format, auto_explain.log_level,
  auto_explain.log_min_duration, auto_explain.log_nested_statements, auto_explain.log_parameter_max_length,
  auto_explain.log_settings, auto_explain.log_timing, auto_explain.log_triggers, auto_explain.log_verbose,
  auto_explain.log_wal, auto_explain.sample_rate,
  pg_net.batch_size, pg_net.ttl,
  pg_stat_statements.track, pg_stat_statements.track_planning, pg_stat_statements.track_utility,
  pgaudit.log, pgaudit.log_catalog, pgaudit.log_client, pgaudit.log_level, pgaudit.log_relation, pgaudit.log_rows,
  pgaudit.log_statement, pgaudit.log_statement_once, pgaudit.role,
  plan_filter.limit_select_only, plan_filter.statement_cost_limit, safeupdate.enabled,
  pgrst.admin_server_port, pgrst.app_settings, pgrst.client_error_verbosity, pgrst.db_aggregates_enabled,
  pgrst.db_anon_role, pgrst.db_channel, pgrst.db_channel_enabled, pgrst.db_config, pgrst.db_extra_search_path,
  pgrst.db_hoisted_tx_settings, pgrst.db_max_rows, pgrst.db_plan_enabled, pgrst.db_pool,
  pgrst.db_pool_acquisition_timeout, pgrst.db_pool_automatic_recovery, pgrst.db_pool_max_idletime,
  pgrst.db_pool_max_lifetime, pgrst.db_pre_config, pgrst.db_pre_request, pgrst.db_prepared_statements,
  pgrst.db_root_spec, pgrst.db_schemas, pgrst.db_timezone_enabled, pgrst.db_tx_end, pgrst.db_use_legacy_gucs,
  pgrst.jwt_aud, pgrst.jwt_cache_max_entries, pgrst.jwt_cache_max_lifetime, pgrst.jwt_role_claim_key,
  pgrst.jwt_secret, pgrst.jwt_secret_is_base64, pgrst.log_level, pgrst.log_query, pgrst.openapi_mode,
  pgrst.openapi_security_active, pgrst.openapi_server_proxy_uri, pgrst.raw_media_types,
  pgrst.server_cors_allowed_origins, pgrst.server_timing_enabled, pgrst.server_trace_header
to postgres;

alter role supabase_admin set search_path to "$user", public, auth, extensions;
alter role postgres set search_path to "$user", public, extensions;
alter role anon set statement_timeout to '3s';
alter role authenticated set statement_timeout to '8s';
alter role authenticator set statement_timeout to '8s';
alter role authenticator set lock_timeout to '8s';
alter role supabase_auth_admin set search_path to 'auth';
alter role supabase_auth_admin set idle_in_transaction_session_timeout to '60s';
alter role supabase_storage_admin set search_path to 'storage';
