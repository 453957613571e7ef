create table animal (id int not null, name text default 'x', legs int not null default 4, constraint named check (name <> ''));
create table cat (lives int default 9) inherits (animal);
create table dog (id int not null, name text default 'x', bark text, legs int not null default 4, constraint named check (name <> ''));
