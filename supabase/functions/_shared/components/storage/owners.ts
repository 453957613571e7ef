// What an upload loses, restored by SQL afterwards: id, owner and dates of files, owner and dates of buckets. Policies
// look at the owner, tables of the application at the id. Only these columns are written, and with triggers at rest:
// the platform's own would set the date of change to now.
import type { Item } from '../../contract/report.ts';
import { TwinsError } from '../../domain/errors.ts';
import { ident, literal } from '../../platform/postgres/index.ts';
import type { StorageEndpoint, StorageEndpoints } from './endpoints.ts';
import { COLUMNS_OF } from './queries.ts';

/** Compared, and restored where they differ. */
const COMPARED = {
	objects: ['id', 'owner', 'owner_id', 'created_at'],
	buckets: ['owner', 'owner_id'],
} as const;
/** Restored along with those; of no account by themselves, because reading a file may change them. */
const ALONG = {
	objects: ['updated_at', 'last_accessed_at'],
	buckets: ['created_at', 'updated_at'],
} as const;
type Table = keyof typeof COMPARED;

/** Columns of a table that both endpoints have. */
export interface OwnerColumns {
	readonly compared: readonly string[];
	readonly along: readonly string[];
}

export async function readOwnerColumns(
	endpoints: StorageEndpoints,
	table: Table,
): Promise<OwnerColumns> {
	const columnsOf = async (endpoint: StorageEndpoint): Promise<Set<string>> =>
		new Set((await endpoint.query(COLUMNS_OF, [table])).map(({ name }) => String(name)));
	const [theirs, ours] = [await columnsOf(endpoints.source), await columnsOf(endpoints.target)];
	const shared = (names: readonly string[]): string[] =>
		names.filter((name) => theirs.has(name) && ours.has(name));
	return { compared: shared(COMPARED[table]), along: shared(ALONG[table]) };
}

/** Expression over a row `o`: its owner and what else is compared, as text that is the same on both endpoints. */
const ownerState = ({ compared }: OwnerColumns): string =>
	`pg_catalog.jsonb_build_array(${compared.map((name) => `o.${ident(name)}`).join(', ')})::pg_catalog.text`;

/** One hash over the owners of a bucket's files with names after $2 up to $3. */
export const ownersChecksum = (columns: OwnerColumns): string => `
	select coalesce(pg_catalog.md5(pg_catalog.string_agg(o.name || ${ownerState(columns)}, ''
	  order by o.name collate "C")), '') as checksum
	from storage.objects o where o.bucket_id = $1 and o.name collate "C" > $2 and o.name collate "C" <= $3`;

/** Name and owner of each of a bucket's files with names after $2 up to $3. */
export const ownersOf = (columns: OwnerColumns): string => `
	select o.name, pg_catalog.md5(${ownerState(columns)}) as state
	from storage.objects o where o.bucket_id = $1 and o.name collate "C" > $2 and o.name collate "C" <= $3
	order by o.name collate "C"`;

const list = (prefix: string, names: readonly string[]): string =>
	names.map((name) => `${prefix}${ident(name)}`).join(', ');

const selected = ({ compared, along }: OwnerColumns, more: readonly string[]): string =>
	[...more, ...compared, ...along].map((name) => `o.${ident(name)}`).join(', ');

export interface Restored {
	/** Names of files that differed and do not any more. */
	readonly restored: readonly string[];
	/** Other files of the bucket that had the id of one of these, and have a new one now. */
	readonly released: readonly string[];
	readonly refusal?: TwinsError;
}

/**
 * Restores what the uploads of files lost. `names` are of files that both endpoints have. An id belongs to the file
 * that has it on the source: one that was moved there leaves its old copy a new id.
 */
export async function restoreFileOwners(
	endpoints: StorageEndpoints,
	bucket: string,
	names: readonly string[],
	columns: OwnerColumns,
): Promise<Restored> {
	if (names.length === 0 || columns.compared.length === 0) return { restored: [], released: [] };
	const [found] = await endpoints.source.query(
		`select pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)) as rows from (
			select ${selected(columns, ['name'])} from pg_catalog.jsonb_array_elements_text($2::pg_catalog.jsonb) as asked(name)
			join storage.objects o on o.bucket_id = $1 and o.name = asked.name) r`,
		[bucket, JSON.stringify(names)],
	);
	const params = [bucket, JSON.stringify(found?.['rows'] ?? [])];
	const given = `pg_catalog.jsonb_populate_recordset(null::storage.objects, $2::pg_catalog.jsonb) s`;
	const release = `update storage.objects o set id = pg_catalog.gen_random_uuid() from ${given}
		where o.id = s.id and (o.bucket_id, o.name) is distinct from ($1::pg_catalog.text, s.name)
		returning o.bucket_id, o.name`;
	const all = [...columns.compared, ...columns.along];
	const restore = `update storage.objects o set (${list('', all)}) = row(${list('s.', all)}) from ${given}
		where o.bucket_id = $1 and o.name = s.name
			and row(${list('o.', columns.compared)}) is distinct from row(${list('s.', columns.compared)})
		returning o.name`;
	try {
		return await atRest(endpoints.target, async () => {
			const released = columns.compared.includes('id')
				? await endpoints.target.query(release, params)
				: [];
			const restored = await endpoints.target.query(restore, params);
			return {
				restored: restored.map(({ name }) => String(name)),
				released: released
					.filter(({ bucket_id }) => bucket_id === bucket)
					.map(({ name }) => String(name)),
			};
		});
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing === true) throw error;
		return { restored: [], released: [], refusal: error };
	}
}

/** Restores a bucket's owner, with its dates; of a new one both. The item says so, where that is worth a word. */
export async function restoreBucketOwner(
	endpoints: StorageEndpoints,
	id: string,
	columns: OwnerColumns,
	isNew: boolean,
): Promise<Partial<Item> | undefined> {
	if (columns.compared.length === 0) return undefined;
	const [row] = await endpoints.source.query(
		`select pg_catalog.to_jsonb(r)::pg_catalog.text as row
    from (select ${selected(columns, ['id'])} from storage.buckets o where o.id = $1) r`,
		[id],
	);
	if (typeof row?.['row'] !== 'string') return undefined;
	const all = [...columns.compared, ...columns.along];
	const compared = isNew ? all : columns.compared;
	const statement = `update storage.buckets o set (${list('', all)}) = row(${list('s.', all)})
		from pg_catalog.jsonb_populate_record(null::storage.buckets, $1::pg_catalog.jsonb) s
		where o.id = s.id and row(${list('o.', compared)}) is distinct from row(${list('s.', compared)})
		returning o.id`;
	const json = row['row'];
	try {
		const changed = await atRest(endpoints.target, () => endpoints.target.query(statement, [json]));
		return changed.length > 0 && !isNew
			? { outcome: 'copied', detail: 'owner and dates' }
			: undefined;
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing === true) throw error;
		return {
			outcome: 'adapted',
			detail: `its owner and dates could not be restored: ${error.message}`,
			fix: 'Policies on storage.buckets that look at the owner will not find it.',
		};
	}
}

/** Owners of all buckets, by their id. */
export async function readBucketOwners(
	endpoint: StorageEndpoint,
	columns: OwnerColumns,
): Promise<ReadonlyMap<string, string>> {
	if (columns.compared.length === 0) return new Map();
	const rows = await endpoint.query(
		`select o.id, pg_catalog.md5(${ownerState(columns)}) as state from storage.buckets o`,
	);
	return new Map(rows.map(({ id, state }) => [String(id), String(state)]));
}

/** Runs statements in a transaction in which triggers rest. Nothing else may use the session meanwhile. */
async function atRest<T>(target: StorageEndpoint, work: () => Promise<T>): Promise<T> {
	await target.script(`begin; set local session_replication_role = ${literal('replica')}`);
	try {
		const result = await work();
		await target.script('commit');
		return result;
	} catch (error) {
		await target.script('rollback').catch(() => undefined);
		throw error;
	}
}
