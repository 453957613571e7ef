-- Purpose: What clones know about copies on a target that the target itself cannot hold.

create table private.memories (
  target_ref text not null,
  component text not null,
  key text not null,
  value jsonb not null,
  primary key (target_ref, component, key)
);

comment on table private.memories is
  'What clones know about copies on a target that the target cannot hold, e.g. which state of a large file '
  'a copy stands for.';

alter table private.memories enable row level security;
