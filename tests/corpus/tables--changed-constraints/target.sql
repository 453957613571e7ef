create table parents (a int not null, b text not null, c int, constraint parents_key primary key (a), constraint c_unique unique (c));
insert into parents values (1, 'x', 1), (2, 'y', 2);
create table children (id int primary key, a int references parents (a), b text, c int references parents (c),
  constraint amount check (id > 0), constraint named_twice unique (a), period int4range, exclude using gist (period with -|-));
insert into children values (11, 1, 'x', 1, null);
alter table children drop constraint children_a_fkey;
alter table children add constraint validated check (c > 0) not valid;
alter table children add constraint children_a_b_fkey foreign key (a) references parents (a);
comment on constraint amount on children is 'old';
comment on constraint named_twice on children is 'goes away';
create table renamed (id int, b int, constraint old_key primary key (id));
create table renamed_ref (id int references renamed);
create table parted (id int, k int, constraint parted_old primary key (id, k)) partition by list (k);
create table parted_1 partition of parted for values in (1);
