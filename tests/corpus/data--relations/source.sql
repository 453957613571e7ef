-- Rows that point to each other in circles and to themselves; keys that are checked late; a table that others
-- point to and that has old rows on the target.
create table a (id int primary key, b int);
create table b (id int primary key, a int not null references a);
alter table a add constraint a_b foreign key (b) references b deferrable initially deferred;
create table tree (id int primary key, parent int references tree on delete cascade, path text unique);
create table uses_tree (tree int references tree on delete cascade, note text);
begin;
insert into a values (1, 1), (2, null);
insert into b values (1, 2), (2, 1);
commit;
insert into tree values (1, null, '/'), (2, 1, '/a'), (3, 3, '/self');
insert into uses_tree values (3, 'x'), (3, 'x'), (null, null);
