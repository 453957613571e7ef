-- http for the local stack: requests within a statement, by curl. Its input and output are files in the data folder for
-- the length of the call; nothing of a request is in the command, so nothing needs quoting for a shell.

create domain http_method as text;
create type http_header as (field varchar, value varchar);
create type http_response as (status integer, content_type varchar, headers http_header[], content varchar);
create type http_request as (
  method http_method, uri varchar, headers http_header[], content_type varchar, content varchar
);

create function http_set_curlopt(curlopt varchar, value varchar) returns boolean
language plpgsql
as $$
begin
  if curlopt not in ('CURLOPT_TIMEOUT', 'CURLOPT_TIMEOUT_MS', 'CURLOPT_CONNECTTIMEOUT', 'CURLOPT_CONNECTTIMEOUT_MS',
    'CURLOPT_USERAGENT', 'CURLOPT_USERPWD')
  then
    raise exception 'curl option ''%'' is not available for run-time configuration', curlopt;
  end if;
  perform set_config('http.' || lower(curlopt), value, false);
  return true;
end
$$;

create function http_list_curlopt() returns table (curlopt text, value text)
language sql
as $$
  select o, current_setting('http.' || lower(o), true)
  from unnest(array['CURLOPT_TIMEOUT', 'CURLOPT_TIMEOUT_MS', 'CURLOPT_CONNECTTIMEOUT', 'CURLOPT_CONNECTTIMEOUT_MS',
    'CURLOPT_USERAGENT', 'CURLOPT_USERPWD']) as o
  where coalesce(current_setting('http.' || lower(o), true), '') <> ''
$$;

create function http_reset_curlopt() returns boolean
language sql
as $$ select coalesce(bool_and(set_config('http.' || lower(o.curlopt), '', false) is not null), true)
  from @extschema@.http_list_curlopt() as o $$;

-- A value as curl's configuration file quotes it.
create function _http_quoted(value text) returns text
language sql immutable
return '"' || replace(replace(replace(replace(replace(
  value, '\', '\\'), '"', '\"'), E'\n', '\n'), E'\r', '\r'), E'\t', '\t') || '"';

-- Security definer: only a superuser starts programs.
create function http(request http_request) returns http_response
language plpgsql security definer
as $$
declare
  base constant text := 'http-' || gen_random_uuid();
  configuration text;
  response @extschema@.http_response;
  options constant jsonb := coalesce(
    (select jsonb_object_agg(o.curlopt, o.value) from @extschema@.http_list_curlopt() as o), '{}'
  );
  head text;
  failure text;
begin
  if request.uri is null then
    raise exception 'http_request.uri is NULL';
  end if;
  configuration := concat_ws(
    E'\n',
    'url = ' || @extschema@._http_quoted(request.uri),
    case when upper(request.method) = 'HEAD' then 'head'
      else 'request = ' || @extschema@._http_quoted(upper(request.method)) end,
    'location', 'max-redirs = 5', 'silent', 'show-error',
    'max-time = ' || coalesce(
      options ->> 'CURLOPT_TIMEOUT', ((options ->> 'CURLOPT_TIMEOUT_MS')::numeric / 1000)::text, '5'
    ),
    'connect-timeout = ' || coalesce(
      options ->> 'CURLOPT_CONNECTTIMEOUT', ((options ->> 'CURLOPT_CONNECTTIMEOUT_MS')::numeric / 1000)::text, '1'
    ),
    'user-agent = ' || @extschema@._http_quoted(options ->> 'CURLOPT_USERAGENT'),
    'user = ' || @extschema@._http_quoted(options ->> 'CURLOPT_USERPWD'),
    case when request.content is not null
      then 'header = ' || @extschema@._http_quoted('Content-Type: ' || coalesce(request.content_type, '')) end,
    'data-raw = ' || @extschema@._http_quoted(request.content),
    (select string_agg('header = ' || @extschema@._http_quoted(h.field || ': ' || h.value), E'\n')
      from unnest(request.headers) as h)
  );
  execute format(
    'copy (select %L) to program %L',
    translate(encode(convert_to(configuration, 'utf8'), 'base64'), E'\n', ''),
    format('base64 -d | curl --config - --dump-header %1$s.head --output %1$s.body 2>%1$s.error; '
      'touch %1$s.head %1$s.body', base)
  );
  head := pg_read_file(base || '.head');
  failure := pg_read_file(base || '.error');
  response.content := convert_from(pg_read_binary_file(base || '.body'), 'utf8');
  execute format(
    'copy (select 1) to program %L', format('cat >/dev/null; rm -f %1$s.head %1$s.body %1$s.error', base)
  );
  -- After a redirect there is a head for each answer.
  head := regexp_replace(rtrim(replace(head, E'\r', ''), E'\n'), '^.*\n\n', '');
  response.status := (regexp_match(head, '^HTTP/[0-9.]+ ([0-9]+)'))[1]::integer;
  if response.status is null or failure <> '' then
    raise exception '%', coalesce(
      nullif(regexp_replace(btrim(failure, E' \n'), '^curl: \([0-9]+\) ', ''), ''), 'no answer'
    );
  end if;
  response.headers := array(
    select row (split_part(l.line, ':', 1), ltrim(substr(l.line, strpos(l.line, ':') + 1)))::@extschema@.http_header
    from regexp_split_to_table(head, '\n') with ordinality as l (line, at) where l.at > 1 order by l.at
  );
  response.content_type := (select h.value from unnest(response.headers) as h where lower(h.field) = 'content-type');
  return response;
end
$$;

create function http_header(field varchar, value varchar) returns http_header
language sql as $$ select field, value $$;

create function http_headers(variadic args text[]) returns http_header[]
language sql
as $$
  select array_agg(row (args[i], args[i + 1])::@extschema@.http_header order by i)
  from generate_series(1, cardinality(args), 2) as i
$$;

create function urlencode(string bytea) returns text
language sql immutable strict
as $$
  select coalesce(string_agg(
    case when chr(b.value) ~ '[A-Za-z0-9_.~-]' and b.value < 128 then chr(b.value)
      else '%' || upper(lpad(to_hex(b.value), 2, '0')) end, '' order by b.at
  ), '')
  from (select get_byte(string, i) as value, i as at from generate_series(0, length(string) - 1) as i) as b
$$;
create function urlencode(string varchar) returns text
language sql immutable strict
as $$ select @extschema@.urlencode(convert_to(string, 'utf8')) $$;
create function urlencode(data jsonb) returns text
language sql immutable strict
as $$
  select string_agg(@extschema@.urlencode(key::varchar) || '=' || @extschema@.urlencode(value::varchar), '&')
  from jsonb_each_text(data)
$$;

create function http_get(uri varchar) returns http_response
language sql as $$ select @extschema@.http(row ('GET', uri, null, null, null)::@extschema@.http_request) $$;
create function http_get(uri varchar, data jsonb) returns http_response
language sql
as $$
  select @extschema@.http(
    row ('GET', uri || '?' || @extschema@.urlencode(data), null, null, null)::@extschema@.http_request)
$$;
create function http_head(uri varchar) returns http_response
language sql as $$ select @extschema@.http(row ('HEAD', uri, null, null, null)::@extschema@.http_request) $$;
create function http_post(uri varchar, content varchar, content_type varchar) returns http_response
language sql
as $$ select @extschema@.http(row ('POST', uri, null, content_type, content)::@extschema@.http_request) $$;
create function http_post(uri varchar, data jsonb) returns http_response
language sql
as $$
  select @extschema@.http(
    row ('POST', uri, null, 'application/x-www-form-urlencoded', @extschema@.urlencode(data))::@extschema@.http_request)
$$;
create function http_put(uri varchar, content varchar, content_type varchar) returns http_response
language sql
as $$ select @extschema@.http(row ('PUT', uri, null, content_type, content)::@extschema@.http_request) $$;
create function http_patch(uri varchar, content varchar, content_type varchar) returns http_response
language sql
as $$ select @extschema@.http(row ('PATCH', uri, null, content_type, content)::@extschema@.http_request) $$;
create function http_delete(uri varchar) returns http_response
language sql as $$ select @extschema@.http(row ('DELETE', uri, null, null, null)::@extschema@.http_request) $$;
create function http_delete(uri varchar, content varchar, content_type varchar) returns http_response
language sql
as $$ select @extschema@.http(row ('DELETE', uri, null, content_type, content)::@extschema@.http_request) $$;

create function text_to_bytea(data text) returns bytea
language sql immutable strict as $$ select convert_to(data, 'utf8') $$;
create function bytea_to_text(data bytea) returns text
language sql immutable strict as $$ select convert_from(data, 'utf8') $$;
