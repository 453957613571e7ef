-- Purpose: When jobs were last broadcast to the pages that watch them.

create table private.broadcasts (
  job_id uuid primary key references public.jobs (id) on delete cascade,
  sent_at timestamptz not null,
  is_pending boolean not null default false
);

comment on table private.broadcasts is 'When a job was last broadcast, and whether a change waits to be.';

alter table private.broadcasts enable row level security;
