create sequence never;
select setval('never', 9);
create sequence down increment -1;
select setval('down', -77);
