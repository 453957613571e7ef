// The SQL of the storage component. Both sides are read with the same text; names are ordered by bytes
// (collate "C"), which is the order of the service's own index and the same on every server.

/**
 * What makes two files equal, as one hash: size, ETag, type, cache control, user metadata. An empty user
 * metadata is the same as none: the API writes either.
 */
const STATE = `md5(jsonb_build_array(
	o.metadata -> 'size', trim(both '"' from o.metadata ->> 'eTag'), o.metadata ->> 'mimetype',
	o.metadata ->> 'cacheControl', nullif(o.user_metadata, '{}'::jsonb)
)::text)`;

/** Buckets with their settings. Columns newer than a project's Storage read as null. */
export const BUCKETS = `
	select b.id, b.name, b.public, b.file_size_limit::float8 as file_size_limit,
		to_jsonb(b.allowed_mime_types) as allowed_mime_types,
		coalesce(to_jsonb(b) ->> 'type', 'STANDARD') as type
	from storage.buckets b
	order by b.id collate "C"`;

/** Which of the newer kinds of buckets this project knows at all. */
export const SPECIAL_TABLES = `
	select to_regclass('storage.buckets_analytics') is not null as analytics,
		to_regclass('storage.buckets_vectors') is not null as vectors`;

/** Buckets that hold no files but Iceberg tables. */
export const ANALYTICS_BUCKETS = `
	select b.name from storage.buckets_analytics b
	where to_jsonb(b) ->> 'deleted_at' is null
	order by b.name`;

/** Buckets that hold no files but vector indexes. */
export const VECTOR_BUCKETS = `select b.id as name from storage.buckets_vectors b order by b.id`;

/** Files and bytes per bucket. */
export const TOTALS = `
	select o.bucket_id as bucket, count(*)::float8 as files,
		coalesce(sum((o.metadata ->> 'size')::numeric), 0)::float8 as bytes
	from storage.objects o
	where o.bucket_id is not null
	group by o.bucket_id
	order by o.bucket_id collate "C"`;

/** One hash over up to $3 files of bucket $1 after name $2, and where they end. */
export const SOURCE_PRINT = `
	with page as (
		select o.* from storage.objects o
		where o.bucket_id = $1 and o.name collate "C" > $2
		order by o.name collate "C"
		limit $3::int
	)
	select count(*)::int as files, max(o.name collate "C") as last,
		coalesce(sum((o.metadata ->> 'size')::numeric), 0)::float8 as bytes,
		coalesce(md5(string_agg(o.name || ${STATE}, '' order by o.name collate "C")), '') as print
	from page o`;

/** The same hash over the files of bucket $1 with names after $2 up to $3 (null: to the end). */
export const TARGET_PRINT = `
	select count(*)::int as files,
		coalesce(md5(string_agg(o.name || ${STATE}, '' order by o.name collate "C")), '') as print
	from storage.objects o
	where o.bucket_id = $1 and o.name collate "C" > $2
		and ($3::text is null or o.name collate "C" <= $3)`;

const FILE = `o.name, (o.metadata ->> 'size')::numeric::float8 as size,
	trim(both '"' from o.metadata ->> 'eTag') as etag, o.metadata ->> 'mimetype' as mimetype,
	o.metadata ->> 'cacheControl' as cache_control,
	nullif(o.user_metadata, '{}'::jsonb) is not null as has_metadata, ${STATE} as state`;

/** Up to $3 files of bucket $1 after name $2. */
export const FILES_AFTER = `
	select ${FILE} from storage.objects o
	where o.bucket_id = $1 and o.name collate "C" > $2
	order by o.name collate "C"
	limit $3::int`;

/** The files of bucket $1 named in the JSON array $2. */
export const FILES_NAMED = `
	select ${FILE} from jsonb_array_elements_text($2::jsonb) as asked(name)
	join storage.objects o on o.bucket_id = $1 and o.name = asked.name
	order by o.name collate "C"`;

/**
 * The target's files named in $2, each with the source's state it stands for: the ledger's, when this file
 * is still the one we wrote, else its own.
 */
export const TARGET_STATES = `
	select o.name, (o.metadata ->> 'size')::numeric::float8 as size,
		trim(both '"' from o.metadata ->> 'eTag') as etag, ${STATE} as state, w.source_state as stands_for
	from jsonb_array_elements_text($2::jsonb) as asked(name)
	join storage.objects o on o.bucket_id = $1 and o.name = asked.name
	left join _twins.storage_files w
		on w.bucket_id = o.bucket_id and w.name = o.name and w.target_state = ${STATE}`;

/** Like TARGET_STATES on a target where no clone has left a ledger. */
export const TARGET_STATES_WITHOUT_LEDGER = `
	select o.name, (o.metadata ->> 'size')::numeric::float8 as size,
		trim(both '"' from o.metadata ->> 'eTag') as etag, ${STATE} as state, null::text as stands_for
	from jsonb_array_elements_text($2::jsonb) as asked(name)
	join storage.objects o on o.bucket_id = $1 and o.name = asked.name`;

/** Up to $3 names of bucket $1 after name $2. */
export const NAMES_AFTER = `
	select o.name from storage.objects o
	where o.bucket_id = $1 and o.name collate "C" > $2
	order by o.name collate "C"
	limit $3::int`;

/** Which of the names in the JSON array $2 bucket $1 has. */
export const NAMES_PRESENT = `
	select o.name from jsonb_array_elements_text($2::jsonb) as asked(name)
	join storage.objects o on o.bucket_id = $1 and o.name = asked.name`;

/** The user metadata of one file, as JSON text. */
export const USER_METADATA = `
	select o.user_metadata::text as json from storage.objects o where o.bucket_id = $1 and o.name = $2`;

/** Files above $1 bytes, the largest first. */
export const LARGER_THAN = `
	select o.bucket_id as bucket, o.name, (o.metadata ->> 'size')::numeric::float8 as size
	from storage.objects o
	where (o.metadata ->> 'size')::numeric > $1::numeric
	order by (o.metadata ->> 'size')::numeric desc, o.bucket_id, o.name
	limit 50`;

/** Enabled triggers of the user on the table of files: the target's run for every file that is copied. */
export const USER_TRIGGERS = `
	select t.tgname as name from pg_catalog.pg_trigger t
	join pg_catalog.pg_proc p on p.oid = t.tgfoid
	join pg_catalog.pg_namespace n on n.oid = p.pronamespace
	where t.tgrelid = 'storage.objects'::regclass and not t.tgisinternal and t.tgenabled <> 'D'
		and n.nspname <> 'storage'
	order by t.tgname`;

/**
 * What we keep on the target. storage_files: which state of the source's file a file of ours stands for,
 * where the two states cannot be equal (another part size gives another ETag). It must outlive the job, or
 * the next clone copies these files again. storage_uploads: unfinished resumable uploads.
 */
export const CREATE_LEDGER = `
	create schema if not exists _twins;
	create table if not exists _twins.storage_files (
		bucket_id text not null,
		name text not null,
		source_state text not null,
		target_state text not null,
		primary key (bucket_id, name)
	);
	create table if not exists _twins.storage_uploads (
		bucket_id text not null,
		name text not null,
		source_state text not null,
		location text not null,
		created_at timestamptz not null default now(),
		primary key (bucket_id, name)
	);
	revoke all on _twins.storage_files, _twins.storage_uploads from public, anon, authenticated, service_role`;

export const HAS_LEDGER = `select to_regclass('_twins.storage_files') is not null as present`;

/** Remembers, for each {name, source_state} in the JSON array $2, what the target has now. */
export const REMEMBER_FILES = `
	insert into _twins.storage_files (bucket_id, name, source_state, target_state)
	select o.bucket_id, o.name, written.source_state, ${STATE}
	from jsonb_to_recordset($2::jsonb) as written(name text, source_state text)
	join storage.objects o on o.bucket_id = $1 and o.name = written.name
	on conflict (bucket_id, name) do update
		set source_state = excluded.source_state, target_state = excluded.target_state`;

export const FIND_UPLOAD = `
	select location from _twins.storage_uploads
	where bucket_id = $1 and name = $2 and source_state = $3 and created_at > now() - interval '23 hours'`;

export const REMEMBER_UPLOAD = `
	insert into _twins.storage_uploads (bucket_id, name, source_state, location) values ($1, $2, $3, $4)
	on conflict (bucket_id, name) do update
		set source_state = excluded.source_state, location = excluded.location, created_at = now()`;

export const FORGET_UPLOAD = `delete from _twins.storage_uploads where bucket_id = $1 and name = $2`;
