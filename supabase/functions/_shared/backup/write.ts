// Takes a backup: one moment of the source's rows, with all that is needed to restore them, as objects of a folder. The
// manifest comes last and is read back; a folder without one is no backup.
import type { KeptTable, LeftObject } from '../contract/backup.ts';
import type { Endpoint } from '../contract/endpoint.ts';
import { keepUsers } from '../components/auth-users/backup.ts';
import { keepRows, keepSequences } from '../components/data/backup.ts';
import { readMaterializedViews } from '../components/views/refresh.ts';
import {
	BACKUP_FORMAT,
	BACKUP_VERSION,
	KEPT_COMPONENTS,
	MANIFEST_NAME,
	manifestSchema,
	type BackupTable,
	type Manifest,
} from '../domain/backup.ts';
import { COMPONENT_KEYS } from '../domain/component.ts';
import { isPassing, TwinsError } from '../domain/errors.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { literal, type Session } from '../platform/postgres/index.ts';
import { readFacts } from '../schema/read.ts';
import { createBackupObjects, safeName, type BackupObjects } from './objects.ts';
import { createPartWriter } from './part-writer.ts';
import { restoreScript } from './restore-script.ts';
import { schemaScript } from './schema-script.ts';

/** Uncompressed size of a part: two of them are in memory at a time, compressed. */
const PART_BYTES = 16 * 1024 * 1024;

export interface BackupRequest {
	readonly source: Endpoint;
	readonly store: ObjectStore;
	/** Where the backup goes, below the prefix of the store; no slash at its ends. Must not exist. */
	readonly folder: string;
	/** Patterns of tables whose rows are not kept. */
	readonly ignoreRules: readonly string[];
	readonly signal: AbortSignal;
	/** Called before each table, with how many are done. */
	readonly onTable?: (object: string, done: number, total: number) => void;
	/** Lower in tests. */
	readonly partBytes?: number;
}

/**
 * Writes the backup and returns its manifest. Throws TwinsError when it could not be completed; what was written of it is
 * removed then, or the error says that it could not be.
 */
export async function writeBackup(request: BackupRequest): Promise<Manifest> {
	try {
		return await write(request);
	} catch (error) {
		await removeBackup(request.store, request.folder).catch((reason: unknown) => {
			throw leftBehind(error, reason, request.folder);
		});
		throw error;
	}
}

function leftBehind(error: unknown, reason: unknown, folder: string): TwinsError {
	const said = (thrown: unknown): string =>
		thrown instanceof Error ? thrown.message : String(thrown);
	return new TwinsError(
		error instanceof TwinsError ? error.code : 'internal',
		`${said(error)}. What was written of the backup could not be removed: ${said(reason)}`,
		`Remove the folder ${folder} by hand: it has no ${MANIFEST_NAME} and is no backup.`,
	);
}

/** Removes all objects of a backup, its manifest first: what is left of a removal that fails is no backup. */
export async function removeBackup(store: ObjectStore, folder: string): Promise<void> {
	const names = (await store.list(`${folder}/`)).map(({ name }) => name);
	const manifest = names.filter((name) => name === `${folder}/${MANIFEST_NAME}`);
	if (manifest.length > 0) await store.remove(manifest);
	await store.remove(names.filter((name) => !manifest.includes(name)));
}

async function write(request: BackupRequest): Promise<Manifest> {
	const { source, store, folder, ignoreRules } = request;
	const objects = createBackupObjects(store, folder);
	// Two: the first one's transaction holds the moment.
	const rows = await source.connect();
	const catalog = await source.database();
	const kept = await keepRows(rows, ignoreRules);
	const tables = [...(await keepUsers(rows)), ...kept.tables];
	// The locks on the tables keep their structure as it is meanwhile.
	const script = schemaScript(await readFacts(catalog));
	await objects.putText('schema.sql', script.before);
	const left = [
		...kept.left,
		...script.left.map(({ fact, why, outcome }): LeftObject => ({
			object: fact.object,
			outcome: outcome === undefined ? 'failed' : 'skipped',
			detail: why,
		})),
	];
	const written: BackupTable[] = [];
	for (const [done, table] of tables.entries()) {
		request.signal.throwIfAborted();
		request.onTable?.(table.object, done, tables.length);
		const partBytes = request.partBytes ?? PART_BYTES;
		const result = await writeTable(table, done + 1, objects, partBytes, kept.recover);
		if ('outcome' in result) left.push(result);
		else written.push(result);
	}
	const sequences = await keepSequences(catalog, ignoreRules);
	left.push(...sequences.left);
	await rows.query('commit');
	const settings = sequences.positions.map(
		({ sequence, last, called }) =>
			`select pg_catalog.setval(${literal(sequence)}::regclass, ${last}, ${called});\n`,
	);
	await objects.putText(
		'after-rows.sql',
		[script.after, ...settings, await refreshes(catalog)].join('\n'),
	);
	const loaded = written.filter(({ parts }) => parts.length > 0);
	await objects.putText('restore.sh', restoreScript(loaded, folderOf));
	const sums = objects.written().map(({ name, sha256 }) => `${sha256}  ${name}\n`);
	await objects.putText('SHA256SUMS', sums.join(''));
	const manifest: Manifest = {
		format: BACKUP_FORMAT,
		version: BACKUP_VERSION,
		source: { name: source.ref, server_version: catalog.serverVersion },
		taken_at: kept.takenAt,
		finished_at: new Date().toISOString(),
		components: [...KEPT_COMPONENTS],
		left_out: COMPONENT_KEYS.filter((key) => !KEPT_COMPONENTS.some((known) => known === key)),
		problems: left,
		tables: written,
		objects: objects.written(),
	};
	await putManifest(store, folder, manifest);
	return manifest;
}

const folderOf = ({ parts }: BackupTable): string => parts[0]?.replace(/\/[^/]*$/, '') ?? '';

/** Trouble with the table alone is reported, and the others are still kept. */
async function writeTable(
	table: KeptTable,
	number: number,
	objects: BackupObjects,
	partBytes: number,
	recover: () => Promise<void>,
): Promise<BackupTable | LeftObject> {
	const folder = `rows/${number}.${safeName(table.object)}`;
	const parts: string[] = [];
	let isStoreAtFault = false;
	const writer = createPartWriter(partBytes, async (part) => {
		const name = `${folder}/${String(parts.length + 1).padStart(6, '0')}.copy.gz`;
		parts.push(name);
		await objects.put(name, part).catch((error: unknown) => {
			isStoreAtFault = true;
			throw error;
		});
	});
	try {
		const rows = await table.copy((bytes) => writer.write(bytes));
		await writer.end();
		return { table: table.table, columns: [...table.columns], rows, parts };
	} catch (error) {
		// A part on its way would arrive after all are removed.
		await writer.end().catch(() => undefined);
		if (isStoreAtFault || !(error instanceof TwinsError) || isPassing(error)) throw error;
		await recover();
		await objects.remove(parts);
		return { object: table.object, outcome: 'failed', detail: error.message };
	}
}

/** Materialized views that hold something on the source: what they read is in place by then. */
async function refreshes(catalog: Session): Promise<string> {
	const views = await readMaterializedViews(catalog);
	return views
		.filter(({ populated }) => populated)
		.map(({ name }) => `refresh materialized view ${name};\n`)
		.join('');
}

async function putManifest(store: ObjectStore, folder: string, manifest: Manifest): Promise<void> {
	const name = `${folder}/${MANIFEST_NAME}`;
	const text = `${JSON.stringify(manifestSchema.parse(manifest), undefined, '\t')}\n`;
	await store.put(name, new TextEncoder().encode(text));
	if (new TextDecoder().decode(await store.get(name)) === text) return;
	throw new TwinsError(
		'storage_refused',
		`The store gives back another ${MANIFEST_NAME} than was written`,
		'Take the backup again; if it happens again, use another store.',
	);
}
