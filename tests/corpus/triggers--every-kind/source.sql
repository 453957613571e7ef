create schema app;
create table app.t (id int primary key, a text);
create table app.parted (id int, at date, primary key (id, at)) partition by range (at);
create table app.part_1 partition of app.parted for values from ('2020-01-01') to ('2021-01-01');
create table app.part_2 partition of app.parted for values from ('2021-01-01') to ('2022-01-01') partition by range (at);
create table app.part_2a partition of app.part_2 for values from ('2021-01-01') to ('2021-06-01');
create view app.v as select id, a from app.t;
create function app.fire() returns trigger language plpgsql as $$begin return new; end$$;
create function app."fire ☃"() returns trigger language plpgsql as $$begin return null; end$$;
create trigger conditional before update of a on app.t for each row
  when (old.a is distinct from new.a) execute function app.fire('x', 'it''s', 'back\slash');
create trigger chosen after insert or update on app.t for each row
  when (case when new.id between 1 and 9 and new.a in ('x  y', 'z') then row(new.id, new.a) is distinct from row(1, 'b')
    when new.a like any (array['a%', 'b%']::varchar[]) then case new.id % 2 when 0 then true else new.a is null end
    else coalesce(new.a, 'x') ~ '^[a-z]' and (new.id > 1 and new.id < 5) end) execute function app.fire('a  b');
create trigger tables_seen after insert on app.t referencing new table as "new rows" for each statement execute function app.fire();
create constraint trigger deferred after insert on app.t deferrable initially deferred for each row execute function app.fire();
create constraint trigger related after update on app.t from app.parted not deferrable for each row execute function app.fire();
create trigger "Always ""on""" after delete on app.t for each row execute function app."fire ☃"();
alter table app.t enable always trigger "Always ""on""";
create trigger replica_only after delete on app.t for each row execute function app.fire();
alter table app.t enable replica trigger replica_only;
create trigger off after truncate on app.t execute function app.fire();
alter table app.t disable trigger off;
create trigger instead instead of insert on app.v for each row execute function app.fire();
create trigger on_parts before insert on app.parted for each row execute function app.fire();
create trigger off_parts after insert on app.parted for each row execute function app.fire();
alter table app.parted disable trigger off_parts;
create trigger mixed_parts after update on app.parted for each row execute function app.fire();
alter table app.part_1 disable trigger mixed_parts;
create trigger own_of_part before delete on app.part_1 for each row execute function app.fire();
create trigger words before insert on app.t for each row execute function tsvector_update_trigger(a, 'pg_catalog.english', a);
comment on trigger conditional on app.t is 'conditional';
insert into app.part_1 values (1, '2020-05-05');
create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = ''
  as $$begin return new; end$$;
create trigger on_auth_user_created after insert on auth.users for each row execute function public.handle_new_user();
