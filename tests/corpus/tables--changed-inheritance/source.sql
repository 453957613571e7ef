create table animal (id int not null, name text default 'x', legs int not null default 4, constraint named check (name <> ''));
create table cat (lives int default 9) inherits (animal);
create table dog (id int not null, name text default 'x', bark text, legs int not null default 4, constraint named check (name <> ''));
create table fish (id int not null, fins int not null);
create table pike (id int not null, fins int not null, teeth int);
alter table pike inherit fish;
