-- Purpose: The catalogue of components.

-- The 13 components with what their progress counts, in the order of lists. The TypeScript catalogue
-- (domain/component.ts) has the same; a test compares the two.
create function private.component_catalogue()
returns table (component text, "position" int, unit text)
language sql
immutable
set search_path = ''
as $$
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
