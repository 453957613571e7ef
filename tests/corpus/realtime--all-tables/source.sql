create table public.a (id int primary key); create table public."B ☃" (id int primary key);
