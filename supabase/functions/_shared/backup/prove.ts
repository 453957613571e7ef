// Reads a backup back in slices: sizes of all objects, and the contents of all or of some.
import * as z from 'zod/mini';
import type { BackupProof, Sliced, StoreContext } from '../contract/backup.ts';
import type { BackupObject, Manifest } from '../domain/backup.ts';
import { problemOf, readManifest } from './verify.ts';

const cursorSchema = z.object({
	next: z.int(),
	/** Every n-th object is read, from this one on. */
	first: z.int(),
	damaged: z.array(z.object({ name: z.string(), problem: z.string() })),
});

/** Objects whose contents a sample compares, besides all that is not rows. */
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
	const { objects } = manifest ?? (await readManifest(store, folder, context.manifestSha256));
	const every = mode === 'whole' ? 1 : Math.max(1, Math.floor(objects.length / SAMPLED));
	const from =
		context.cursor === null
			? { next: 0, first: Math.floor(Math.random() * every), damaged: [] }
			: cursorSchema.parse(context.cursor);
	const damaged = [...from.damaged];
	const sizes = new Map((await store.list(`${folder}/`)).map(({ name, bytes }) => [name, bytes]));
	const isRead = ({ name }: BackupObject, index: number): boolean =>
		!name.startsWith('rows/') || index % every === from.first;
	let bytes = 0;
	for (let next = from.next; next < objects.length; next += 1) {
		const object = objects[next];
		if (object === undefined) break;
		signal.throwIfAborted();
		if (next > from.next && (bytes >= SLICE_BYTES || context.spent())) {
			return { state: 'more', cursor: { next, first: from.first, damaged } };
		}
		context.progress({ done: next, total: objects.length });
		const size = sizes.get(`${folder}/${object.name}`);
		const problem = isRead(object, next)
			? await problemOf(store, folder, object, size)
			: sizeProblem(object, size);
		if (isRead(object, next)) bytes += object.bytes;
		if (problem && damaged.length < MOST_DAMAGED) damaged.push({ name: object.name, problem });
	}
	return { state: 'done', proof: { mode, objects: objects.filter(isRead).length, damaged } };
}

function sizeProblem({ bytes }: BackupObject, size: number | undefined): string | undefined {
	if (size === undefined) return 'missing';
	return size === bytes ? undefined : 'of another size';
}
