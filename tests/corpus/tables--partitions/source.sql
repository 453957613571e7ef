create table measures (
  id bigint not null, at timestamptz not null, kind text not null default 'x', v numeric check (v > 0),
  primary key (id, at), unique (at, id, kind)
) partition by range (at);
create table measures_2024 partition of measures for values from ('2024-01-01') to ('2025-01-01');
create table measures_2025 (v numeric, kind text not null default 'own', at timestamptz not null, id bigint not null, dropped int, constraint measures_v_check check (v > 0));
alter table measures_2025 drop column dropped;
alter table measures attach partition measures_2025 for values from ('2025-01-01') to ('2026-01-01');
create table measures_rest partition of measures default partition by list (id);
create table measures_rest_a partition of measures_rest for values in (1, 2) partition by hash (id);
create table measures_rest_a_0 partition of measures_rest_a for values with (modulus 2, remainder 0) with (fillfactor = 40);
create table measures_rest_a_1 partition of measures_rest_a for values with (modulus 2, remainder 1);
create table measures_rest_null partition of measures_rest for values in (3);
create index measures_kind on measures (kind);
create index only_here on measures_2024 (v);
create index partial on only measures (v) where v > 5;
create index own_name on measures_2025 (lower(kind));
create index lower_kind on measures (lower(kind));
alter table measures_2024 alter column v set default 5;
alter table measures_2024 add check (kind <> 'never');
create table referenced (id int primary key);
alter table measures add column ref int references referenced;
create table points_at (id bigint, at timestamptz, foreign key (id, at) references measures on delete set null (at));
alter index measures_kind rename to "renamed Kind";
alter table measures_2024 rename constraint measures_2024_pkey to own_pk_name;
create function part_key(int) returns int language sql immutable as 'select $1';
create table by_expression (a int, b text collate "C") partition by range (part_key(a), b collate "POSIX");
create table by_expression_1 partition of by_expression for values from (minvalue, minvalue) to (10, maxvalue);
