-- Source: a policy and a view written before a second overload with a default argument existed. Postgres keeps the oid; printed text is ambiguous.
create schema amb;
create function amb.tenant() returns uuid language sql stable as $$ select null::uuid $$;
create table amb.t (id int primary key, tenant uuid);
alter table amb.t enable row level security;
create policy by_tenant on amb.t using (tenant = amb.tenant());
create view amb.v as select amb.tenant() as tenant;
create function amb.tenant(u uuid default auth.uid()) returns uuid language sql stable as $$ select u $$;
