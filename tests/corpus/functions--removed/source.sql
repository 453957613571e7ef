create schema a; create table a.t (id int primary key, label text); create function a.kept() returns int language sql as 'select 1'; create view a.v as select id from a.t;
