-- Rows of the target that do not fit what their table becomes: the clone brings the source's.
create type state as enum ('on', 'off');
create table orders (id int primary key, tags text[] not null, done boolean not null, at timestamptz, state state);
insert into orders values (1, '{a,b}', true, '2024-01-01', 'on'), (2, '{}', false, null, 'off');
create table lines (id int primary key, order_id int not null references orders on delete restrict);
insert into lines values (1, 1), (2, 2);
create table logs (id int, at date) partition by range (at);
create table logs_old partition of logs for values from ('2020-01-01') to ('2024-01-01');
create table logs_new partition of logs for values from ('2024-01-01') to ('2025-01-01');
insert into logs values (1, '2022-02-02'), (2, '2024-05-05');
