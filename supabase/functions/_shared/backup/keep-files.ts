// Files of Storage in a backup: their bytes as they are, in parts of the size in which large files are uploaded, and lists that say
// which parts are which file. Each slice has a list and a folder of its own.
import {
	countFiles,
	filesAfter,
	type FoundFile,
	keepBuckets,
	KEPT_STORAGE,
	PIECE_BYTES,
	readPiece,
} from '../components/storage/backup.ts';
import { openStorageEndpoint, type StorageEndpoint } from '../components/storage/endpoints.ts';
import { isPassing, TwinsError } from '../domain/errors.ts';
import type { BackupObject, KeptFile } from '../domain/backup.ts';
import { documentName } from './documents.ts';
import { filesScript, scriptLine } from './restore-script.ts';
import type { FileCursor } from './rest-cursor.ts';
import type { RestRequest } from './rest-request.ts';

/** Listed at once; as many as a slice can keep. */
const PAGE = 100;
/** Of one slice: an object costs some milliseconds of CPU, a byte little. */
const SLICE_OBJECTS = 100;
/** At work at once: three pieces with what is made of them fit into the memory of a slice. */
const LANES = 3;

/** Where the next slice goes on, null at the end. */
export async function keepFiles(
	request: RestRequest,
	from: FileCursor | null,
): Promise<FileCursor | null> {
	const endpoint = await openStorageEndpoint(request.source);
	const { notes } = request;
	let at = from;
	if (at === null) {
		const { special, ...kept } = await keepBuckets(endpoint);
		await request.objects.putText(documentName(KEPT_STORAGE), JSON.stringify(kept));
		await request.objects.putText('restore-files.sh', filesScript(kept.buckets));
		notes.components.push('storage');
		const detail = 'the platform has no way to copy its content';
		notes.left.push(...special.map((object) => ({ object, outcome: 'skipped' as const, detail })));
		at = { bucket: '', name: '', offset: 0, state: '', done: 0, total: await countFiles(endpoint) };
	}
	const page = await filesAfter(endpoint, at, PAGE);
	if (page.length === 0) return null;
	const list = startList(request, endpoint);
	let index = 0;
	try {
		while (index < page.length && (index === 0 || !list.isFull())) {
			const batch = page.slice(index, index + LANES);
			const first = batch[0];
			if (first === undefined) break;
			const isLarge = batch.some(({ file }) => (file.size ?? 0) > PIECE_BYTES);
			const taken: FoundFile[] = isLarge ? [first] : batch;
			const begun: number = at.state === first.file.state ? at.offset : 0;
			const reached = await list.add(taken, begun);
			if (reached !== null) {
				at = { ...at, offset: reached, state: first.file.state };
				break;
			}
			const last = taken.at(-1) ?? first;
			index += taken.length;
			at = {
				...at,
				bucket: last.bucket,
				name: last.file.name,
				offset: 0,
				state: '',
				done: at.done + taken.length,
			};
			request.onFiles(at.done, Math.max(at.total, at.done));
		}
	} finally {
		await list.end();
	}
	return at;
}

/** The list of this slice. */
function startList(
	{ objects, notes, slice, signal, isFull }: RestRequest,
	endpoint: StorageEndpoint,
) {
	const base = `files/${String(slice).padStart(6, '0')}-${crypto.randomUUID().slice(0, 8)}`;
	const lines: { readonly file: KeptFile; readonly size: number | null }[] = [];
	let count = 0;
	const isListFull = (): boolean => count >= SLICE_OBJECTS || isFull();

	/** Null where the file cannot be read; then that is noted. */
	async function keepPiece(found: FoundFile, offset: number): Promise<BackupObject | null> {
		const bytes = await readPiece(endpoint, found, offset).catch((error: unknown) => {
			if (!isOfFile(error)) throw error;
			const object = `${found.bucket}/${found.file.name}`;
			notes.left.push({ object, outcome: 'failed', detail: error.message });
			return null;
		});
		if (bytes === null) return null;
		count += 1;
		return objects.putUnlisted(`${base}/${String(count).padStart(6, '0')}`, bytes);
	}

	/** From an offset on; the offset reached where the slice ended before the file, null at its end. */
	async function addOne(found: FoundFile, begun: number): Promise<number | null> {
		const { bucket, file, row } = found;
		const size = file.size ?? 0;
		const line: KeptFile = { bucket, name: file.name, offset: begun, row: { ...row }, parts: [] };
		let offset = begun;
		do {
			signal.throwIfAborted();
			if (offset > begun && isListFull()) {
				lines.push({ file: line, size: file.size });
				return offset;
			}
			if (size > 0 || file.size === null) {
				const part = await keepPiece(found, offset);
				if (part === null) {
					lines.push({ file: { ...line, offset: 0, row: null }, size: null });
					return null;
				}
				line.parts.push(part);
			}
			offset += PIECE_BYTES;
		} while (offset < size);
		lines.push({ file: line, size: file.size });
		return null;
	}

	return {
		isFull: isListFull,
		async add(files: readonly FoundFile[], begun: number): Promise<number | null> {
			const [first] = files;
			if (files.length === 1 && first) return addOne(first, begun);
			await Promise.all(files.map((found) => addOne(found, 0)));
			return null;
		},
		async end(): Promise<void> {
			if (lines.length === 0) return;
			const name = `${base}.jsonl`;
			await objects.putText(name, lines.map(({ file }) => `${JSON.stringify(file)}\n`).join(''));
			const forScript = lines.map(({ file, size }) => `${scriptLine(file, size)}\n`);
			await objects.putText(`${base}.tsv`, forScript.join(''));
			const parts = lines.flatMap(({ file }) => file.parts);
			notes.files.push({
				list: name,
				objects: parts.length,
				bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
			});
		},
	};
}

/** Trouble of one file: Storage refuses it, or it is not what was listed any more. */
const isOfFile = (error: unknown): error is TwinsError =>
	error instanceof TwinsError &&
	!isPassing(error) &&
	['unsupported', 'conflict', 'storage_refused'].includes(error.code);
