create table logs (id int not null, at date not null, text varchar(9), primary key (id, at)) partition by range (at);
create table logs_1 partition of logs for values from ('2024-01-01') to ('2025-01-01');
insert into logs values (1, '2024-02-02', 'x');
create index logs_text on logs (text);
create table alone_parent (id int) partition by list (id);
create table alone partition of alone_parent for values in (1);
