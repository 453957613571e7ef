-- The oddities of the DVD rental sample: a domain with a check, an enum, a custom aggregate, partitioned payments,
-- views with aggregates, tsvector triggers, a function used by defaults, and a rule.
create type mpaa_rating as enum ('G', 'PG', 'PG-13', 'R', 'NC-17');
create domain year as integer constraint year_check check (value >= 1901 and value <= 2155);
create domain bıgint as bigint;
create function _group_concat(text, text) returns text language sql immutable as $_$ select case when $2 is null then $1 when $1 is null then $2 else $1 || ', ' || $2 end $_$;
create aggregate group_concat(text) (sfunc = _group_concat, stype = text);
create function last_updated() returns trigger language plpgsql as $$ begin new.last_update = current_timestamp; return new; end $$;
create sequence customer_customer_id_seq start with 1 increment by 1 no minvalue no maxvalue cache 1;
create table customer (customer_id integer default nextval('customer_customer_id_seq'::regclass) not null, store_id integer not null, first_name text not null, last_name text not null, email text, address_id integer not null, activebool boolean default true not null, create_date date default ('now'::text)::date not null, last_update timestamp with time zone default now(), active integer);
create table actor (actor_id serial primary key, first_name text not null, last_name text not null, last_update timestamptz not null default now());
create table category (category_id serial primary key, name text not null, last_update timestamptz default now() not null);
create table language (language_id serial primary key, name character(20) not null);
create table film (film_id serial, title text not null, description text, release_year year, language_id int not null, original_language_id int, rental_duration smallint default 3 not null, rental_rate numeric(4,2) default 4.99 not null, length smallint, replacement_cost numeric(5,2) default 19.99 not null, rating mpaa_rating default 'G'::mpaa_rating, last_update timestamptz default now() not null, special_features text[], fulltext tsvector not null, constraint film_pkey primary key (film_id));
create table film_actor (actor_id int not null, film_id int not null, last_update timestamptz default now() not null, primary key (actor_id, film_id));
create table film_category (film_id int not null, category_id int not null, primary key (film_id, category_id));
alter table only customer add constraint customer_pkey primary key (customer_id);
alter table only film_actor add constraint film_actor_actor_id_fkey foreign key (actor_id) references actor(actor_id) on update cascade on delete restrict;
alter table only film_actor add constraint film_actor_film_id_fkey foreign key (film_id) references film(film_id) on update cascade on delete restrict;
alter table only film add constraint film_language_id_fkey foreign key (language_id) references language(language_id) on update cascade on delete restrict;
create table payment (payment_id serial, customer_id int not null references customer, amount numeric(5,2) not null, payment_date timestamptz not null, primary key (payment_date, payment_id)) partition by range (payment_date);
create table payment_p2022_01 partition of payment for values from ('2022-01-01 00:00:00+00') to ('2022-02-01 00:00:00+00');
create table payment_p2022_02 partition of payment for values from ('2022-02-01 00:00:00+00') to ('2022-03-01 00:00:00+00');
create index idx_fk_payment_customer on payment_p2022_01 (customer_id);
create index film_fulltext_idx on film using gist (fulltext);
create unique index idx_unq_title on film (title, release_year);
create view film_list as select f.film_id as fid, f.title, c.name as category, f.rental_rate as price, f.rating, group_concat(a.first_name || ' ' || a.last_name) as actors
  from category c left join film_category fc on c.category_id = fc.category_id left join film f on fc.film_id = f.film_id join film_actor fa on f.film_id = fa.film_id join actor a on fa.actor_id = a.actor_id group by f.film_id, f.title, c.name, f.rental_rate, f.rating;
create view customer_list as select cu.customer_id as id, (cu.first_name || ' '::text) || cu.last_name as name, case when cu.activebool then 'active' else '' end as notes from customer cu;
create materialized view rental_by_category as select c.name as category, sum(p.amount) as total_sales from payment p, category c group by c.name order by sum(p.amount) desc with no data;
create unique index rental_category on rental_by_category (category);
create function get_customer_balance(p_customer_id integer, p_effective_date timestamptz) returns numeric language plpgsql as $$ declare v numeric(5,2); begin select coalesce(sum(amount), 0) into v from payment where payment_date <= p_effective_date and customer_id = p_customer_id; return v; end $$;
create function rewards_report(min_monthly_purchases int, min_dollar numeric) returns setof customer language plpgsql security definer as $_$ begin return query select * from customer; end $_$;
create trigger last_updated before update on film for each row execute function last_updated();
create trigger film_fulltext_trigger before insert or update on film for each row execute procedure tsvector_update_trigger('fulltext', 'pg_catalog.english', 'title', 'description');
create rule payment_no_delete as on delete to category do instead nothing;
alter table film alter column rental_rate set statistics 200;
