// Reads a backup back in slices: sizes of all objects, and the contents of all or of some.
import * as z from 'zod/mini';
import type { BackupProof, Sliced, StoreContext } from '../contract/backup.ts';
import type { BackupObject } from '../domain/backup.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { sha256 } from '../platform/sha256.ts';
import { type SeenBackup, seeBackup } from './open.ts';
import { countObjects, readPage } from './pages.ts';

const cursorSchema = z.object({
	/** Of the manifest, or of one list of files. */
	page: z.int(),
	next: z.int(),
	/** Every n-th object is read, from this one on. */
	first: z.int(),
	/** Objects whose contents were compared. */
	read: z.int(),
	damaged: z.array(z.object({ name: z.string(), problem: z.string() })),
});

/** Objects with rows or bytes of files whose contents a sample compares, besides all others. */
const SAMPLED = 24;
/** As many names are enough to know that a backup is of no use. */
const MOST_DAMAGED = 100;
/** Read and hashed in one slice. */
const SLICE_BYTES = 128 * 1024 * 1024;

export type Proven = Sliced<{ readonly state: 'done'; readonly proof: BackupProof }>;

/** Compares the objects as they are stored: of an encrypted backup no key is needed. */
export async function prove(
	context: StoreContext,
	mode: BackupProof['mode'],
	seen?: SeenBackup,
): Promise<Proven> {
	const { store, folder, signal } = context;
	const backup = seen ?? (await seeBackup(context));
	const total = countObjects(backup);
	const every = mode === 'whole' ? 1 : Math.max(1, Math.floor(total / SAMPLED));
	const from =
		context.cursor === null
			? { page: 0, next: 0, first: Math.floor(Math.random() * every), read: 0, damaged: [] }
			: cursorSchema.parse(context.cursor);
	const damaged = [...from.damaged];
	const isDamaged = (list: string): boolean => damaged.some(({ name }) => name === list);
	const isRead = ({ name }: BackupObject, index: number): boolean =>
		!CONTENTS.test(name) || index % every === from.first;
	const sizes = new Map((await store.list(`${folder}/`)).map(({ name, bytes }) => [name, bytes]));
	let { page, next, read } = from;
	let [bytes, done] = [0, 0];
	for (;;) {
		const objects = await readPage(backup, page, isDamaged);
		if (objects === null) break;
		for (; next < objects.length; next += 1) {
			const object = objects[next];
			if (object === undefined) break;
			signal.throwIfAborted();
			if (done > 0 && (bytes >= SLICE_BYTES || context.spent())) {
				return { state: 'more', cursor: { page, next, first: from.first, read, damaged } };
			}
			done += 1;
			context.progress({ done: read, total });
			const size = sizes.get(`${folder}/${object.name}`);
			const problem = isRead(object, next)
				? await problemOf(store, folder, object, size)
				: sizeProblem(object, size);
			if (isRead(object, next)) {
				bytes += object.bytes;
				read += 1;
			}
			if (problem && damaged.length < MOST_DAMAGED) damaged.push({ name: object.name, problem });
		}
		page += 1;
		next = 0;
	}
	return { state: 'done', proof: { mode, objects: read, damaged } };
}

/** Names of objects with rows or bytes of files, or of such that may be anything. */
const CONTENTS = /^((rows|files)\/.+\/|objects\/)/;

async function problemOf(
	store: ObjectStore,
	folder: string,
	{ name, bytes, sha256: wanted }: BackupObject,
	size: number | undefined,
): Promise<'missing' | 'of another size' | 'changed' | undefined> {
	if (size === undefined) return 'missing';
	if (size !== bytes) return 'of another size';
	const found = await sha256(await store.get(`${folder}/${name}`));
	return found === wanted ? undefined : 'changed';
}

function sizeProblem({ bytes }: BackupObject, size: number | undefined): string | undefined {
	if (size === undefined) return 'missing';
	return size === bytes ? undefined : 'of another size';
}

/** Reads every object and compares size and hash; an empty list means that all are as they were written. One is in memory at a time. */
export async function verifyBackup(
	seen: SeenBackup,
	onObject: (done: number, total: number) => void = () => undefined,
): Promise<BackupProof['damaged']> {
	const { store, folder } = seen.place;
	for (let cursor: unknown = null; ;) {
		const proven = await prove(
			{
				...{ store, folder, cursor, attempts: 0, manifestSha256: null },
				signal: new AbortController().signal,
				spent: () => false,
				progress: ({ done, total }) => onObject(done, total),
			},
			'whole',
			seen,
		);
		if (proven.state === 'done') return proven.proof.damaged;
		cursor = proven.cursor;
	}
}
