-- Purpose: Calls of the Management API, held to Supabase's limit for an account: 120 in any minute, whichever worker makes
-- them. Each call books its time in one statement; nothing is locked while it is made.

create table private.api_calls (
  account_id uuid primary key references public.connected_accounts (id) on delete cascade,
  made_at timestamptz[] not null,
  held_until timestamptz
);

comment on table private.api_calls is 'When each account made its last 120 calls of the Management API, or will.';
comment on column private.api_calls.held_until is 'Supabase asked for no more calls until then.';

alter table private.api_calls enable row level security;

create function private.api_calls_per_minute() returns int language sql immutable set search_path = ''
return 120;

-- Milliseconds until the account may make a call, whose time is booked. Null, and nothing booked, where that would be
-- longer than `longest_wait`.
create function private.book_api_call(of_account_id uuid, longest_wait interval) returns int
language sql
set search_path = ''
as $$
  insert into private.api_calls (account_id, made_at)
  select id, '{}' from public.connected_accounts where id = of_account_id
  on conflict (account_id) do nothing;
  with due as (
    select account_id, made_at, greatest(
      clock_timestamp(),
      held_until,
      made_at[cardinality(made_at) + 1 - private.api_calls_per_minute()] + interval '1 minute'
    ) as next
    from private.api_calls where account_id = of_account_id for update
  ), booked as (
    update private.api_calls as calls
    set made_at = (due.made_at || due.next)[cardinality(due.made_at) + 2 - private.api_calls_per_minute() :]
    from due
    where calls.account_id = due.account_id and due.next <= clock_timestamp() + longest_wait
    returning due.next
  )
  select greatest(0, ceil(extract(epoch from next - clock_timestamp()) * 1000))::int from booked;
$$;

-- Supabase refused a call and said for how long: that holds for all calls of the account.
create function private.hold_api_calls(of_account_id uuid, seconds double precision) returns void
language sql
set search_path = ''
as $$
  update private.api_calls
  set held_until = greatest(held_until, clock_timestamp() + make_interval(secs => least(seconds, 3600)))
  where account_id = of_account_id;
$$;
