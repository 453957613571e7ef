create table tree (id int primary key, parent int references tree on delete cascade, path text unique);
create table uses_tree (tree int references tree on delete cascade, note text);
insert into tree values (7, null, '/'), (8, 7, '/old');
insert into uses_tree values (8, 'goes');
