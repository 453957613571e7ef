// Reads a backup back in slices: sizes of all objects, and the contents of all or of some.
import * as z from 'zod/mini';
import type { BackupProof, Sliced, StoreContext } from '../contract/backup.ts';
import type { BackupObject, Manifest } from '../domain/backup.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { readPage } from './pages.ts';
import { problemOf, readManifest } from './verify.ts';

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

export async function prove(
	context: StoreContext,
	mode: BackupProof['mode'],
	manifest?: Manifest,
): Promise<Proven> {
	const { store, folder, signal } = context;
	const whole = manifest ?? (await readManifest(store, folder, context.manifestSha256));
	const total = whole.objects.length + whole.files.objects;
	const every = mode === 'whole' ? 1 : Math.max(1, Math.floor(total / SAMPLED));
	const from =
		context.cursor === null
			? { page: 0, next: 0, first: Math.floor(Math.random() * every), read: 0, damaged: [] }
			: cursorSchema.parse(context.cursor);
	const damaged = [...from.damaged];
	const isRead = ({ name }: BackupObject, index: number): boolean =>
		!/^(rows|files)\/.+\//.test(name) || index % every === from.first;
	/** What a damaged list names is not known; that it is damaged was found before. */
	const isDamaged = (list: string): boolean => damaged.some(({ name }) => name === list);
	let { page, next, read } = from;
	let [bytes, done] = [0, 0];
	for (;;) {
		const found = await readPage(context, whole, page, isDamaged);
		if (found === null) break;
		const { objects, sizes } = found;
		for (; next < objects.length; next += 1) {
			const object = objects[next];
			if (object === undefined) break;
			signal.throwIfAborted();
			if (done > 0 && (bytes >= SLICE_BYTES || context.spent())) {
				return { state: 'more', cursor: { page, next, first: from.first, read, damaged } };
			}
			done += 1;
			context.progress({ done: read, total });
			const size = sizes.get(object.name);
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

function sizeProblem({ bytes }: BackupObject, size: number | undefined): string | undefined {
	if (size === undefined) return 'missing';
	return size === bytes ? undefined : 'of another size';
}

/** Reads every object and compares size and hash; an empty list means that all are as they were written. One is in memory at a time. */
export async function verifyBackup(
	store: ObjectStore,
	folder: string,
	manifest: Manifest,
	onObject: (done: number, total: number) => void = () => undefined,
): Promise<BackupProof['damaged']> {
	for (let cursor: unknown = null; ;) {
		const proven = await prove(
			{
				...{ store, folder, cursor, attempts: 0, manifestSha256: null },
				signal: new AbortController().signal,
				spent: () => false,
				progress: ({ done, total }) => onObject(done, total),
			},
			'whole',
			manifest,
		);
		if (proven.state === 'done') return proven.proof.damaged;
		cursor = proven.cursor;
	}
}
