// The end of a backup: what there is to do once rows are loaded, the script that restores it by hand, hashes, and the manifest, which
// is read back. What else is in the folder (of slices that were lost) is removed by a slice of its own.
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
	SEALED_MANIFEST_NAME,
	type BackupObject,
	type BackupTable,
	type Envelope,
	envelopeSchema,
	type Manifest,
	type StoredAfterRows,
} from '../domain/backup.ts';
import { COMPONENT_KEYS } from '../domain/component.ts';
import { TwinsError } from '../domain/errors.ts';
import { encryptFor } from '../platform/age.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { literal } from '../platform/postgres/index.ts';
import { sha256 } from '../platform/sha256.ts';
import type { BackupObjects } from './objects.ts';
import { seeBackup } from './open.ts';
import { readPage } from './pages.ts';
import { restoreScript } from './restore-script.ts';
import { ALWAYS_KEPT } from './schema-script.ts';
import { DECRYPT_SCRIPT, openNotes, type Seal, type SealIndex } from './seal.ts';
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
	/** Of a backup that is encrypted. */
	readonly seal: Seal | null;
}

/** Writes the manifest; its text is the object manifest.json, whose hash is noted. */
export async function finishBackup(
	request: FinishRequest,
): Promise<{ readonly manifest: Manifest; readonly manifestSha256: string }> {
	const { source, store, folder, ignoreRules, objects, notes, seal } = request;
	const catalog = await source.database();
	// Positions are read after the rows: none is behind them.
	const sequences = await keepSequences(catalog, ignoreRules);
	const views = await readMaterializedViews(catalog);
	const after: StoredAfterRows = {
		sequences: [...sequences.positions],
		refreshes: views.filter(({ populated }) => populated).map(({ name }) => name),
	};
	const schemaAfter = await store.get(`${folder}/${notes[0]?.schemaAfter ?? ''}`);
	await objects.putText(AFTER_ROWS_NAME, JSON.stringify(after));
	const before = new TextDecoder().decode(await openNotes(seal, schemaAfter));
	await objects.putText('after-rows.sql', [before, ...statements(after)].join('\n'));
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
	const index = await objects.endSlice();
	const text =
		seal === null
			? textOf(manifestSchema.parse(manifest))
			: textOf(await sealManifest(request, seal, manifest, index));
	await putManifest(store, folder, text);
	return { manifest, manifestSha256: await sha256(new TextEncoder().encode(text)) };
}

/** Writes the manifest as a file of age, and what stands in its place for everybody. */
async function sealManifest(
	{ store, folder, notes }: FinishRequest,
	seal: Seal,
	manifest: Manifest,
	last: SealIndex | null,
): Promise<Envelope> {
	const put = async (name: string, body: Uint8Array<ArrayBuffer>): Promise<BackupObject> => {
		await store.put(`${folder}/${name}`, body);
		return { name, bytes: body.length, sha256: await sha256(body) };
	};
	const encoder = new TextEncoder();
	const text = textOf({ ...manifest, name_key: seal.nameKey });
	const indexes = [...notes.map(({ index }) => index), last].filter((index) => index !== null);
	return envelopeSchema.parse({
		...{ format: BACKUP_FORMAT, version: BACKUP_VERSION },
		encryption: { format: 'age', recipient: seal.recipient },
		...{ taken_at: manifest.taken_at, finished_at: manifest.finished_at },
		objects: [
			await put(SEALED_MANIFEST_NAME, await encryptFor(seal.recipient, encoder.encode(text))),
			await put('decrypt.sh', encoder.encode(DECRYPT_SCRIPT)),
			...indexes.flatMap(({ list, names }) => [list, names]),
		],
		indexes: indexes.map(({ list }) => list.name),
		sealed: {
			objects: indexes.reduce((sum, index) => sum + index.objects, 0),
			bytes: indexes.reduce((sum, index) => sum + index.bytes, 0),
		},
	});
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

/** Removes what slices have left that were lost, and the notes of all. */
export async function removeOthers(store: ObjectStore, folder: string): Promise<void> {
	const seen = await seeBackup({ store, folder });
	const known = new Set([MANIFEST_NAME]);
	for (let page = 0; ; page += 1) {
		const objects = await readPage(seen, page);
		if (objects === null) break;
		for (const { name } of objects) known.add(name);
	}
	const others = (await store.list(`${folder}/`)).filter(
		({ name }) => !known.has(name.slice(folder.length + 1)),
	);
	if (others.length > 0) await store.remove(others.map(({ name }) => name));
}

const textOf = (manifest: object): string => `${JSON.stringify(manifest, undefined, '\t')}\n`;

/** Last of all, and read back: a folder is a backup once it has it. */
async function putManifest(store: ObjectStore, folder: string, text: string): Promise<void> {
	const name = `${folder}/${MANIFEST_NAME}`;
	await store.put(name, new TextEncoder().encode(text));
	if (new TextDecoder().decode(await store.get(name)) === text) return;
	throw new TwinsError(
		'storage_refused',
		`The store gives back another ${MANIFEST_NAME} than was written`,
		'Take the backup again; if it happens again, use another store.',
	);
}
