create type state as enum ('on', 'gone', 'off');
create table orders (id int primary key, tags text not null, done text not null, at int, state state);
insert into orders values (1, 'a,b', 'done', 5, 'gone'), (3, 'c', 'open', 6, 'on');
create table lines (id int primary key, order_id int not null references orders on delete restrict);
insert into lines values (1, 1), (2, 3);
create table logs (id int, at date) partition by range (at);
create table logs_old partition of logs for values from ('2020-01-01') to ('2025-01-01');
insert into logs values (1, '2022-02-02'), (2, '2024-05-05');
