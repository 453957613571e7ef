-- Purpose: When a cron expression is due. The database is the judge: pages show what these functions say.
-- Slots are times of the clocks of a time zone. A time that the clocks leave out in spring is due when they would have
-- shown it (02:30 becomes 03:30), one that they show twice in autumn is due once, the second time.

-- Values of one field, ascending: `*`, `5`, `1-5`, `*/15`, `1-10/3`, lists of them, names of months and weekdays.
-- Refuses what is not understood, with the name of the field.
create function private.cron_field(field text, field_name text, lowest int, highest int, names text[] default '{}')
returns int[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  spelled text := lower(field);
  part text;
  parts text[];
  first_value int;
  last_value int;
  step int;
  found int[] := '{}';
begin
  for index in 1 .. cardinality(names) loop
    spelled := regexp_replace(spelled, '\m' || names[index] || '\M', (lowest + index - 1)::text, 'g');
  end loop;
  foreach part in array string_to_array(spelled, ',') loop
    parts := regexp_match(part, '^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?$');
    if parts is null then
      perform private.refuse(
        format('The %s of the cron expression is not understood: "%s"', field_name, field),
        format('Use *, numbers from %s to %s, ranges such as 1-5, steps such as */2, and commas.', lowest, highest)
      );
    end if;
    step := coalesce(parts[4]::int, 1);
    first_value := coalesce(parts[2]::int, lowest);
    -- As in cron: `5/10` goes on to the end.
    last_value := case
      when parts[1] is not null or (parts[3] is null and parts[4] is not null) then highest
      else coalesce(parts[3]::int, first_value)
    end;
    if step = 0 or first_value < lowest or last_value > highest or first_value > last_value then
      perform private.refuse(
        format('The %s of the cron expression is out of range: "%s"', field_name, field),
        format('Use numbers from %s to %s, ranges from the lower to the higher one.', lowest, highest)
      );
    end if;
    found := found || array(select generate_series(first_value, last_value, step));
  end loop;
  return array(select distinct value from unnest(found) as value order by value);
end
$$;

-- An expression taken apart: values of minute, hour, day, month and weekday, and whether days are both of the month and
-- of the week, of which cron then takes either.
create type private.cron_fields as (
  minutes int[], hours int[], days int[], months int[], weekdays int[], is_either_day boolean
);

create function private.parse_cron(expression text) returns private.cron_fields
language plpgsql
immutable
set search_path = ''
as $$
declare
  spelled text := lower(btrim(coalesce(expression, '')));
  fields text[];
  parsed private.cron_fields;
begin
  spelled := case spelled
    when '@hourly' then '0 * * * *'
    when '@daily' then '0 0 * * *'
    when '@midnight' then '0 0 * * *'
    when '@weekly' then '0 0 * * 0'
    when '@monthly' then '0 0 1 * *'
    when '@yearly' then '0 0 1 1 *'
    when '@annually' then '0 0 1 1 *'
    else spelled
  end;
  fields := regexp_split_to_array(spelled, '\s+');
  if cardinality(fields) <> 5 then
    perform private.refuse(
      'A cron expression has five fields: minute, hour, day, month, weekday',
      'For example "0 3 * * *": every day at three.'
    );
  end if;
  parsed.minutes := private.cron_field(fields[1], 'minute', 0, 59);
  parsed.hours := private.cron_field(fields[2], 'hour', 0, 23);
  parsed.days := private.cron_field(fields[3], 'day', 1, 31);
  parsed.months := private.cron_field(
    fields[4], 'month', 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}'
  );
  parsed.weekdays := private.cron_field(fields[5], 'weekday', 0, 7, '{sun,mon,tue,wed,thu,fri,sat}');
  if 7 = any (parsed.weekdays) then
    parsed.weekdays := parsed.weekdays || 0;
  end if;
  parsed.is_either_day := fields[3] not like '*%' and fields[5] not like '*%';
  return parsed;
end
$$;

-- The least minutes between two slots of one day, or of two days that follow each other.
create function private.least_gap_minutes(parsed private.cron_fields) returns int
language sql
immutable
set search_path = ''
return (
  select min(gap) from (
    select lead(at) over (order by at) - at as gap
    from (
      select hour * 60 + minute as at
      from unnest(parsed.hours) as hour cross join unnest(parsed.minutes) as minute
      union
      -- The first one of the next day.
      select 1440 + parsed.hours[1] * 60 + parsed.minutes[1]
    ) as slots
  ) as gaps
);

-- The first slot later than a moment; null when there is none within nine years (29 February comes within eight).
create function private.next_slot(parsed private.cron_fields, timezone text, after timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  first_day date := (after at time zone timezone)::date;
  day date;
  found timestamptz;
begin
  for day in
    -- From the day before: the clocks may have been set back over midnight.
    select days.day::date
    from generate_series(first_day - 1, first_day + 3290, interval '1 day') as days (day)
    where extract(month from days.day) = any (parsed.months)
      and case
        when parsed.is_either_day then
          extract(day from days.day) = any (parsed.days) or extract(dow from days.day) = any (parsed.weekdays)
        else extract(day from days.day) = any (parsed.days) and extract(dow from days.day) = any (parsed.weekdays)
      end
    order by 1
  loop
    select min(slot) into found
    from (
      select (day + make_interval(hours => hour, mins => minute)) at time zone timezone as slot
      from unnest(parsed.hours) as hour cross join unnest(parsed.minutes) as minute
    ) as slots
    where slot > after;
    if found is not null then
      return found;
    end if;
  end loop;
  return null;
end
$$;

-- What a schedule's rhythm is as a cron expression.
create function private.rhythm(every_hours int, cron text) returns text
language sql
immutable
set search_path = ''
return coalesce(cron, format('0 */%s * * *', every_hours));

-- Refuses a rhythm that is none, never comes, or comes too often; else its fields.
create function private.checked_rhythm(every_hours int, cron text, timezone text) returns private.cron_fields
language plpgsql
stable
set search_path = ''
as $$
declare
  parsed private.cron_fields;
begin
  if num_nonnulls(every_hours, cron) <> 1 then
    perform private.refuse('A schedule has one rhythm', 'Send every_hours or cron, not both.');
  end if;
  if every_hours is not null and every_hours not in (2, 6, 8) then
    perform private.refuse(
      format('A clone every %s hours is not offered', every_hours), 'Use 2, 6 or 8, or a cron expression.'
    );
  end if;
  if length(cron) > 100 then
    perform private.refuse('A cron expression has at most 100 characters', 'Shorten it.');
  end if;
  if timezone is null or not exists (select from pg_catalog.pg_timezone_names as known where known.name = timezone) then
    perform private.refuse(
      format('There is no time zone "%s"', coalesce(timezone, '')), 'Use a name such as UTC or Europe/Berlin.'
    );
  end if;
  parsed := private.parse_cron(private.rhythm(every_hours, cron));
  if private.least_gap_minutes(parsed) < 15 then
    perform private.refuse(
      'The cron expression comes more often than every 15 minutes',
      'A clone needs time to end: leave at least 15 minutes between two of them.'
    );
  end if;
  if private.next_slot(parsed, timezone, now()) is null then
    perform private.refuse(
      'The cron expression never comes', 'Check its day and month: 30 February, for example, is no day.'
    );
  end if;
  return parsed;
end
$$;

-- What the form of a schedule shows before it is saved.
create function public.next_runs(
  every_hours int default null, cron text default null, timezone text default 'UTC', runs int default 5
) returns setof timestamptz
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  parsed private.cron_fields := private.checked_rhythm(every_hours, cron, timezone);
  slot timestamptz := now();
begin
  for nth in 1 .. least(greatest(runs, 1), 20) loop
    slot := private.next_slot(parsed, timezone, slot);
    exit when slot is null;
    return next slot;
  end loop;
end
$$;

comment on function public.next_runs is
  'The next times (at most 20) of a rhythm; refuses one that is not understood, never comes or comes too often.';

revoke execute on function public.next_runs from public, anon, service_role;
grant execute on function public.next_runs to authenticated;
