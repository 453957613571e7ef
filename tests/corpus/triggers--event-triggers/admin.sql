-- Made by a superuser here; hosted projects let postgres make them.
create function public.watch() returns event_trigger language plpgsql as 'begin end';
alter function public.watch() owner to postgres;
create event trigger watch on ddl_command_end when tag in ('CREATE TABLE', 'ALTER TABLE') execute function public.watch();
create event trigger off on sql_drop execute function public.watch();
alter event trigger off disable;
