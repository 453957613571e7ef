-- Sample project "Lighthouse", an outfitter's shop: extensions, schemas, types.
create extension if not exists pg_trgm with schema extensions;
create extension if not exists citext with schema extensions;
create extension if not exists btree_gist with schema extensions;
create extension if not exists hstore with schema extensions;
create extension if not exists pg_cron;

create schema inventory;
comment on schema inventory is 'Warehouses, stock and purchasing';
create schema analytics;
create schema "Support Desk";
comment on schema "Support Desk" is 'Tickets; the name needs quotes everywhere';
create schema staff;
comment on schema staff is 'Functions that policies call; not exposed by the API';

create type public.order_status as enum
  ('draft', 'placed', 'paid', 'packed', 'shipped', 'delivered', 'canceled', 'refunded');
create type public.size as enum ('XS', 'S', 'M', 'L', 'XL', 'it''s "one size"');
create type "Support Desk"."Urgency" as enum ('whenever', 'soon', 'now', '🔥');

create domain public.email_address as extensions.citext
  constraint email_address_looks_right check (value ~ '^[^@[:space:]]+@[^@[:space:]]+$');
create domain public.amount as numeric(12, 2) default 0
  constraint amount_is_not_negative check (value >= 0);
create domain public.stars as smallint
  constraint stars_are_one_to_five check (value between 1 and 5);
create domain public.postal_code as text collate "C" check (length(value) between 3 and 12);

create type public.postal_address as (
  street text, city text, postal_code public.postal_code, country character(2)
);
comment on type public.postal_address is 'Where parcels go';
comment on column public.postal_address.country is 'ISO 3166-1 alpha-2';

create type public.price_span as range (subtype = numeric, multirange_type_name = public.price_spans);
create collation public.german_phonebook (provider = icu, locale = 'de-u-co-phonebk');

-- Called by defaults, checks, generated columns and indexes: must exist before the tables.
create function public.slugify(title text) returns text
language sql immutable strict parallel safe
return trim(both '-' from regexp_replace(lower(title), '[^a-z0-9]+', '-', 'g'));

create sequence public.order_number_seq start 10000 increment 3 cache 10;

create function public.next_order_number(prefix text default 'LH') returns text
language sql volatile
begin atomic
  select prefix || '-' || lpad(nextval('public.order_number_seq')::text, 8, '0');
end;

create function public.is_known_country(code text) returns boolean
language sql immutable
as $$ select code in ('DE', 'AT', 'CH', 'FR', 'IT', 'NL', 'SE', 'NO', 'GB', 'US') $$;
