create table parents (a int not null, b text not null, c int, constraint parents_key primary key (a, b), constraint c_unique unique (c) include (b));
create table children (id int primary key, a int, b text, c int references parents (c) on delete cascade, foreign key (a, b) references parents deferrable,
  constraint amount check (id > 10), constraint validated check (c > 0), constraint named_twice unique (a, c) with (fillfactor = 80), period int4range, exclude using gist (period with &&));
alter table children add constraint unchecked check (a <> 5) not valid;
alter table children add constraint loose foreign key (c) references parents (c) not valid;
comment on constraint amount on children is 'at least';
create table renamed (id int, b int, constraint "New key" primary key (id));
create table renamed_ref (id int references renamed);
create table parted (id int, k int, constraint parted_new primary key (id, k)) partition by list (k);
create table parted_1 partition of parted for values in (1);
