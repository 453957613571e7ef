create table animal (id smallint not null, name text);
create table cat (lives int) inherits (animal);
insert into cat values (1, 'tom', 9);
create table dog (bark text) inherits (animal);
create table fish (id int not null, fins int not null);
create table pike (id int, fins int, teeth int);
