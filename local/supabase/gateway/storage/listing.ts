// Lists of objects: by folder (v1, offset) and by prefix (v2, cursor), and deleting by name.
import { sendJson } from '../http.ts';
import { findBucket } from './buckets.ts';
import { readObject, type StorageContext, type StorageRequest } from './context.ts';
import { storageErrors } from './errors.ts';

const MAX_NAMES = 1000;
const SORTABLE = ['name', 'created_at', 'updated_at', 'last_accessed_at'];

function sortOf(value: unknown): { column: string; descending: boolean } {
	const sort = (value ?? {}) as { column?: unknown; order?: unknown };
	const column = String(sort.column ?? 'name');
	if (!SORTABLE.includes(column)) throw storageErrors.invalidParameter('sortBy');
	return { column, descending: sort.order === 'desc' };
}

/** POST /object/list/<bucket>: names in one folder; sub-folders have no id. */
export async function listFolder(
	context: StorageContext,
	call: StorageRequest,
	bucket: string,
): Promise<void> {
	const body = await readObject(call.request);
	await findBucket(context, bucket);
	const folder = String(body['prefix'] ?? '').replace(/^\/+|\/+$/g, '');
	const prefix = folder === '' ? '' : `${folder}/`;
	const search = String(body['search'] ?? '');
	const { column, descending } = sortOf(body['sortBy']);
	const rows = await context.database.as(
		await call.caller(),
		'storage.object.list',
		(sql) => sql`
			with inside as (
				select o.*, substr(o.name, ${prefix.length + 1}) as rest from storage.objects o
				where o.bucket_id = ${bucket} and starts_with(o.name, ${prefix + search})
			), entries as (
				select distinct split_part(rest, '/', 1) as name, null::uuid as id, null::timestamptz as updated_at,
					null::timestamptz as created_at, null::timestamptz as last_accessed_at, null::jsonb as metadata
				from inside where position('/' in rest) > 0
				union all
				select rest, id, updated_at, created_at, last_accessed_at, metadata
				from inside where position('/' in rest) = 0
			)
			select * from entries
			order by id is not null, ${sql(column)} ${descending ? sql`desc` : sql`asc`}, name
			limit ${Math.min(Number(body['limit'] ?? 100), MAX_NAMES)} offset ${Number(body['offset'] ?? 0)}`,
	);
	sendJson(call.response, 200, rows);
}

/** POST /object/list-v2/<bucket>: names below a prefix in byte order, page by page. */
export async function listPrefix(
	context: StorageContext,
	call: StorageRequest,
	bucket: string,
): Promise<void> {
	const body = await readObject(call.request);
	await findBucket(context, bucket);
	const prefix = String(body['prefix'] ?? '');
	const limit = Math.min(Math.max(1, Number(body['limit'] ?? MAX_NAMES)), MAX_NAMES);
	const cursor = body['cursor'];
	const after = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString('utf8') : '';
	const folded = body['with_delimiter'] === true;
	const rows = await context.database.as(
		await call.caller(),
		'storage.object.list_v2',
		(sql) => sql<{ key: string; is_folder: boolean; [column: string]: unknown }[]>`
			with inside as (
				select *, substr(name, ${prefix.length + 1}) as rest from storage.objects
				where bucket_id = ${bucket} and starts_with(name, ${prefix})
			), entries as (
				select distinct ${prefix} || split_part(rest, '/', 1) || '/' as key, true as is_folder,
					null::uuid as id, null::timestamptz as updated_at, null::timestamptz as created_at,
					null::timestamptz as last_accessed_at, null::jsonb as metadata
				from inside where ${folded}::boolean and position('/' in rest) > 0
				union all
				select name, false, id, updated_at, created_at, last_accessed_at, metadata
				from inside where not (${folded}::boolean and position('/' in rest) > 0)
			)
			select * from entries where key collate "C" > ${after} order by key collate "C" limit ${limit + 1}`,
	);
	const page = rows.slice(0, limit);
	const hasNext = rows.length > limit;
	const last = page.at(-1)?.key ?? '';
	sendJson(call.response, 200, {
		hasNext,
		...(hasNext ? { nextCursor: Buffer.from(last).toString('base64url') } : {}),
		folders: page.filter((row) => row.is_folder).map((row) => ({ name: row.key, key: row.key })),
		objects: page
			.filter((row) => !row.is_folder)
			.map(({ is_folder: _folder, key, ...row }) => ({ name: key, key, ...row })),
	});
}

/** DELETE of the named objects the caller may delete; answers the rows that went. */
export async function deleteObjects(
	context: StorageContext,
	call: StorageRequest,
	bucket: string,
	names: readonly string[],
): Promise<Record<string, unknown>[]> {
	if (names.length > MAX_NAMES) {
		throw storageErrors.invalidParameter(`prefixes must NOT have more than ${MAX_NAMES} items`);
	}
	await findBucket(context, bucket);
	const rows = await context.database.as(
		await call.caller(),
		'storage.object.delete_many',
		(sql) => sql<{ version: string | null }[]>`
			delete from storage.objects where bucket_id = ${bucket} and name = any(${[...names]}) returning *`,
	);
	for (const { version } of rows) await context.bytes.remove(version);
	return rows;
}
