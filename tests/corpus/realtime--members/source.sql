create schema app;
create table app.plain (id int primary key);
create table app."Quoted ☃" (id int primary key, "select" text, hidden text);
create table app.filtered (id int primary key, a text);
alter table app.filtered replica identity full;
create table app.chosen (id int primary key, a text);
alter table app.chosen replica identity full;
create table app.parted (id int primary key) partition by range (id);
create table app.part_1 partition of app.parted for values from (1) to (5);
create table app.parent (id int primary key);
create table app.child (id int primary key) inherits (app.parent);
alter publication supabase_realtime add table app.plain;
alter publication supabase_realtime add table app."Quoted ☃" (id, "select");
alter publication supabase_realtime add table app.filtered where (id between 1 and 9 and a <> 'x  y');
alter publication supabase_realtime add table app.chosen where (case when id between 1 and 9 and a in ('x  y', 'z') then a <> 'x'
  else case id % 2 when 0 then true else a is null end and (id > 1 and id < 5) end);
alter publication supabase_realtime add table app.parted;
alter publication supabase_realtime add table only app.parent;
create publication "Other ""one""" for table app.plain with (publish = 'insert, delete', publish_via_partition_root = true);
