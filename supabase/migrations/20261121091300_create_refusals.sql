-- Purpose: How functions refuse bad input.

-- Refuses with one shape of error: what is wrong, and what to do; a detail is for programs. The REST service answers PT404 and PT409 with these
-- statuses, and 22023 with 400; codes of the server's own, such as no_data_found, it would answer with 500.
create function private.refuse(
  message text, fix text, code text default '22023', detail text default null
) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- RAISE takes no null.
  if detail is null then
    raise exception using message = message, hint = fix, errcode = code;
  end if;
  raise exception using message = message, hint = fix, detail = detail, errcode = code;
end
$$;
