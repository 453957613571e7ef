create schema app;
create table app.plain (id int primary key);
create table app.filtered (id int primary key, a text);
alter table app.filtered replica identity full;
create table app.mine (id int primary key);
alter publication supabase_realtime add table app.filtered where (a <> 'xy');
alter publication supabase_realtime add table app.mine;
alter publication supabase_realtime set (publish = 'insert');
