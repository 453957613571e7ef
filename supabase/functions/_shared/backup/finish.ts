// The end of a backup: what there is to do once rows are loaded, the script that restores it by hand, hashes, and the manifest, which
// is read back. What else is in the folder (of slices that were lost) is removed.
import { keepSequences } from '../components/data/backup.ts';
import { readMaterializedViews } from '../components/views/refresh.ts';
import type { LeftObject } from '../contract/backup.ts';
import type { Endpoint } from '../contract/endpoint.ts';
import {
	AFTER_ROWS_NAME,
	BACKUP_FORMAT,
	BACKUP_VERSION,
	MANIFEST_NAME,
	manifestSchema,
	SCHEMA_NAME,
	storedSchemaSchema,
	type BackupObject,
	type BackupTable,
	type Manifest,
	type StoredAfterRows,
} from '../domain/backup.ts';
import { COMPONENT_KEYS } from '../domain/component.ts';
import { TwinsError } from '../domain/errors.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { literal } from '../platform/postgres/index.ts';
import { sha256 } from '../platform/sha256.ts';
import type { BackupObjects } from './objects.ts';
import { filesOf } from './pages.ts';
import { restoreScript } from './restore-script.ts';
import { ALWAYS_KEPT, schemaAfter } from './schema-script.ts';
import { momentsOf, type SliceNotes } from './slice-notes.ts';

export interface FinishRequest {
	readonly source: Endpoint;
	readonly store: ObjectStore;
	readonly folder: string;
	readonly ignoreRules: readonly string[];
	/** Of this slice. */
	readonly objects: BackupObjects;
	/** Of all slices, this one's last. */
	readonly notes: readonly SliceNotes[];
}

export async function finishBackup(request: FinishRequest): Promise<Manifest> {
	const { source, store, folder, ignoreRules, objects, notes } = request;
	const catalog = await source.database();
	// Positions are read after the rows: none is behind them.
	const sequences = await keepSequences(catalog, ignoreRules);
	const views = await readMaterializedViews(catalog);
	const after: StoredAfterRows = {
		sequences: [...sequences.positions],
		refreshes: views.filter(({ populated }) => populated).map(({ name }) => name),
	};
	const stored = storedSchemaSchema.parse(
		JSON.parse(new TextDecoder().decode(await store.get(`${folder}/${SCHEMA_NAME}`))),
	);
	await objects.putText(AFTER_ROWS_NAME, JSON.stringify(after));
	await objects.putText('after-rows.sql', [schemaAfter(stored), ...statements(after)].join('\n'));
	const left = [...notes.flatMap((note) => note.left), ...sequences.left];
	const tables = joined(notes, left);
	const loaded = tables.filter(({ parts }) => parts.length > 0);
	await objects.putText('restore.sh', restoreScript(loaded, folderOf));
	const earlier = notes.flatMap((note) => note.objects);
	const sums = whole(tables, [...earlier, ...objects.written()]).map(
		({ name, sha256 }) => `${sha256}  ${name}\n`,
	);
	await objects.putText('SHA256SUMS', sums.join(''));
	const kept = [...ALWAYS_KEPT, ...notes.flatMap((note) => note.components)];
	const files = notes.flatMap((note) => note.files);
	const manifest: Manifest = {
		format: BACKUP_FORMAT,
		version: BACKUP_VERSION,
		source: { name: source.ref, server_version: catalog.serverVersion },
		taken_at: notes[0]?.takenAt ?? '',
		moments: momentsOf(notes),
		finished_at: new Date().toISOString(),
		components: kept,
		left_out: COMPONENT_KEYS.filter((key) => !kept.includes(key)),
		problems: left,
		tables,
		objects: whole(tables, [...earlier, ...objects.written()]),
		files: {
			lists: files.map(({ list }) => list),
			objects: files.reduce((sum, list) => sum + list.objects, 0),
			bytes: files.reduce((sum, list) => sum + list.bytes, 0),
		},
	};
	await putManifest(store, folder, manifest);
	await removeOthers(store, folder, manifest);
	return manifest;
}

/** Of all that is in the backup, but the manifest. */
export const bytesOf = ({ objects, files }: Manifest): number =>
	objects.reduce((sum, { bytes }) => sum + bytes, files.bytes);

const folderOf = ({ parts }: BackupTable): string => parts[0]?.replace(/\/[^/]*$/, '') ?? '';

const statements = ({ sequences, refreshes }: StoredAfterRows): string[] => [
	...sequences.map(
		({ sequence, last, called }) =>
			`select pg_catalog.setval(${literal(sequence)}::regclass, ${last}, ${called});\n`,
	),
	...refreshes.map((name) => `refresh materialized view ${name};\n`),
];

/** Tables with what all slices read of them, without those of which a part could not be read. */
function joined(notes: readonly SliceNotes[], left: readonly LeftObject[]): BackupTable[] {
	const failed = new Set(
		left.flatMap(({ object, outcome }) => (outcome === 'failed' ? object : [])),
	);
	const pieces = Map.groupBy(
		notes.flatMap((note) => note.tables),
		({ table }) => table,
	);
	return [...pieces.values()].flatMap((list) => {
		const [first] = list;
		if (first === undefined || failed.has(first.table) || failed.has(objectOf(first))) return [];
		return {
			table: first.table,
			columns: first.columns,
			rows: list.reduce((sum, piece) => sum + piece.rows, 0),
			parts: list.flatMap(({ parts }) => parts),
			moments: [...new Set(list.flatMap(({ moments }) => moments))],
		};
	});
}

/** Only tables that are read in several slices can have failed after a part was read. */
const objectOf = ({ table }: BackupTable): string =>
	table.replaceAll(/"((?:[^"]|"")*)"/g, (_, name: string) => name.replaceAll('""', '"'));

/** Objects in the order of their names, without parts of tables that are not in the backup. */
function whole(tables: readonly BackupTable[], all: readonly BackupObject[]): BackupObject[] {
	const parts = new Set(tables.flatMap((table) => table.parts));
	return all
		.filter(({ name }) => !name.startsWith('rows/') || parts.has(name))
		.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Removes parts of slices that were lost, and the notes of all. */
export async function removeOthers(
	store: ObjectStore,
	folder: string,
	{ objects, files }: Manifest,
): Promise<void> {
	const known = new Set(
		[...objects.map(({ name }) => name), MANIFEST_NAME].map((name) => `${folder}/${name}`),
	);
	const listed = files.lists.map((list) => `${folder}/${filesOf(list)}`);
	const others = (await store.list(`${folder}/`)).filter(
		({ name }) => !known.has(name) && !listed.some((start) => name.startsWith(start)),
	);
	if (others.length > 0) await store.remove(others.map(({ name }) => name));
}

/** The manifest as it is written. */
const textOf = (manifest: Manifest): string =>
	`${JSON.stringify(manifestSchema.parse(manifest), undefined, '\t')}\n`;

export const manifestHash = (manifest: Manifest): Promise<string> =>
	sha256(new TextEncoder().encode(textOf(manifest)));

async function putManifest(store: ObjectStore, folder: string, manifest: Manifest): Promise<void> {
	const name = `${folder}/${MANIFEST_NAME}`;
	const text = textOf(manifest);
	await store.put(name, new TextEncoder().encode(text));
	if (new TextDecoder().decode(await store.get(name)) === text) return;
	throw new TwinsError(
		'storage_refused',
		`The store gives back another ${MANIFEST_NAME} than was written`,
		'Take the backup again; if it happens again, use another store.',
	);
}
