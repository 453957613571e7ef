-- Mixed-case names everywhere, self references, composite keys, and names of 63 characters.
create table "Artist" ("ArtistId" int not null, "Name" varchar(120), constraint "PK_Artist" primary key ("ArtistId"));
create table "Album" ("AlbumId" int not null, "Title" varchar(160) not null, "ArtistId" int not null, constraint "PK_Album" primary key ("AlbumId"));
create table "Employee" ("EmployeeId" int not null, "ReportsTo" int, "BirthDate" timestamp, constraint "PK_Employee" primary key ("EmployeeId"));
create table "Track" ("TrackId" int not null, "AlbumId" int, "Bytes" int, "UnitPrice" numeric(10,2) not null, constraint "PK_Track" primary key ("TrackId"));
create table "PlaylistTrack" ("PlaylistId" int not null, "TrackId" int not null, constraint "PK_PlaylistTrack" primary key ("PlaylistId", "TrackId"));
alter table "Album" add constraint "FK_AlbumArtistId" foreign key ("ArtistId") references "Artist" ("ArtistId") on delete no action on update no action;
alter table "Employee" add constraint "FK_EmployeeReportsTo" foreign key ("ReportsTo") references "Employee" ("EmployeeId");
alter table "Track" add constraint "FK_TrackAlbumId" foreign key ("AlbumId") references "Album" ("AlbumId") match full;
create index "IFK_AlbumArtistId" on "Album" ("ArtistId");
create index "IFK_EmployeeReportsTo" on "Employee" ("ReportsTo" desc);
create table "Ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt" ("Ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" serial primary key, "Cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc2" text unique check ("Cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc2" <> ''));
create table us_states (state_id smallint not null, state_name character varying(100), constraint pk_usstates primary key (state_id));
create table order_details (order_id smallint not null, product_id smallint not null, unit_price real not null, discount real not null default 0, primary key (order_id, product_id));
create table categories (category_id smallint not null primary key, picture bytea, description text);
