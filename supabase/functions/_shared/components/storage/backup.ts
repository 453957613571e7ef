// What a backup keeps of Storage, and how a restore has it read: rows of buckets and files stand in two tables of the ledger's schema,
// so that the stage of a clone finds them with its own queries.
import * as z from 'zod/mini';
import { LEDGER_SCHEMA } from '../../contract/ledger.ts';
import { ident } from '../../platform/postgres/index.ts';
import { readSpecialBuckets } from './buckets.ts';
import type { StorageEndpoint } from './endpoints.ts';
import { storedFile, type StoredFile } from './file.ts';
import { BUCKET_ROWS, COLUMNS_OF, ROWS_AFTER, TOTALS } from './queries.ts';
import { PIECE_BYTES } from './resumable.ts';
import { openSource } from './transfer.ts';

export { PIECE_BYTES };

/** Under which a backup keeps the buckets. */
export const KEPT_STORAGE = 'storage';

const rowSchema = z.record(z.string(), z.unknown());
const TABLES = ['objects', 'buckets'] as const;

export const keptStorageSchema = z.object({
	/** Columns of the tables of the source, as far as they are kept. */
	columns: z.record(z.enum(TABLES), z.array(z.string())),
	buckets: z.array(rowSchema),
});
export type KeptStorage = z.infer<typeof keptStorageSchema>;

/** What is kept of a row, with the types of Storage's own tables. */
const COLUMNS: Readonly<Record<(typeof TABLES)[number], Readonly<Record<string, string>>>> = {
	objects: {
		...{ bucket_id: 'text', name: 'text', id: 'uuid', owner: 'uuid', owner_id: 'text' },
		...{ created_at: 'timestamptz', updated_at: 'timestamptz', last_accessed_at: 'timestamptz' },
		...{ metadata: 'jsonb', user_metadata: 'jsonb' },
	},
	buckets: {
		...{ id: 'text', name: 'text', owner: 'uuid', owner_id: 'text', public: 'bool', type: 'text' },
		...{ created_at: 'timestamptz', updated_at: 'timestamptz' },
		...{ file_size_limit: 'int8', allowed_mime_types: 'text[]' },
	},
};

/** Buckets, and the names of those that no API can read. */
export async function keepBuckets(
	endpoint: StorageEndpoint,
): Promise<KeptStorage & { readonly special: readonly string[] }> {
	const columnsOf = async (table: (typeof TABLES)[number]): Promise<string[]> =>
		(await endpoint.query(COLUMNS_OF, [table]))
			.map(({ name }) => String(name))
			.filter((name) => name in COLUMNS[table]);
	const rows = await endpoint.query(BUCKET_ROWS);
	return {
		columns: { objects: await columnsOf('objects'), buckets: await columnsOf('buckets') },
		buckets: rows.map(({ row }) => rowSchema.parse(JSON.parse(String(row)))),
		special: (await readSpecialBuckets(endpoint)).map(({ name, kind }) => `${kind} bucket ${name}`),
	};
}

export interface FoundFile {
	readonly bucket: string;
	readonly file: StoredFile;
	readonly row: Readonly<Record<string, unknown>>;
}

/** Files of all buckets, in the order of bucket and name, after one of them. */
export async function filesAfter(
	endpoint: StorageEndpoint,
	after: { readonly bucket: string; readonly name: string },
	limit: number,
): Promise<FoundFile[]> {
	const rows = await endpoint.query(ROWS_AFTER, [after.bucket, after.name, limit]);
	return rows.map((row) => ({
		bucket: String(row['bucket']),
		file: storedFile(row),
		row: rowSchema.parse(JSON.parse(String(row['row']))),
	}));
}

export async function countFiles(endpoint: StorageEndpoint): Promise<number> {
	const totals = await endpoint.query(TOTALS);
	return totals.reduce((sum, { files }) => sum + Number(files), 0);
}

/** A piece of a file, as a clone reads it. Throws `conflict` where it was replaced since it was listed. */
export async function readPiece(
	endpoint: StorageEndpoint,
	{ bucket, file }: FoundFile,
	offset: number,
): Promise<Uint8Array<ArrayBuffer>> {
	const size = file.size ?? 0;
	const range =
		size > PIECE_BYTES
			? { start: offset, end: Math.min(offset + PIECE_BYTES, size) - 1 }
			: undefined;
	const response = await openSource({ source: endpoint, target: endpoint }, bucket, file, range);
	return new Uint8Array(await response.arrayBuffer());
}

const tableOf = (table: (typeof TABLES)[number]): string =>
	`${ident(LEDGER_SCHEMA)}.${ident(`kept_${table}`)}`;

/** Makes the tables that stand for the source's. */
export function createKeptTables({ columns }: KeptStorage): string {
	const list = (table: (typeof TABLES)[number]): string =>
		columns[table]
			.flatMap((name) => {
				const type = COLUMNS[table][name];
				return type === undefined ? [] : [`${ident(name)} ${type}`];
			})
			.join(', ');
	return `create schema if not exists ${ident(LEDGER_SCHEMA)};
		create table if not exists ${tableOf('objects')} (${list('objects')}, parts jsonb not null, primary key (bucket_id, name));
		create table if not exists ${tableOf('buckets')} (${list('buckets')}, primary key (id));
		revoke all on ${tableOf('objects')}, ${tableOf('buckets')} from public, anon, authenticated, service_role`;
}

/** Takes rows of buckets: $1, a JSON array. */
export const ADD_BUCKETS = `
	insert into ${tableOf('buckets')}
	select * from pg_catalog.jsonb_populate_recordset(null::${tableOf('buckets')}, $1::pg_catalog.jsonb)
	on conflict do nothing`;

/** Takes one file: $1 its row with its parts, $2 whether these parts follow others. */
export const ADD_FILE = `
	insert into ${tableOf('objects')} as known
	select * from pg_catalog.jsonb_populate_record(null::${tableOf('objects')}, $1::pg_catalog.jsonb)
	on conflict (bucket_id, name) do update
	set parts = case when $2::pg_catalog.bool then known.parts || excluded.parts else excluded.parts end`;

/** Of bucket $1 the file $2 is not in the backup after all. */
export const DROP_FILE = `delete from ${tableOf('objects')} where bucket_id = $1 and name = $2`;

/** The parts of file $2 of bucket $1. */
export const FIND_PARTS = `
	select parts::pg_catalog.text as parts, (metadata ->> 'size')::pg_catalog.float8 as size
	from ${tableOf('objects')} where bucket_id = $1 and name = $2`;

/** A query of this component over the kept tables; only our own constant texts come here. */
export const overKeptTables = (text: string): string =>
	text
		.replaceAll(
			/\bstorage\.(objects|buckets|buckets_analytics|buckets_vectors)\b/g,
			`${LEDGER_SCHEMA}.kept_$1`,
		)
		.replaceAll(`'storage.' ||`, `'${LEDGER_SCHEMA}.kept_' ||`);
