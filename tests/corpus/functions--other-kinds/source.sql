-- Names that something of another kind, or with other arguments, has on the target.
create schema app;
-- The same name with other arguments, used by what is called without naming them all.
create table app.found (id int primary key, label text);
create function app.search(wanted text, most int default 5) returns setof app.found language sql stable as 'select * from app.found limit most';
create view app.searches as select s.id, s.label from app.search('a') s;
create policy finds on app.found using (exists (select from app.search('b')));
create function app.became_aggregate(int) returns int language sql as 'select 1';
create materialized view app.was_view as select 1 as one;
create view app.was_materialized as select 2 as two;
create view app.sees_both as select one, two from app.was_view, app.was_materialized;
create domain app.was_enum as text check (value <> '');
create type app.was_domain as (a int);
create table app.was_a_view (id int primary key);
