// Takes a backup, in slices: the rows of the source with all that is needed to restore them, as objects of a folder. Rows that one
// slice reads are of one moment. The manifest comes last and is read back; a folder without one is no backup.
import type { KeptTable, LeftObject } from '../contract/backup.ts';
import type { MoreToDo } from '../contract/component.ts';
import type { Endpoint } from '../contract/endpoint.ts';
import type { Progress } from '../contract/report.ts';
import { keepUsers } from '../components/auth-users/backup.ts';
import { keepRows } from '../components/data/backup.ts';
import { isYoung } from '../components/data/snapshot.ts';
import { MANIFEST_NAME, type Manifest, SCHEMA_NAME } from '../domain/backup.ts';
import { isPassing, TwinsError } from '../domain/errors.ts';
import type { CopyPlace } from '../platform/copy-pieces.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { readFacts } from '../schema/read.ts';
import { bytesOf, finishBackup, removeOthers } from './finish.ts';
import { keepRest } from './keep-rest.ts';
import { createBackupObjects, safeName, type BackupObjects } from './objects.ts';
import { createPartWriter } from './part-writer.ts';
import type { RestCursor } from './rest-cursor.ts';
import { schemaAfter, schemaBefore, schemaScript } from './schema-script.ts';
import { makeSeal, type Seal, sealNotes } from './seal.ts';
import {
	cursorSchema,
	type Finished,
	momentsOf,
	notesName,
	readNotes,
	type SliceNotes,
	type WriteCursor,
} from './slice-notes.ts';

/** Uncompressed size of a part: two of them are in memory at a time, compressed. */
const PART_BYTES = 8 * 1024 * 1024;

/** What is left of a slice that has read a schema of more facts is too little to read rows as well. */
const LARGE_SCHEMA_FACTS = 3000;

export interface BackupRequest {
	readonly source: Endpoint;
	readonly store: ObjectStore;
	/** Where the backup goes, below the prefix of the store; no slash at its ends. */
	readonly folder: string;
	/** Of age: for whom it is encrypted. */
	readonly recipient?: string | null;
	/** Patterns of tables whose rows are not kept. */
	readonly ignoreRules: readonly string[];
	readonly signal: AbortSignal;
	/** Called before each table, with how many are done. */
	readonly onTable?: (object: string, done: number, total: number) => void;
	readonly onProgress?: (progress: Progress) => void;
	/** Lower in tests. */
	readonly partBytes?: number;
}

/** How much one slice does. */
export interface SliceLimits {
	/** Text of rows that are read; a table larger than what is left of it is read in pieces. */
	readonly bytes: number;
	spent(): boolean;
}

const NO_LIMITS: SliceLimits = { bytes: Number.POSITIVE_INFINITY, spent: () => false };

/**
 * Writes the backup in one process, its rows of one moment, and returns its manifest. Throws TwinsError when it could not be completed;
 * what was written of it is removed then, or the error says that it could not be.
 */
export async function writeBackup(request: BackupRequest): Promise<Manifest> {
	try {
		let manifest: Manifest | undefined;
		for (let cursor: unknown = null; ;) {
			const written = await writeSlice(request, cursor, NO_LIMITS);
			if (written.state === 'done') {
				if (manifest) return manifest;
				throw new Error('a backup that is complete has a manifest');
			}
			manifest = written.manifest;
			cursor = written.cursor;
		}
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

/**
 * Writes a slice of the backup. Repeated with the same cursor it writes objects of other names; those of the slice that was
 * lost are removed when the backup is complete.
 */
export async function writeSlice(
	request: BackupRequest,
	cursor: unknown,
	limits: SliceLimits,
): Promise<Written> {
	const { store, folder } = request;
	const from: WriteCursor | null = cursor === null ? null : cursorSchema.parse(cursor);
	if (from?.finished) {
		await removeOthers(store, folder);
		return { state: 'done', ...from.finished };
	}
	const { recipient = null } = request;
	const seal = from ? (from.seal ?? null) : recipient === null ? null : await makeSeal(recipient);
	const notes = await readNotes(store, folder, from?.notes ?? [], seal);
	const objects = createBackupObjects(store, folder, seal, notes.length + 1);
	const now = startNotes(new Date().toISOString());
	const work: Work = { request, objects, notes, now, limits, from, seal };
	return from?.rest === undefined ? writeRows(work) : writeRest(work, from.rest);
}

interface Work {
	readonly request: BackupRequest;
	readonly objects: BackupObjects;
	/** Of earlier slices, and of this one. */
	readonly notes: readonly SliceNotes[];
	readonly now: SliceNotes;
	readonly limits: SliceLimits;
	readonly from: WriteCursor | null;
	readonly seal: Seal | null;
}

/** With its manifest from the slice that has written it. */
type Written =
	(MoreToDo & { readonly manifest?: Manifest }) | ({ readonly state: 'done' } & Finished);

const startNotes = (takenAt: string): SliceNotes => ({
	takenAt,
	// Only slices that read rows have a moment.
	isContinued: true,
	...{ tables: [], left: [], components: [], files: [], objects: [], index: null },
});

const reachedBy = ({ objects, now, from }: Work): Pick<WriteCursor, 'rows' | 'bytes'> => ({
	rows: (from?.rows ?? 0) + now.tables.reduce((sum, table) => sum + table.rows, 0),
	bytes: (from?.bytes ?? 0) + objects.bytes(),
});

/** Stores the notes of the slice; where the next one goes on. */
async function storeNotes(
	work: Work,
	at: Pick<WriteCursor, 'done' | 'place' | 'rest'>,
): Promise<WriteCursor> {
	const { objects, notes, now, from, seal } = work;
	const name = notesName(notes.length + 1);
	now.objects.push(...objects.written());
	now.index = await objects.endSlice();
	await putNote(work, name, JSON.stringify(now));
	return {
		...{ notes: [...(from?.notes ?? []), name], ...at, ...reachedBy(work) },
		...(seal && { seal }),
	};
}

async function putNote({ request, seal }: Work, name: string, text: string): Promise<void> {
	const body = await sealNotes(seal, new TextEncoder().encode(text));
	await request.store.put(`${request.folder}/${name}`, body);
}

/** Schema, users and rows, all at one moment. */
async function writeRows(work: Work): Promise<Written> {
	const { request, objects, notes, now, limits, from } = work;
	const { source, ignoreRules } = request;
	// Two: the first one's transaction holds the moment.
	const rows = await source.connect();
	const catalog = await source.database();
	const [earlier] = notes;
	const waiting = earlier === undefined ? null : new Set(earlier.order?.slice(from?.done ?? 0));
	const isWanted = (table: string): boolean => waiting?.has(table) ?? true;
	const kept = await keepRows(rows, ignoreRules, isWanted, from?.moment);
	const tables = [...(await keepUsers(rows)), ...kept.tables];
	now.takenAt = new Date(kept.moment.takenAt).toISOString();
	now.isContinued = kept.isContinued;
	if (earlier === undefined) now.order = tables.map(({ table }) => table);
	let isLargeSchema = false;
	if (earlier === undefined) {
		// The locks on the tables keep their structure as it is meanwhile.
		const facts = await readFacts(catalog);
		isLargeSchema = facts.byId.size > LARGE_SCHEMA_FACTS;
		const script = schemaScript(facts);
		await objects.putText('schema.sql', schemaBefore(script.stored));
		await objects.putText(SCHEMA_NAME, JSON.stringify(script.stored));
		// An encrypted schema.json could not be read again at the end.
		now.schemaAfter = notesName(0);
		await putNote(work, now.schemaAfter, schemaAfter(script.stored));
		now.left.push(...kept.left, ...script.left.map(leftOf));
	}
	const reading = startReading(request, kept.recover, objects, now, notes, limits);
	const order = earlier?.order ?? tables.map(({ table }) => table);
	const byName = new Map(tables.map((table) => [table.table, table]));
	let done = from?.done ?? 0;
	let place = from?.place ?? null;
	const pause = async (): Promise<MoreToDo> => {
		const next = await storeNotes(work, { done, place });
		request.onProgress?.({ done, total: order.length, rows: next.rows, bytes: next.bytes });
		if (!isYoung(kept.moment)) return { state: 'more', cursor: next };
		const cursor: WriteCursor = { ...next, moment: kept.moment };
		return { state: 'more', cursor, handOn: await kept.offer() };
	};
	if (isLargeSchema && limits !== NO_LIMITS) return pause();
	while (done < order.length) {
		request.signal.throwIfAborted();
		const table = byName.get(order[done] ?? '');
		request.onTable?.(table?.object ?? '', done, order.length);
		request.onProgress?.({ done, total: order.length, ...reachedBy(work) });
		if (table === undefined) now.left.push(goneMeanwhile(order[done] ?? '', kept.left));
		else place = await reading.read(table, done + 1, place);
		if (place === null) done += 1;
		if (done < order.length && (reading.isFull() || limits.spent())) return pause();
	}
	await rows.query('commit');
	if (reading.isFull() || limits.spent()) {
		const cursor = await storeNotes(work, { done, place: null, rest: null });
		return { state: 'more', cursor };
	}
	return writeRest(work, null, done);
}

/** What comes after the rows, and the manifest. */
async function writeRest(
	work: Work,
	from: RestCursor | null,
	tables = work.from?.done ?? 0,
): Promise<Written> {
	const { request, objects, notes, now, limits } = work;
	const { source, store, folder, ignoreRules, signal } = request;
	const before = objects.bytes();
	const rest = await keepRest(
		{
			...{ source, objects, signal, notes: now, slice: notes.length + 1 },
			isFull: () => objects.bytes() - before >= limits.bytes || limits.spent(),
			onFiles: (done, total) => {
				request.onTable?.('files of Storage', done, total);
				request.onProgress?.({ done: tables, total: tables, ...reachedBy(work) });
			},
		},
		from,
	);
	const reached = reachedBy(work);
	request.onProgress?.({ done: tables, total: tables, ...reached });
	if (rest !== null) {
		return { state: 'more', cursor: await storeNotes(work, { done: tables, place: null, rest }) };
	}
	const { manifest, manifestSha256 } = await finishBackup({
		...{ source, store, folder, ignoreRules, objects, seal: work.seal },
		notes: [...notes, now],
	});
	const bytes = bytesOf(manifest);
	request.onProgress?.({ done: tables, total: tables, rows: reached.rows, bytes });
	const { problems, moments, components } = manifest;
	const finished: Finished = {
		manifestSha256,
		problems: problems.filter(({ outcome }) => outcome === 'failed').length,
		moments: moments.length,
		components,
	};
	// Should this slice be lost, it can be repeated: what it was made from is removed by the next one.
	const cursor: WriteCursor = {
		...{ notes: [], done: tables, place: null, rest: null, rows: reached.rows, bytes, finished },
	};
	return { state: 'more', cursor, manifest };
}

const leftOf = ({
	fact,
	why,
	outcome,
}: {
	readonly fact: { readonly object: string };
	readonly why: string;
	readonly outcome?: string;
}): LeftObject => ({
	object: fact.object,
	outcome: outcome === undefined ? 'failed' : 'skipped',
	detail: why,
});

const goneMeanwhile = (table: string, left: readonly LeftObject[]): LeftObject => ({
	object: table,
	outcome: 'failed',
	detail:
		left.find(({ object, outcome }) => outcome === 'failed' && table.includes(object))?.detail ??
		'it was dropped or altered while the backup was taken',
});

/** Least that is read of a table at a time. */
const LEAST_PIECE = 1024 * 1024;

/** Reads tables into parts, and counts what the slice has read. */
function startReading(
	request: BackupRequest,
	recover: () => Promise<void>,
	objects: BackupObjects,
	now: SliceNotes,
	earlier: readonly SliceNotes[],
	limits: SliceLimits,
) {
	let read = 0;
	const moment = momentsOf([...earlier, now]).length - 1;
	/** Reads the table from a place on, as far as the slice goes; where to go on, null at its end. */
	async function readTable(
		table: KeptTable,
		number: number,
		from: CopyPlace | null,
	): Promise<CopyPlace | null> {
		const folder = `rows/${number}.${safeName(table.object)}`;
		const bytes = Math.max(limits.bytes - read, Math.min(LEAST_PIECE, limits.bytes));
		const parts: string[] = [];
		let isStoreAtFault = false;
		const writer = createPartWriter(request.partBytes ?? PART_BYTES, async (part) => {
			const name = `${folder}/${partName(earlier.length, parts.length)}`;
			parts.push(name);
			await objects.put(name, part).catch((error: unknown) => {
				isStoreAtFault = true;
				throw error;
			});
		});
		const counted = async (chunk: Uint8Array): Promise<void> => {
			read += chunk.length;
			await writer.write(chunk);
		};
		try {
			const { rows, next } = await table.copy(from, bytes, counted);
			await writer.end();
			const columns = [...table.columns];
			now.tables.push({ table: table.table, columns, rows, parts, moments: [moment] });
			return next;
		} catch (error) {
			// A part on its way would arrive after all are removed.
			await writer.end().catch(() => undefined);
			if (isStoreAtFault || !(error instanceof TwinsError) || isPassing(error)) throw error;
			await recover();
			await objects.remove(parts);
			now.left.push({ object: table.object, outcome: 'failed', detail: error.message });
			return null;
		}
	}
	return { read: readTable, isFull: () => read >= limits.bytes };
}

/** In the order of the rows; a slice that is repeated writes no part over one of before. */
const partName = (slice: number, index: number): string =>
	[slice + 1, index + 1].map((number) => String(number).padStart(6, '0')).join('-') +
	`-${crypto.randomUUID().slice(0, 4)}.copy.gz`;
