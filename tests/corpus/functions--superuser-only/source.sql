create function app.ordinary() returns int language sql as 'select 1';
