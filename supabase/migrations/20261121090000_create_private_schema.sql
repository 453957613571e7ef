-- Purpose: The schema for what no client may see: credentials, the queue of steps, the functions of the engine.
-- It is not exposed by the API, and no role of the API has usage on it.

create schema private;

comment on schema private is 'Credentials, the step queue and the functions of the engine. Never exposed by the API.';

revoke all on schema private from public;
