-- Purpose: Takes EXECUTE on the engine's functions from PUBLIC, to whom Postgres grants it on every new function
-- (default privileges of one schema can only add to the global ones). Whoever adds a function to `private`
-- revokes likewise: a test looks.

revoke execute on all functions in schema private from public;
