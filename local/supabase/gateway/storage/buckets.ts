// Routes below /bucket: list, read, create, change, empty, delete.
import { sendJson } from '../http.ts';
import { SERVICE } from './caller.ts';
import { readObject, type StorageContext, type StorageRequest } from './context.ts';
import type { Transaction } from './database.ts';
import { StorageError, storageErrors } from './errors.ts';
import { mustBeBucketName, parseSizeLimit } from './names.ts';
import { readSettings } from './settings.ts';

export interface BucketRow {
	readonly id: string;
	readonly public: boolean;
	readonly file_size_limit: number | null;
	readonly allowed_mime_types: string[] | null;
}

/** Buckets as the API shows them; bigint and timestamps as JSON. */
const SHOWN = `id, name, owner::text as owner, public, type::text as type, file_size_limit::float8 as file_size_limit,
	allowed_mime_types, created_at, updated_at`;

/** The bucket, whoever asks; throws Bucket not found. */
export async function findBucket(context: StorageContext, id: string): Promise<BucketRow> {
	const [bucket] = await context.database.as(
		SERVICE,
		'storage.bucket.get',
		(sql) =>
			sql<
				BucketRow[]
			>`select id, public, file_size_limit::float8 as file_size_limit, allowed_mime_types
				from storage.buckets where id = ${id}`,
	);
	if (!bucket) throw storageErrors.noSuchBucket();
	return bucket;
}

/** The largest file a bucket takes, in bytes. */
export async function sizeLimit(context: StorageContext, bucket: BucketRow): Promise<number> {
	const { fileSizeLimit } = await readSettings(context.project);
	return Math.min(fileSizeLimit, bucket.file_size_limit ?? fileSizeLimit);
}

interface BucketChange {
	public: boolean | null;
	/** undefined: leave as it is. */
	file_size_limit: number | null | undefined;
	allowed_mime_types: string[] | null | undefined;
}

async function readChange(
	context: StorageContext,
	body: Readonly<Record<string, unknown>>,
): Promise<BucketChange> {
	const limit =
		body['file_size_limit'] === undefined ? undefined : parseSizeLimit(body['file_size_limit']);
	const { fileSizeLimit } = await readSettings(context.project);
	if (typeof limit === 'number' && limit > fileSizeLimit) throw storageErrors.tooLarge();
	const types = body['allowed_mime_types'];
	return {
		public: typeof body['public'] === 'boolean' ? body['public'] : null,
		file_size_limit: limit,
		allowed_mime_types:
			types === undefined ? undefined : Array.isArray(types) ? types.map(String) : null,
	};
}

async function createBucket(context: StorageContext, call: StorageRequest): Promise<void> {
	const body = await readObject(call.request);
	const id = mustBeBucketName(String(body['id'] ?? body['name'] ?? ''));
	const name = mustBeBucketName(String(body['name'] ?? id));
	const type = body['type'] ?? 'STANDARD';
	if (type !== 'STANDARD') throw storageErrors.unsupported(`bucket type ${String(type)}`);
	const change = await readChange(context, body);
	const caller = await call.caller();
	try {
		await context.database.as(
			caller,
			'storage.bucket.create',
			(sql) =>
				sql`insert into storage.buckets (id, name, owner_id, public, file_size_limit, allowed_mime_types)
					values (${id}, ${name}, ${caller.owner}, ${change.public ?? false},
						${change.file_size_limit ?? null}, ${change.allowed_mime_types ?? null})`,
		);
	} catch (error) {
		const taken = error instanceof StorageError && error.code === 'KeyAlreadyExists';
		throw taken ? storageErrors.bucketExists() : error;
	}
	sendJson(call.response, 200, { name: id });
}

async function updateBucket(context: StorageContext, call: StorageRequest, id: string) {
	const change = await readChange(context, await readObject(call.request));
	const updated = await context.database.as(
		await call.caller(),
		'storage.bucket.update',
		(sql) => sql`
			update storage.buckets set
				public = coalesce(${change.public}::boolean, public),
				file_size_limit = case when ${change.file_size_limit === undefined}::boolean
					then file_size_limit else ${change.file_size_limit ?? null}::bigint end,
				allowed_mime_types = case when ${change.allowed_mime_types === undefined}::boolean
					then allowed_mime_types else ${change.allowed_mime_types ?? null}::text[] end,
				updated_at = now()
			where id = ${id} returning id`,
	);
	if (updated.length === 0) throw storageErrors.noSuchBucket();
	sendJson(call.response, 200, { message: 'Successfully updated' });
}

async function deleteBucket(context: StorageContext, call: StorageRequest, id: string) {
	await findBucket(context, id);
	const [filled] = await context.database.as(
		SERVICE,
		'storage.bucket.delete',
		(sql) => sql`select from storage.objects where bucket_id = ${id} limit 1`,
	);
	if (filled) throw storageErrors.bucketNotEmpty();
	const deleted = await context.database.as(
		await call.caller(),
		'storage.bucket.delete',
		(sql) => sql`delete from storage.buckets where id = ${id} returning id`,
	);
	if (deleted.length === 0) throw storageErrors.noSuchBucket();
	sendJson(call.response, 200, { message: 'Successfully deleted' });
}

async function emptyBucket(context: StorageContext, call: StorageRequest, id: string) {
	await findBucket(context, id);
	const deleted = await context.database.as(
		await call.caller(),
		'storage.bucket.empty',
		(sql) =>
			sql<{ version: string | null }[]>`
				delete from storage.objects where bucket_id = ${id} returning version`,
	);
	for (const { version } of deleted) await context.bytes.remove(version);
	sendJson(call.response, 200, { message: 'Successfully emptied' });
}

function listed(sql: Transaction, query: URLSearchParams) {
	const limit = Number(query.get('limit') ?? 1000);
	const offset = Number(query.get('offset') ?? 0);
	const search = `%${query.get('search') ?? ''}%`;
	return sql`select ${sql.unsafe(SHOWN)} from storage.buckets
		where name ilike ${search} order by name limit ${limit} offset ${offset}`;
}

/** Answers a request below /bucket. `segments` starts with `bucket`. */
export async function bucketRoutes(context: StorageContext, call: StorageRequest): Promise<void> {
	const [, id, action] = call.segments;
	const route = `${call.method} ${id === undefined ? '' : ':id'}${action ? `/${action}` : ''}`;
	switch (route) {
		case 'GET ': {
			const rows = await context.database.as(await call.caller(), 'storage.bucket.list', (sql) =>
				listed(sql, call.query),
			);
			return sendJson(call.response, 200, rows);
		}
		case 'POST ':
			return createBucket(context, call);
	}
	if (id !== undefined) {
		switch (route) {
			case 'GET :id': {
				const [row] = await context.database.as(
					await call.caller(),
					'storage.bucket.get',
					(sql) => sql`select ${sql.unsafe(SHOWN)} from storage.buckets where id = ${id}`,
				);
				if (!row) throw storageErrors.noSuchBucket();
				return sendJson(call.response, 200, row);
			}
			case 'PUT :id':
				return updateBucket(context, call, id);
			case 'DELETE :id':
				return deleteBucket(context, call, id);
			case 'POST :id/empty':
				return emptyBucket(context, call, id);
		}
	}
	throw storageErrors.unsupported(`${call.method} /${call.segments.join('/')}`);
}
