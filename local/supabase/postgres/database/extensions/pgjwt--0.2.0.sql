-- pgjwt for the local stack: tokens signed with HMAC (HS256, HS384, HS512). As the real one it looks for pgcrypto in
-- its own schema.

create function url_encode(data bytea) returns text
language sql immutable
return rtrim(translate(encode(data, 'base64'), E'+/\n', '-_'), '=');

create function url_decode(data text) returns bytea
language sql immutable
return decode(translate(data, '-_', '+/') || repeat('=', -length(data) & 3), 'base64');

create function algorithm_sign(signables text, secret text, algorithm text) returns text
language plpgsql immutable
as $$
declare
  -- With an empty name hmac says that it cannot be used.
  digest constant text := coalesce((regexp_match(algorithm, '^HS(256|384|512)$'))[1], '');
begin
  return @extschema@.url_encode(
    @extschema@.hmac(signables, secret, case when digest = '' then '' else 'sha' || digest end)
  );
end
$$;

create function sign(payload json, secret text, algorithm text default 'HS256') returns text
language plpgsql immutable
as $$
declare
  signables constant text := concat_ws(
    '.',
    @extschema@.url_encode(convert_to(format('{"alg":"%s","typ":"JWT"}', algorithm), 'utf8')),
    @extschema@.url_encode(convert_to(payload::text, 'utf8'))
  );
begin
  return signables || '.' || @extschema@.algorithm_sign(signables, secret, algorithm);
end
$$;

create function try_cast_double(inp text) returns double precision
language plpgsql immutable
as $$
begin
  return inp::double precision;
exception when others then
  return null;
end
$$;

create function verify(token text, secret text, algorithm text default 'HS256')
returns table (header json, payload json, valid boolean)
language plpgsql immutable
as $$
declare
  parts constant text[] := regexp_split_to_array(token, '\.');
begin
  header := convert_from(@extschema@.url_decode(parts[1]), 'utf8')::json;
  payload := convert_from(@extschema@.url_decode(parts[2]), 'utf8')::json;
  valid := parts[3] = @extschema@.algorithm_sign(parts[1] || '.' || parts[2], secret, algorithm)
    and extract(epoch from now()) >= coalesce(@extschema@.try_cast_double(payload ->> 'nbf'), '-infinity')
    and extract(epoch from now()) < coalesce(@extschema@.try_cast_double(payload ->> 'exp'), 'infinity');
  return next;
end
$$;
