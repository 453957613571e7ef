// Rows of storage.objects: asking whether a caller may write one, writing it after its bytes, finding it.
import type { StoredBytes } from './bytes.ts';
import { SERVICE, type Caller } from './caller.ts';
import type { StorageContext } from './context.ts';
import type { Transaction } from './database.ts';
import { storageErrors } from './errors.ts';

export interface ObjectName {
	readonly bucket: string;
	readonly name: string;
}

export interface ObjectRow {
	readonly id: string;
	readonly name: string;
	readonly bucket_id: string;
	readonly version: string | null;
	readonly metadata: {
		readonly size?: number;
		readonly mimetype?: string;
		readonly cacheControl?: string;
		readonly eTag?: string;
	} | null;
	readonly user_metadata: unknown;
	readonly created_at: Date;
	readonly updated_at: Date;
}

export interface NewObject extends ObjectName {
	readonly version: string;
	readonly stored: StoredBytes;
	readonly mimetype: string;
	readonly cacheControl: string;
	readonly userMetadata: Record<string, unknown> | null;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function put(sql: Transaction, name: ObjectName, owner: string | null, upsert: boolean) {
	const ownerId = owner !== null && UUID.test(owner) ? owner : null;
	return upsert
		? sql`insert into storage.objects (bucket_id, name, owner, owner_id, version)
				values (${name.bucket}, ${name.name}, ${ownerId}, ${owner}, '1')
				on conflict (bucket_id, name) do update set version = excluded.version`
		: sql`insert into storage.objects (bucket_id, name, owner, owner_id, version)
				values (${name.bucket}, ${name.name}, ${ownerId}, ${owner}, '1')`;
}

/** Throws when the caller may not write this object, or it exists and is not to be replaced. */
export async function mayWrite(
	context: StorageContext,
	caller: Caller,
	name: ObjectName,
	upsert: boolean,
): Promise<void> {
	await context.database.rehearse(caller, 'storage.object.upload', (sql) =>
		put(sql, name, caller.owner, upsert),
	);
}

/** Writes the row of an object whose bytes are in place, and lets go of the bytes it replaces. */
export async function writeRow(
	context: StorageContext,
	caller: Caller,
	object: NewObject,
): Promise<string> {
	const metadata = {
		eTag: object.stored.eTag,
		size: object.stored.size,
		mimetype: object.mimetype,
		cacheControl: object.cacheControl,
		lastModified: new Date().toISOString(),
		contentLength: object.stored.size,
		httpStatusCode: 200,
	};
	const ownerId = caller.owner !== null && UUID.test(caller.owner) ? caller.owner : null;
	const [before, after] = await context.database.as(
		SERVICE,
		'storage.object.upload',
		async (sql) => {
			const old = await sql<{ version: string | null }[]>`select version from storage.objects
				where bucket_id = ${object.bucket} and name = ${object.name} for update`;
			const written = await sql<{ id: string }[]>`
				insert into storage.objects (bucket_id, name, owner, owner_id, version, metadata, user_metadata)
				values (${object.bucket}, ${object.name}, ${ownerId}, ${caller.owner}, ${object.version},
					${sql.json(metadata)},
					${object.userMetadata === null ? null : sql.json(object.userMetadata as never)})
				on conflict (bucket_id, name) do update set owner = excluded.owner, owner_id = excluded.owner_id,
					version = excluded.version, metadata = excluded.metadata,
					user_metadata = excluded.user_metadata
				returning id`;
			return [old[0], written[0]] as const;
		},
	);
	if (before && before.version !== object.version) await context.bytes.remove(before.version);
	return after?.id ?? '';
}

/** The object, where the caller may see it; throws Object not found. */
export async function findObject(
	context: StorageContext,
	caller: Caller,
	name: ObjectName,
): Promise<ObjectRow> {
	const [row] = await context.database.as(
		caller,
		'storage.object.get_authenticated',
		(sql) =>
			sql<
				ObjectRow[]
			>`select id, name, bucket_id, version, metadata, user_metadata, created_at, updated_at
				from storage.objects where bucket_id = ${name.bucket} and name = ${name.name}`,
	);
	if (!row) throw storageErrors.noSuchKey();
	return row;
}
