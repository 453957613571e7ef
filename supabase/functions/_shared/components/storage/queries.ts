// The SQL of the storage component. Both endpoints are read with the same text; names are ordered by bytes
// (collate "C"), which is the order of the service's own index and the same on every server.

/**
 * What makes two files equal, as one hash: size, ETag, type, cache control, user metadata. An empty user
 * metadata is the same as none: the API writes either.
 */
const STATE = `pg_catalog.md5(pg_catalog.jsonb_build_array(
	o.metadata -> 'size', pg_catalog.btrim(o.metadata ->> 'eTag', '"'), o.metadata ->> 'mimetype',
	o.metadata ->> 'cacheControl', nullif(o.user_metadata, '{}'::pg_catalog.jsonb)
)::pg_catalog.text)`;

/** Buckets with their settings. Columns newer than a project's Storage read as null. */
export const BUCKETS = `
	select b.id, b.name, b.public, b.file_size_limit::pg_catalog.float8 as file_size_limit,
		pg_catalog.to_jsonb(b.allowed_mime_types) as allowed_mime_types,
		coalesce(pg_catalog.to_jsonb(b) ->> 'type', 'STANDARD') as type
	from storage.buckets b
	order by b.id collate "C"`;

/** Which of the newer kinds of buckets this project knows at all. */
export const SPECIAL_TABLES = `
	select pg_catalog.to_regclass('storage.buckets_analytics') is not null as analytics,
		pg_catalog.to_regclass('storage.buckets_vectors') is not null as vectors`;

/** Buckets that hold no files but Iceberg tables. */
export const ANALYTICS_BUCKETS = `
	select b.name from storage.buckets_analytics b
	where pg_catalog.to_jsonb(b) ->> 'deleted_at' is null
	order by b.name`;

/** Buckets that hold no files but vector indexes. */
export const VECTOR_BUCKETS = `select b.id as name from storage.buckets_vectors b order by b.id`;

/** Files and bytes per bucket. */
export const TOTALS = `
	select o.bucket_id as bucket, pg_catalog.count(*)::pg_catalog.float8 as files,
		coalesce(pg_catalog.sum((o.metadata ->> 'size')::pg_catalog.numeric), 0)::pg_catalog.float8 as bytes
	from storage.objects o
	where o.bucket_id is not null
	group by o.bucket_id
	order by o.bucket_id collate "C"`;

/** One hash over up to $3 files of bucket $1 after name $2, and where they end. */
export const SOURCE_CHECKSUM = `
	with page as (
		select o.* from storage.objects o
		where o.bucket_id = $1 and o.name collate "C" > $2
		order by o.name collate "C"
		limit $3::pg_catalog.int4
	)
	select pg_catalog.count(*)::pg_catalog.int4 as files, pg_catalog.max(o.name collate "C") as last,
		coalesce(pg_catalog.sum((o.metadata ->> 'size')::pg_catalog.numeric), 0)::pg_catalog.float8 as bytes,
		coalesce(pg_catalog.md5(pg_catalog.string_agg(o.name || ${STATE}, '' order by o.name collate "C")), '') as checksum
	from page o`;

/** The same hash over the files of bucket $1 with names after $2 up to $3 (null: to the end). */
export const TARGET_CHECKSUM = `
	select pg_catalog.count(*)::pg_catalog.int4 as files,
		coalesce(pg_catalog.md5(pg_catalog.string_agg(o.name || ${STATE}, '' order by o.name collate "C")), '') as checksum
	from storage.objects o
	where o.bucket_id = $1 and o.name collate "C" > $2
		and ($3::pg_catalog.text is null or o.name collate "C" <= $3)`;

const FILE = `o.name, (o.metadata ->> 'size')::pg_catalog.numeric::pg_catalog.float8 as size,
	pg_catalog.btrim(o.metadata ->> 'eTag', '"') as etag, o.metadata ->> 'mimetype' as mimetype,
	o.metadata ->> 'cacheControl' as cache_control,
	nullif(o.user_metadata, '{}'::pg_catalog.jsonb) is not null as has_metadata, ${STATE} as state`;

/** Up to $3 files of bucket $1 after name $2. */
export const FILES_AFTER = `
	select ${FILE} from storage.objects o
	where o.bucket_id = $1 and o.name collate "C" > $2
	order by o.name collate "C"
	limit $3::pg_catalog.int4`;

/** Up to $3 files of all buckets after name $2 of bucket $1, with their rows. */
export const ROWS_AFTER = `
	select o.bucket_id as bucket, ${FILE},
		(pg_catalog.to_jsonb(o) - 'path_tokens' - 'level' - 'version')::pg_catalog.text as row
	from storage.objects o
	where (o.bucket_id collate "C", o.name collate "C") > ($1, $2)
	order by o.bucket_id collate "C", o.name collate "C"
	limit $3::pg_catalog.int4`;

/** All buckets with all that is known of them. */
export const BUCKET_ROWS = `
	select pg_catalog.to_jsonb(b)::pg_catalog.text as row from storage.buckets b order by b.id collate "C"`;

/** How many files bucket $1 has after name $2. */
export const COUNT_AFTER = `
	select pg_catalog.count(*)::pg_catalog.int4 as files from storage.objects o
	where o.bucket_id = $1 and o.name collate "C" > $2`;

/** The files of bucket $1 named in the JSON array $2. */
export const FILES_NAMED = `
	select ${FILE} from pg_catalog.jsonb_array_elements_text($2::pg_catalog.jsonb) as asked(name)
	join storage.objects o on o.bucket_id = $1 and o.name = asked.name
	order by o.name collate "C"`;

/** Up to $3 names of bucket $1 after name $2. */
export const NAMES_AFTER = `
	select o.name from storage.objects o
	where o.bucket_id = $1 and o.name collate "C" > $2
	order by o.name collate "C"
	limit $3::pg_catalog.int4`;

/** Which of the names in the JSON array $2 bucket $1 has. */
export const NAMES_PRESENT = `
	select o.name from pg_catalog.jsonb_array_elements_text($2::pg_catalog.jsonb) as asked(name)
	join storage.objects o on o.bucket_id = $1 and o.name = asked.name`;

/** The user metadata of one file, as JSON text. */
export const USER_METADATA = `
	select o.user_metadata::pg_catalog.text as json from storage.objects o where o.bucket_id = $1 and o.name = $2`;

/** Files above $1 bytes, the largest first. */
export const LARGER_THAN = `
	select o.bucket_id as bucket, o.name, (o.metadata ->> 'size')::pg_catalog.numeric::pg_catalog.float8 as size
	from storage.objects o
	where (o.metadata ->> 'size')::pg_catalog.numeric > $1::pg_catalog.numeric
	order by (o.metadata ->> 'size')::pg_catalog.numeric desc, o.bucket_id, o.name
	limit 50`;

/** Enabled triggers of the user on the table of files: the target's run for every file that is copied. */
export const USER_TRIGGERS = `
	select t.tgname as name from pg_catalog.pg_trigger t
	join pg_catalog.pg_proc p on p.oid = t.tgfoid
	join pg_catalog.pg_namespace n on n.oid = p.pronamespace
	where t.tgrelid = 'storage.objects'::pg_catalog.regclass and not t.tgisinternal and t.tgenabled <> 'D'
		and n.nspname <> 'storage'
	order by t.tgname`;

/** Unfinished resumable uploads, so that the next worker goes on with them. Gone when the run ends. */
export const CREATE_LEDGER = `
	create schema if not exists _twins;
	create table if not exists _twins.storage_uploads (
		bucket_id text not null,
		name text not null,
		source_state text not null,
		location text not null,
		target_state text,
		created_at timestamptz not null default now(),
		primary key (bucket_id, name)
	);
	revoke all on _twins.storage_uploads from public, anon, authenticated, service_role`;

export const HAS_LEDGER = `select pg_catalog.to_regclass('_twins.storage_uploads') is not null as present`;

/** The upload of a file in this state; `is_finished`: the target still has what came of it. */
export const FIND_UPLOAD = `
	select u.location, coalesce(u.target_state = ${STATE}, false) as is_finished
	from _twins.storage_uploads u
	left join storage.objects o on o.bucket_id = u.bucket_id and o.name = u.name
	where u.bucket_id = $1 and u.name = $2 and u.source_state = $3
		and u.created_at > pg_catalog.now() - interval '23 hours'`;

export const REMEMBER_UPLOAD = `
	insert into _twins.storage_uploads (bucket_id, name, source_state, location) values ($1, $2, $3, $4)
	on conflict (bucket_id, name) do update set source_state = excluded.source_state,
		location = excluded.location, target_state = null, created_at = pg_catalog.now()`;

/** Should this worker die before its slice is stored, the next one need not send the file again. */
export const FINISH_UPLOAD = `
	update _twins.storage_uploads u set target_state = ${STATE}
	from storage.objects o
	where u.bucket_id = $1 and u.name = $2 and o.bucket_id = u.bucket_id and o.name = u.name`;

/** Columns of table $1 of schema storage. */
export const COLUMNS_OF = `
	select a.attname as name from pg_catalog.pg_attribute a
	where a.attrelid = pg_catalog.to_regclass('storage.' || pg_catalog.quote_ident($1)) and a.attnum > 0
	  and not a.attisdropped`;
