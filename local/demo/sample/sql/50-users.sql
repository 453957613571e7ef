-- Sample project: 320 auth users. All with a password have the same one: lighthouse-2026.
create trigger on_auth_user_created after insert on auth.users
  for each row execute function public.handle_new_user();

-- Names, ids and numbers come from hashes of a key, so that every seeding gives the same rows.
create function pg_temp.noise(key text, below integer) returns integer
language sql immutable
return ('x' || substr(md5(key), 1, 7))::bit(28)::integer % below;
create function pg_temp.id(key text) returns uuid
language sql immutable
return overlay(overlay(md5(key) placing '4' from 13) placing '8' from 17)::uuid;

insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, phone, phone_confirmed_at,
  banned_until, deleted_at, last_sign_in_at, is_anonymous, created_at, updated_at,
  raw_app_meta_data, raw_user_meta_data,
  confirmation_token, recovery_token, email_change_token_new, email_change
)
select
  '00000000-0000-0000-0000-000000000000', pg_temp.id('user ' || n), 'authenticated', 'authenticated',
  case
    when n = 1 then 'ada@lighthouse.example'
    when n % 100 <> 99 then format('%s.%s@example.com', lower(first.name), n)
  end,
  case when n % 10 = 7 or n % 100 = 99 then '' else '$2b$10$Qam9ocMgdpXCB6JsVydF6.I4FHUB.Wpf5c0MxHp5uxbwb6hB7aHje' end,
  case when n % 50 <> 49 then created.at + interval '5 minutes' end,
  case when n % 40 = 3 then '4915200' || lpad(n::text, 6, '0') end,
  case when n % 40 = 3 then created.at + interval '9 minutes' end,
  case when n % 120 = 11 then timestamptz '2030-01-01' end,
  case when n % 150 = 12 then timestamptz '2026-09-01' end,
  case when n % 3 <> 0 then created.at + interval '40 days' end,
  n % 100 = 99, created.at, created.at,
  case when n % 10 = 7 then '{"provider": "google", "providers": ["google"]}'
    else '{"provider": "email", "providers": ["email"]}' end::jsonb
    || case when n = 1 then '{"team": "staff"}' else '{}' end::jsonb,
  jsonb_build_object('name', first.name || ' ' || last.name, 'newsletter', n % 2 = 0),
  '', '', '', ''
from generate_series(1, 320) as n
cross join lateral (select (array['Ada', 'Björn', 'Chiara', 'Dmitri', 'Élise', 'Fatma', 'Gül', 'Haruki', 'Inés', 'Jörg'])[1 + n % 10]) as first (name)
cross join lateral (select (array['Lovelace', 'O''Hara', 'Müller', 'van der Berg', 'Søndergård', '田中'])[1 + n % 6]) as last (name)
cross join lateral (select timestamptz '2025-01-01' + n * interval '31 hours') as created (at);

insert into auth.identities (id, provider_id, user_id, provider, identity_data, last_sign_in_at, created_at, updated_at)
select pg_temp.id('identity ' || u.id), u.id::text, u.id, 'email',
  jsonb_build_object('sub', u.id, 'email', u.email, 'email_verified', u.email_confirmed_at is not null, 'phone_verified', false),
  u.last_sign_in_at, u.created_at, u.created_at
from auth.users as u where u.email is not null and u.raw_app_meta_data ->> 'provider' = 'email';
insert into auth.identities (id, provider_id, user_id, provider, identity_data, last_sign_in_at, created_at, updated_at)
select pg_temp.id('google ' || u.id), (100000000000000000000 + abs(hashtext(u.email)))::text, u.id, 'google',
  jsonb_build_object('sub', u.id, 'email', u.email, 'email_verified', true, 'full_name', u.raw_user_meta_data ->> 'name'),
  u.last_sign_in_at, u.created_at, u.created_at
from auth.users as u where u.email is not null and u.raw_app_meta_data ->> 'provider' = 'google';
insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, secret, created_at, updated_at)
select pg_temp.id('factor ' || n), pg_temp.id('user ' || n), 'phone', 'totp', 'verified',
  upper(substr(md5('secret ' || n), 1, 32)), timestamptz '2026-02-01', timestamptz '2026-02-01'
from generate_series(1, 9, 4) as n;

update public.profiles set is_staff = true where id in (select pg_temp.id('user ' || n) from generate_series(1, 5) as n);
update public.profiles
set home_address = row(
    pg_temp.noise('house' || id, 200) + 1 || ' Harbour Road',
    (array['Hamburg', 'Wien', 'Zürich', 'Malmö', 'Bergen'])[1 + pg_temp.noise('city' || id, 5)],
    lpad(pg_temp.noise('zip' || id, 99999)::text, 5, '0'),
    (array['DE', 'AT', 'CH', 'SE', 'NO'])[1 + pg_temp.noise('city' || id, 5)]
  )::public.postal_address,
  preferences = extensions.hstore(array['theme', 'units'],
    array[(array['dark', 'light'])[1 + pg_temp.noise('theme' || id, 2)], null]);
