-- A publication of all tables, which only a superuser may make.
drop publication supabase_realtime;
create publication supabase_realtime for all tables;
