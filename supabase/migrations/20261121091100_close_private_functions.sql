-- Purpose: take EXECUTE on the engine's functions from PUBLIC. Default privileges of one schema can only add to
-- the global ones, so the revoke in the first migration leaves PUBLIC's right in place; what kept users out was
-- the missing USAGE on the schema alone. Whoever adds a function to `private` revokes likewise: a test looks.
revoke execute on all functions in schema private from public;
