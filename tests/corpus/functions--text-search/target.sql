create schema app;
create text search dictionary app.plain (template = pg_catalog.simple);
create text search configuration app.en (copy = pg_catalog.english);
alter text search configuration app.en drop mapping for email;
